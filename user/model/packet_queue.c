// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MACS 12
#define TAG  4

/*
 * Packets come almost in order: as the ring has them, which is nanoseconds after the time that each
 * says, unless its CPU was stopped in between. So a packet is put behind those that wait and moves
 * forward from there; one in a hundred moves at all. Their bytes stand one behind the other in
 * blocks, and a block is used again when all that was in it has gone.
 */
#define BLOCK_BYTES (256u << 10)
#define SPARES_MAX  4

struct block {
	struct block *next; /* of the spare ones */
	size_t used, size;
	size_t waiting; /* packets in it that have not gone */
	_Alignas(struct queued_packet) uint8_t bytes[];
};

struct slot {
	uint64_t time;
	struct queued_packet *p;
	struct block *block;
};

struct packet_queue {
	struct slot *slots; /* a circle; `room` is a power of 2 */
	size_t first, n, room;
	size_t bytes;          /* of what waits */
	struct block *filling; /* packets are put into this one, or NULL */
	struct block *out;     /* has the packet that was handed out, or NULL */
	struct block *spares;
	unsigned int nspares;
};

int packet_queue_new(struct packet_queue **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

/* --- blocks --- */

static void free_or_spare(struct packet_queue *q, struct block *b)
{
	if (b->size != BLOCK_BYTES || q->nspares == SPARES_MAX) {
		free(b);
		return;
	}
	b->next = q->spares;
	q->spares = b;
	q->nspares++;
}

static void gone_from(struct packet_queue *q, struct block *b)
{
	if (--b->waiting)
		return;
	b->used = 0;
	if (b != q->filling)
		free_or_spare(q, b);
}

static struct block *block_new(struct packet_queue *q, size_t size)
{
	struct block *b = q->spares;

	if (b && size <= BLOCK_BYTES) {
		q->spares = b->next;
		q->nspares--;
		return b;
	}
	if (size < BLOCK_BYTES)
		size = BLOCK_BYTES;
	b = malloc(sizeof(*b) + size);
	if (b)
		*b = (struct block){.size = size};
	return b;
}

/* Room for a packet in the block that is being filled; NULL: no memory. */
static struct queued_packet *make_room(struct packet_queue *q, size_t size)
{
	const size_t align = _Alignof(struct queued_packet);
	struct block *b = q->filling;
	struct queued_packet *p;

	size = (size + align - 1) & ~(align - 1);
	if (!b || b->size - b->used < size) {
		b = block_new(q, size);
		if (!b)
			return NULL;
		if (q->filling && !q->filling->waiting)
			free_or_spare(q, q->filling);
		q->filling = b;
	}
	p = (struct queued_packet *)(b->bytes + b->used);
	b->used += size;
	b->waiting++;
	return p;
}

/* --- order --- */

static struct slot *slot_at(const struct packet_queue *q, size_t i)
{
	return &q->slots[(q->first + i) & (q->room - 1)];
}

static int grow(struct packet_queue *q)
{
	size_t room = q->room ? q->room * 2 : 1024;
	struct slot *grown = malloc(room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	for (size_t i = 0; i < q->n; i++)
		grown[i] = *slot_at(q, i);
	free(q->slots);
	q->slots = grown;
	q->first = 0;
	q->room = room;
	return 0;
}

/* Behind all that are as old, or older. */
static void insert(struct packet_queue *q, struct slot s)
{
	size_t i = q->n++;

	for (; i && slot_at(q, i - 1)->time > s.time; i--)
		*slot_at(q, i) = *slot_at(q, i - 1);
	*slot_at(q, i) = s;
}

/* --- packets --- */

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

static void copy(struct queued_packet *c, const struct fl_packet *p, const uint8_t *data)
{
	c->meta = *p;
	if (p->has_vlan)
		c->meta.len += TAG;
	if (!p->has_vlan || p->caplen < MACS) {
		memcpy(c->data, data, p->caplen);
		return;
	}
	memcpy(c->data, data, MACS);
	put_tag(c->data + MACS, p);
	memcpy(c->data + MACS + TAG, data + MACS, p->caplen - MACS);
	c->meta.caplen += TAG;
}

int packet_queue_put(struct packet_queue *q, const struct fl_packet *p, const uint8_t *data)
{
	struct queued_packet *c;

	if (q->n == q->room && grow(q))
		return -ENOMEM;
	c = make_room(q, sizeof(*c) + p->caplen + TAG);
	if (!c)
		return -ENOMEM;
	copy(c, p, data);
	q->bytes += size_of(c);
	insert(q, (struct slot){p->time, c, q->filling});
	return 0;
}

const struct queued_packet *packet_queue_next(struct packet_queue *q, uint64_t until)
{
	struct slot s;

	if (q->out)
		gone_from(q, q->out);
	q->out = NULL;
	if (!q->n)
		return NULL;
	s = *slot_at(q, 0);
	if (s.time >= until && q->bytes <= PACKET_QUEUE_BYTES)
		return NULL;
	q->first = (q->first + 1) & (q->room - 1);
	q->n--;
	q->bytes -= size_of(s.p);
	q->out = s.block;
	return s.p;
}

size_t packet_queue_count(const struct packet_queue *q)
{
	return q->n;
}

void packet_queue_free(struct packet_queue *q)
{
	if (!q)
		return;
	while (packet_queue_next(q, UINT64_MAX))
		;
	free(q->filling);
	for (struct block *b = q->spares, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(q->slots);
	free(q);
}
