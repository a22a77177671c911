// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/queue.h"

#include <stdlib.h>
#include <string.h>

struct event *queue_new(struct queue *q)
{
	struct event *e = q->spare;

	if (e)
		q->spare = e->next;
	else if (!(e = malloc(sizeof(*e))))
		return NULL;
	memset(e, 0, sizeof(*e));
	return e;
}

void queue_insert(struct queue *q, struct event *e)
{
	struct event *after = q->tail;

	/* From the back: all but a few come in order. */
	while (after && after->time > e->time)
		after = after->prev;
	e->prev = after;
	e->next = after ? after->next : q->head;
	if (e->next)
		e->next->prev = e;
	else
		q->tail = e;
	if (after)
		after->next = e;
	else
		q->head = e;
	q->len++;
}

struct event *queue_pop(struct queue *q, uint64_t now)
{
	struct event *e = q->head;
	uint64_t wait;

	if (!e)
		return NULL;
	wait = e->waiting_for ? QUEUE_PEER_NS : QUEUE_REORDER_NS;
	if (now != UINT64_MAX && e->time + wait > now)
		return NULL;
	q->head = e->next;
	if (q->head)
		q->head->prev = NULL;
	else
		q->tail = NULL;
	e->prev = e->next = NULL;
	q->len--;
	return e;
}

void queue_recycle(struct queue *q, struct event *e)
{
	e->next = q->spare;
	q->spare = e;
}

static void free_list(struct event *e)
{
	while (e) {
		struct event *next = e->next;

		free(e);
		e = next;
	}
}

void queue_free(struct queue *q)
{
	free_list(q->head);
	free_list(q->spare);
	*q = (struct queue){0};
}
