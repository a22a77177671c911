/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet to the key of its flow.
 *
 *	parse(skb, l2, key, tcp)
 *
 * Two ways that agree: parse_fast() reads what nearly all packets are (Ethernet, IPv4 without
 * options or IPv6 without extension headers, TCP or UDP, whole) straight from the packet, and
 * leaves everything else, flaws included, to parse_slow(), which copies header by header.
 *
 * `key->bits` comes in with the caller's bits (slot, CPU, direction) and gets the parser's added.
 */
#ifndef FLOWNER_PARSE_BPF_H
#define FLOWNER_PARSE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flow_abi.h"
#include "headers.h"
#include "skb.h"

/* For tests: everything by the slow way. */
const volatile bool parse_slow_only;

/* What only TCP has. */
struct parse_tcp {
	__u32 seq, ack; /* host order */
	__u32 flags;
};

#define PARSE_L2_ETHERNET 14 /* sizeof(struct hdr_eth) */
#define PARSE_L2_NONE     0  /* tun, WireGuard: the packet begins with its IP header */

#define PARSE_VLAN_VID 0x0fff

/* --- fragments --- */

/*
 * Only the first fragment of a datagram has its ports. They are kept until the last one comes, so
 * that all are filed under one flow; fragments that come before the first are filed without ports.
 */
struct parse_datagram {
	__u8 src[16], dst[16];
	__u32 ifindex;
	__u32 id;    /* IPv4: 16 bits */
	__u64 where; /* slot and direction, tags, kind; IPv4: the protocol */
};

struct parse_ports {
	__be16 sport_be, dport_be;
	__u32 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct parse_datagram);
	__type(value, struct parse_ports);
} fragments SEC(".maps");

/* Two VLANs may have the same addresses, and ids. */
#define PARSE_DATAGRAM_BITS                                                   \
	(FL_BITS_PUT(~0, FL_BITS_SLOT) | FL_BITS_PUT(~0, FL_BITS_EGRESS) |    \
	 FL_BITS_PUT(~0, FL_BITS_TAGGED) | FL_BITS_PUT(~0, FL_BITS_TAGGED2) | \
	 FL_BITS_PUT(~0, FL_BITS_VLAN) | FL_BITS_PUT(~0, FL_BITS_VLAN2))

/* --- the key --- */

static __always_inline void parse_set_v4(struct fl_flow_key *key, __be32 src, __be32 dst)
{
	__u32 *s = (__u32 *)key->src, *d = (__u32 *)key->dst;

	s[0] = s[1] = d[0] = d[1] = 0;
	s[2] = d[2] = bpf_htonl(0xffff);
	s[3] = src;
	d[3] = dst;
}

static __always_inline void parse_set_v6(struct fl_flow_key *key, const struct hdr_ipv6 *ip)
{
	__builtin_memcpy(key->src, ip->src, 16);
	__builtin_memcpy(key->dst, ip->dst, 16);
}

static __always_inline void parse_set_kind(struct fl_flow_key *key, __u8 kind, __u8 proto)
{
	key->bits |= FL_BITS_PUT(kind, FL_BITS_KIND) | FL_BITS_PUT(proto, FL_BITS_PROTO);
}

static __always_inline void parse_set_vlan(struct fl_flow_key *key, __u16 tci)
{
	if (FL_BITS_GET(key->bits, FL_BITS_TAGGED))
		key->bits |= FL_BITS_PUT(1, FL_BITS_TAGGED2) |
			     FL_BITS_PUT(tci & PARSE_VLAN_VID, FL_BITS_VLAN2);
	else
		key->bits |= FL_BITS_PUT(1, FL_BITS_TAGGED) |
			     FL_BITS_PUT(tci & PARSE_VLAN_VID, FL_BITS_VLAN);
}

