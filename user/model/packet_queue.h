/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets of several CPUs, put into the order of time: each is held until no older one can come.
 */
#ifndef FLOWNER_MODEL_PACKET_QUEUE_H
#define FLOWNER_MODEL_PACKET_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "capture_abi.h"

/* A CPU takes the time of a packet and then sends it: something may come in between. */
#define PACKET_QUEUE_NS 20000000ULL
/* More than this does not wait: 27 Gbit/s are. */
#define PACKET_QUEUE_BYTES (64u << 20)

struct packet_queue;

/* The whole frame, a tag that was kept beside it in its place. */
struct queued_packet {
	struct fl_packet meta; /* of it caplen and len have the tag in them */
	uint8_t data[];
};

/* 0 or -ENOMEM. Owned by the caller. */
int packet_queue_new(struct packet_queue **out);
void packet_queue_free(struct packet_queue *q); /* NULL is fine */

/* A copy. `data` is p->caplen bytes. 0 or -ENOMEM. */
int packet_queue_put(struct packet_queue *q, const struct fl_packet *p, const uint8_t *data);

/*
 * The oldest, if it is from before `until` (CLOCK_BOOTTIME, ns) or there are more than
 * PACKET_QUEUE_BYTES of them, else NULL. Valid until the next
 * call of this function.
 */
const struct queued_packet *packet_queue_next(struct packet_queue *q, uint64_t until);
size_t packet_queue_count(const struct packet_queue *q);

#endif
