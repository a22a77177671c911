/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is sent and must come back: a pseudo-random stream per connection in which every byte can be
 * computed from its offset, so that neither side of a transfer of any length is kept.
 */
#ifndef FLOWNER_ECHO_PAYLOAD_H
#define FLOWNER_ECHO_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

void payload_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t len);

/* The index in buf of the first byte that is not the stream's, or -1. */
ssize_t payload_check(uint64_t seed, uint64_t offset, const uint8_t *buf, size_t len);

#endif