/* Whatever was found before is forgotten: a flawed packet's addresses may be no addresses. */
static __always_inline void parse_set_flaw(struct fl_flow_key *key, __u8 flaw, __u16 ethertype)
{
	__builtin_memset(key->src, 0, 16);
	__builtin_memset(key->dst, 0, 16);
	key->sport_be = bpf_htons(ethertype);
	key->dport_be = 0;
	key->bits &= ~(FL_BITS_PUT(~0, FL_BITS_KIND) | FL_BITS_PUT(~0, FL_BITS_PROTO) |
		       FL_BITS_PUT(1, FL_BITS_FRAGMENT));
	parse_set_kind(key, FL_FLOW_MALFORMED, flaw);
}

/* --- the usual packet --- */

/* The TCP header at `l4`, of a segment of `l4_len` bytes. */
static __always_inline bool parse_fast_tcp(void *l4, void *end, __u32 l4_len,
					   struct fl_flow_key *key, struct parse_tcp *tcp)
{
	struct hdr_tcp *th = l4;
	__u32 len;

	if ((void *)(th + 1) > end)
		return false;
	len = (th->offset >> 4) * 4;
	if (len < sizeof(*th) || len > l4_len)
		return false;
	key->sport_be = th->sport;
	key->dport_be = th->dport;
	tcp->seq = bpf_ntohl(th->seq);
	tcp->ack = bpf_ntohl(th->ack);
	tcp->flags = th->flags;
	return true;
}

static __always_inline bool parse_fast_l4(void *l4, void *end, __u32 l4_len, __u8 proto,
					  struct fl_flow_key *key, struct parse_tcp *tcp)
{
	__be16 *ports = l4;

	if (proto == PROTO_TCP)
		return parse_fast_tcp(l4, end, l4_len, key, tcp);
	if (proto != PROTO_UDP || l4_len < HDR_UDP_LEN || l4 + HDR_UDP_LEN > end)
		return false;
	key->sport_be = ports[0];
	key->dport_be = ports[1];
	return true;
}

/* False: not the usual packet, look again; the key's bits are as they were. */
static __always_inline bool parse_fast(struct __sk_buff *skb, __u32 l2, struct fl_flow_key *key,
				       struct parse_tcp *tcp)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end, *l3 = data + l2;
	__be16 type;

	if (l2) {
		struct hdr_eth *eth = data;

		if ((void *)(eth + 1) > end)
			return false;
		type = eth->type;
	} else {
		type = (__be16)skb->protocol;
	}
	if (type == bpf_htons(ETH_P_IP)) {
		struct hdr_ipv4 *ip = l3;
		__u32 total;

		if ((void *)(ip + 1) > end || ip->version_ihl != 0x45 ||
		    ip->fragment & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_OFFSET))
			return false;
		total = bpf_ntohs(ip->total_len);
		if (total < sizeof(*ip) || total > skb->len - l2 ||
		    !parse_fast_l4(ip + 1, end, total - sizeof(*ip), ip->proto, key, tcp))
			return false;
		parse_set_v4(key, ip->src, ip->dst);
		parse_set_kind(key, FL_FLOW_IPV4, ip->proto);
		return true;
	}
	if (type == bpf_htons(ETH_P_IPV6)) {
		struct hdr_ipv6 *ip = l3;
		__u32 payload;

		if ((void *)(ip + 1) > end || *(__u8 *)ip >> 4 != 6)
			return false;
		payload = bpf_ntohs(ip->payload_len);
		if (payload + sizeof(*ip) > skb->len - l2 ||
		    !parse_fast_l4(ip + 1, end, payload, ip->next, key, tcp))
			return false;
		parse_set_v6(key, ip);
		parse_set_kind(key, FL_FLOW_IPV6, ip->next);
		return true;
	}
	return false;
}

/* --- any packet --- */

struct parse_state {
	struct __sk_buff *skb;
	struct fl_flow_key *key;
	struct parse_tcp *tcp;
	__u32 off;       /* of the header to be read next */
	__u32 end;       /* what follows belongs to no header: trailer, padding */
	__u32 id;        /* of the datagram, where it is in fragments */
	__u16 ethertype; /* behind all tags */
	__u8 proto;
	bool fragment; /* not the first */
	bool more;     /* fragments will follow */
};

