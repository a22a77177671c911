// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/capture_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/outfile.h"
#include "collect/rtnl_addr.h"
#include "out/packet_comment.h"
#include "out/pcapng.h"

static bool is_stdout(const struct capture *c)
{
	return !strcmp(c->cfg->write, "-");
}

static bool is_one_of_many(const struct capture *c)
{
	return c->cfg->rotate_bytes || c->cfg->rotate_ns;
}

static void name_of_file(const struct capture *c, char name[static PATH_MAX])
{
	if (is_one_of_many(c))
		snprintf(name, PATH_MAX, "%s.%04u", c->cfg->write, c->files);
	else
		snprintf(name, PATH_MAX, "%s", c->cfg->write);
}

static int open_file(struct capture *c)
{
	char name[PATH_MAX];
	int err;

	if (is_stdout(c)) {
		c->fd = STDOUT_FILENO;
		return 0;
	}
	c->files++;
	name_of_file(c, name);
	c->fd = outfile_make(name, !is_one_of_many(c));
	if (c->fd >= 0)
		return 0;
	err = c->fd;
	log_error("cannot write to %s: %s", name,
		  err == -ELOOP    ? "it is a symbolic link"
		  : err == -EEXIST ? "it is there already; remove it, or choose another name"
		  : err == -EPERM  ? "a named pipe of somebody else's, in a folder that others can "
				     "write to"
				   : buf_flush_error(err));
	return err;
}

/* What was put together is whole blocks: what of them does not fit is taken back. */
int capture_save_flush(struct capture *c)
{
	size_t n = c->out.len;
	int err = buf_flush(&c->out, c->fd);
	char name[PATH_MAX];

	if (!err) {
		c->file_bytes += n;
		return 0;
	}
	if (err == -EPIPE)
		return err;
	if (!is_stdout(c) && ftruncate(c->fd, (off_t)c->file_bytes))
		log_debug("cannot cut the file: %s", strerror(errno));
	name_of_file(c, name);
	log_error("writing to %s: %s; what was written before stays readable", name,
		  buf_flush_error(err));
	return err;
}

/* --- interfaces --- */

int capture_save_link(struct capture *c, struct captured *l)
{
	_cleanup_buf_ struct buf name = {0}, description = {0};
	const struct netns *n = l->link->netns;
	struct pcapng_interface i = {
		.link_type = l->link->ethernet ? PACKET_LINK_ETHERNET : PACKET_LINK_RAW,
		.snaplen = (uint32_t)c->cfg->snaplen,
		.filter = *c->cfg->expression ? c->cfg->expression : NULL,
	};
	int err;

	if (n->container && n->container->name)
		buf_puts(&name, n->container->name);
	else if (n->name)
		buf_puts(&name, n->name);
	else
		buf_printf(&name, "netns-%u", n->inode);
	buf_printf(&name, ":%s", l->link->name);
	buf_putc(&name, '\0');
	packet_comment_link(&description, l->link);
	buf_putc(&description, '\0');
	if (name.err || description.err)
		return -ENOMEM;
	i.name = name.data;
	i.description = description.data;
	err = pcapng_put_interface(&c->out, &i);
	if (err)
		return err;
	l->interface = c->file_interfaces++;
	l->in_file = true;
	l->written = 0;
	return 0;
}

/* --- names of addresses --- */

struct names {
	struct capture *c;
	struct pcapng_name *list;
	const char **names; /* of each one, NULL where there is no memory */
	size_t n, room;
};

/* Of those captured only: other networks on this host may use the same addresses. */
static const struct netns *netns_of(const struct capture *c, uint64_t cookie)
{
	for (const struct captured *e = c->links; e; e = e->hh.next) {
		const struct link *l = e->link;

		if (l->netns->cookie == cookie)
			return l->netns;
		if (l->peer_netns && l->peer_netns->cookie == cookie)
			return l->peer_netns;
	}
	return NULL;
}

static const char *name_of(const struct netns *n, const struct cgroup *cg)
{
	const struct container *c = cg && cg->container ? cg->container : n ? n->container : NULL;

	return c && c->name ? c->name : n ? n->name : NULL;
}

void capture_forget_names(struct capture *c)
{
	struct named *e, *tmp;

	HASH_ITER (hh, c->named, e, tmp) {
		HASH_DEL(c->named, e);
		free(e);
	}
}

/* True once for each address of a file. */
static bool is_news(struct capture *c, const struct addr *a)
{
	struct named *e;

	HASH_FIND (hh, c->named, a, sizeof(*a), e)
		;
	if (e || addr_is_loopback(a) || addr_is_any(a))
		return false;
	e = calloc(1, sizeof(*e));
	if (!e)
		return false;
	e->addr = *a;
	HASH_ADD(hh, c->named, addr, sizeof(e->addr), e);
	return true;
}

/* By its socket, for it may live for a moment only. */
static int name_end(struct capture *c, const struct endpoint *ep)
{
	const char *name = ep ? name_of(ep->self.netns, ep->self.owner.cgroup) : NULL;
	struct pcapng_name n = {.names = &name, .n = 1};

	if (!name || !is_news(c, &ep->self.local.addr))
		return 0;
	n.addr = ep->self.local.addr;
	return pcapng_put_names(&c->out, &n, 1);
}

