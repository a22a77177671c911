// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/flow_view.h"

#include "out/cells.h"
#include "out/flow_parts.h"
#include "out/path_view.h"

/*
 * NETNS      LINK  PEER-LINK        TX-PKT/S  TX-B/S  RX-PKT/S  RX-B/S  TX-PACKETS  TX-BYTES …
 * lab-client eth0  lab-switch:c1         12k     16M       12k    800k        340k      480M …
 */

static size_t put_netns(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_netns(b, g->link ? g->link->netns : g->netns);
}

static size_t put_link(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return text_plain(b, g->link->name);
}

static size_t put_peer_link(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return flow_parts_peer_link(g->link, b);
}

static size_t put_container(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_container(b, g->container);
}

static size_t put_conn(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_conn(b, g->conn);
}

static size_t put_proto(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return flow_parts_proto(g->at_client, b);
}

static bool same_end(const struct addr_port *x, const struct addr_port *y)
{
	return x->port == y->port && addr_equal(&x->addr, &y->addr);
}

static size_t put_arrow(struct buf *b, const char *arrow)
{
	buf_puts(b, arrow); /* one column between two spaces */
	return 3;
}

/* 10.77.0.2:4711 → 10.0.0.1:8080 ⇒ 10.77.1.3:80: the latter as the server has it, if different. */
static size_t put_tuple(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;
	struct flow_tuple c = flow_group_tuple(g, g->at_client);
	struct flow_tuple s = flow_group_tuple(g, g->at_server);
	bool new_client = !same_end(&c.client, &s.client);
	bool new_server = !same_end(&c.server, &s.server);
	size_t width;

	(void)view;
	if (!flow_parts_has_ends(g->at_client))
		return cell_unknown(b);
	width = flow_parts_end(g->at_client, &c.client, b);
	width += put_arrow(b, " → ");
	width += flow_parts_end(g->at_client, &c.server, b);
	if (!new_client && !new_server)
		return width;
	width += put_arrow(b, " ⇒ ");
	if (new_client) {
		width += flow_parts_end(g->at_server, &s.client, b);
		width += put_arrow(b, " → ");
	}
	return width + flow_parts_end(g->at_server, &s.server, b);
}

static size_t put_client(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return flow_parts_party(flow_group_client(g), b);
}

static size_t put_server(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return flow_parts_party(flow_group_server(g), b);
}

static size_t put_state(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;
	const char *name = flow_state_name(g->state);

	(void)view;
	return name ? cell_lit(b, name) : cell_unknown(b);
}

static size_t put_tx_packet_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow_group *g = row;

	return flow_parts_rate(g->tx.new_packets, v->interval_ns, b);
}

static size_t put_tx_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow_group *g = row;

	return flow_parts_rate(g->tx.new_bytes, v->interval_ns, b);
}

static size_t put_rx_packet_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow_group *g = row;

	return flow_parts_rate(g->rx.new_packets, v->interval_ns, b);
}

static size_t put_rx_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow_group *g = row;

	return flow_parts_rate(g->rx.new_bytes, v->interval_ns, b);
}

static size_t put_tx_packets(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_human(b, g->tx.packets);
}

static size_t put_tx_bytes(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_human(b, g->tx.bytes);
}

static size_t put_rx_packets(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_human(b, g->rx.packets);
}

static size_t put_rx_bytes(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_human(b, g->rx.bytes);
}

static size_t put_flows(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_u64(b, g->flows);
}

static size_t put_conns(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;

	(void)view;
	return cell_u64(b, g->conns);
}

static size_t put_note(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;
	size_t start = b->len;

	(void)view;
	if (g->lost_tx + g->lost_rx == 0)
		return cell_unknown(b);
	buf_lit(b, "lost ");
	cell_human(b, g->lost_tx + g->lost_rx);
	return b->len - start;
}

/* Without an id the row is of one link. */
static size_t put_path(const void *view, const void *row, struct buf *b)
{
	const struct flow_group *g = row;
	struct path p;
	size_t width;

	(void)view;
	if (g->conn) {
		flow_group_path(g, &p);
		return path_view_text(&p, b);
	}
	width = cell_netns(b, g->link->netns);
	buf_putc(b, ':');
	return width + 1 + text_plain(b, g->link->name);
}

#define SUMS                                                                        \
	{"tx-packet-rate", "TX-PKT/S", "", true, true, put_tx_packet_rate},         \
		{"tx-rate", "TX-B/S", "", true, true, put_tx_rate},                 \
		{"rx-packet-rate", "RX-PKT/S", "", true, true, put_rx_packet_rate}, \
		{"rx-rate", "RX-B/S", "", true, true, put_rx_rate},                 \
		{"tx-packets", "TX-PACKETS", "", true, true, put_tx_packets},       \
		{"tx-bytes", "TX-BYTES", "", true, true, put_tx_bytes},             \
		{"rx-packets", "RX-PACKETS", "", true, true, put_rx_packets},       \
	{                                                                           \
		"rx-bytes", "RX-BYTES", "", true, true, put_rx_bytes                \
	}
#define COUNTS                                              \
	{"flows", "FLOWS", "", true, true, put_flows},      \
	{                                                   \
		"conns", "CONNS", "", true, true, put_conns \
	}

static const struct table_column veth_columns[] = {
	{"netns", "NETNS", "", true, false, put_netns},
	{"link", "LINK", "", true, false, put_link},
	{"peer-link", "PEER-LINK", "", true, false, put_peer_link},
	SUMS,
	COUNTS,
};

static const struct table_column netns_columns[] = {
	{"netns", "NETNS", "", true, false, put_netns},
	SUMS,
	COUNTS,
};

static const struct table_column container_columns[] = {
	{"container", "CONTAINER", "", true, false, put_container},
	SUMS,
	COUNTS,
};

static const struct table_column conn_columns[] = {
	{"conn", "CONN", "", true, false, put_conn},
	{"proto", "PROTO", "", true, false, put_proto},
	{"tuple", "CONNECTION", "", true, false, put_tuple},
	{"client", "CLIENT", "", true, false, put_client},
	{"server", "SERVER", "", true, false, put_server},
	{"state", "STATE", "", true, false, put_state},
	{"tx-rate", "TX-B/S", "", true, true, put_tx_rate},
	{"rx-rate", "RX-B/S", "", true, true, put_rx_rate},
	{"tx-packets", "TX-PACKETS", "", true, true, put_tx_packets},
	{"tx-bytes", "TX-BYTES", "", true, true, put_tx_bytes},
	{"rx-packets", "RX-PACKETS", "", true, true, put_rx_packets},
	{"rx-bytes", "RX-BYTES", "", true, true, put_rx_bytes},
	{"note", "NOTE", "", true, false, put_note},
	{"path", "PATH", "", true, false, put_path},
};

static const struct {
	const struct table_column *column;
	unsigned int n;
} tables[] = {
#define TABLE(c)                              \
	{                                     \
		c, sizeof(c) / sizeof((c)[0]) \
	}
	[FLOW_BY_VETH] = TABLE(veth_columns),
	[FLOW_BY_NETNS] = TABLE(netns_columns),
	[FLOW_BY_CONTAINER] = TABLE(container_columns),
	[FLOW_BY_CONN] = TABLE(conn_columns),
};

void group_table_show(const struct flow_view *v, const struct flow_groups *g, size_t n,
		      struct buf *b)
{
	struct table_columns c;
	const char *bad;

	table_columns_parse(tables[g->by].column, tables[g->by].n, NULL, &c, &bad);
	table_show(&c, v, (const void *const *)g->row, n < g->n ? n : g->n, !v->no_header, b);
}