/* `len` bytes at the current place; false if they are not within the packet. */
#define PARSE_LOAD(s, to, len) \
	((s)->off + (len) <= (s)->end && !bpf_skb_load_bytes((s)->skb, (s)->off, (to), (len)))

static __always_inline int parse_arp(struct parse_state *s)
{
	struct hdr_arp arp = {};

	if (!PARSE_LOAD(s, &arp, HDR_ARP_FIXED))
		return FL_FLAW_SHORT;
	parse_set_kind(s->key, FL_FLOW_ARP, (__u8)bpf_ntohs(arp.operation));
	if (arp.hardware != bpf_htons(1) || arp.protocol != bpf_htons(ETH_P_IP) ||
	    arp.hardware_len != 6 || arp.protocol_len != 4)
		return 0;
	if (!PARSE_LOAD(s, &arp, sizeof(arp)))
		return FL_FLAW_SHORT;
	parse_set_v4(s->key, arp.sender_ip, arp.target_ip);
	return 0;
}

static __always_inline int parse_ipv4(struct parse_state *s)
{
	__u32 ihl, total, rest = s->end - s->off;
	struct hdr_ipv4 ip;
	__u16 fragment;

	if (!PARSE_LOAD(s, &ip, sizeof(ip)))
		return FL_FLAW_SHORT;
	if (ip.version_ihl >> 4 != 4)
		return FL_FLAW_VERSION;
	ihl = (ip.version_ihl & 0xf) * 4;
	total = bpf_ntohs(ip.total_len);
	/* BIG TCP: too long for the field (b1a78b9b9886, 6.3). */
	if (total == 0 && s->skb->gso_size)
		total = rest;
	if (ihl < sizeof(ip) || total < ihl || total > rest)
		return FL_FLAW_LENGTH;
	parse_set_v4(s->key, ip.src, ip.dst);
	fragment = bpf_ntohs(ip.fragment);
	s->fragment = fragment & IPV4_OFFSET;
	s->more = fragment & IPV4_MORE_FRAGMENTS;
	s->id = ip.id;
	s->proto = ip.proto;
	s->end = s->off + total;
	s->off += ihl;
	return 0;
}

#define PARSE_EXTENSIONS_MAX 8

static __always_inline bool parse_is_extension(__u8 next)
{
	return next == PROTO_HOPOPTS || next == PROTO_ROUTING || next == PROTO_DSTOPTS ||
	       next == PROTO_AH || next == PROTO_FRAGMENT;
}

/* From s->proto at s->off to the first header that is no extension header. */
static __always_inline int parse_extensions(struct parse_state *s)
{
	struct hdr_ipv6_fragment f;

	for (int i = 0; i < PARSE_EXTENSIONS_MAX; i++) {
		__u8 *ext = (__u8 *)&f;

		if (!parse_is_extension(s->proto))
			return 0;
		if (!PARSE_LOAD(s, &f, sizeof(f))) /* all are 8 bytes or more */
			return FL_FLAW_SHORT;
		if (s->proto == PROTO_FRAGMENT) {
			__u16 fragment = bpf_ntohs(f.fragment);

			s->fragment = fragment & IPV6_OFFSET;
			s->more = fragment & IPV6_MORE_FRAGMENTS;
			s->id = f.id;
			s->off += sizeof(f);
		} else if (s->proto == PROTO_AH) {
			s->off += (ext[1] + 2) * 4; /* RFC 4302 §2.2 */
		} else {
			s->off += (ext[1] + 1) * 8;
		}
		s->proto = ext[0];
		if (s->off > s->end)
			return FL_FLAW_LENGTH;
		if (s->fragment) /* what follows is data */
			return 0;
	}
	return parse_is_extension(s->proto) ? FL_FLAW_CHAIN : 0;
}

