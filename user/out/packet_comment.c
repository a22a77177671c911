// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_comment.h"

#include <string.h>

static void put_container(struct buf *b, const struct container *c)
{
	size_t len = strlen(c->id);

	if (c->name)
		buf_printf(b, "%s (", c->name);
	buf_printf(b, "%s %.*s", c->runtime, len == 64 ? CONTAINER_ID_SHORT : (int)len, c->id);
	if (c->name)
		buf_putc(b, ')');
	if (c->pod)
		buf_printf(b, ", pod %s", c->pod);
}

void packet_comment_netns(struct buf *b, const struct netns *n)
{
	if (n->container)
		put_container(b, n->container);
	else if (n->name)
		buf_puts(b, n->name);
	if (n->container || n->name)
		buf_puts(b, ", ");
	buf_printf(b, "netns %u", n->inode);
}

static void put_end(struct buf *b, const struct endpoint *ep)
{
	const struct owner *o = &ep->self.owner;
	const struct container *c = o->cgroup ? o->cgroup->container : NULL;
	const struct netns *n = ep->self.netns;

	if (o->source != OWNER_UNKNOWN)
		buf_printf(b, "%s[%u] ", o->comm, o->pid);
	buf_puts(b, "in ");
	if (c && (!n || c != n->container)) {
		put_container(b, c);
		buf_puts(b, n ? ", " : "");
	}
	if (n)
		packet_comment_netns(b, n);
}

void packet_comment(struct buf *b, const struct packet_ends *e)
{
	size_t start = b->len;

	if (e->from) {
		buf_puts(b, "from ");
		put_end(b, e->from);
	}
	if (e->to) {
		buf_puts(b, b->len > start ? "; to " : "to ");
		put_end(b, e->to);
	}
	if (e->conn)
		buf_printf(b, "%sconn %016llx", b->len > start ? "; " : "",
			   (unsigned long long)e->conn);
}

void packet_comment_link(struct buf *b, const struct link *l)
{
	buf_printf(b, "%s of ", l->name);
	packet_comment_netns(b, l->netns);
	if (l->master)
		buf_printf(b, ", port of %s", l->master->name);
	if (l->peer_netns && *l->peer_name) {
		buf_printf(b, ", cable to %s of ", l->peer_name);
		packet_comment_netns(b, l->peer_netns);
	}
}
