// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/path.h"

#include <string.h>

/* A switch with more ports than this and a flood on all of them: the earliest ones do. */
#define EDGES_MAX 128

struct edge {
	const struct link *from, *to; /* either may be NULL, not both */
	uint64_t first;
	bool reply;
	bool used;
	int before; /* the edge it was reached by; -1: none; when searching */
};

struct graph {
	struct edge edge[EDGES_MAX];
	unsigned int n;
	const struct netns *client, *server;
};

static const struct netns *netns_of(const struct link *l)
{
	return l ? l->netns : NULL;
}

/* A device that passes packets from port to port. */
static bool is_switch(const struct link *l)
{
	return l && (!strcmp(l->kind, "bridge") || !strcmp(l->kind, "openvswitch"));
}

static const struct link *switch_of(const struct link *l)
{
	return l && is_switch(l->master) ? l->master : NULL;
}

/* The packet left `from` for `to`; true if the next one takes it from there. */
static bool joins(const struct edge *a, const struct edge *b)
{
	return a->to && b->from && a->to->netns == b->from->netns;
}

static bool is_reverse(const struct edge *a, const struct edge *b)
{
	return a->from == b->to && a->to == b->from;
}

/* --- edges --- */

static bool earlier(const struct edge *a, const struct edge *b)
{
	const struct link *la = a->from ? a->from : a->to, *lb = b->from ? b->from : b->to;

	if (a->reply != b->reply)
		return b->reply;
	if (a->first != b->first)
		return a->first < b->first;
	if (la->netns && lb->netns && la->netns->cookie != lb->netns->cookie)
		return la->netns->cookie < lb->netns->cookie;
	return la->ifindex < lb->ifindex;
}

/* Keeps them in the order of earlier(), so that whatever is looked for, the earliest is found. */
static void add_edge(struct graph *g, const struct edge *e)
{
	unsigned int i;

	for (i = 0; i < g->n; i++) {
		struct edge *have = &g->edge[i];

		if (have->from != e->from || have->to != e->to)
			continue;
		/* Both ends of the pair are watched. */
		if (!earlier(e, have))
			return;
		g->n--;
		memmove(have, have + 1, (g->n - i) * sizeof(*have));
		break;
	}
	for (i = g->n; i > 0 && earlier(e, &g->edge[i - 1]); i--)
		if (i < EDGES_MAX)
			g->edge[i] = g->edge[i - 1];
	if (i < EDGES_MAX)
		g->edge[i] = *e;
	if (g->n < EDGES_MAX)
		g->n++;
}

/* A watched switch stands between its ports' edges anyway. */
static bool stands_between(const struct path_seen *seen, size_t n, const struct link *l)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i].link->master == l ||
		    (seen[i].link->peer && seen[i].link->peer->master == l))
			return true;
	return false;
}

static void add_seen(struct graph *g, const struct path_seen *s)
{
	struct edge e = {.first = s->first, .reply = s->reply};

	e.from = s->egress ? s->link : s->link->peer;
	e.to = s->egress ? s->link->peer : s->link;
	add_edge(g, &e);
}

/* Answers took the same pair: they say nothing more. */
static void drop_replies(struct graph *g)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < g->n; i++) {
		struct edge e = g->edge[i];
		bool known = false;

		for (unsigned int k = 0; e.reply && k < kept && !known; k++)
			known = is_reverse(&e, &g->edge[k]);
		if (!known)
			g->edge[kept++] = e;
	}
	g->n = kept;
}

/* --- hops --- */

static void add_hop(struct path *p, const struct link *l, bool gap, bool named)
{
	if (p->n == PATH_HOPS_MAX) {
		p->cut = true;
		return;
	}
	p->hop[p->n] = (struct path_hop){.link = l, .gap = gap && p->n, .named = named};
	p->n++;
}

/* From the link that the packet arrived on to the one that it left by, in one namespace. */
static void add_passage(struct path *p, const struct edge *before, const struct edge *e)
{
	const struct link *in = before->to, *out = e->from;
	const struct link *a = switch_of(in), *b = switch_of(out);
	bool gap = !before->from; /* that end is not visible: this is where the way begins */

	if (a && a == b) {
		add_hop(p, in, gap, false);
		add_hop(p, a, false, false);
		add_hop(p, out, false, false);
		return;
	}
	/* Routed: what goes from a port of a switch to elsewhere goes through the switch device. */
	add_hop(p, in, gap, true);
	if (a)
		add_hop(p, a, false, true);
	if (b)
		add_hop(p, b, false, true);
	if (out != in)
		add_hop(p, out, false, true);
}

static void add_start(const struct graph *g, struct path *p, const struct edge *e)
{
	const struct link *sw = switch_of(e->from);

	if (sw && g->client && netns_of(e->from) == g->client) {
		add_hop(p, sw, true, true);
		add_hop(p, e->from, false, false);
	} else if (e->from) {
		add_hop(p, e->from, true, true);
	}
}

static void add_end(const struct graph *g, struct path *p, const struct edge *e)
{
	const struct link *sw = switch_of(e->to);
	bool gap = !e->from;

	if (sw && g->server && netns_of(e->to) == g->server) {
		add_hop(p, e->to, gap, false);
		add_hop(p, sw, false, true);
	} else if (e->to) {
		add_hop(p, e->to, gap, true);
	}
}

