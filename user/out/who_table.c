// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/who_view.h"

#include <netinet/in.h>
#include <string.h>

#include "model/who_sort.h"
#include "out/cells.h"
#include "out/path_view.h"

/*
 * CONN      STATE        CLIENT               ADDRESS          SERVER                   ADDRESS …
 * 41f8749b  ESTABLISHED  shop-client/nc[108]  10.77.0.2:35196  shop-server/nginx[1050]+3
 *
 * PROTO  NETNS        LOCAL         QUEUE  PROCESS        CONTAINER
 * tcp    shop-server  0.0.0.0:9000  0/128  nginx[1050]+3  -
 */

bool who_view_path(const struct who_view *v, const struct who_row *r, struct path *out)
{
	struct path behind;

	out->n = 0;
	out->cut = false;
	if (!v->path)
		return false;
	if (!r->front)
		return r->client && r->server && v->path(v->ctx, r->client, r->server, out);
	if (!r->server || !v->path(v->ctx, r->back, r->server, &behind))
		return false;
	if (!r->client || !v->path(v->ctx, r->client, r->front, out))
		out->n = 0;
	for (unsigned int i = 0; i < behind.n && !out->cut; i++) {
		if (out->n == PATH_HOPS_MAX)
			out->cut = true;
		else
			out->hop[out->n++] = behind.hop[i];
	}
	return true;
}

static const struct who_socket *left(const struct who_row *r)
{
	return r->client ? r->client : r->end;
}

static size_t put_conn(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return cell_conn(b, ((const struct who_row *)row)->conn);
}

/* Both where they differ: FIN_WAIT2/CLOSE_WAIT. */
static size_t put_state(const void *view, const void *row, struct buf *b)
{
	const struct who_row *r = row;
	const struct who_socket *c = r->client ? r->client : r->front;
	const struct who_socket *s = r->server ? r->server : r->back;
	size_t width;

	(void)view;
	if (r->kind == WHO_UDP)
		return cell_lit(b, "udp");
	if (!c || !s)
		return cell_lit(b, event_state_name((c ? c : s ? s : r->end)->state));
	width = cell_lit(b, event_state_name(c->state));
	if (c->state == s->state)
		return width;
	buf_putc(b, '/');
	return width + 1 + cell_lit(b, event_state_name(s->state));
}

/* nginx[20]+3: three others hold it too. */
static size_t put_holder(const struct who_socket *s, struct buf *b)
{
	size_t width;

	if (s->held == FL_HELD_KERNEL)
		return cell_lit(b, "(kernel)");
	width = cell_process(b, &s->self.owner);
	if (s->npids > 1) {
		buf_putc(b, '+');
		width += 1 + cell_u64(b, s->npids - 1);
	}
	if (s->held == FL_HELD_QUEUE)
		width += cell_lit(b, " (queued)");
	return width;
}

static size_t put_party(const struct who_socket *s, struct buf *b)
{
	size_t width;

	if (!s)
		return cell_unknown(b);
	width = cell_netns(b, s->self.netns);
	buf_putc(b, '/');
	return width + 1 + put_holder(s, b);
}

static size_t put_client(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return put_party(left(row), b);
}

static size_t put_server(const void *view, const void *row, struct buf *b)
{
	const struct who_row *r = row;
	size_t width = put_party(r->server, b);

	(void)view;
	if (!r->front)
		return width;
	width += cell_lit(b, " via ");
	return width + cell_process(b, &r->front->self.owner);
}

