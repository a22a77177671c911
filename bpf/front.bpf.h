/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In front of the map of flows: an array, where each CPU has places of its own, and a flow one at
 * most, by a hash of its key. Whoever comes first has it until the arrays are swapped; others go to
 * the map.
 *
 * A lookup in an array of arrays is compiled into the program, one in a hash map calls into the
 * kernel several times: 10 against 50 ns, where function returns are made safe.
 */
#ifndef FLOWNER_FRONT_BPF_H
#define FLOWNER_FRONT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "flow_abi.h"

struct flow_front {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, FL_FRONT_FLAGS);
	__uint(max_entries, FL_FRONT_PLACES); /* the loader says how many: times the CPUs */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct fl_flow_entry));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct flow_front);
} flow_fronts SEC(".maps");

/* The upper bits of products are the good ones. */
static __always_inline __u32 front_hash(const struct fl_flow_key *key)
{
	const __u64 *w = (const __u64 *)key;
	__u64 h = (w[0] ^ w[1]) + ((w[2] ^ w[3]) << 1);

	h = (h ^ w[4]) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 32 ^ w[5]) * 0xff51afd7ed558ccdULL;
	return (__u32)(h >> (64 - FL_FRONT_BITS));
}

static __always_inline bool front_is(const struct fl_flow_entry *e, const struct fl_flow_key *key)
{
	const __u64 *a = (const __u64 *)&e->key, *b = (const __u64 *)key;

	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) |
		 (a[5] ^ b[5]));
}

/* The only place for a flow, whosever it is; NULL: there is none. */
static __always_inline struct fl_flow_entry *front_place(const struct fl_flow_key *key)
{
	__u32 zero = 0, at = (__u32)FL_BITS_GET(key->bits, FL_BITS_CPU) << FL_FRONT_BITS;
	void *front = bpf_map_lookup_elem(&flow_fronts, &zero);

	at += front_hash(key);
	return front ? bpf_map_lookup_elem(front, &at) : NULL;
}

/* What the front or the map has counted of a flow; NULL: nothing so far. `e`: its place. */
static __always_inline struct fl_flow_count *front_find(const struct fl_flow_key *key,
							struct fl_flow_entry *e, void *maps)
{
	__u32 zero = 0;
	void *map;

	if (e && front_is(e, key))
		return &e->count;
	/* While nobody has its place it is not in the map; in none that will still be used. */
	if (e && !e->count.packets)
		return NULL;
	map = bpf_map_lookup_elem(maps, &zero);
	return map ? bpf_map_lookup_elem(map, key) : NULL;
}

#endif
