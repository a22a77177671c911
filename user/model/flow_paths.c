// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/flow_sort.h"

/* More flows of one connection than that tell no more of its path. */
#define MEMBERS_MAX 256

/* A path, no longer than it is. */
struct kept {
	unsigned int n;
	bool cut;
	struct path_hop hop[];
};

struct conn {
	uint64_t conn; /* 0: nobody is in this place */
	size_t first;  /* of the flows, 1 more than its number; 0: none */
	struct kept *path;
};

struct flow_paths {
	struct flow *const *flows;
	size_t *next; /* of each flow the next one of its connection, 1 more; 0: none */
	struct conn *conns;
	size_t mask;
};

/* Where that connection is, or would be. */
static struct conn *place_of(const struct flow_paths *p, uint64_t conn)
{
	size_t i = hash_u64(&conn) & p->mask;

	while (p->conns[i].conn && p->conns[i].conn != conn)
		i = (i + 1) & p->mask;
	return &p->conns[i];
}

static void gather(struct flow_paths *p, const uint64_t *conns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t conn = conns ? conns[i] : p->flows[i]->conn;
		struct conn *c = conn ? place_of(p, conn) : NULL;

		if (!c || !c->conn)
			continue;
		p->next[i] = c->first;
		c->first = i + 1;
	}
}

int flow_paths_new(struct flow_paths **out, struct flow *const *all, const uint64_t *conns,
		   size_t n, struct flow *const *asked, size_t n_asked)
{
	struct flow_paths *p = calloc(1, sizeof(*p));
	size_t places = 16;

	if (!p)
		return -ENOMEM;
	/* At most half full, so that a search is short. */
	while (places < 2 * n_asked)
		places *= 2;
	p->flows = all;
	p->mask = places - 1;
	p->conns = calloc(places, sizeof(*p->conns));
	p->next = calloc(n + 1, sizeof(*p->next));
	if (!p->conns || !p->next) {
		flow_paths_free(p);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_asked; i++)
		if (asked[i]->conn)
			place_of(p, asked[i]->conn)->conn = asked[i]->conn;
	gather(p, conns, n);
	*out = p;
	return 0;
}

void flow_paths_free(struct flow_paths *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->conns && i <= p->mask; i++)
		free(p->conns[i].path);
	free(p->conns);
	free(p->next);
	free(p);
}

static int in_order(const void *a, const void *b)
{
	return flow_compare(*(struct flow *const *)a, *(struct flow *const *)b);
}

static void find(const struct flow_paths *p, const struct conn *c, struct path *out)
{
	struct flow *member[MEMBERS_MAX];
	size_t n = 0;

	for (size_t i = c->first; i && n < MEMBERS_MAX; i = p->next[i - 1])
		member[n++] = p->flows[i - 1];
	qsort(member, n, sizeof(member[0]), in_order);
	path_of_flows(member, n, out);
}

/* Without memory for it, it is found again. */
static void keep(struct conn *c, const struct path *path)
{
	size_t hops = path->n * sizeof(path->hop[0]);

	c->path = malloc(sizeof(*c->path) + hops);
	if (!c->path)
		return;
	c->path->n = path->n;
	c->path->cut = path->cut;
	memcpy(c->path->hop, path->hop, hops);
}

bool flow_paths_find(struct flow_paths *p, uint64_t conn, struct path *out)
{
	struct conn *c = conn ? place_of(p, conn) : NULL;

	if (!c || !c->conn)
		return false;
	if (c->path) {
		out->n = c->path->n;
		out->cut = c->path->cut;
		memcpy(out->hop, c->path->hop, out->n * sizeof(out->hop[0]));
	} else {
		find(p, c, out);
		keep(c, out);
	}
	return out->n > 0;
}
