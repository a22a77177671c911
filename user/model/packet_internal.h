/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the parts of packet.c share: reading with bounds.
 */
#ifndef FLOWNER_MODEL_PACKET_INTERNAL_H
#define FLOWNER_MODEL_PACKET_INTERNAL_H

#include <string.h>
#include <sys/socket.h>

#include "model/packet.h"

/* n bytes from `at` are there. */
static inline bool has(const struct packet_bytes *b, size_t at, size_t n)
{
	return at <= b->cap && n <= b->cap - at;
}

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* Without the first n bytes, of which some may not be there. */
static inline struct packet_bytes behind(struct packet_bytes b, size_t n)
{
	size_t cap = n < b.cap ? n : b.cap, len = n < b.len ? n : b.len;

	return (struct packet_bytes){b.p + cap, b.cap - cap, b.len - len};
}

/* No more than n bytes. */
static inline struct packet_bytes first(struct packet_bytes b, size_t n)
{
	if (n < b.cap)
		b.cap = n;
	if (n < b.len)
		b.len = n;
	return b;
}

/* They read p->payload, set p->kind and leave in p->payload what is behind their header. */
void packet_parse_ip(struct packet *p, bool v6);
void packet_parse_tcp(struct packet *p);
void packet_parse_udp(struct packet *p);
void packet_parse_icmp(struct packet *p);
void packet_parse_icmp6(struct packet *p);

#endif
