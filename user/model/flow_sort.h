/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The order in which flows are shown, and the first few of them.
 */
#ifndef FLOWNER_MODEL_FLOW_SORT_H
#define FLOWNER_MODEL_FLOW_SORT_H

#include "base/buf.h"
#include "model/flow.h"

/* Numbers: the largest first; times: the latest first; the link: by name. */
enum flow_sort_key {
	FLOW_SORT_RATE, /* bytes a second: the default */
	FLOW_SORT_PACKET_RATE,
	FLOW_SORT_BYTES,
	FLOW_SORT_PACKETS,
	FLOW_SORT_FIRST,
	FLOW_SORT_LAST,
	FLOW_SORT_LINK,
	FLOW_SORT_KEYS,
};

/* "rate", "packet-rate", …: 0, or -EINVAL. */
int flow_sort_parse(const char *name, enum flow_sort_key *out);
const char *flow_sort_name(enum flow_sort_key key);
/* "rate, packet-rate, …" for messages; appends. */
void flow_sort_names(struct buf *b);

/*
 * The `top` first flows to the front of `rows`, in order; SIZE_MAX: all. Returns how many these
 * are. Flows that are equal by the key are ordered by link and tuple, so that a table that is
 * redrawn does not jump.
 */
size_t flow_sort(struct flow **rows, size_t n, enum flow_sort_key key, size_t top);

/* By link (name, namespace, ifindex), direction, tuple. 0 only for what looks the same. */
int flow_compare(const struct flow *a, const struct flow *b);
int link_compare(const struct link *a, const struct link *b);

/* What came in since the interval before: never below 0. */
uint64_t flow_new_bytes(const struct flow *f);
uint64_t flow_new_packets(const struct flow *f);

#endif
