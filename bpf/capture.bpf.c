// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The packets of a link, into a ring buffer.
 *
 *	enter (one instance a link)  →  the expression (collect/packet_filter.h)  →  send
 *
 * by tail calls. A packet that the expression does not want costs no more than that, and no room in
 * the ring. These programs only look: they return "next" whatever they find.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "capture_abi.h"
#include "skb.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of the programs that packets enter. */
const volatile __u32 link_number;
/* A loopback device gives back what it was given: one of the two is enough. */
const volatile bool is_loopback;
/* Of the program that sends: what of a packet is wanted at most. */
const volatile __u32 snaplen = 262144;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* the loader sets it: --ring-size */
} capture_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, FL_CAPTURE_PROGRAMS);
	__type(key, __u32);
	__type(value, __u32);
} capture_programs SEC(".maps");

/* The link's number, and FL_ENTERED_EGRESS: of the packet that is on its way. */
#define ENTERED_EGRESS (1ULL << 32)
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} capture_entered SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* the loader says how many: one a link */
	__type(key, __u32);
	__type(value, struct fl_capture_counters);
} capture_counters SEC(".maps");

/*
 * Where a record is put together, one for each CPU: tc programs run with softirqs off. Not reserved
 * in the ring, for a reservation's size has to be a constant: a snaplen for every packet.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the loader says: CPUs, and how large */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct fl_packet) + 262144);
} capture_scratch SEC(".maps");

/* TCX_NEXT and TC_ACT_UNSPEC: whatever comes next decides. */
#define NEXT (-1)

static __always_inline int enter(struct __sk_buff *skb, __u32 filter, __u64 egress)
{
	__u32 zero = 0, link = link_number;
	__u64 *entered = bpf_map_lookup_elem(&capture_entered, &zero);
	struct fl_capture_counters *n = bpf_map_lookup_elem(&capture_counters, &link);

	if (!entered || !n || (egress && is_loopback))
		return NEXT;
	n->received++;
	*entered = link | egress;
	bpf_tail_call_static(skb, &capture_programs, filter);
	return NEXT;
}

SEC("tc")
int flowner_cap_in(struct __sk_buff *skb)
{
	return enter(skb, FL_CAPTURE_FILTER_ETHERNET, 0);
}

SEC("tc")
int flowner_cap_out(struct __sk_buff *skb)
{
	return enter(skb, FL_CAPTURE_FILTER_ETHERNET, ENTERED_EGRESS);
}

SEC("tc")
int flowner_l3c_in(struct __sk_buff *skb)
{
	return enter(skb, FL_CAPTURE_FILTER_L3, 0);
}

SEC("tc")
int flowner_l3c_out(struct __sk_buff *skb)
{
	return enter(skb, FL_CAPTURE_FILTER_L3, ENTERED_EGRESS);
}

static __always_inline void fill(struct fl_packet *r, struct __sk_buff *skb, __u64 entered)
{
	r->time = bpf_ktime_get_boot_ns();
	/*
	 * On its way to the first router, or the receiver's stack, a packet still has its sender's
	 * socket, across namespaces too (9c4c325252c5, 4.19).
	 */
	r->cookie = bpf_get_socket_cookie(skb);
	r->cgroup = bpf_skb_cgroup_id(skb);
	r->link = (__u32)entered;
	r->len = skb->len;
	r->has_vlan = skb->vlan_present != 0;
	r->vlan_tci = (__u16)skb->vlan_tci;
	r->vlan_proto = (__be16)skb->vlan_proto;
	r->egress = (entered & ENTERED_EGRESS) != 0;
	r->cpu = (__u16)bpf_get_smp_processor_id();
	__builtin_memset(r->pad, 0, sizeof(r->pad));
}

SEC("tc")
int flowner_send(struct __sk_buff *skb)
{
	__u32 zero = 0, cpu = bpf_get_smp_processor_id(), link, caplen, last;
	__u64 *entered = bpf_map_lookup_elem(&capture_entered, &zero);
	struct fl_packet *r = bpf_map_lookup_elem(&capture_scratch, &cpu);
	struct fl_capture_counters *n;

	if (!entered || !r)
		return NEXT;
	link = (__u32)*entered;
	n = bpf_map_lookup_elem(&capture_counters, &link);
	if (!n)
		return NEXT;
	n->matched++;
	fill(r, skb, *entered);
	r->lost = n->lost;
	/*
	 * The length less one, so that the verifier sees that it is not 0: before d028f87517d6
	 * (6.8) a comparison with 0 does not tell it. The compiler must not undo that.
	 */
	last = skb->len - 1;
	if (last >= snaplen)
		last = snaplen - 1;
	asm volatile("" : "+r"(last));
	caplen = last + 1;
	if (bpf_skb_load_bytes(skb, 0, r + 1, caplen)) {
		n->lost++;
		return NEXT;
	}
	r->caplen = caplen;
	if (bpf_ringbuf_output(&capture_ring, r, sizeof(*r) + caplen, 0))
		n->lost++;
	return NEXT;
}
