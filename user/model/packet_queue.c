// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MACS 12
#define TAG  4

/* A binary heap: the oldest on top; of the same time, the one that came first. */
struct slot {
	uint64_t time, number;
	struct queued_packet *p;
};

struct packet_queue {
	struct slot *heap;
	size_t n, room;
	size_t bytes; /* of what is in the heap */
	uint64_t next_number;
	struct queued_packet *out; /* handed out */
};

int packet_queue_new(struct packet_queue **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void packet_queue_free(struct packet_queue *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->n; i++)
		free(q->heap[i].p);
	free(q->out);
	free(q->heap);
	free(q);
}

static bool is_before(const struct slot *a, const struct slot *b)
{
	return a->time != b->time ? a->time < b->time : a->number < b->number;
}

static void swap(struct slot *a, struct slot *b)
{
	struct slot s = *a;

	*a = *b;
	*b = s;
}

static void rise(struct packet_queue *q, size_t i)
{
	for (; i && is_before(&q->heap[i], &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

static void sink(struct packet_queue *q, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		for (size_t c = left; c < left + 2 && c < q->n; c++)
			if (is_before(&q->heap[c], &q->heap[least]))
				least = c;
		if (least == i)
			return;
		swap(&q->heap[i], &q->heap[least]);
		i = least;
	}
}

static size_t size_of(const struct queued_packet *p)
{
	return sizeof(*p) + p->meta.caplen;
}

/* The tag as it was on the wire. The kernel has it in host order, but for the ethertype. */
static void put_tag(uint8_t *at, const struct fl_packet *p)
{
	memcpy(at, &p->vlan_proto, 2);
	at[2] = (uint8_t)(p->vlan_tci >> 8);
	at[3] = (uint8_t)p->vlan_tci;
}

static struct queued_packet *copy(const struct fl_packet *p, const uint8_t *data)
{
	bool tag = p->has_vlan && p->caplen >= MACS;
	struct queued_packet *c = malloc(sizeof(*c) + p->caplen + TAG);

	if (!c)
		return NULL;
	c->meta = *p;
	if (p->has_vlan)
		c->meta.len += TAG;
	if (!tag) {
		memcpy(c->data, data, p->caplen);
		return c;
	}
	memcpy(c->data, data, MACS);
	put_tag(c->data + MACS, p);
	memcpy(c->data + MACS + TAG, data + MACS, p->caplen - MACS);
	c->meta.caplen += TAG;
	return c;
}

int packet_queue_put(struct packet_queue *q, const struct fl_packet *p, const uint8_t *data)
{
	struct slot *grown;
	size_t room;

	if (q->n == q->room) {
		room = q->room ? q->room * 2 : 1024;
		grown = reallocarray(q->heap, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		q->heap = grown;
		q->room = room;
	}
	q->heap[q->n] = (struct slot){p->time, q->next_number++, copy(p, data)};
	if (!q->heap[q->n].p)
		return -ENOMEM;
	q->bytes += size_of(q->heap[q->n].p);
	rise(q, q->n++);
	return 0;
}

const struct queued_packet *packet_queue_next(struct packet_queue *q, uint64_t until)
{
	free(q->out);
	q->out = NULL;
	if (!q->n || (q->heap[0].time >= until && q->bytes <= PACKET_QUEUE_BYTES))
		return NULL;
	q->out = q->heap[0].p;
	q->bytes -= size_of(q->out);
	q->heap[0] = q->heap[--q->n];
	sink(q, 0);
	return q->out;
}

size_t packet_queue_count(const struct packet_queue *q)
{
	return q->n;
}
