// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_group_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/conn_id.h"

/* --- groups by what they are of: a hash of indices, for the array moves as it grows --- */

/* That a connection has a flow in a group. */
struct tie {
	size_t group;
	uint64_t conn;
};

struct builder {
	struct flow_groups *out;
	size_t cap;
	uint32_t *slot; /* index + 1; 0: free */
	size_t slots;   /* a power of two, at least twice the groups */
	struct tie *tie;
	size_t ties, ties_cap;
};

static void builder_free(struct builder *b)
{
	free(b->slot);
	free(b->tie);
}

/* Two cgroups of one container are one container: told by what it is called. */
static uint64_t hash_of(enum flow_group_by by, const void *key)
{
	static const uint8_t seed[16] = {0};

	if (by == FLOW_BY_CONTAINER && key) {
		const struct container *c = key;

		return siphash24(seed, c->id, strlen(c->id));
	}
	return siphash24(seed, &key, sizeof(key));
}

static bool is_of(enum flow_group_by by, const struct flow_group *g, const void *key)
{
	const struct container *c = key;

	switch (by) {
	case FLOW_BY_VETH:
		return g->link == key;
	case FLOW_BY_NETNS:
		return g->netns == key;
	default:
		if (!c || !g->container)
			return c == g->container;
		return !strcmp(c->id, g->container->id) &&
		       !strcmp(c->runtime, g->container->runtime);
	}
}

static void enter(struct builder *b, uint64_t hash, size_t index)
{
	size_t i = hash & (b->slots - 1);

	while (b->slot[i])
		i = (i + 1) & (b->slots - 1);
	b->slot[i] = (uint32_t)index + 1;
}

static const void *key_of(enum flow_group_by by, const struct flow_group *g)
{
	if (by == FLOW_BY_VETH)
		return g->link;
	return by == FLOW_BY_NETNS ? (const void *)g->netns : g->container;
}

