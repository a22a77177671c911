// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow.h"

#include <stddef.h>

const char *flow_proto_name(const struct flow *f)
{
	switch (f->kind) {
	case FL_FLOW_ARP:
		return "arp";
	case FL_FLOW_OTHER:
		return "other";
	case FL_FLOW_MALFORMED:
		return "malformed";
	case FLOW_REST:
		return "rest";
	}
	/* As in /etc/protocols; IANA's assigned internet protocol numbers. */
	switch (f->proto) {
	case 1:
		return "icmp";
	case 2:
		return "igmp";
	case 4:
		return "ipip";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 33:
		return "dccp";
	case 41:
		return "ipv6";
	case 47:
		return "gre";
	case 50:
		return "esp";
	case 51:
		return "ah";
	case 58:
		return "icmpv6";
	case 89:
		return "ospf";
	case 103:
		return "pim";
	case 112:
		return "vrrp";
	case 132:
		return "sctp";
	case 136:
		return "udplite";
	default:
		return NULL;
	}
}

const char *flow_state_name(enum flow_state s)
{
	switch (s) {
	case FLOW_STATE_OPENING:
		return "opening";
	case FLOW_STATE_OPEN:
		return "open";
	case FLOW_STATE_CLOSING:
		return "closing";
	case FLOW_STATE_CLOSED:
		return "closed";
	case FLOW_STATE_RESET:
		return "reset";
	case FLOW_STATE_NONE:
		break;
	}
	return NULL;
}

const char *flow_flaw_name(uint8_t flaw)
{
	switch (flaw) {
	case FL_FLAW_SHORT:
		return "short";
	case FL_FLAW_LENGTH:
		return "length";
	case FL_FLAW_VERSION:
		return "version";
	case FL_FLAW_CHAIN:
		return "chain";
	default:
		return "unknown";
	}
}
