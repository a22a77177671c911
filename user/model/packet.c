// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet.h"

#include "model/packet_internal.h"

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IPV6 = 0x86dd };

static bool is_vlan(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

static void parse_arp(struct packet *p)
{
	struct packet_bytes *b = &p->payload;
	struct packet_arp *arp = &p->arp;

	p->kind = PACKET_ARP;
	if (!has(b, 0, 8)) {
		p->truncated = "arp";
		return;
	}
	arp->hardware = be16(b->p);
	arp->protocol = be16(b->p + 2);
	arp->op = be16(b->p + 6);
	arp->ethernet_ipv4 = arp->hardware == 1 && arp->protocol == ETHERTYPE_IPV4 &&
			     b->p[4] == 6 && b->p[5] == 4;
	if (!arp->ethernet_ipv4)
		return;
	if (!has(b, 8, 20)) {
		p->truncated = "arp";
		return;
	}
	memcpy(arp->sender_mac, b->p + 8, 6);
	arp->sender = addr_make(AF_INET, b->p + 14);
	memcpy(arp->target_mac, b->p + 18, 6);
	arp->target = addr_make(AF_INET, b->p + 24);
}

static void parse_ethertype(struct packet *p, uint16_t ethertype)
{
	while (is_vlan(ethertype)) {
		if (!has(&p->payload, 0, 4)) {
			p->truncated = "vlan";
			return;
		}
		if (p->n_vlans == PACKET_VLANS_MAX)
			break;
		p->vlan[p->n_vlans++] = be16(p->payload.p);
		ethertype = be16(p->payload.p + 2);
		p->payload = behind(p->payload, 4);
	}
	p->has_ethertype = true;
	p->ethertype = ethertype;
	p->net = p->payload;
	if (ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6)
		packet_parse_ip(p, ethertype == ETHERTYPE_IPV6);
	else if (ethertype == ETHERTYPE_ARP)
		parse_arp(p);
}

/* Where in a link header of `size` bytes the ethertype stands. */
static void parse_link(struct packet *p, const char *name, size_t size, size_t ethertype_at)
{
	uint16_t ethertype;

	if (!has(&p->payload, 0, size)) {
		p->truncated = name;
		return;
	}
	ethertype = be16(p->payload.p + ethertype_at);
	p->payload = behind(p->payload, size);
	parse_ethertype(p, ethertype);
}

static void parse_ethernet(struct packet *p)
{
	if (has(&p->payload, 0, 12)) {
		p->has_macs = true;
		memcpy(p->dst_mac, p->payload.p, 6);
		memcpy(p->src_mac, p->payload.p + 6, 6);
	}
	parse_link(p, "ether", 14, 12);
}

/* Nothing in front, or a word that says the family in the byte order and with the number of some
 * machine. */
static void parse_no_link(struct packet *p, size_t size)
{
	if (!has(&p->payload, size, 1)) {
		p->truncated = "ip";
		return;
	}
	p->payload = behind(p->payload, size);
	p->net = p->payload;
	if (p->payload.p[0] >> 4 == 4)
		packet_parse_ip(p, false);
	else if (p->payload.p[0] >> 4 == 6)
		packet_parse_ip(p, true);
}

void packet_parse(struct packet *p, uint16_t link_type, const void *data, size_t caplen, size_t len)
{
	static const uint8_t nothing[1];

	*p = (struct packet){0};
	p->payload = (struct packet_bytes){data ? data : nothing, data ? caplen : 0, len};
	if (len < p->payload.cap)
		p->payload.len = p->payload.cap;
	p->net = p->payload;
	p->frame_len = p->payload.len;
	switch (link_type) {
	case PACKET_LINK_ETHERNET:
		parse_ethernet(p);
		break;
	case PACKET_LINK_NULL:
		parse_no_link(p, 4);
		break;
	case PACKET_LINK_RAW:
	case PACKET_LINK_IPV4:
	case PACKET_LINK_IPV6:
		parse_no_link(p, 0);
		break;
	case PACKET_LINK_SLL:
		parse_link(p, "sll", 16, 14);
		break;
	case PACKET_LINK_SLL2:
		parse_link(p, "sll2", 20, 0);
		break;
	}
}
