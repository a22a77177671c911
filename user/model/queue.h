/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events on their way out, in order of time. Records of several CPUs come almost in order, and a
 * connect waits a moment for its far end, so events stay here for some milliseconds.
 */
#ifndef FLOWNER_MODEL_QUEUE_H
#define FLOWNER_MODEL_QUEUE_H

#include "model/event.h"

/* How long an event stays so that a slightly older one of another CPU can still go before it. */
#define QUEUE_REORDER_NS (2 * 1000000ULL)
/* How long a connect waits for its peer. */
#define QUEUE_PEER_NS (10 * 1000000ULL)

struct queue {
	struct event *head, *tail;
	struct event *spare; /* a free list: no allocation in the steady state */
	size_t len;
};

/* A zeroed event, owned by the queue; NULL when memory ran out. Not yet in line. */
struct event *queue_new(struct queue *q);
/* Put it in its place in time. */
void queue_insert(struct queue *q, struct event *e);
/*
 * The next event that may go at `now` (CLOCK_BOOTTIME), taken out of line; NULL if none.
 * UINT64_MAX: whatever there is. Give it back with queue_recycle().
 */
struct event *queue_pop(struct queue *q, uint64_t now);
void queue_recycle(struct queue *q, struct event *e);
void queue_free(struct queue *q);

#endif
