/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one door through which bytes from the ring come in.
 */
#ifndef FLOWNER_COLLECT_DECODE_H
#define FLOWNER_COLLECT_DECODE_H

#include <stddef.h>

#include <stdbool.h>

#include "capture_abi.h"
#include "flow_abi.h"

/*
 * Check length, type and ranges of what stands at `data`, which is aligned for 8 bytes. On 0 *out
 * points into it, at a header whose `type` tells the struct (enum fl_type) and whose whole length
 * is there; -EBADMSG otherwise.
 */
int decode_record(const void *data, size_t len, const struct fl_header **out);

/* The same for one entry of the socket iterator's output. */
int decode_snapshot(const void *data, size_t len, const struct fl_snapshot **out);

/*
 * The same for a packet: its bytes, caplen of them, follow *out, and are no more than it had, which
 * is less than 2 GiB.
 */
int decode_packet(const void *data, size_t len, const struct fl_packet **out);

/* The same for a record of a flow, of at least one packet, and for the key of a map's entry. */
int decode_flow(const void *data, size_t len, const struct fl_flow_record **out);
bool decode_flow_key(const struct fl_flow_key *key);

#endif
