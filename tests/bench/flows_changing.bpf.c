// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The flows programs on a packet whose source address is another one each time: what a new flow
 * costs, and one of very many. The packet is IPv4 on Ethernet.
 */
#include "../../bpf/flows.bpf.c"

/* The next source address; then around again. */
__u32 source, sources;

static __always_inline bool change(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct hdr_ipv4 *ip = data + PARSE_L2_ETHERNET;

	if ((void *)(ip + 1) > end)
		return false;
	ip->src = bpf_htonl(0x0a000000 + source);
	source = source + 1 < sources ? source + 1 : 0;
	return true;
}

SEC("tc")
int changing(struct __sk_buff *skb)
{
	return change(skb) ? on_packet(skb, PARSE_L2_ETHERNET, entered_bits(0)) : 0;
}

/* For comparison: nothing but the change. */
SEC("tc")
int changing_only(struct __sk_buff *skb)
{
	return change(skb) ? NEXT : 0;
}
