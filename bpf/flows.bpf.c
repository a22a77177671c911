// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every packet of a link, counted under its flow. One map entry for each flow, direction and CPU;
 * no event a packet.
 *
 * The map is the inner one of `flow_maps`, with a front of array places before it (front.bpf.h).
 * User space swaps each for an empty one and then reads and empties the old ones at leisure (an
 * update of a map in a map waits for running programs: 1ae80cf31938, 4.20). So no count is ever
 * taken while a program changes it, and an idle flow takes no room here.
 *
 * These programs only look: they return "next" whatever they find, and never write to a packet.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "filter_tuple.bpf.h"
#include "flow_abi.h"
#include "front.bpf.h"
#include "parse.bpf.h"
#include "reuse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The netns of all links that this instance of the programs is attached to. Only the programs that
 * packets enter are made once for each netns: they note where they are and hand on to those that
 * count, of which there is one set, since to have these verified takes some 45 ms.
 */
const volatile __u32 slot;

/*
 * Sizes and no types: user space makes these maps without BTF, and before aa3496accc41 ("bpf:
 * Refactor kptr_off_tab into btf_record", 6.2) a map with BTF and one without are not of one kind.
 */
struct flow_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* each one is made with a size of its own */
	__uint(key_size, sizeof(struct fl_flow_key));
	__uint(value_size, sizeof(struct fl_flow_count));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct flow_map);
} flow_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* the loader sets it: --ring-size */
} flow_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_flow_counters);
} flow_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, FL_FLOW_PROGRAMS);
	__type(key, __u32);
	__type(value, __u32);
} flow_programs SEC(".maps");

/* Slot, direction and CPU, as FL_BITS_*, of the packet that is on its way to be counted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} flow_entered SEC(".maps");

/* TCX_NEXT and TC_ACT_UNSPEC: whatever comes next decides. */
#define NEXT (-1)

/* Fragments that came before the first one may have any ports. */
static __always_inline bool wanted_ports(const struct fl_flow_key *key)
{
	__u64 proto = FL_BITS_GET(key->bits, FL_BITS_PROTO);

	if (proto != PROTO_TCP && proto != PROTO_UDP && proto != PROTO_SCTP)
		return false;
	return FL_BITS_GET(key->bits, FL_BITS_FRAGMENT) ||
	       filter_port_listed(key->sport_be, key->dport_be);
}

static __always_inline bool wanted(const struct fl_flow_key *key)
{
	__u64 kind = FL_BITS_GET(key->bits, FL_BITS_KIND);

	if (filter.family && kind != (filter.family == AF_INET ? FL_FLOW_IPV4 : FL_FLOW_IPV6))
		return false;
	if (!filter.nports && !filter.nhosts)
		return true;
	if (kind != FL_FLOW_IPV4 && kind != FL_FLOW_IPV6)
		return false;
	if (filter.nports && !wanted_ports(key))
		return false;
	return filter_hosts((const struct filter_addr *)key->src,
			    (const struct filter_addr *)key->dst);
}

/* `c` is what the map has no place for. 1: it is in the ring, 0: lost, and counted. */
static __noinline int send_record(const struct fl_flow_key *key, const struct fl_flow_count *c)
{
	struct fl_flow_counters *n;
	struct fl_flow_record *r;
	__u32 zero = 0;

	n = bpf_map_lookup_elem(&flow_counters, &zero);
	if (!n)
		return 0;
	r = bpf_ringbuf_reserve(&flow_ring, sizeof(*r), 0);
	if (!r) {
		n->lost += c->packets;
		n->lost_bytes += c->bytes;
		return 0;
	}
	r->hdr.time = bpf_ktime_get_boot_ns();
	r->hdr.type = FL_FLOW;
	r->hdr.len = sizeof(*r);
	r->hdr.cpu = (__u16)bpf_get_smp_processor_id();
	r->hdr.flags = 0;
	r->hdr.lost = n->lost;
	r->key = *key;
	r->count = *c;
	bpf_ringbuf_submit(r, 0);
	return 1;
}

static __always_inline void add_packet(struct fl_flow_count *c, struct __sk_buff *skb,
				       const struct parse_tcp *tcp, bool egress)
{
	__u32 segments = skb->gso_segs, len = skb->len;
	/* A packet socket puts an accelerated tag back where it was. */
	__u32 tag = skb->vlan_present ? 4 : 0;

	c->packets++;
	c->bytes += len + tag;
	c->tcp_flags |= (__u8)tcp->flags;
	if (segments <= 1) {
		c->segments++;
		return;
	}
	c->segments += segments;
	/* qdisc_pkt_len_init() has been here; on ingress wire_len is just the length. */
	if (egress)
		c->header_bytes += skb->wire_len - len + tag * (segments - 1);
}

/*
 * The coarse clock goes on with the tick, and asking it costs more than to parse a packet (20 ns
 * where function returns are made safe); jiffies are read in place (5576b991e9c1, 5.6).
 */
static __always_inline void set_last(struct fl_flow_count *c)
{
	__u32 tick = (__u32)bpf_jiffies64();

	if (c->tick == tick)
		return;
	c->tick = tick;
	c->last = bpf_ktime_get_coarse_ns();
}

static __always_inline void set_isn(struct fl_flow_count *c, const struct parse_tcp *tcp)
{
	c->isn = tcp->seq;
	c->isn_known |= FL_ISN_SYN;
	if (tcp->flags & TCP_ACK) {
		c->isn_other = tcp->ack - 1;
		c->isn_known |= FL_ISN_SYNACK;
	}
}

