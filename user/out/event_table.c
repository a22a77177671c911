// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/event_view.h"

#include <errno.h>

#include "out/cells.h"
#include "out/text.h"

/*
 * TIME            EVENT    CONN      NETNS       PROCESS         LOCAL            REMOTE PEER
 * DETAIL 03:10:11.123456 connect  9f0c2c6f  lab-client
 * flowner[28145]  10.77.0.2:37876  10.77.0.3:9000  lab-server/nc[28144]     57 µs
 */

struct event_column {
	const char *name, *header, *help;
	unsigned int width;
	bool usual;
	/* Appends the cell and returns the columns it takes on the screen. */
	size_t (*put)(const struct event_view *v, const struct event *e, struct buf *b);
};

static size_t since(const struct buf *b, size_t start)
{
	return b->len - start;
}

static size_t put_time(const struct event_view *v, const struct event *e, struct buf *b)
{
	size_t start = b->len;

	wall_clock_local(v->clock, e->time, b);
	return since(b, start);
}

static size_t put_event(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return cell_lit(b, event_type_name(e->type));
}

static size_t put_conn(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return cell_conn(b, e->conn);
}

static size_t put_netns(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return e->type == EVENT_LOST ? cell_unknown(b) : cell_netns(b, e->self.netns);
}

static size_t put_process(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return cell_process(b, &e->self.owner);
}

static size_t put_container(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return cell_container_of(b, &e->self.owner);
}

static size_t put_local(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return e->type == EVENT_LOST ? cell_unknown(b) : cell_end(b, &e->self.local);
}

static size_t put_remote(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return e->type == EVENT_LOST || !e->self.remote.port ? cell_unknown(b)
							     : cell_end(b, &e->self.remote);
}

static size_t put_peer(const struct event_view *v, const struct event *e, struct buf *b)
{
	size_t width;

	(void)v;
	if (!e->has_peer)
		return cell_unknown(b);
	width = cell_netns(b, e->peer.netns);
	buf_putc(b, '/');
	return width + 1 + cell_process(b, &e->peer.owner);
}

static size_t put_peer_container(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return e->has_peer ? cell_container_of(b, &e->peer.owner) : cell_unknown(b);
}

static size_t put_role(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	if (e->role == ROLE_CLIENT)
		return cell_lit(b, "client");
	return e->role == ROLE_SERVER ? cell_lit(b, "server") : cell_unknown(b);
}

static size_t put_source(const struct event_view *v, const struct event *e, struct buf *b)
{
	const char *name = owner_source_name(e->self.owner.source);

	(void)v;
	return name ? cell_lit(b, name) : cell_unknown(b);
}

static size_t put_uid(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	if (e->self.owner.source == OWNER_UNKNOWN)
		return cell_unknown(b);
	return cell_u64(b, e->self.owner.uid);
}

static size_t put_cookie(const struct event_view *v, const struct event *e, struct buf *b)
{
	size_t start = b->len;

	(void)v;
	if (!e->cookie)
		return cell_unknown(b);
	buf_hex(b, e->cookie, e->cookie >> 32 ? 16 : 8); /* as `ss -e` shows it */
	return since(b, start);
}

static size_t put_cgroup(const struct event_view *v, const struct event *e, struct buf *b)
{
	(void)v;
	return e->self.owner.cgroup ? text_plain(b, e->self.owner.cgroup->path) : cell_unknown(b);
}

/* 57 µs, 1.2 ms, 3.4 s */
static void put_duration(struct buf *b, uint64_t ns)
{
	if (ns < 1000000)
		buf_printf(b, "%llu µs", (unsigned long long)(ns / 1000));
	else if (ns < 1000000000)
		buf_printf(b, "%.1f ms", (double)ns / 1e6);
	else
		buf_printf(b, "%.1f s", (double)ns / 1e9);
}

static void put_close_detail(struct buf *b, const struct event_close *c)
{
	buf_puts(b, event_close_reason_name(c->reason));
	buf_lit(b, " tx ");
	buf_u64(b, c->tx_bytes);
	buf_lit(b, " rx ");
	buf_u64(b, c->rx_bytes);
	if (c->retransmits)
		buf_printf(b, " retrans %u", c->retransmits);
	if (c->srtt_us) {
		buf_lit(b, " rtt ");
		put_duration(b, c->srtt_us * 1000ULL);
	}
	if (c->duration_ns) {
		buf_lit(b, " in ");
		put_duration(b, c->duration_ns);
	}
}

