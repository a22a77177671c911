// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_group_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/top.h"

static const char *const names[] = {
	[FLOW_BY_VETH] = "veth",
	[FLOW_BY_NETNS] = "netns",
	[FLOW_BY_CONTAINER] = "container",
	[FLOW_BY_CONN] = "conn",
};

int flow_group_parse(const char *name, enum flow_group_by *out)
{
	for (unsigned int i = 0; i < FLOW_BYS; i++) {
		if (!strcmp(names[i], name)) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *flow_group_name(enum flow_group_by by)
{
	return names[by];
}

void flow_group_names(struct buf *b)
{
	for (unsigned int i = 0; i < FLOW_BYS; i++)
		buf_printf(b, "%s%s", i ? ", " : "", names[i]);
}

/* --- what the kinds share --- */

static bool has_end_in(const struct link *l, bool far, const struct netns *ns)
{
	if (far)
		return l->peer && l->peer->netns == ns;
	return l->netns == ns;
}

bool flow_group_leaves(const struct flow *f, const struct netns *ns)
{
	return ns && has_end_in(f->link, !f->egress, ns);
}

bool flow_group_arrives(const struct flow *f, const struct netns *ns)
{
	return ns && has_end_in(f->link, f->egress, ns);
}

void flow_group_add(struct flow_sum *sum, const struct flow *f)
{
	sum->packets += f->packets;
	sum->segments += f->segments;
	sum->bytes += f->bytes;
	sum->new_packets += flow_new_packets(f);
	sum->new_bytes += flow_new_bytes(f);
}

void flow_group_add_times(struct flow_group *g, const struct flow *f)
{
	if (f->first && (!g->first || f->first < g->first))
		g->first = f->first;
	if (f->last > g->last)
		g->last = f->last;
}

int flow_group_compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int flow_group_compare_end(const struct addr_port *a, const struct addr_port *b)
{
	int c = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

	return c ? c : flow_group_compare_u64(a->port, b->port);
}

bool flow_group_is_earlier(const struct flow *a, const struct flow *b)
{
	return a->first != b->first ? a->first < b->first : flow_compare(a, b) < 0;
}

int flow_groups_make(enum flow_group_by by, struct flow *const *flows, size_t n,
		     struct link *const *links, size_t n_links, struct flow_groups *out)
{
	int err;

	*out = (struct flow_groups){.by = by};
	err = by == FLOW_BY_CONN ? flow_group_conns(flows, n, out)
				 : flow_group_sums(flows, n, links, n_links, out);
	if (!err) {
		out->row = calloc(out->n + 1, sizeof(*out->row));
		if (!out->row)
			err = -ENOMEM;
	}
	if (err) {
		flow_groups_free(out);
		return err;
	}
	for (size_t i = 0; i < out->n; i++)
		out->row[i] = &out->all[i];
	return 0;
}

void flow_groups_free(struct flow_groups *g)
{
	free(g->row);
	free(g->all);
	free(g->flow);
	*g = (struct flow_groups){0};
}

/* --- order --- */

struct order {
	enum flow_group_by by;
	enum flow_sort_key key;
};

static int compare_netns(const struct netns *a, const struct netns *b)
{
	int c = 0;

	if (a->name && b->name)
		c = strcmp(a->name, b->name);
	else if (a->name || b->name)
		return a->name ? -1 : 1;
	return c ? c : flow_group_compare_u64(a->cookie, b->cookie);
}

/* What is in no container comes last. */
static int compare_container(const struct container *a, const struct container *b)
{
	int c;

	if (!a || !b)
		return !a - !b;
	c = strcmp(a->runtime, b->runtime);
	return c ? c : strcmp(a->id, b->id);
}

static int compare_identity(enum flow_group_by by, const struct flow_group *a,
			    const struct flow_group *b)
{
	switch (by) {
	case FLOW_BY_VETH:
		return link_compare(a->link, b->link);
	case FLOW_BY_NETNS:
		return compare_netns(a->netns, b->netns);
	case FLOW_BY_CONTAINER:
		return compare_container(a->container, b->container);
	case FLOW_BY_CONN:
		return flow_compare(a->at_client, b->at_client);
	case FLOW_BYS:
		break;
	}
	return 0;
}

static uint64_t number(const struct flow_group *g, enum flow_sort_key key)
{
	switch (key) {
	case FLOW_SORT_RATE:
		return g->tx.new_bytes + g->rx.new_bytes;
	case FLOW_SORT_PACKET_RATE:
		return g->tx.new_packets + g->rx.new_packets;
	case FLOW_SORT_BYTES:
		return g->tx.bytes + g->rx.bytes;
	case FLOW_SORT_PACKETS:
		return g->tx.packets + g->rx.packets;
	case FLOW_SORT_FIRST:
		return g->first;
	case FLOW_SORT_LAST:
		return g->last;
	case FLOW_SORT_LINK:
	case FLOW_SORT_KEYS:
		break;
	}
	return 0;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;
	int c = flow_group_compare_u64(number(b, o->key), number(a, o->key));

	return c ? c : compare_identity(o->by, a, b);
}

size_t flow_groups_sort(struct flow_groups *g, enum flow_sort_key key, size_t top)
{
	struct order o = {g->by, key};

	return top_sort((void **)g->row, g->n, top, compare, &o);
}
