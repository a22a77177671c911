// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_group_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- which flows are one connection --- */

static bool is_echo(const struct flow *f)
{
	if (f->kind == FL_FLOW_IPV4 && f->proto == 1)
		return f->icmp.type == 8 || f->icmp.type == 0;
	return f->kind == FL_FLOW_IPV6 && f->proto == 58 &&
	       (f->icmp.type == 128 || f->icmp.type == 129);
}

/* All but the ends that request and answer have in common. */
static uint64_t common(const struct flow *f)
{
	/* What ARP has there is the operation: a question and its answer belong together. */
	uint64_t proto = f->kind == FL_FLOW_ARP ? 0 : f->proto;

	return (uint64_t)f->kind << 48 | proto << 40 | (uint64_t)f->fragments << 39 |
	       (uint64_t)f->tagged << 38 | (uint64_t)f->tagged2 << 37 |
	       (uint64_t)(f->vlan & 0xfff) << 12 | (f->vlan2 & 0xfff);
}

static uint64_t common_icmp(const struct flow *f)
{
	uint64_t type = is_echo(f) ? 0x10000 : (uint64_t)f->icmp.type << 8 | f->icmp.code;

	return (uint64_t)f->ethertype << 40 | type << 16 | f->icmp.id;
}

static int compare_conn(const struct flow *a, const struct flow *b)
{
	bool turn_a, turn_b;
	int c;

	if (a->conn || b->conn) {
		/* 0, unknown, comes last. */
		if (!a->conn || !b->conn)
			return a->conn ? -1 : 1;
		return flow_group_compare_u64(a->conn, b->conn);
	}
	/* Translated or not, in use twice or not: only on one link a tuple is one thing. */
	c = link_compare(a->link, b->link);
	if (!c)
		c = flow_group_compare_u64(common(a), common(b));
	if (!c)
		c = flow_group_compare_u64(common_icmp(a), common_icmp(b));
	if (c)
		return c;
	turn_a = flow_group_compare_end(&a->src, &a->dst) > 0;
	turn_b = flow_group_compare_end(&b->src, &b->dst) > 0;
	c = flow_group_compare_end(turn_a ? &a->dst : &a->src, turn_b ? &b->dst : &b->src);
	if (!c)
		c = flow_group_compare_end(turn_a ? &a->src : &a->dst, turn_b ? &b->src : &b->dst);
	return c;
}

static int compare_members(const void *pa, const void *pb)
{
	const struct flow *a = *(struct flow *const *)pa, *b = *(struct flow *const *)pb;
	int c = compare_conn(a, b);

	return c ? c : flow_compare(a, b);
}

/* --- what is said of it --- */

bool flow_group_is_tx(const struct flow_group *g, const struct flow *f)
{
	if (f->conn)
		return f->from_client;
	if (flow_group_compare_end(&f->src, &f->dst))
		return !flow_group_compare_end(&f->src, &g->at_client->src);
	return f->egress == g->at_client->egress;
}

struct flow_tuple flow_group_tuple(const struct flow_group *g, const struct flow *f)
{
	return flow_group_is_tx(g, f) ? (struct flow_tuple){f->src, f->dst}
				      : (struct flow_tuple){f->dst, f->src};
}

/* What is known best of the end that sends (tx) or receives. */
static const struct flow_end *end_of(const struct flow_group *g, bool client)
{
	const struct flow_end *best = NULL;

	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];
		const struct flow_end *e =
			flow_group_is_tx(g, f) == client ? &f->sender : &f->receiver;

		if (e->owner.source != OWNER_UNKNOWN)
			return e;
		if (!best || (e->netns && !best->netns))
			best = e;
	}
	return best;
}

const struct flow_end *flow_group_client(const struct flow_group *g)
{
	return end_of(g, true);
}

const struct flow_end *flow_group_server(const struct flow_group *g)
{
	return end_of(g, false);
}

void flow_group_path(const struct flow_group *g, struct path *out)
{
	if (g->conn)
		path_of_flows(g->member, g->members, out);
	else
		*out = (struct path){0};
}

/* Namespaces of client and server: the process may be known without, and the other way round. */
static const struct netns *netns_of(const struct flow_group *g, bool client)
{
	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];
		const struct netns *ns =
			f->from_client == client ? f->sender.netns : f->receiver.netns;

		if (ns)
			return ns;
	}
	return NULL;
}

/* The flow in that direction that left `ns`; NULL: on no watched link. */
static const struct flow *leaving(const struct flow_group *g, bool tx, const struct netns *ns)
{
	const struct flow *best = NULL;

	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];

		if (f->from_client == tx && flow_group_leaves(f, ns) &&
		    (!best || flow_group_is_earlier(f, best)))
			best = f;
	}
	return best;
}