static size_t put_detail(const struct event_view *v, const struct event *e, struct buf *b)
{
	size_t start = b->len;
	const char *name;

	switch (e->type) {
	case EVENT_LISTEN:
		buf_printf(b, "backlog %u", e->u.backlog);
		break;
	case EVENT_CONNECT:
	case EVENT_ACCEPT:
		if (!e->latency_ns)
			return cell_unknown(b);
		put_duration(b, e->latency_ns);
		break;
	case EVENT_CONNECT_FAILED:
		name = event_errno_name(e->u.error);
		if (name)
			buf_puts(b, name);
		else if (e->u.error)
			buf_printf(b, "errno %d", e->u.error);
		else
			buf_lit(b, "given up");
		if (e->latency_ns) {
			buf_lit(b, " after ");
			put_duration(b, e->latency_ns);
		}
		break;
	case EVENT_STATE:
		buf_puts(b, event_state_name(e->u.state.from));
		buf_lit(b, " -> ");
		buf_puts(b, event_state_name(e->u.state.to));
		break;
	case EVENT_RETRANSMIT:
		buf_printf(b, "%u in %s", e->u.retransmit.retransmits,
			   event_state_name(e->u.retransmit.state));
		break;
	case EVENT_RESET:
		buf_puts(b, e->u.reset.by_local ? "by local" : "by remote");
		name = v->reset_reason && e->u.reset.reason >= 0
			       ? v->reset_reason(v->ctx, e->u.reset.reason)
			       : NULL;
		if (name)
			buf_printf(b, ": %s", name);
		break;
	case EVENT_CLOSE:
		put_close_detail(b, &e->u.close);
		break;
	case EVENT_LOST:
		buf_printf(b, "%llu records; a larger --ring-size helps",
			   (unsigned long long)e->u.lost);
		break;
	case EVENT_TYPES:
		break;
	}
	return since(b, start);
}

static const struct event_column columns[] = {
	{"time", "TIME", "when, in local time", 15, true, put_time},
	{"event", "EVENT", "what happened", 14, true, put_event},
	{"conn", "CONN", "the connection's id, the same at both ends (its first half)", 8, true,
	 put_conn},
	{"netns", "NETNS", "network namespace: its container's name, its own, or inode", 12, true,
	 put_netns},
	{"process", "PROCESS", "the owner: name[pid]", 16, true, put_process},
	{"local", "LOCAL", "this end", 19, true, put_local},
	{"remote", "REMOTE", "the other end, as seen from here", 19, true, put_remote},
	{"peer", "PEER", "the other end's netns/name[pid], where it is on this host", 26, true,
	 put_peer},
	{"detail", "DETAIL", "latency, error, bytes, reason: as the event has it", 0, true,
	 put_detail},
	{"container", "CONTAINER", "the owner's container: name, else runtime:id", 23, false,
	 put_container},
	{"peer-container", "PEER-CONTAINER", "the other end's", 23, false, put_peer_container},
	{"role", "ROLE", "client or server", 6, false, put_role},
	{"source", "SOURCE", "how the owner is known: connect, listen, accept, snapshot", 8, false,
	 put_source},
	{"uid", "UID", "the owner's user id", 6, false, put_uid},
	{"cookie", "COOKIE", "the socket's, as ss -e shows it (sk:)", 8, false, put_cookie},
	{"cgroup", "CGROUP", "the owner's cgroup", 24, false, put_cgroup},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

_Static_assert(COLUMNS <= EVENT_COLUMNS_MAX, "room for every column once");

int event_columns_parse(const char *list, struct event_columns *out, const char **bad)
{
	out->n = 0;
	for (size_t i = 0; !list && i < COLUMNS; i++)
		if (columns[i].usual)
			out->col[out->n++] = &columns[i];
	while (list) {
		size_t len = strcspn(list, ","), i = 0;

		while (i < COLUMNS &&
		       (strlen(columns[i].name) != len || memcmp(columns[i].name, list, len)))
			i++;
		if (i == COLUMNS || out->n == EVENT_COLUMNS_MAX) {
			*bad = list;
			return -EINVAL;
		}
		out->col[out->n++] = &columns[i];
		list = list[len] ? list + len + 1 : NULL;
	}
	return 0;
}

void event_columns_describe(struct buf *b)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(b, "  %-16s%s%s\n", columns[i].name, columns[i].help,
			   columns[i].usual ? "" : " *");
}

void event_columns_names(struct buf *b)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(b, "%s%s", i ? ", " : "", columns[i].name);
}

void event_table_header(const struct event_columns *c, struct buf *b)
{
	for (unsigned int i = 0; i < c->n; i++) {
		buf_puts(b, c->col[i]->header);
		if (i + 1 < c->n)
			cell_pad(b, strlen(c->col[i]->header), c->col[i]->width);
	}
	buf_putc(b, '\n');
}

void event_table_line(const struct event_view *v, const struct event_columns *c,
		      const struct event *e, struct buf *b)
{
	for (unsigned int i = 0; i < c->n; i++) {
		size_t width = c->col[i]->put(v, e, b);

		if (i + 1 < c->n)
			cell_pad(b, width, c->col[i]->width);
	}
	buf_putc(b, '\n');
}