static __always_inline int parse_ipv6(struct parse_state *s)
{
	__u32 payload, rest = s->end - s->off;
	struct hdr_ipv6 ip;

	if (!PARSE_LOAD(s, &ip, sizeof(ip)))
		return FL_FLAW_SHORT;
	if (*(__u8 *)&ip >> 4 != 6)
		return FL_FLAW_VERSION;
	rest -= sizeof(ip);
	payload = bpf_ntohs(ip.payload_len);
	/* A jumbogram (RFC 2675) has its length in a hop-by-hop option; BIG TCP has it nowhere. */
	if (payload == 0 && (s->skb->gso_size || ip.next == PROTO_HOPOPTS))
		payload = rest;
	if (payload > rest)
		return FL_FLAW_LENGTH;
	parse_set_v6(s->key, &ip);
	s->proto = ip.next;
	s->off += sizeof(ip);
	s->end = s->off + payload;
	return parse_extensions(s);
}

static __always_inline int parse_l4(struct parse_state *s)
{
	struct fl_flow_key *key = s->key;
	union {
		__be16 ports[2];
		struct hdr_tcp tcp;
		struct hdr_icmp icmp;
	} h = {};

	switch (s->proto) {
	case PROTO_TCP:
		if (!PARSE_LOAD(s, &h, sizeof(h.tcp)))
			return FL_FLAW_SHORT;
		if ((h.tcp.offset >> 4) * 4 < sizeof(h.tcp) ||
		    (!s->more && s->off + (h.tcp.offset >> 4) * 4 > s->end))
			return FL_FLAW_LENGTH;
		s->tcp->seq = bpf_ntohl(h.tcp.seq);
		s->tcp->ack = bpf_ntohl(h.tcp.ack);
		s->tcp->flags = h.tcp.flags;
		break;
	case PROTO_UDP:
		if (!PARSE_LOAD(s, &h, HDR_UDP_LEN))
			return FL_FLAW_SHORT;
		break;
	case PROTO_SCTP:
		if (!PARSE_LOAD(s, &h, HDR_SCTP_LEN))
			return FL_FLAW_SHORT;
		break;
	case PROTO_ICMP:
		if (!PARSE_LOAD(s, &h, HDR_ICMP_LEN))
			return FL_FLAW_SHORT;
		key->sport_be = bpf_htons((__u16)(h.icmp.type << 8 | h.icmp.code));
		/* RFC 792: echo, timestamp, information: 0, 8, 13 to 16 */
		if (h.icmp.type == 0 || h.icmp.type == 8 ||
		    (h.icmp.type >= 13 && h.icmp.type <= 16))
			key->dport_be = h.icmp.id;
		return 0;
	case PROTO_ICMPV6:
		if (!PARSE_LOAD(s, &h, HDR_ICMPV6_LEN))
			return FL_FLAW_SHORT;
		key->sport_be = bpf_htons((__u16)(h.icmp.type << 8 | h.icmp.code));
		if (h.icmp.type == 128 || h.icmp.type == 129) { /* RFC 4443: echo */
			if (!PARSE_LOAD(s, &h, HDR_ICMP_LEN))
				return FL_FLAW_SHORT;
			key->dport_be = h.icmp.id;
		}
		return 0;
	default:
		return 0;
	}
	key->sport_be = h.ports[0];
	key->dport_be = h.ports[1];
	return 0;
}

