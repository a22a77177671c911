// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs to attach: each counts the packets of our own Ethernet type that it sees. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "skb.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NEXT        (-1)
#define OUR_TYPE_BE 0xb588 /* 0x88b5: for local experiments */

__u64 in, out, other_in, other_out;

static __always_inline int count(struct __sk_buff *skb, __u64 *n)
{
	if ((__u16)skb->protocol == OUR_TYPE_BE)
		__sync_fetch_and_add(n, 1);
	return NEXT;
}

SEC("tc")
int flowner_in(struct __sk_buff *skb)
{
	return count(skb, &in);
}

SEC("tc")
int flowner_out(struct __sk_buff *skb)
{
	return count(skb, &out);
}

/* Somebody else's. */
SEC("tc")
int other_on_in(struct __sk_buff *skb)
{
	return count(skb, &other_in);
}

SEC("tc")
int other_on_out(struct __sk_buff *skb)
{
	return count(skb, &other_out);
}

/* One that lets nothing pass. */
SEC("tc")
int other_drops(struct __sk_buff *skb)
{
	return 2; /* TC_ACT_SHOT, TCX_DROP */
}
