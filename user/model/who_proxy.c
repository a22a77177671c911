// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A user-space proxy of a published port accepts a connection and makes another one to the
 * container. Which two belong together only the proxy knows; it is certain where there is only one
 * of each, or where both have carried the same numbers of bytes and no others have.
 */
#include "model/who_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* A connection that a proxy has on one side: on `mine`. */
struct half {
	struct who_row *row;
	const struct who_socket *mine;
	uint32_t pid;
	bool front;
	struct half *match;
	unsigned int matches;
};

static bool agree(const struct half *front, const struct half *back)
{
	return front->mine->counted && back->mine->counted &&
	       front->mine->rx_bytes == back->mine->tx_bytes &&
	       front->mine->tx_bytes == back->mine->rx_bytes;
}

static int by_pid(const void *a, const void *b)
{
	const struct half *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (int)y->front - (int)x->front;
}

/* Each back that agrees with a front counts for both. */
static void match(struct half *front, size_t fronts, struct half *back, size_t backs)
{
	bool only = fronts == 1 && backs == 1;

	for (size_t i = 0; i < fronts; i++) {
		for (size_t k = 0; k < backs; k++) {
			if (!only && !agree(&front[i], &back[k]))
				continue;
			front[i].match = &back[k];
			front[i].matches++;
			back[k].matches++;
		}
	}
}

static void put_through(struct who_row *f, struct who_row *b)
{
	f->front = f->server;
	f->back = b->client;
	f->server = b->server;
	f->back_conn = b->conn;
	f->nat = f->nat || b->nat;
	f->by_tuple_behind = b->by_tuple;
	*b = (struct who_row){0}; /* to be dropped */
}

static void match_proxy(struct half *halves, size_t n)
{
	size_t fronts = 0;

	while (fronts < n && halves[fronts].front)
		fronts++;
	match(halves, fronts, halves + fronts, n - fronts);
	for (size_t i = 0; i < fronts; i++)
		if (halves[i].matches == 1 && halves[i].match->matches == 1)
			put_through(halves[i].row, halves[i].match->row);
}

static void drop_empty(struct who *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct who_row *r = w->rows[i];

		if (r->kind != WHO_CONNECTION || r->client || r->server || r->end)
			w->rows[kept++] = w->rows[i];
		else
			free(w->rows[i]);
	}
	w->n = kept;
}

static size_t collect(struct who *w, struct half *out)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct who_row *r = w->rows[i];
		const struct who_socket *s = r->server, *c = r->client;

		if (r->kind != WHO_CONNECTION)
			continue;
		/* A proxy that talks to a proxy is left as it is. */
		if (s && c && who_is_proxy(&s->self.owner) && who_is_proxy(&c->self.owner))
			continue;
		if (s && who_is_proxy(&s->self.owner) && s->held != FL_HELD_QUEUE)
			out[n++] = (struct half){r, s, s->self.owner.pid, true, NULL, 0};
		else if (c && who_is_proxy(&c->self.owner))
			out[n++] = (struct half){r, c, c->self.owner.pid, false, NULL, 0};
	}
	return n;
}

int who_join_proxies(struct who *w)
{
	_cleanup_free_ struct half *halves = calloc(w->n + 1, sizeof(*halves));
	size_t n, first = 0;

	if (!halves)
		return -ENOMEM;
	n = collect(w, halves);
	qsort(halves, n, sizeof(*halves), by_pid);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && halves[i].pid == halves[first].pid)
			continue;
		match_proxy(halves + first, i - first);
		first = i;
	}
	drop_empty(w);
	return 0;
}
