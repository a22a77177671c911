// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/path_infer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/*
 * A node is a link, or a namespace, which joins those of its links that are no ports of a switch:
 * what goes from the one to the other is routed.
 */
struct node {
	const struct link *link;   /* NULL: a namespace */
	const struct netns *netns; /* of either */
	uint64_t key;              /* the link's or the netns's address in memory */
	uint32_t *next;            /* neighbours; owned */
	uint32_t n, room;
	/* The search that it was reached in, how far from its beginning, from where, in how many
	 * ways (2: several). */
	uint32_t search, distance, before, ways;
	UT_hash_handle hh;
};

struct addr_key {
	uint64_t netns;
	struct addr addr;
};

struct addr_entry {
	struct addr_key key;
	uint32_t node;
	bool several; /* links of that namespace have this address */
	UT_hash_handle hh;
};

/* So far is it there. */
struct step {
	uint32_t node, distance;
};

#define ROUTED 65536u

struct path_infer {
	const struct topology *topology;
	struct node *nodes;
	uint32_t n, room;
	struct node *index;
	struct addr_entry *addrs;
	uint32_t *way;     /* room for all nodes */
	struct step *heap; /* room for each edge, in both directions */
	uint32_t steps, edges;
	uint32_t search;
	int err;
};

/* --- the graph --- */

static void add_node(struct path_infer *p, const struct link *l, const struct netns *ns)
{
	if (p->n < p->room)
		p->nodes[p->n++] = (struct node){
			.link = l, .netns = ns, .key = (uintptr_t)(l ? (const void *)l : ns)};
}

static struct node *find_node(const struct path_infer *p, const void *what)
{
	uint64_t key = (uintptr_t)what;
	struct node *n;

	HASH_FIND (hh, p->index, &key, sizeof(key), n)
		;
	return n;
}

static void add_edge(struct path_infer *p, struct node *from, const struct node *to)
{
	if (from->n == from->room) {
		uint32_t room = from->room ? from->room * 2 : 4;
		uint32_t *grown = reallocarray(from->next, room, sizeof(*grown));

		if (!grown) {
			p->err = -ENOMEM;
			return;
		}
		from->next = grown;
		from->room = room;
	}
	from->next[from->n++] = (uint32_t)(to - p->nodes);
	p->edges++;
}

static void join(struct path_infer *p, struct node *a, struct node *b)
{
	if (!a || !b)
		return;
	add_edge(p, a, b);
	add_edge(p, b, a);
}

static bool is_switch(const struct link *l)
{
	return l && (!strcmp(l->kind, "bridge") || !strcmp(l->kind, "openvswitch"));
}

static void count_link(void *ctx, struct link *l)
{
	(void)l;
	((struct path_infer *)ctx)->room += 2; /* and perhaps its namespace */
}

static void add_link(void *ctx, struct link *l)
{
	add_node(ctx, l, l->netns);
}

static void index_nodes(struct path_infer *p)
{
	uint32_t links = p->n;

	for (uint32_t i = 0; i < links; i++) {
		struct node *n = &p->nodes[i];

		HASH_ADD(hh, p->index, key, sizeof(n->key), n);
		if (n->netns && !find_node(p, n->netns)) {
			add_node(p, NULL, n->netns);
			n = &p->nodes[p->n - 1];
			HASH_ADD(hh, p->index, key, sizeof(n->key), n);
		}
	}
}

static void join_nodes(struct path_infer *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct node *n = &p->nodes[i];
		const struct link *l = n->link;

		if (!l || !l->up)
			continue;
		/* Once, from the one side. */
		if (l->peer && l->peer->up && (uintptr_t)l < (uintptr_t)l->peer)
			join(p, n, find_node(p, l->peer));
		if (is_switch(l->master))
			join(p, n, find_node(p, l->master));
		else
			join(p, n, find_node(p, l->netns));
	}
}

