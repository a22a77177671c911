// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/flow_view.h"

#include "out/flow_parts.h"
#include "out/party_json.h"
#include "out/path_view.h"

#define TUPLES_MAX 16 /* a connection that is translated more often than that is not shown so */

static bool same_end(const struct addr_port *a, const struct addr_port *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static bool same_tuple(const struct flow_tuple *a, const struct flow_tuple *b)
{
	return same_end(&a->client, &b->client) && same_end(&a->server, &b->server);
}

static bool passed_earlier(const struct flow_group *g, const struct flow *a, const struct flow *b)
{
	bool ta = flow_group_is_tx(g, a), tb = flow_group_is_tx(g, b);

	/* Requests come by in the order of the links; answers came from the other end. */
	if (ta != tb)
		return ta;
	if (a->first != b->first)
		return ta == (a->first < b->first);
	return flow_compare(a, b) < 0;
}

/* Of each tuple the flow that was seen first with it, in the order of the way. */
static unsigned int distinct_tuples(const struct flow_group *g, const struct flow *out[TUPLES_MAX])
{
	unsigned int n = 0;

	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];
		struct flow_tuple tuple = flow_group_tuple(g, f);
		unsigned int k = 0;

		for (; k < n; k++) {
			struct flow_tuple have = flow_group_tuple(g, out[k]);

			if (same_tuple(&tuple, &have))
				break;
		}
		if (k == TUPLES_MAX || (k < n && !passed_earlier(g, f, out[k])))
			continue;
		n += k == n;
		for (; k > 0 && passed_earlier(g, f, out[k - 1]); k--)
			out[k] = out[k - 1];
		out[k] = f;
	}
	return n;
}

static void put_tuples(struct json *j, const struct flow_group *g)
{
	const struct flow *first[TUPLES_MAX];
	unsigned int n = distinct_tuples(g, first);

	json_array(j, "tuples");
	for (unsigned int i = 0; i < n; i++) {
		struct flow_tuple t = flow_group_tuple(g, first[i]);

		json_open(j, NULL);
		party_json_netns(j, "netns", first[i]->link->netns);
		json_str(j, "link", first[i]->link->name);
		party_json_end(j, "src", &t.client);
		party_json_end(j, "dst", &t.server);
		json_close(j);
	}
	json_array_end(j);
}

static void put_party(struct json *j, const char *netns_key, const char *owner_key,
		      const struct flow_end *e)
{
	party_json_netns(j, netns_key, e->netns);
	party_json_owner(j, owner_key, &e->owner);
}

/* With an id the ends are client and server; without one it is not known who is which. */
static void put_conn(struct json *j, const struct flow_group *g)
{
	struct flow_tuple t = flow_group_tuple(g, g->at_client);
	const char *state = flow_state_name(g->state);
	struct path path;

	if (g->conn) {
		json_hex64(j, "conn", g->conn);
	} else {
		party_json_netns(j, "netns", g->link->netns);
		flow_parts_link_json(j, g->link);
	}
	flow_parts_proto_json(j, g->at_client);
	if (flow_parts_has_ends(g->at_client)) {
		party_json_end(j, g->conn ? "client" : "src", &t.client);
		party_json_end(j, g->conn ? "server" : "dst", &t.server);
	}
	if (g->conn) {
		put_party(j, "client_netns", "client_owner", flow_group_client(g));
		put_party(j, "server_netns", "server_owner", flow_group_server(g));
		put_tuples(j, g);
		flow_group_path(g, &path);
		path_view_json(j, "path", &path);
	} else {
		put_party(j, "src_netns", "owner", flow_group_client(g));
		put_party(j, "dst_netns", "peer_owner", flow_group_server(g));
	}
	if (state)
		json_str(j, "state", state);
	if (g->lost_tx_known)
		json_u64(j, "tx_lost_packets", g->lost_tx);
	if (g->lost_rx_known)
		json_u64(j, "rx_lost_packets", g->lost_rx);
	if (g->lost_tx_known && g->lost_rx_known)
		json_u64(j, "lost_packets", g->lost_tx + g->lost_rx);
}

static void put_sums(struct json *j, const struct flow_view *v, const struct flow_group *g)
{
	json_u64(j, "tx_packets", g->tx.packets);
	json_u64(j, "tx_bytes", g->tx.bytes);
	json_u64(j, "rx_packets", g->rx.packets);
	json_u64(j, "rx_bytes", g->rx.bytes);
	if (v->interval_ns) {
		uint64_t ns = v->interval_ns;

		json_u64(j, "tx_packet_rate", flow_parts_per_second(g->tx.new_packets, ns));
		json_u64(j, "tx_byte_rate", flow_parts_per_second(g->tx.new_bytes, ns));
		json_u64(j, "rx_packet_rate", flow_parts_per_second(g->rx.new_packets, ns));
		json_u64(j, "rx_byte_rate", flow_parts_per_second(g->rx.new_bytes, ns));
	}
	json_u64(j, "flows", g->flows);
	json_u64(j, "connections", g->conns);
	if (g->first)
		party_json_time(j, "first", v->clock, g->first);
	if (g->last)
		party_json_time(j, "last", v->clock, g->last);
}

static void put_group(const struct flow_view *v, enum flow_group_by by, const struct flow_group *g,
		      struct buf *b)
{
	struct json j = {.b = b};

	json_open(&j, NULL);
	json_str(&j, "type", "total");
	party_json_time(&j, "time", v->clock, v->now);
	json_str(&j, "by", flow_group_name(by));
	switch (by) {
	case FLOW_BY_VETH:
		party_json_netns(&j, "netns", g->link->netns);
		flow_parts_link_json(&j, g->link);
		break;
	case FLOW_BY_NETNS:
		party_json_netns(&j, "netns", g->netns);
		break;
	case FLOW_BY_CONTAINER:
		party_json_container(&j, "container", g->container);
		break;
	case FLOW_BY_CONN:
		put_conn(&j, g);
		break;
	case FLOW_BYS:
		break;
	}
	put_sums(&j, v, g);
	json_close(&j);
	json_end_line(&j);
}

void group_json(const struct flow_view *v, const struct flow_groups *g, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n && i < g->n; i++)
		put_group(v, g->by, g->row[i], b);
}
