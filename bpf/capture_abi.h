/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets, as the tc programs of `capture` send them.
 */
#ifndef FLOWNER_CAPTURE_ABI_H
#define FLOWNER_CAPTURE_ABI_H

#include "flowner_abi.h"

#define FL_CAPTURE_LINKS 65536

/* The programs behind those that packets enter, in their array. */
enum fl_capture_program {
	FL_CAPTURE_FILTER_ETHERNET = 0, /* the expression; absent: everything is wanted */
	FL_CAPTURE_FILTER_L3 = 1,
	FL_CAPTURE_SEND = 2,
	FL_CAPTURE_PROGRAMS = 3,
};

/* A record; `caplen` bytes of the packet follow. */
struct fl_packet {
	__u64 time;     /* CLOCK_BOOTTIME, ns */
	__u64 cookie;   /* of the sending socket; 0: none at hand */
	__u64 cgroup;   /* id of the sending socket's cgroup (v2); 0: unknown */
	__u64 lost;     /* packets of this link, on this CPU, that found no room so far */
	__u32 link;     /* number that user space gave the link */
	__u32 len;      /* of the frame, without a tag that is kept beside it */
	__u32 caplen;   /* of it, here */
	__u16 vlan_tci; /* a tag that the kernel keeps beside the frame… */
	__be16 vlan_proto;
	__u8 has_vlan; /* …if there is one: it belongs behind the addresses */
	__u8 egress;
	__u16 cpu;
	__u8 pad[4];
};

/* Per link and CPU. */
struct fl_capture_counters {
	__u64 received; /* packets that passed */
	__u64 matched;  /* of these, what the expression wants */
	__u64 lost;     /* of these, what found no room in the ring */
};

FL_ASSERT_SIZE(struct fl_packet, 56);

#endif