/* Ports and protocol from, or for, the other fragments of this datagram. */
static __always_inline void parse_datagram(struct parse_state *s, __u8 kind)
{
	struct fl_flow_key *key = s->key;
	struct parse_datagram d = {.ifindex = key->ifindex, .id = s->id};
	struct parse_ports ports = {key->sport_be, key->dport_be, s->proto}, *found;

	__builtin_memcpy(d.src, key->src, 16);
	__builtin_memcpy(d.dst, key->dst, 16);
	d.where = (key->bits & PARSE_DATAGRAM_BITS) | FL_BITS_PUT(kind, FL_BITS_KIND);
	/* In IPv6 the protocol of a later fragment may be that of an extension header. */
	if (kind == FL_FLOW_IPV4)
		d.where |= FL_BITS_PUT(s->proto, FL_BITS_PROTO);
	if (!s->fragment) {
		bpf_map_update_elem(&fragments, &d, &ports, BPF_ANY);
		return;
	}
	found = bpf_map_lookup_elem(&fragments, &d);
	if (!found) {
		key->bits |= FL_BITS_PUT(1, FL_BITS_FRAGMENT);
		return;
	}
	key->sport_be = found->sport_be;
	key->dport_be = found->dport_be;
	s->proto = (__u8)found->proto;
	/* The last one: what comes with this id next is another datagram. */
	if (!s->more)
		bpf_map_delete_elem(&fragments, &d);
}

static __always_inline bool parse_is_vlan(__u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* Up to the network header. */
static __always_inline int parse_l2(struct parse_state *s, __u32 l2)
{
	struct hdr_eth eth;
	struct hdr_vlan tag;

	if (!l2) {
		s->ethertype = bpf_ntohs((__be16)s->skb->protocol);
		return 0;
	}
	if (!PARSE_LOAD(s, &eth, sizeof(eth)))
		return FL_FLAW_SHORT;
	s->ethertype = bpf_ntohs(eth.type);
	s->off = sizeof(eth);
	for (int i = 0; i < 2; i++) {
		if (!parse_is_vlan(s->ethertype) || FL_BITS_GET(s->key->bits, FL_BITS_TAGGED2))
			return 0;
		if (!PARSE_LOAD(s, &tag, sizeof(tag)))
			return FL_FLAW_SHORT;
		parse_set_vlan(s->key, bpf_ntohs(tag.tci));
		s->ethertype = bpf_ntohs(tag.type);
		s->off += sizeof(tag);
	}
	return 0;
}

static __noinline int parse_slow(struct __sk_buff *skb, __u32 l2, struct fl_flow_key *key,
				 struct parse_tcp *tcp)
{
	struct parse_state s = {.skb = skb, .key = key, .tcp = tcp, .end = skb->len};
	__u8 kind;
	int flaw;

	__builtin_memset(key->src, 0, 16);
	__builtin_memset(key->dst, 0, 16);
	key->sport_be = key->dport_be = 0;
	tcp->flags = 0;
	flaw = parse_l2(&s, l2);
	if (flaw)
		goto flawed;
	if (s.ethertype == ETH_P_IP) {
		kind = FL_FLOW_IPV4;
		flaw = parse_ipv4(&s);
	} else if (s.ethertype == ETH_P_IPV6) {
		kind = FL_FLOW_IPV6;
		flaw = parse_ipv6(&s);
	} else if (s.ethertype == ETH_P_ARP) {
		flaw = parse_arp(&s);
		if (flaw)
			goto flawed;
		return 0;
	} else {
		if (s.ethertype < ETH_P_802_3_MIN)
			s.ethertype = ETH_P_802_2;
		key->sport_be = bpf_htons(s.ethertype);
		parse_set_kind(key, FL_FLOW_OTHER, 0);
		return 0;
	}
	if (!flaw && !s.fragment)
		flaw = parse_l4(&s);
	if (flaw)
		goto flawed;
	if (s.fragment || s.more)
		parse_datagram(&s, kind);
	parse_set_kind(key, kind, s.proto);
	return 0;
flawed:
	tcp->flags = 0;
	parse_set_flaw(key, flaw, s.ethertype);
	return 0;
}

static __always_inline void parse(struct __sk_buff *skb, __u32 l2, struct fl_flow_key *key,
				  struct parse_tcp *tcp)
{
	/* The tag that a device's driver, or the stack on the way in, has taken off the frame. */
	if (skb->vlan_present)
		parse_set_vlan(key, (__u16)skb->vlan_tci);
	if (parse_slow_only || !parse_fast(skb, l2, key, tcp))
		parse_slow(skb, l2, key, tcp);
}

#endif