static bool same_end(const struct addr_port *a, const struct addr_port *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* Translated on the way: 10.77.0.1:80→10.77.16.3:9000 */
static size_t put_ends(const struct addr_port *from, const struct addr_port *to, struct buf *b)
{
	size_t width = cell_end(b, from);

	if (same_end(from, to))
		return width;
	buf_lit(b, "→");
	return width + 1 + cell_end(b, to);
}

static size_t put_client_addr(const void *view, const void *row, struct buf *b)
{
	struct who_tuple t;

	(void)view;
	who_tuple(row, &t);
	return put_ends(&t.client, &t.client_seen, b);
}

static size_t put_server_addr(const void *view, const void *row, struct buf *b)
{
	const struct who_row *r = row;
	struct who_tuple t;

	(void)view;
	who_tuple(r, &t);
	if (r->end && !r->end->self.remote.port)
		return cell_unknown(b);
	return put_ends(&t.server_seen, &t.server, b);
}

static size_t put_tx(const void *view, const void *row, struct buf *b)
{
	struct who_numbers n;

	(void)view;
	return who_numbers(row, &n) ? cell_human(b, n.tx_bytes) : cell_unknown(b);
}

static size_t put_rx(const void *view, const void *row, struct buf *b)
{
	struct who_numbers n;

	(void)view;
	return who_numbers(row, &n) ? cell_human(b, n.rx_bytes) : cell_unknown(b);
}

static size_t put_retransmits(const void *view, const void *row, struct buf *b)
{
	struct who_numbers n;

	(void)view;
	return who_numbers(row, &n) ? cell_human(b, n.retransmits) : cell_unknown(b);
}

/* "57 µs": µ is two bytes in one column. */
static size_t put_rtt(const void *view, const void *row, struct buf *b)
{
	size_t start = b->len;
	struct who_numbers n;

	(void)view;
	who_numbers(row, &n);
	if (!n.srtt_us)
		return cell_unknown(b);
	if (n.srtt_us < 1000) {
		buf_printf(b, "%u µs", n.srtt_us);
		return b->len - start - 1;
	}
	if (n.srtt_us < 1000000)
		buf_printf(b, "%.1f ms", n.srtt_us / 1e3);
	else
		buf_printf(b, "%.1f s", n.srtt_us / 1e6);
	return b->len - start;
}

static size_t put_idle(const void *view, const void *row, struct buf *b)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	struct who_numbers n;
	size_t start = b->len;
	unsigned int i = 0;

	(void)view;
	who_numbers(row, &n);
	if (n.idle_ms == WHO_IDLE_UNKNOWN)
		return cell_unknown(b);
	/* 90 s rather than 1 min, 36 h rather than 1 d. */
	while (units[i].ms > 1 && n.idle_ms < units[i].ms * 2)
		i++;
	buf_u64(b, n.idle_ms / units[i].ms);
	buf_putc(b, ' ');
	buf_puts(b, units[i].unit);
	return b->len - start;
}

static size_t put_path(const void *view, const void *row, struct buf *b)
{
	struct path p;

	return who_view_path(view, row, &p) ? path_view_text(&p, b) : cell_unknown(b);
}

static size_t put_client_container(const void *view, const void *row, struct buf *b)
{
	const struct who_socket *s = left(row);

	(void)view;
	return s ? cell_container_of(b, &s->self.owner) : cell_unknown(b);
}

static size_t put_server_container(const void *view, const void *row, struct buf *b)
{
	const struct who_socket *s = ((const struct who_row *)row)->server;

	(void)view;
	return s ? cell_container_of(b, &s->self.owner) : cell_unknown(b);
}

static size_t put_role(const void *view, const void *row, struct buf *b)
{
	const struct who_row *r = row;

	(void)view;
	if (r->client && (r->server || r->front))
		return cell_lit(b, "both");
	if (r->client)
		return cell_lit(b, "client");
	return r->server ? cell_lit(b, "server") : cell_unknown(b);
}

static void note(struct buf *b, size_t start, const char *s)
{
	if (b->len > start)
		buf_lit(b, ", ");
	buf_puts(b, s);
}

static size_t put_note(const void *view, const void *row, struct buf *b)
{
	const struct who_row *r = row;
	size_t start = b->len;

	(void)view;
	if (r->nat)
		note(b, start, "nat");
	if (r->by_tuple || r->by_tuple_behind)
		note(b, start, "by tuple");
	return b->len > start ? b->len - start : cell_unknown(b);
}

/* --- sockets that wait for others --- */

static const struct who_socket *end_of(const void *row)
{
	return ((const struct who_row *)row)->end;
}

static size_t put_proto(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return cell_lit(b, end_of(row)->protocol == IPPROTO_UDP ? "udp" : "tcp");
}

static size_t put_netns(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return cell_netns(b, end_of(row)->self.netns);
}

static size_t put_local(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return cell_end(b, &end_of(row)->self.local);
}

static size_t put_queue(const void *view, const void *row, struct buf *b)
{
	const struct who_socket *s = end_of(row);
	size_t width;

	(void)view;
	if (s->protocol == IPPROTO_UDP)
		return cell_unknown(b);
	width = cell_u64(b, s->queued);
	buf_putc(b, '/');
	return width + 1 + cell_u64(b, s->backlog);
}

