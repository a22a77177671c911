// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_table_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static struct addr addr_of(const uint8_t bytes[16])
{
	struct addr a;

	memcpy(a.b, bytes, sizeof(a.b));
	return a;
}

void flow_describe(struct flow *f, const struct fl_flow_key *k)
{
	bool icmp, ip;

	f->egress = FL_BITS_GET(k->bits, FL_BITS_EGRESS);
	f->kind = (uint8_t)FL_BITS_GET(k->bits, FL_BITS_KIND);
	f->proto = (uint8_t)FL_BITS_GET(k->bits, FL_BITS_PROTO);
	f->fragments = FL_BITS_GET(k->bits, FL_BITS_FRAGMENT);
	f->tagged = FL_BITS_GET(k->bits, FL_BITS_TAGGED);
	f->tagged2 = FL_BITS_GET(k->bits, FL_BITS_TAGGED2);
	f->vlan = (uint16_t)FL_BITS_GET(k->bits, FL_BITS_VLAN);
	f->vlan2 = (uint16_t)FL_BITS_GET(k->bits, FL_BITS_VLAN2);
	ip = f->kind == FL_FLOW_IPV4 || f->kind == FL_FLOW_IPV6;
	icmp = (f->kind == FL_FLOW_IPV4 && f->proto == IPPROTO_ICMP) ||
	       (f->kind == FL_FLOW_IPV6 && f->proto == IPPROTO_ICMPV6);
	if (ip || f->kind == FL_FLOW_ARP) {
		f->src.addr = addr_of(k->src);
		f->dst.addr = addr_of(k->dst);
	} else {
		f->ethertype = ntohs(k->sport_be);
	}
	if (icmp) {
		f->icmp.type = (uint8_t)(ntohs(k->sport_be) >> 8);
		f->icmp.code = (uint8_t)ntohs(k->sport_be);
		f->icmp.id = ntohs(k->dport_be);
	} else if (ip) {
		f->src.port = ntohs(k->sport_be);
		f->dst.port = ntohs(k->dport_be);
	}
}
