// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/path_infer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

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

struct path_infer {
	const struct topology *topology;
	struct node *nodes;
	uint32_t n, room;
	struct node *index;
	struct addr_entry *addrs;
	uint32_t *queue;
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
	p->queue = calloc(p->room + 1, sizeof(*p->queue));
	if (!p->nodes || !p->queue) {
		path_infer_free(p);
		return -ENOMEM;
	}
	topology_each(t, add_link, p);
	index_nodes(p);
	join_nodes(p);
	if (p->err) {
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
	free(p->queue);
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

/* Nearest first, counting in how many ways as short each is reached. */
static bool search(struct path_infer *p, uint32_t from, uint32_t to)
{
	uint32_t head = 0, tail = 0;
	struct node *nodes = p->nodes;

	p->search++;
	nodes[from].search = p->search;
	nodes[from].distance = 0;
	nodes[from].ways = 1;
	nodes[from].before = from;
	p->queue[tail++] = from;
	while (head < tail && p->queue[head] != to) {
		uint32_t at = p->queue[head++];

		for (uint32_t i = 0; i < nodes[at].n; i++) {
			struct node *n = &nodes[nodes[at].next[i]];

			if (n->search != p->search) {
				n->search = p->search;
				n->distance = nodes[at].distance + 1;
				n->ways = nodes[at].ways;
				n->before = at;
				p->queue[tail++] = nodes[at].next[i];
			} else if (n->distance == nodes[at].distance + 1) {
				n->ways = 2;
			}
		}
	}
	return nodes[to].search == p->search && nodes[to].ways == 1;
}

/* The nodes from the one end to the other, into p->queue; returns how many. */
static uint32_t trace_back(struct path_infer *p, uint32_t from, uint32_t to)
{
	uint32_t n = p->nodes[to].distance + 1;

	for (uint32_t i = n; i > 0; i--) {
		p->queue[i - 1] = to;
		to = p->nodes[to].before;
	}
	(void)from;
	return n;
}

/* Does the namespace that nodes[i] is in route between the nodes around it? */
static bool in_router(const struct path_infer *p, uint32_t first, uint32_t last, uint32_t i)
{
	const struct netns *ns = p->nodes[p->queue[i]].netns;

	for (uint32_t k = i; k < last && p->nodes[p->queue[k]].netns == ns; k++)
		if (!p->nodes[p->queue[k]].link)
			return true;
	for (uint32_t k = i + 1; k > first && p->nodes[p->queue[k - 1]].netns == ns; k--)
		if (!p->nodes[p->queue[k - 1]].link)
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
		const struct node *n = &p->nodes[p->queue[i]];
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
	if (last > 2 && !p->nodes[p->queue[1]].link)
		first = 2;
	if (last - first > 2 && !p->nodes[p->queue[last - 2]].link)
		last -= 2;
	fill(p, first, last, out, routed);
	return out->n > 1;
}
