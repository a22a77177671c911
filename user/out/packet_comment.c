// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_comment.h"

#include <stdio.h>
#include <string.h>

#include "out/text.h"

static void put_container(struct buf *b, const struct container *c)
{
	char id[CONTAINER_ID_MAX + 1];

	/* Of LXC and systemd-nspawn it is a name. */
	snprintf(id, sizeof(id), "%.*s",
		 strlen(c->id) == 64 ? CONTAINER_ID_SHORT : CONTAINER_ID_MAX, c->id);
	if (c->name) {
		text_plain(b, c->name);
		buf_puts(b, " (");
	}
	buf_printf(b, "%s ", c->runtime);
	text_plain(b, id);
	if (c->name)
		buf_putc(b, ')');
	if (c->pod) {
		buf_puts(b, ", pod ");
		text_plain(b, c->pod);
	}
}

void packet_comment_netns(struct buf *b, const struct netns *n)
{
	if (n->container)
		put_container(b, n->container);
	else if (n->name)
		text_plain(b, n->name);
	if (n->container || n->name)
		buf_puts(b, ", ");
	buf_printf(b, "netns %u", n->inode);
}

static void put_end(struct buf *b, const struct endpoint *ep)
{
	const struct owner *o = &ep->self.owner;
	const struct container *c = o->cgroup ? o->cgroup->container : NULL;
	const struct netns *n = ep->self.netns;

	if (o->source != OWNER_UNKNOWN) {
		text_plain(b, o->comm);
		buf_printf(b, "[%u]", o->pid);
	} else if (!c && !n) {
		buf_puts(b, "an unknown process");
	}
	if (c || n)
		buf_puts(b, o->source != OWNER_UNKNOWN ? " in " : "in ");
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
	text_plain(b, l->name);
	buf_puts(b, " of ");
	packet_comment_netns(b, l->netns);
	if (l->master) {
		buf_puts(b, ", port of ");
		text_plain(b, l->master->name);
	}
	if (l->peer_netns && *l->peer_name) {
		buf_puts(b, ", cable to ");
		text_plain(b, l->peer_name);
		buf_puts(b, " of ");
		packet_comment_netns(b, l->peer_netns);
	}
}