static bool grow(struct builder *b)
{
	size_t cap = b->cap ? b->cap * 2 : 64;
	struct flow_group *all = realloc(b->out->all, cap * sizeof(*all));
	uint32_t *slot;

	if (!all)
		return false;
	b->out->all = all;
	slot = calloc(cap * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(b->slot);
	b->slot = slot;
	b->slots = cap * 2;
	b->cap = cap;
	for (size_t i = 0; i < b->out->n; i++)
		enter(b, hash_of(b->out->by, key_of(b->out->by, &all[i])), i);
	return true;
}

/* The group of a link, a namespace or a container; a new one if need be. NULL: no memory. */
static struct flow_group *group_of(struct builder *b, const void *key)
{
	enum flow_group_by by = b->out->by;
	uint64_t hash = hash_of(by, key);
	struct flow_group *g;

	for (size_t i = hash; b->slots && b->slot[i & (b->slots - 1)]; i++) {
		g = &b->out->all[b->slot[i & (b->slots - 1)] - 1];
		if (is_of(by, g, key))
			return g;
	}
	if (b->out->n == b->cap && !grow(b))
		return NULL;
	g = &b->out->all[b->out->n];
	*g = (struct flow_group){0};
	if (by == FLOW_BY_VETH)
		g->link = key;
	else if (by == FLOW_BY_NETNS)
		g->netns = key;
	else
		g->container = key;
	enter(b, hash, b->out->n++);
	return g;
}

/* Count f in its group, once. */
static int count(struct builder *b, struct flow_group *g, const struct flow *f)
{
	g->flows++;
	flow_group_add_times(g, f);
	if (!f->conn)
		return 0;
	if (b->ties == b->ties_cap) {
		size_t cap = b->ties_cap ? b->ties_cap * 2 : 256;
		struct tie *tie = realloc(b->tie, cap * sizeof(*tie));

		if (!tie)
			return -ENOMEM;
		b->tie = tie;
		b->ties_cap = cap;
	}
	b->tie[b->ties++] = (struct tie){(size_t)(g - b->out->all), f->conn};
	return 0;
}

static int compare_ties(const void *a, const void *b)
{
	const struct tie *x = a, *y = b;
	int c = flow_group_compare_u64(x->group, y->group);

	return c ? c : flow_group_compare_u64(x->conn, y->conn);
}

static void count_conns(struct builder *b)
{
	if (b->ties)
		qsort(b->tie, b->ties, sizeof(*b->tie), compare_ties);
	for (size_t i = 0; i < b->ties; i++)
		if (i == 0 || compare_ties(&b->tie[i], &b->tie[i - 1]))
			b->out->all[b->tie[i].group].conns++;
}

/* --- a veth, a namespace --- */

static int add_to_veth(struct builder *b, const struct flow *f)
{
	struct flow_group *g = group_of(b, f->link);

	if (!g)
		return -ENOMEM;
	flow_group_add(f->egress ? &g->tx : &g->rx, f);
	return count(b, g, f);
}

/* Of a pair that is watched at both ends one counts: that which is watched for longer. */
static bool counts(const struct link *l)
{
	const struct link *p = l->peer;

	if (!p || !p->attached || p->gone)
		return true;
	if (p->attached != l->attached)
		return l->attached < p->attached;
	return link_compare(l, p) < 0;
}

static int add_to_netns(struct builder *b, const struct flow *f)
{
	const struct netns *here = f->link->netns;
	const struct netns *there = f->link->peer ? f->link->peer->netns : NULL;
	const struct netns *from = f->egress ? here : there, *to = f->egress ? there : here;
	struct flow_group *g;

	if (!counts(f->link))
		return 0;
	if (from) {
		g = group_of(b, from);
		if (!g || count(b, g, f))
			return -ENOMEM;
		flow_group_add(&g->tx, f);
	}
	if (to) {
		g = group_of(b, to);
		if (!g || (to != from && count(b, g, f)))
			return -ENOMEM;
		flow_group_add(&g->rx, f);
	}
	return 0;
}

/* A row for what is watched, even if nothing came by. */
static int add_link(struct builder *b, const struct link *l)
{
	if (b->out->by == FLOW_BY_VETH)
		return group_of(b, l) ? 0 : -ENOMEM;
	if (l->netns && !group_of(b, l->netns))
		return -ENOMEM;
	if (l->peer && l->peer->netns && !group_of(b, l->peer->netns))
		return -ENOMEM;
	return 0;
}

/* --- a container --- */

/*
 * A connection is seen on every link that it crosses, and is to be counted on one: where it leaves
 * its sender's namespace, or arrives in its receiver's.
 */
enum side { SENDER, RECEIVER };

static const struct flow_end *end_of(const struct flow *f, enum side side)
{
	return side == SENDER ? &f->sender : &f->receiver;
}

/*
 * The same on several links? Told by the id; without one by the tuple, as far as the end's
 * namespace is known: the same addresses may be in use in others. If not, each link is for itself.
 */
static int compare_traffic(const void *pa, const void *pb, void *ctx)
{
	const struct flow *a = *(struct flow *const *)pa, *b = *(struct flow *const *)pb;
	const struct netns *na = end_of(a, *(enum side *)ctx)->netns;
	const struct netns *nb = end_of(b, *(enum side *)ctx)->netns;
	int c = flow_group_compare_u64(a->conn, b->conn);

	if (c)
		return c;
	if (a->conn)
		return (int)a->from_client - (int)b->from_client;
	c = flow_group_compare_u64(na ? na->cookie : 0, nb ? nb->cookie : 0);
	if (!c && !na)
		c = flow_group_compare_u64((uintptr_t)a->link, (uintptr_t)b->link);
	if (!c)
		c = flow_group_compare_u64(a->kind << 8 | a->proto, b->kind << 8 | b->proto);
	if (!c)
		c = flow_group_compare_end(&a->src, &b->src);
	if (!c)
		c = flow_group_compare_end(&a->dst, &b->dst);
	if (!c)
		c = flow_group_compare_u64(
			(uint64_t)a->icmp.type << 24 | a->icmp.code << 16 | a->icmp.id,
			(uint64_t)b->icmp.type << 24 | b->icmp.code << 16 | b->icmp.id);
	return c;
}

static bool is_better(const struct flow *a, const struct flow *b, enum side side,
		      const struct netns *ns)
{
	bool (*touches)(const struct flow *, const struct netns *) =
		side == SENDER ? flow_group_leaves : flow_group_arrives;
	bool ta = touches(a, ns), tb = touches(b, ns);

	return ta != tb ? ta : flow_group_is_earlier(a, b);
}

/* One traffic on all the links that it was seen on. */
static int add_traffic(struct builder *b, struct flow **flow, size_t n, enum side side)
{
	const struct container *container = NULL;
	const struct netns *ns = NULL;
	const struct flow *best = flow[0];
	struct flow_group *g;

	for (size_t i = 0; i < n; i++) {
		const struct flow_end *e = end_of(flow[i], side);

		if (!ns)
			ns = e->netns;
		if (!container && e->owner.cgroup && e->owner.cgroup->container)
			container = e->owner.cgroup->container;
	}
	if (!container && ns)
		container = ns->container;
	for (size_t i = 1; i < n; i++)
		if (is_better(flow[i], best, side, ns))
			best = flow[i];
	g = group_of(b, container);
	if (!g)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (flow[i]->link != best->link || flow[i]->egress != best->egress)
			continue;
		flow_group_add(side == SENDER ? &g->tx : &g->rx, flow[i]);
		if (count(b, g, flow[i]))
			return -ENOMEM;
	}
	return 0;
}

static int add_side(struct builder *b, struct flow **flow, size_t n, enum side side)
{
	int err = 0;

	if (n)
		qsort_r(flow, n, sizeof(*flow), compare_traffic, &side);
	for (size_t i = 0, end; i < n && !err; i = end) {
		end = i + 1;
		while (end < n && !compare_traffic(&flow[i], &flow[end], &side))
			end++;
		err = add_traffic(b, flow + i, end - i, side);
	}
	return err;
}

static int add_containers(struct builder *b, struct flow *const *flows, size_t n)
{
	_cleanup_free_ struct flow **copy = calloc(n + 1, sizeof(*copy));
	int err;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		copy[i] = flows[i];
	err = add_side(b, copy, n, SENDER);
	return err ? err : add_side(b, copy, n, RECEIVER);
}

int flow_group_sums(struct flow *const *flows, size_t n, struct link *const *links, size_t n_links,
		    struct flow_groups *out)
{
	_cleanup_(builder_free) struct builder b = {.out = out};
	int err = 0;

	if (out->by == FLOW_BY_CONTAINER) {
		err = add_containers(&b, flows, n);
	} else {
		for (size_t i = 0; i < n_links && !err; i++)
			err = add_link(&b, links[i]);
		for (size_t i = 0; i < n && !err; i++)
			err = out->by == FLOW_BY_VETH ? add_to_veth(&b, flows[i])
						      : add_to_netns(&b, flows[i]);
	}
	count_conns(&b);
	return err;
}
