/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the echo client sends: pseudo-random bytes, different for each connection, that any part of a reply can
 * be compared with without keeping what was sent.
 */
#ifndef FLOWNER_ECHO_PAYLOAD_H
#define FLOWNER_ECHO_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_PERIOD 65521	/* a prime: no chunk size falls in step with it */

struct payload {
	uint8_t bytes[PAYLOAD_PERIOD];
};

void payload_init(struct payload *p);

/* The bytes of connection `number` from `offset` on: *data, and how many stand there in one piece (≥ 1). */
size_t payload_at(const struct payload *p, uint64_t number, uint64_t offset, const void **data);

bool payload_is(const struct payload *p, uint64_t number, uint64_t offset, const void *data, size_t len);

#endif
