// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the two programs of one tracepoint do, a step a run, so that a test can interrupt them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "again.bpf.h"
#include "flowner_abi.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 cookie; /* of the event, written before each run */
int state;
__u64 begun[8]; /* the seconds at work, nested: what they leave behind */
__u32 level;

SEC("tc")
int first(void *ctx)
{
	again_took(cookie, state);
	return 0;
}

SEC("tc")
int second_begins(void *ctx)
{
	struct again a = {};
	bool missed = again_missed(&a, cookie, state);

	begun[level++ & 7] = a.depth;
	return missed;
}

SEC("tc")
int second_ends(void *ctx)
{
	struct again a = {.stack = again_here(), .depth = begun[--level & 7]};

	again_end(&a);
	return 0;
}