static void add_name(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a)
{
	struct names *s = ctx;
	const struct netns *n = netns_of(s->c, netns_cookie);
	const char *name = name_of(n, NULL);
	struct pcapng_name *grown;

	if (!name || a->link_local || !is_news(s->c, &a->addr))
		return;
	grown = reallocarray(s->list, s->n + 1, sizeof(*grown));
	if (!grown)
		return;
	s->list = grown;
	/* The pointer to its name is set when the list stands still. */
	s->list[s->n] = (struct pcapng_name){.addr = a->addr, .n = 1};
	if (s->n == s->room) {
		const char **more = reallocarray(s->names, s->room + 64, sizeof(*more));

		if (!more)
			return;
		s->names = more;
		s->room += 64;
	}
	s->names[s->n++] = name;
}

int capture_save_names(struct capture *c)
{
	struct names s = {.c = c};
	int err = watcher_addrs(c->watcher, add_name, &s);

	if (err)
		log_debug("addresses: %s", strerror(-err));
	for (size_t i = 0; i < s.n; i++)
		s.list[i].names = &s.names[i];
	err = s.n ? pcapng_put_names(&c->out, s.list, s.n) : 0;
	free(s.list);
	free(s.names);
	return err;
}

/* --- packets --- */

static uint64_t wall(const struct capture *c, uint64_t boot)
{
	return boot + c->clock.offset;
}

static uint64_t drops_before(struct captured *l, const struct fl_packet *p)
{
	uint64_t drops;

	if (p->cpu >= trace_source_cpus())
		return PCAPNG_UNKNOWN;
	drops = p->lost - l->lost_of_cpu[p->cpu];
	l->lost_of_cpu[p->cpu] = p->lost;
	return drops ? drops : PCAPNG_UNKNOWN;
}

static int put_comment(struct capture *c, const struct captured *l, const struct queued_packet *p,
		       const struct packet *parsed, struct buf *b)
{
	struct packet_ends ends;

	if (c->cfg->comments == COMMENTS_NONE)
		return 0;
	packet_who_look(c->who, l->serial, parsed, p->meta.cookie, &ends);
	if (!ends.news && c->cfg->comments == COMMENTS_FIRST)
		return 0;
	if (ends.news && name_end(c, ends.from) + name_end(c, ends.to))
		return -ENOMEM;
	packet_comment(b, &ends);
	if (b->len)
		buf_putc(b, '\0');
	return b->err;
}

int capture_save_packet(struct capture *c, struct captured *l, const struct queued_packet *p,
			const struct packet *parsed)
{
	_cleanup_buf_ struct buf comment = {0};
	struct pcapng_packet out = {
		.interface = l->interface,
		.time = wall(c, p->meta.time),
		.data = p->data,
		.caplen = p->meta.caplen,
		.len = p->meta.len,
		.direction = p->meta.egress ? PACKET_OUT : PACKET_IN,
		.id = PCAPNG_UNKNOWN,
	};
	int err = put_comment(c, l, p, parsed, &comment);

	if (err)
		return err;
	/* A tag that was put back may have made it longer than wanted. */
	if (out.caplen > c->cfg->snaplen)
		out.caplen = (uint32_t)c->cfg->snaplen;
	out.drops = drops_before(l, &p->meta);
	out.comment = comment.len ? comment.data : NULL;
	err = pcapng_put_packet(&c->out, &out);
	l->written += !err;
	return err;
}

/* --- files --- */

int capture_save_begin(struct capture *c)
{
	struct pcapng_host host;
	int err = open_file(c);

	if (err)
		return err;
	pcapng_host(&host);
	c->file_bytes = 0;
	c->file_interfaces = 0;
	c->file_began = clock_boot_ns();
	packet_who_forget(c->who);
	capture_forget_names(c);
	err = pcapng_put_section(&c->out, &host, NULL);
	for (struct captured *l = c->links; !err && l; l = l->hh.next) {
		l->in_file = false;
		if (l->link->attached && !l->link->gone)
			err = capture_save_link(c, l);
	}
	if (!err)
		err = capture_save_names(c);
	return err ? err : capture_save_flush(c);
}

static int put_statistics(struct capture *c, struct captured *l)
{
	uint64_t now = clock_boot_ns();
	struct fl_capture_counters n;
	struct pcapng_statistics s = {
		.interface = l->interface,
		.time = wall(c, now),
		.start = wall(c, l->began > c->file_began ? l->began : c->file_began),
		.end = wall(c, now),
		.if_dropped = PCAPNG_UNKNOWN,
	};
	int err = capture_source_counters(c->source, l->number, &n);

	if (err)
		return err;
	s.received = n.received - l->before.received;
	s.accepted = n.matched - l->before.matched;
	s.os_dropped = n.lost - l->before.lost;
	s.delivered = l->written;
	/* The next file counts on from here: what passes between two of them is in one. */
	l->before = n;
	return pcapng_put_statistics(&c->out, &s);
}

int capture_save_link_end(struct capture *c, struct captured *l)
{
	int err = 0;

	/* One that came and had no packets. */
	if (!l->in_file && l->began >= c->file_began)
		err = capture_save_link(c, l);
	return err || !l->in_file ? err : put_statistics(c, l);
}

int capture_save_end(struct capture *c)
{
	int err = 0;

	for (struct captured *l = c->links; !err && l; l = l->hh.next)
		err = capture_save_link_end(c, l);
	/* With those that have come since. */
	if (!err)
		err = capture_save_names(c);
	if (!err)
		err = capture_save_flush(c);
	if (!is_stdout(c) && close(c->fd) && !err) {
		err = -errno;
		log_error("writing to %s: %s", c->cfg->write, strerror(-err));
	}
	c->fd = -1;
	return err;
}
