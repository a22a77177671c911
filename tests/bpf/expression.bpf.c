// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What stands before and behind an expression: both count, and look where a tag is. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "skb.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NEXT (-1)

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2); /* the expression, what it calls */
	__type(key, __u32);
	__type(value, __u32);
} chain SEC(".maps");

__u64 entered, beside, matched;

SEC("tc")
int before(struct __sk_buff *skb)
{
	entered++;
	beside += skb->vlan_present;
	bpf_tail_call_static(skb, &chain, 0);
	return NEXT;
}

SEC("tc")
int behind(struct __sk_buff *skb)
{
	matched++;
	return NEXT;
}

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return NEXT;
}
