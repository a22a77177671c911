/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events that a program is not entered for, since it is at its work on that CPU already: a process
 * changes a socket's state, an interrupt comes, and softirq changes another's (05b24ff9b2cf, "bpf:
 * Prevent bpf program recursion for raw tracepoint probes", 6.1). A second program on the same
 * tracepoint, attached behind the first, takes what the first was not entered for:
 *
 *	first:	again_took(cookie, state);
 *		the work
 *	second:	if (again_missed(&a, cookie, state))
 *			the work
 *		again_end(&a);
 *
 * The first leaves on a stack, one a CPU, what it took; the second finds it there, and takes it
 * away. Contexts nest, so it is on top then, but for what firsts left whose second was not entered,
 * since they had interrupted another second: that one takes it away with its own. If it had done so
 * and was yet to return, it stays until it is overwritten, and does no harm: a cookie is nobody
 * else's, ever, and a socket seldom comes to a state again (when it connects once more), and not
 * before it has come to others.
 *
 * The kernel counts for the first what it did not enter it for (recursion_misses), and the second
 * what it took of that: the difference is what is missing.
 */
#ifndef FLOWNER_AGAIN_BPF_H
#define FLOWNER_AGAIN_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "emit.bpf.h"

#define AGAIN_DEPTH 16 /* a power of two: at the end it begins anew */
/* So far from the top may be what the second looks for. */
#define AGAIN_SEARCH 3

struct again_event {
	__u64 cookie;
	__u64 state;
};

struct again_stack {
	struct again_event taken[AGAIN_DEPTH];
	__u64 depth; /* where the next one goes */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct again_stack);
} again SEC(".maps");

struct again {
	struct again_stack *stack;
	__u64 depth; /* to be left behind */
};

static __always_inline struct again_stack *again_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&again, &zero);
}

static __always_inline void again_took(__u64 cookie, int state)
{
	struct again_stack *s = again_here();
	__u64 at;

	if (!s)
		return;
	/* Whoever interrupts us here leaves the depth as it was. */
	at = s->depth & (AGAIN_DEPTH - 1);
	s->taken[at].cookie = cookie;
	s->taken[at].state = (__u64)state;
	s->depth = at + 1;
}

static __always_inline bool again_missed(struct again *a, __u64 cookie, int state)
{
	struct fl_counters *c;

	a->stack = again_here();
	if (!a->stack)
		return false;
	a->depth = a->stack->depth;
#pragma unroll
	for (__u64 i = 1; i <= AGAIN_SEARCH; i++) {
		__u64 at = (a->depth - i) & (AGAIN_DEPTH - 1);

		if (a->stack->taken[at].cookie == cookie &&
		    a->stack->taken[at].state == (__u64)state) {
			a->depth = at;
			return false;
		}
	}
	c = emit_counters();
	if (c)
		emit_count(c->again);
	return true;
}

static __always_inline void again_end(const struct again *a)
{
	if (a->stack)
		a->stack->depth = a->depth;
}

#endif
