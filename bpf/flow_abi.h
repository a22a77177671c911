/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows, as the tc programs count them and user space reads them.
 *
 * A flow is what one link saw in one direction: its key has the link, the direction and the tuple.
 * The key has the CPU too, so that an entry has one writer, with softirqs off, and needs no
 * atomics: a flow is one entry for each CPU that carried it since the maps were swapped
 * (collect/flow_source.h), which is mostly one.
 */
#ifndef FLOWNER_FLOW_ABI_H
#define FLOWNER_FLOW_ABI_H

#include "flowner_abi.h"

/* What a packet is. Every packet is filed under exactly one. */
enum fl_flow_kind {
	FL_FLOW_IPV4 = 0,
	FL_FLOW_IPV6 = 1,
	FL_FLOW_ARP = 2, /* proto: the operation; src and dst: sender's and target's IPv4 address */
	FL_FLOW_OTHER = 3, /* sport_be: the ethertype; ETH_P_802_2 (4) for a length field */
	FL_FLOW_MALFORMED =
		4, /* proto: enum fl_flow_flaw; sport_be: the ethertype, where one was read */
	FL_FLOW_KINDS = 5,
};

/* Why a packet was not read to the end of its headers. */
enum fl_flow_flaw {
	FL_FLAW_NONE = 0,
	FL_FLAW_SHORT = 1, /* the frame ends inside a header */
	FL_FLAW_LENGTH =
		2, /* a length field says more than the frame holds, or less than its header */
	FL_FLAW_VERSION = 3, /* the IP version is not what the ethertype says */
	FL_FLAW_CHAIN = 4,   /* more extension headers or VLAN tags than are followed */
	FL_FLAWS = 5,
};

/*
 * 48 bytes, so that the hash takes four rounds. Addresses are in network order, IPv4 as v4-mapped
 * IPv6.
 *
 * Ports, in network order, are those of TCP, UDP and SCTP. ICMP and ICMPv6: sport_be is type << 8 |
 * code, dport_be the identifier of an echo. Else 0.
 */
struct fl_flow_key {
	__u8 src[16], dst[16];
	__be16 sport_be, dport_be;
	__u32 ifindex;
	__u64 bits; /* FL_BITS_*: all that is small */
};

/* name, first bit, width */
#define FL_BITS_PROTO    0, 8   /* IP protocol, behind all extension headers */
#define FL_BITS_KIND     8, 3   /* enum fl_flow_kind */
#define FL_BITS_EGRESS   11, 1  /* of that link; else ingress */
#define FL_BITS_FRAGMENT 12, 1  /* a fragment whose first one was not seen: no ports */
#define FL_BITS_TAGGED   13, 1  /* has an (outer) VLAN tag */
#define FL_BITS_TAGGED2  14, 1  /* has an inner one too */
#define FL_BITS_VLAN     15, 12 /* VID of the outer tag */
#define FL_BITS_VLAN2    27, 12 /* VID of the inner tag */
#define FL_BITS_SLOT     39, 12 /* the netns of the link: rodata of the programs */
#define FL_BITS_CPU      51, 13

#define FL_BITS_PUT_(v, shift, width) (((__u64)(v) & ((1ULL << (width)) - 1)) << (shift))
#define FL_BITS_GET_(b, shift, width) (((b) >> (shift)) & ((1ULL << (width)) - 1))
#define FL_BITS_PUT(v, field)         FL_BITS_PUT_(v, field)
#define FL_BITS_GET(b, field)         FL_BITS_GET_(b, field)

#define FL_FLOW_SLOTS 4096

/* The programs that count, in their array. */
enum fl_flow_program {
	FL_FLOW_ETHERNET = 0, /* packets begin with an Ethernet header */
	FL_FLOW_L3 = 1,       /* or with an IP header */
	FL_FLOW_PROGRAMS = 2,
};

struct fl_flow_count {
	__u64 packets;  /* as a packet socket on that link counts: before GSO is undone */
	__u64 segments; /* after */
	__u64 bytes;    /* frames, Ethernet header and VLAN tags included, no FCS */
	/*
	 * Egress: what the headers of all segments but a packet's first will add, where the device
	 * leaves it to the stack to cut them: behind tc, and before a packet socket sees them.
	 */
	__u64 header_bytes;
	__u64 first;  /* CLOCK_BOOTTIME, ns */
	__u64 last;   /* CLOCK_MONOTONIC_COARSE, ns: up to two ticks early; 0: as first */
	__u64 cookie; /* of the sending socket; 0: none at hand */
	__u64 cgroup; /* id of the sending socket's cgroup (v2); 0: unknown */
	/*
	 * The sequence number of the SYN (isn), or of the SYN-ACK (isn) and what it acknowledges,
	 * less one (isn_other): the other end's. Never shown or stored.
	 */
	__u32 isn, isn_other;
	__u8 tcp_flags; /* all that were seen */
	__u8 isn_known; /* FL_ISN_* */
	__u8 over;      /* another connection has the tuple now: count no more (reuse.bpf.h) */
	__u8 pad;
	__u32 tick; /* of jiffies, where `last` was set: of no use to user space */
};

/*
 * Bits, by the hash of a tuple: there may be an entry. Cleared with each swap of the maps. Enough
 * for 100,000 new flows a second to leave most of them unset.
 */
#define FL_REUSE_WORDS 4096
#define FL_REUSE_FLAGS (1U << 10) /* BPF_F_MMAPABLE (fc9702273e2e, 5.5) */
/* Beyond so many CPUs, connections between the same ports within a second may be mixed up. */
#define FL_REUSE_CPUS_MAX 256

#define FL_ISN_SYN    0x1 /* isn is there */
#define FL_ISN_SYNACK 0x2 /* isn and isn_other are there */

/* A place of the front (front.bpf.h); free while no packets are counted. */
struct fl_flow_entry {
	struct fl_flow_key key;
	struct fl_flow_count count;
};

#define FL_FRONT_BITS   10
#define FL_FRONT_PLACES (1U << FL_FRONT_BITS) /* of each CPU */
#define FL_FRONT_FLAGS  (1U << 10)            /* BPF_F_MMAPABLE (fc9702273e2e, 5.5) */

/*
 * One packet that found no room in the map, or all that a map entry held when a new connection took
 * over its tuple: to be added to the flow like a map entry.
 */
struct fl_flow_record {
	struct fl_header hdr; /* type FL_FLOW */
	struct fl_flow_key key;
	struct fl_flow_count count;
};
#define FL_FLOW 16 /* beyond enum fl_type: it has a ring of its own */

/* Per CPU. */
struct fl_flow_counters {
	__u64 overflowed; /* packets that found no room in the map: they went to the ring */
	__u64 lost;       /* packets that found no room there either */
	__u64 lost_bytes; /* theirs */
	__u64 filtered;   /* packets that a filter dropped */
};

FL_ASSERT_SIZE(struct fl_flow_key, 48);
FL_ASSERT_SIZE(struct fl_flow_count, 80);
FL_ASSERT_SIZE(struct fl_flow_entry, 128);
FL_ASSERT_SIZE(struct fl_flow_record, 152);

#endif