static size_t put_process(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return put_holder(end_of(row), b);
}

static size_t put_container(const void *view, const void *row, struct buf *b)
{
	(void)view;
	return cell_container_of(b, &end_of(row)->self.owner);
}

static size_t put_uid(const void *view, const void *row, struct buf *b)
{
	const struct owner *o = &end_of(row)->self.owner;

	(void)view;
	return o->source == OWNER_UNKNOWN ? cell_unknown(b) : cell_u64(b, o->uid);
}

static const struct table_column connections[] = {
	{"conn", "CONN", "the connection's id, as in trace (its first half)", true, false,
	 put_conn},
	{"state", "STATE", "of both ends; client/server where they differ", true, false, put_state},
	{"client", "CLIENT",
	 "who opened it: netns/name[pid], +N where N others hold the socket too; an end of unknown "
	 "role stands here",
	 true, false, put_client},
	{"client-addr", "ADDRESS", "the client's address, →as the server sees it", true, false,
	 put_client_addr},
	{"server", "SERVER", "who accepted it, (queued) if nobody has yet; via a proxy", true,
	 false, put_server},
	{"server-addr", "ADDRESS", "the address that the client called, →the server's own", true,
	 false, put_server_addr},
	{"tx", "TX", "bytes that the client sent", true, true, put_tx},
	{"rx", "RX", "bytes that the client received", true, true, put_rx},
	{"rtt", "RTT", "smoothed round-trip time", true, true, put_rtt},
	{"idle", "IDLE", "since data last went either way", true, true, put_idle},
	{"path", "PATH", "the links between the ends, where there is one way only", false, false,
	 put_path},
	{"client-container", "CLIENT-CONTAINER", "the client's container: name, else runtime:id",
	 false, false, put_client_container},
	{"server-container", "SERVER-CONTAINER", "the server's", false, false,
	 put_server_container},
	{"retransmits", "RETRANS", "segments sent again, by both ends", false, true,
	 put_retransmits},
	{"here", "HERE", "which ends are on this host: both, client, server", false, false,
	 put_role},
	{"note", "NOTE", "nat; by tuple: joined by addresses, not by sequence numbers", false,
	 false, put_note},
};

static const struct table_column listeners[] = {
	{"proto", "PROTO", "tcp or udp", true, false, put_proto},
	{"netns", "NETNS", "network namespace: its container's name, its own, or inode", true,
	 false, put_netns},
	{"local", "LOCAL", "the address and port", true, false, put_local},
	{"queue", "QUEUE", "connections that wait to be accepted, of how many that may", true, true,
	 put_queue},
	{"process", "PROCESS", "who holds it: name[pid], +N where N others do too", true, false,
	 put_process},
	{"container", "CONTAINER", "that process's: name, else runtime:id", true, false,
	 put_container},
	{"uid", "UID", "its user id", false, false, put_uid},
};
#define COLUMNS(of) ((unsigned int)(sizeof(of) / sizeof((of)[0])))

_Static_assert(COLUMNS(connections) <= TABLE_COLUMNS_MAX, "room for every column once");

int who_columns_parse(bool listening, const char *list, struct table_columns *out, const char **bad)
{
	if (listening)
		return table_columns_parse(listeners, COLUMNS(listeners), list, out, bad);
	return table_columns_parse(connections, COLUMNS(connections), list, out, bad);
}

void who_columns_names(bool listening, struct buf *b)
{
	if (listening)
		table_columns_names(listeners, COLUMNS(listeners), b);
	else
		table_columns_names(connections, COLUMNS(connections), b);
}

void who_columns_describe(bool listening, struct buf *b)
{
	if (listening)
		table_columns_describe(listeners, COLUMNS(listeners), b);
	else
		table_columns_describe(connections, COLUMNS(connections), b);
}

bool who_columns_want_path(const struct table_columns *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (c->col[i]->put == put_path)
			return true;
	return false;
}

void who_table_show(const struct who_view *v, const struct table_columns *c,
		    struct who_row *const *rows, size_t n, struct buf *b)
{
	table_show(c, v, (const void *const *)rows, n, !v->no_header, b);
}
