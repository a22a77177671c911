/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow: what one link saw in one direction, with the owner at both ends where they are known.
 */
#ifndef FLOWNER_MODEL_FLOW_H
#define FLOWNER_MODEL_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "flow_abi.h"
#include "model/addr.h"
#include "model/link.h"
#include "model/owner.h"

/* A kind that no packet has: what a link carried beyond the flows that there was room for. */
#define FLOW_REST FL_FLOW_KINDS

/* One end of a flow: the process that sends, or the one that receives. */
struct flow_end {
	const struct netns *netns; /* NULL: the end is not known, or not on this host */
	struct owner owner;        /* source OWNER_UNKNOWN: no process; the cgroup may be known */
};

/* How far a TCP connection has come, by the flags of both directions on this link. */
enum flow_state {
	FLOW_STATE_NONE,    /* not TCP */
	FLOW_STATE_OPENING, /* SYN, no answer yet */
	FLOW_STATE_OPEN,
	FLOW_STATE_CLOSING, /* a FIN from one end */
	FLOW_STATE_CLOSED,  /* from both */
	FLOW_STATE_RESET,
};

struct flow {
	struct link *link; /* a reference */
	bool egress;       /* of that link; else ingress */
	uint8_t kind;      /* enum fl_flow_kind, or FLOW_REST */
	uint8_t proto;     /* IP protocol; ARP: the operation; MALFORMED: enum fl_flow_flaw */
	bool fragments;    /* fragments whose first one was not seen: no ports */
	bool tagged, tagged2;
	uint16_t vlan, vlan2;      /* VIDs of the outer and the inner tag */
	uint16_t ethertype;        /* OTHER; MALFORMED: 0 if unknown */
	struct addr_port src, dst; /* IPV4, IPV6, ARP; ports of TCP, UDP, SCTP, else 0 */
	struct {
		uint8_t type, code;
		uint16_t id; /* of echoes */
	} icmp;              /* ICMP and ICMPv6 */

	/* Since the flow began, or since the link is watched. */
	uint64_t packets, segments, bytes;
	/* As they were at the end of the interval before: what a rate is taken from. */
	uint64_t packets_before, bytes_before;
	uint64_t first, last; /* CLOCK_BOOTTIME, ns; last is good to a few milliseconds */
	uint8_t tcp_flags;    /* all that were seen */
	enum flow_state state;
	bool partial; /* it may have begun before the link was watched */
	bool ended;   /* this is the last that is said of it */

	uint64_t conn; /* 0: unknown */
	bool by_tuple; /* an end, or conn, is known from another link: same tuple, same namespace */
	bool from_client; /* with conn: this direction is the opener's */
	struct flow_end sender, receiver;
};

/* "tcp", "udp", "icmp", "arp", …; NULL for a protocol without a usual name. */
const char *flow_proto_name(const struct flow *f);
/* "opening", "open", …; NULL for FLOW_STATE_NONE. */
const char *flow_state_name(enum flow_state s);
/* "short", "length", "version", "chain" */
const char *flow_flaw_name(uint8_t flaw);

#endif
