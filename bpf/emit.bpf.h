/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records into the ring buffer, every failure counted.
 *
 *	emit_begin(type, len)	reserve, or count the loss and return NULL
 *	emit_end(record)	submit
 *	emit_filtered()		count an event that a filter dropped
 *
 * Wakeups are the reader's business: it sleeps until the first record after a quiet time and then
 *drains the ring every millisecond or two. The kernel's default wakes a reader only where it has
 *caught up with the ring, so with such a reader a burst costs one wakeup a drain, and no record can
 *be left behind, as can happen with BPF_RB_NO_WAKEUP.
 */
#ifndef FLOWNER_EMIT_BPF_H
#define FLOWNER_EMIT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "flowner_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* the loader sets it: --ring-size */
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_counters);
} counters SEC(".maps");

static __always_inline struct fl_counters *emit_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

/*
 * Atomic although per CPU: a program in process context can be interrupted by softirq, where
 * another of ours counts on the same CPU.
 */
#define emit_count(field) __sync_fetch_and_add(&(field), 1)

static __always_inline void emit_filtered(void)
{
	struct fl_counters *c = emit_counters();

	if (c)
		emit_count(c->filtered);
}

/* `len` and `type` are constants: the verifier wants to know what is reserved. */
static __always_inline void *emit_begin(__u16 type, __u16 len)
{
	struct fl_counters *c = emit_counters();
	struct fl_header *hdr;

	if (!c)
		return NULL;
	hdr = bpf_ringbuf_reserve(&events, len, 0);
	if (!hdr) {
		emit_count(c->lost[type]);
		emit_count(c->lost_total);
		return NULL;
	}
	emit_count(c->submitted[type]);
	hdr->time = bpf_ktime_get_boot_ns();
	hdr->type = type;
	hdr->len = len;
	hdr->cpu = (__u16)bpf_get_smp_processor_id();
	hdr->flags = 0;
	hdr->lost = c->lost_total;
	return hdr;
}

static __always_inline void emit_end(void *record)
{
	bpf_ringbuf_submit(record, 0);
}

#endif