int path_infer_new(struct path_infer **out, const struct topology *t)
{
	struct path_infer *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->topology = t;
	topology_each(t, count_link, p);
	p->nodes = calloc(p->room + 1, sizeof(*p->nodes));
	p->way = calloc(p->room + 1, sizeof(*p->way));
	if (!p->nodes || !p->way) {
		path_infer_free(p);
		return -ENOMEM;
	}
	topology_each(t, add_link, p);
	index_nodes(p);
	join_nodes(p);
	p->heap = calloc(p->edges + 1, sizeof(*p->heap));
	if (p->err || !p->heap) {
		path_infer_free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void path_infer_free(struct path_infer *p)
{
	struct addr_entry *a, *tmp;

	if (!p)
		return;
	HASH_ITER (hh, p->addrs, a, tmp) {
		HASH_DEL(p->addrs, a);
		free(a);
	}
	HASH_CLEAR(hh, p->index);
	for (uint32_t i = 0; p->nodes && i < p->n; i++)
		free(p->nodes[i].next);
	free(p->nodes);
	free(p->way);
	free(p->heap);
	free(p);
}

static struct addr_entry *find_addr(const struct path_infer *p, uint64_t netns,
				    const struct addr *a)
{
	struct addr_key key = {netns, *a};
	struct addr_entry *e;

	HASH_FIND (hh, p->addrs, &key, sizeof(key), e)
		;
	return e;
}

int path_infer_add_addr(struct path_infer *p, uint64_t netns_cookie, uint32_t ifindex,
			const struct addr *a)
{
	const struct link *l = topology_find(p->topology, netns_cookie, ifindex);
	struct node *n = l ? find_node(p, l) : NULL;
	struct addr_entry *e;
	uint32_t node;

	if (!n)
		return 0;
	node = (uint32_t)(n - p->nodes);
	e = find_addr(p, netns_cookie, a);
	if (e) {
		e->several = e->several || e->node != node;
		return 0;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->key.netns = netns_cookie;
	e->key.addr = *a;
	e->node = node;
	HASH_ADD(hh, p->addrs, key, sizeof(e->key), e);
	return 0;
}

/* --- the search --- */

/* To be routed once is further than through any number of switches. */
static uint32_t length(const struct node *a, const struct node *b)
{
	return a->link && b->link ? 1 : ROUTED;
}

static bool nearer(const struct path_infer *p, uint32_t i, uint32_t k)
{
	return p->heap[i].distance < p->heap[k].distance;
}

static void swap(struct path_infer *p, uint32_t i, uint32_t k)
{
	struct step s = p->heap[i];

	p->heap[i] = p->heap[k];
	p->heap[k] = s;
}

static void push(struct path_infer *p, uint32_t node, uint32_t distance)
{
	uint32_t i = p->steps++;

	p->heap[i] = (struct step){node, distance};
	for (; i && nearer(p, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(p, i, (i - 1) / 2);
}

static struct step pop(struct path_infer *p)
{
	struct step first = p->heap[0];
	uint32_t i = 0, k;

	p->heap[0] = p->heap[--p->steps];
	while ((k = 2 * i + 1) < p->steps) {
		if (k + 1 < p->steps && nearer(p, k + 1, k))
			k++;
		if (!nearer(p, k, i))
			break;
		swap(p, i, k);
		i = k;
	}
	return first;
}

/* What can be reached from there by one step; how it is reached best, and in how many ways. */
static void relax(struct path_infer *p, uint32_t at)
{
	const struct node *here = &p->nodes[at];

	for (uint32_t i = 0; i < here->n; i++) {
		struct node *n = &p->nodes[here->next[i]];
		uint32_t distance = here->distance + length(here, n);

		if (n->search != p->search || distance < n->distance) {
			n->search = p->search;
			n->distance = distance;
			n->ways = here->ways;
			n->before = at;
			push(p, here->next[i], distance);
		} else if (distance == n->distance) {
			n->ways = 2;
		}
	}
}

/* Nearest first (Dijkstra, 1959). */
static bool search(struct path_infer *p, uint32_t from, uint32_t to)
{
	struct node *start = &p->nodes[from];

	p->search++;
	p->steps = 0;
	start->search = p->search;
	start->distance = 0;
	start->ways = 1;
	start->before = from;
	push(p, from, 0);
	while (p->steps) {
		struct step s = pop(p);

		if (s.node == to)
			return p->nodes[to].ways == 1;
		if (s.distance == p->nodes[s.node].distance) /* else it was reached by less */
			relax(p, s.node);
	}
	return false;
}

/* The nodes from the one end to the other, into p->way; returns how many. */
static uint32_t trace_back(struct path_infer *p, uint32_t from, uint32_t to)
{
	uint32_t n = 1;

	for (uint32_t at = to; at != from; at = p->nodes[at].before)
		n++;
	for (uint32_t i = n; i > 0; i--) {
		p->way[i - 1] = to;
		to = p->nodes[to].before;
	}
	return n;
}

/* Does the namespace that nodes[i] is in route between the nodes around it? */
static bool in_router(const struct path_infer *p, uint32_t first, uint32_t last, uint32_t i)
{
	const struct netns *ns = p->nodes[p->way[i]].netns;

	for (uint32_t k = i; k < last && p->nodes[p->way[k]].netns == ns; k++)
		if (!p->nodes[p->way[k]].link)
			return true;
	for (uint32_t k = i + 1; k > first && p->nodes[p->way[k - 1]].netns == ns; k--)
		if (!p->nodes[p->way[k - 1]].link)
			return true;
	return false;
}

static void fill(const struct path_infer *p, uint32_t first, uint32_t last, struct path *out,
		 bool *routed)
{
	out->n = 0;
	out->cut = false;
	*routed = false;
	for (uint32_t i = first; i < last; i++) {
		const struct node *n = &p->nodes[p->way[i]];
		bool end = i == first || i + 1 == last;

		if (!n->link) {
			*routed = true;
			continue;
		}
		if (out->n == PATH_HOPS_MAX) {
			out->cut = true;
			return;
		}
		out->hop[out->n++] = (struct path_hop){
			.link = n->link, .named = end || in_router(p, first, last, i)};
	}
}

bool path_infer_find(struct path_infer *p, uint64_t client_netns, const struct addr *client,
		     uint64_t server_netns, const struct addr *server, struct path *out,
		     bool *routed)
{
	const struct addr_entry *c = find_addr(p, client_netns, client);
	const struct addr_entry *s = find_addr(p, server_netns, server);
	uint32_t first = 0, last;

	if (client_netns == server_netns || !c || !s || c->several || s->several)
		return false;
	if (!search(p, c->node, s->node))
		return false;
	last = trace_back(p, c->node, s->node);
	/*
	 * An end may use the address of one device and send by another: what is routed within its
	 * own namespace never crosses the device that has the address.
	 */
	if (last > 2 && !p->nodes[p->way[1]].link)
		first = 2;
	if (last - first > 2 && !p->nodes[p->way[last - 2]].link)
		last -= 2;
	fill(p, first, last, out, routed);
	return out->n > 1;
}