/* Its flags may be none, or out of sight in the first of its fragments. */
static __always_inline bool is_tcp(const struct fl_flow_key *key)
{
	__u64 kind = FL_BITS_GET(key->bits, FL_BITS_KIND);

	return (kind == FL_FLOW_IPV4 || kind == FL_FLOW_IPV6) &&
	       FL_BITS_GET(key->bits, FL_BITS_PROTO) == PROTO_TCP;
}

/* The first packet of a flow since the maps were swapped. `e`: its place in the front. */
static __noinline int begin(struct __sk_buff *skb, const struct fl_flow_key *key,
			    const struct parse_tcp *tcp, struct fl_flow_entry *e)
{
	struct fl_flow_count c = {};
	struct fl_flow_counters *n;
	__u32 zero = 0;
	void *map;

	n = bpf_map_lookup_elem(&flow_counters, &zero);
	if (!n)
		return 0;
	if (!wanted(key)) {
		n->filtered++;
		return 0;
	}
	add_packet(&c, skb, tcp, FL_BITS_GET(key->bits, FL_BITS_EGRESS));
	c.first = bpf_ktime_get_boot_ns();
	/*
	 * On its way to the first router, or the receiver's stack, a packet still has its sender's
	 * socket, across namespaces too (9c4c325252c5, 4.19).
	 */
	c.cookie = bpf_get_socket_cookie(skb);
	c.cgroup = bpf_skb_cgroup_id(skb);
	if (tcp->flags & TCP_SYN) {
		set_isn(&c, tcp);
		reuse_end_others(&flow_maps, key, tcp->seq);
	}
	if (is_tcp(key))
		reuse_note(key);
	if (e && !e->count.packets) {
		e->key = *key;
		e->count = c;
		return 0;
	}
	map = bpf_map_lookup_elem(&flow_maps, &zero);
	if (!map || bpf_map_update_elem(map, key, &c, BPF_NOEXIST))
		n->overflowed += send_record(key, &c);
	return 0;
}

/* The entry is there, but what it has is an earlier connection's: send that away, start afresh. */
static __noinline int take_over(struct __sk_buff *skb, const struct fl_flow_key *key,
				struct fl_flow_count *c)
{
	if (!c)
		return 0;
	send_record(key, c);
	__builtin_memset(c, 0, sizeof(*c));
	c->first = bpf_ktime_get_boot_ns();
	c->cookie = bpf_get_socket_cookie(skb);
	c->cgroup = bpf_skb_cgroup_id(skb);
	return 0;
}

/* A SYN of a flow that is there: the same once more, or that of another connection. */
static __noinline int on_syn(struct __sk_buff *skb, const struct fl_flow_key *key,
			     const struct parse_tcp *tcp, struct fl_flow_count *c)
{
	if (!c)
		return 0;
	if (!(c->isn_known && c->isn == tcp->seq)) {
		take_over(skb, key, c);
		reuse_end_others(&flow_maps, key, tcp->seq);
	}
	set_isn(c, tcp);
	return 0;
}

static __always_inline int on_packet(struct __sk_buff *skb, __u32 l2, __u64 entered)
{
	struct parse_tcp tcp = {};
	struct fl_flow_entry *e;
	struct fl_flow_count *c;
	struct fl_flow_key key;

	key.ifindex = skb->ifindex;
	key.bits = entered;
	parse(skb, l2, &key, &tcp);
	e = front_place(&key);
	c = front_find(&key, e, &flow_maps);
	if (!c) {
		begin(skb, &key, &tcp, e);
		return NEXT;
	}
	if (tcp.flags & TCP_SYN)
		on_syn(skb, &key, &tcp, c);
	else if (c->over)
		take_over(skb, &key, c);
	add_packet(c, skb, &tcp, FL_BITS_GET(entered, FL_BITS_EGRESS));
	set_last(c);
	return NEXT;
}

static __always_inline int count(struct __sk_buff *skb, __u32 l2)
{
	__u32 zero = 0;
	__u64 *entered = bpf_map_lookup_elem(&flow_entered, &zero);

	return entered ? on_packet(skb, l2, *entered) : NEXT;
}

SEC("tc")
int flowner_count(struct __sk_buff *skb)
{
	return count(skb, PARSE_L2_ETHERNET);
}

SEC("tc")
int flowner_count_l3(struct __sk_buff *skb)
{
	return count(skb, PARSE_L2_NONE);
}

static __always_inline __u64 entered_bits(__u32 egress)
{
	return FL_BITS_PUT(slot, FL_BITS_SLOT) | FL_BITS_PUT(egress, FL_BITS_EGRESS) |
	       FL_BITS_PUT(bpf_get_smp_processor_id(), FL_BITS_CPU);
}

static __always_inline int enter(struct __sk_buff *skb, __u32 program, __u32 egress)
{
	__u32 zero = 0;
	__u64 *entered = bpf_map_lookup_elem(&flow_entered, &zero);

	if (entered) {
		*entered = entered_bits(egress);
		bpf_tail_call_static(skb, &flow_programs, program);
	}
	return NEXT;
}

SEC("tc")
int flowner_in(struct __sk_buff *skb)
{
	return enter(skb, FL_FLOW_ETHERNET, 0);
}

SEC("tc")
int flowner_out(struct __sk_buff *skb)
{
	return enter(skb, FL_FLOW_ETHERNET, 1);
}

SEC("tc")
int flowner_l3_in(struct __sk_buff *skb)
{
	return enter(skb, FL_FLOW_L3, 0);
}

SEC("tc")
int flowner_l3_out(struct __sk_buff *skb)
{
	return enter(skb, FL_FLOW_L3, 1);
}
