/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection after the other between the same ports: an entry that another CPU began in the
 * earlier one must not go on to count the later one's packets. Only a SYN tells them apart, and it
 * is seen by one CPU. That one marks the entries of the others as over; each of them, when the next
 * packet comes, sends away what it has and starts afresh.
 *
 * There is hardly ever such an entry. A bit for the tuple's hash, set when an entry begins, saves
 * looking for them; user space clears the bits when it swaps the maps.
 */
#ifndef FLOWNER_REUSE_BPF_H
#define FLOWNER_REUSE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "flow_abi.h"
#include "front.bpf.h"

const volatile __u32 ncpus;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FL_REUSE_WORDS);
	__uint(map_flags, FL_REUSE_FLAGS);
	__type(key, __u32);
	__type(value, __u64);
} reuse_begun SEC(".maps");

/* Which CPU is not part of it. */
static __always_inline __u32 reuse_hash(const struct fl_flow_key *key)
{
	const __u32 *w = (const __u32 *)key;
	__u32 h = (__u32)FL_BITS_GET(key->bits, FL_BITS_EGRESS);

	for (int i = 0; i < 10; i++) /* addresses, ports, ifindex */
		h = (h ^ w[i]) * 0x9e3779b1;
	return (h ^ h >> 15) % (FL_REUSE_WORDS * 64);
}

/* An entry begins. */
static __always_inline void reuse_note(const struct fl_flow_key *key)
{
	__u32 h = reuse_hash(key), i = h / 64;
	__u64 *word = bpf_map_lookup_elem(&reuse_begun, &i), bit = 1ULL << h % 64;

	if (word && !(*word & bit))
		__sync_fetch_and_or(word, bit);
}

/* A SYN with that sequence number has come: what other CPUs have of its tuple is over. */
static __always_inline void reuse_end_others(void *maps, const struct fl_flow_key *key, __u32 isn)
{
	__u32 h = reuse_hash(key), i = h / 64;
	__u64 *word = bpf_map_lookup_elem(&reuse_begun, &i);
	struct fl_flow_key k = *key;

	if (!word || !(*word & 1ULL << h % 64))
		return;
	for (__u32 cpu = 0; cpu < FL_REUSE_CPUS_MAX; cpu++) {
		struct fl_flow_count *c;

		if (cpu >= ncpus)
			break;
		if (cpu == FL_BITS_GET(key->bits, FL_BITS_CPU))
			continue;
		k.bits = (key->bits & ~FL_BITS_PUT(~0ULL, FL_BITS_CPU)) |
			 FL_BITS_PUT(cpu, FL_BITS_CPU);
		c = front_find(&k, front_place(&k), maps);
		/* The same SYN once more is no other connection. */
		if (c && !(c->isn_known && c->isn == isn))
			c->over = 1;
	}
}

#endif
