// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The flows in one row: those awake, which each reading and each interval goes through, then those
 * asleep. A connection that has closed, of which all is known and told, sleeps until a packet comes
 * for it after all, or until it is time to say the last of it. Where connections are short that is
 * most of what is there, and each look at a flow is as good as always a cache miss.
 */
#include "model/flow_table_internal.h"

#include <stdlib.h>

static void put(struct flow_table *t, size_t i, struct entry *e, uint64_t conn)
{
	t->rows[i] = &e->flow;
	t->conns[i] = conn;
	e->row = i;
}

static void swap(struct flow_table *t, size_t i, size_t k)
{
	struct entry *a = (struct entry *)t->rows[i], *b = (struct entry *)t->rows[k];
	uint64_t conn = t->conns[i];

	put(t, i, b, t->conns[k]);
	put(t, k, a, conn);
}

static bool make_room(struct flow_table *t)
{
	size_t room = t->room ? t->room * 2 : 1024;
	struct flow **rows;
	uint64_t *conns;

	if (t->nrows < t->room)
		return true;
	rows = reallocarray(t->rows, room, sizeof(*rows));
	if (rows)
		t->rows = rows;
	conns = reallocarray(t->conns, room, sizeof(*conns));
	if (conns)
		t->conns = conns;
	if (!rows || !conns)
		return false;
	t->room = room;
	return true;
}

bool flow_rows_add(struct flow_table *t, struct entry *e)
{
	if (!make_room(t))
		return false;
	put(t, t->nrows, e, 0);
	swap(t, t->nrows++, t->nawake++);
	return true;
}

void flow_rows_sleep(struct flow_table *t, struct entry *e)
{
	swap(t, e->row, --t->nawake);
	e->next = NULL;
	e->before = t->last_asleep;
	*(t->last_asleep ? &t->last_asleep->next : &t->first_asleep) = e;
	t->last_asleep = e;
}

void flow_rows_wake(struct flow_table *t, struct entry *e)
{
	if (e->row < t->nawake)
		return;
	*(e->before ? &e->before->next : &t->first_asleep) = e->next;
	*(e->next ? &e->next->before : &t->last_asleep) = e->before;
	swap(t, e->row, t->nawake++);
}

void flow_rows_remove(struct flow_table *t, struct entry *e)
{
	flow_rows_wake(t, e);
	/* The last that is awake fills its place, and the last of all that one's. */
	swap(t, e->row, --t->nawake);
	swap(t, e->row, --t->nrows);
}

void flow_rows_free(struct flow_table *t)
{
	free(t->rows);
	free(t->conns);
}