static const struct flow *arriving(const struct flow_group *g, bool tx, const struct netns *ns)
{
	const struct flow *best = NULL;

	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];

		if (f->from_client == tx && flow_group_arrives(f, ns) &&
		    (!best || flow_group_is_earlier(f, best)))
			best = f;
	}
	return best;
}

/* Seen first, or (last) the link that it took longest to. */
static const struct flow *by_time(const struct flow_group *g, bool tx, bool last)
{
	const struct flow *best = NULL;

	for (size_t i = 0; i < g->members; i++) {
		const struct flow *f = g->member[i];

		if (f->from_client == tx && (!best || flow_group_is_earlier(f, best) != last))
			best = f;
	}
	return best;
}

/* Everything of that direction on the link of `at`: VLANs and fragments are flows of their own. */
static void add_at(const struct flow_group *g, const struct flow *at, struct flow_sum *sum)
{
	for (size_t i = 0; at && i < g->members; i++) {
		const struct flow *f = g->member[i];

		if (f->link == at->link && f->egress == at->egress &&
		    f->from_client == at->from_client)
			flow_group_add(sum, f);
	}
}

static bool is_same_pair(const struct link *a, const struct link *b)
{
	return a == b || a->peer == b || b->peer == a;
}

/*
 * What was sent, and what of it did not arrive. Segments, not packets: two links may see the same
 * data in different portions, when one device has offloads that the other lacks.
 */
static void sum_direction(const struct flow_group *g, bool tx, const struct netns *from,
			  const struct netns *to, struct flow_sum *sum, bool *known, uint64_t *lost)
{
	const struct flow *sent = leaving(g, tx, from), *arrived = arriving(g, tx, to);
	struct flow_sum end = {0};

	add_at(g, sent ? sent : by_time(g, tx, false), sum);
	if (!sent || !arrived || is_same_pair(sent->link, arrived->link) || sent->partial ||
	    arrived->partial)
		return;
	add_at(g, arrived, &end);
	*known = true;
	*lost = sum->segments > end.segments ? sum->segments - end.segments : 0;
}

static const struct flow *first_of(const struct flow *const *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (candidates[i])
			return candidates[i];
	return NULL;
}

static void fill_conn(struct flow_group *g)
{
	const struct netns *client = netns_of(g, true), *server = netns_of(g, false);
	const struct flow *at_client[] = {leaving(g, true, client), arriving(g, false, client),
					  by_time(g, true, false), by_time(g, false, true)};
	const struct flow *at_server[] = {arriving(g, true, server), leaving(g, false, server),
					  by_time(g, true, true), by_time(g, false, false)};

	g->conn = g->member[0]->conn;
	g->conns = 1;
	g->at_client = first_of(at_client, 4);
	g->at_server = first_of(at_server, 4);
	sum_direction(g, true, client, server, &g->tx, &g->lost_tx_known, &g->lost_tx);
	sum_direction(g, false, server, client, &g->rx, &g->lost_rx_known, &g->lost_rx);
}

static void fill_tuple(struct flow_group *g)
{
	const struct flow *first = g->member[0];

	for (size_t i = 1; i < g->members; i++)
		if (flow_group_is_earlier(g->member[i], first))
			first = g->member[i];
	g->link = first->link;
	g->at_client = g->at_server = first;
	for (size_t i = 0; i < g->members; i++)
		flow_group_add(flow_group_is_tx(g, g->member[i]) ? &g->tx : &g->rx, g->member[i]);
}

static void fill(struct flow_group *g, struct flow **member, size_t n)
{
	*g = (struct flow_group){.member = member, .members = n, .flows = n};
	for (size_t i = 0; i < n; i++)
		flow_group_add_times(g, member[i]);
	if (member[0]->conn)
		fill_conn(g);
	else
		fill_tuple(g);
	g->state = g->at_client->state;
}

int flow_group_conns(struct flow *const *flows, size_t n, struct flow_groups *out)
{
	size_t groups = 0, at = 0;

	out->flow = calloc(n + 1, sizeof(*out->flow));
	if (!out->flow)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		out->flow[i] = flows[i];
	out->n_flows = n;
	if (n)
		qsort(out->flow, n, sizeof(*out->flow), compare_members);
	for (size_t i = 0; i < n; i++)
		groups += i == 0 || compare_conn(out->flow[i - 1], out->flow[i]);
	out->all = calloc(groups + 1, sizeof(*out->all));
	if (!out->all)
		return -ENOMEM;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && !compare_conn(out->flow[at], out->flow[i]))
			continue;
		fill(&out->all[out->n++], out->flow + at, i - at);
		at = i;
	}
	return 0;
}