/* One edge more. */
static void append(const struct graph *g, struct path *p, const struct edge *before,
		   const struct edge *e)
{
	if (before && joins(before, e)) {
		add_passage(p, before, e);
		return;
	}
	if (before)
		add_end(g, p, before);
	add_start(g, p, e);
}

/* --- the way --- */

/*
 * The shortest way from the client's namespace to the server's, breadth first; the edges of it in
 * `way`. Returns their number, 0: there is none.
 */
static unsigned int shortest(struct graph *g, unsigned int *way)
{
	unsigned int queue[EDGES_MAX], head = 0, tail = 0, n = 0;
	int at = -1;

	if (!g->client || !g->server)
		return 0;
	for (unsigned int i = 0; i < g->n; i++) {
		g->edge[i].before = -1;
		g->edge[i].used = netns_of(g->edge[i].from) == g->client;
		if (g->edge[i].used)
			queue[tail++] = i;
	}
	while (head < tail) {
		unsigned int i = queue[head++];

		if (netns_of(g->edge[i].to) == g->server) {
			at = (int)i;
			break;
		}
		for (unsigned int k = 0; k < g->n; k++) {
			if (g->edge[k].used || !joins(&g->edge[i], &g->edge[k]))
				continue;
			g->edge[k].used = true;
			g->edge[k].before = (int)i;
			queue[tail++] = k;
		}
	}
	for (int i = at; i >= 0; i = g->edge[i].before)
		n++;
	for (unsigned int k = n; k-- > 0; at = g->edge[at].before)
		way[k] = (unsigned int)at;
	return n;
}

/* An edge that nothing unused leads to, best from the client; the earliest otherwise. */
static int pick_start(const struct graph *g)
{
	int any = -1, free_start = -1;

	for (unsigned int i = 0; i < g->n; i++) {
		bool led_to = false;

		if (g->edge[i].used)
			continue;
		if (g->client && netns_of(g->edge[i].from) == g->client)
			return (int)i;
		for (unsigned int k = 0; k < g->n && !led_to; k++)
			led_to = k != i && !g->edge[k].used && joins(&g->edge[k], &g->edge[i]) &&
				 !is_reverse(&g->edge[k], &g->edge[i]);
		if (any < 0)
			any = (int)i;
		if (!led_to && free_start < 0)
			free_start = (int)i;
	}
	return free_start >= 0 ? free_start : any;
}

/* Where it goes on: rather not back. */
static int pick_next(const struct graph *g, int at)
{
	int back = -1;

	for (unsigned int i = 0; i < g->n; i++) {
		if (g->edge[i].used || !joins(&g->edge[at], &g->edge[i]))
			continue;
		if (!is_reverse(&g->edge[at], &g->edge[i]))
			return (int)i;
		if (back < 0)
			back = (int)i;
	}
	return back;
}

/* All edges, by following each as far as it leads. */
static unsigned int all(struct graph *g, unsigned int *way)
{
	unsigned int n = 0;
	int at = -1;

	for (unsigned int i = 0; i < g->n; i++)
		g->edge[i].used = false;
	while (n < g->n) {
		int next = at >= 0 ? pick_next(g, at) : -1;

		at = next >= 0 ? next : pick_start(g);
		g->edge[at].used = true;
		way[n++] = (unsigned int)at;
	}
	return n;
}

void path_find(const struct path_seen *seen, size_t n, const struct netns *client,
	       const struct netns *server, struct path *out)
{
	struct graph g = {.client = client, .server = server};
	unsigned int way[EDGES_MAX], len;

	out->n = 0;
	out->cut = false;
	for (size_t i = 0; i < n; i++)
		if (!is_switch(seen[i].link) || !stands_between(seen, n, seen[i].link))
			add_seen(&g, &seen[i]);
	drop_replies(&g);
	if (!g.n)
		return;
	len = shortest(&g, way);
	if (!len)
		len = all(&g, way);
	for (unsigned int i = 0; i < len; i++)
		append(&g, out, i ? &g.edge[way[i - 1]] : NULL, &g.edge[way[i]]);
	add_end(&g, out, &g.edge[way[len - 1]]);
	/* Whatever they are, they are where somebody begins to read. */
	out->hop[0].named = true;
	if (!out->cut)
		out->hop[out->n - 1].named = true;
}

void path_of_flows(struct flow *const *flows, size_t n, struct path *out)
{
	struct path_seen seen[2 * EDGES_MAX];
	const struct netns *client = NULL, *server = NULL;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const struct flow *f = flows[i];
		const struct flow_end *c = f->from_client ? &f->sender : &f->receiver;
		const struct flow_end *s = f->from_client ? &f->receiver : &f->sender;

		if (!client)
			client = c->netns;
		if (!server)
			server = s->netns;
		if (used == 2 * EDGES_MAX)
			continue;
		seen[used++] = (struct path_seen){
			.link = f->link,
			.egress = f->egress == f->from_client,
			.reply = !f->from_client,
			.first = f->first,
		};
	}
	path_find(seen, used, client, server, out);
}
