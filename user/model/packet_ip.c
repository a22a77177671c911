// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_internal.h"

#include <netinet/in.h>

/* An IPv6 packet has no more than these in a row that anyone would send. */
#define EXTENSIONS_MAX 8

static void parse_transport(struct packet *p)
{
	if (p->fragment && p->fragment_offset) {
		p->kind = PACKET_FRAGMENT;
		return;
	}
	p->kind = PACKET_IP_OTHER;
	if (p->proto == IPPROTO_TCP)
		packet_parse_tcp(p);
	else if (p->proto == IPPROTO_UDP)
		packet_parse_udp(p);
	else if (p->proto == IPPROTO_ICMP && p->ip_version == 4)
		packet_parse_icmp(p);
	else if (p->proto == IPPROTO_ICMPV6 && p->ip_version == 6)
		packet_parse_icmp6(p);
}

static void set_net_header(struct packet *p)
{
	p->net_header = first(p->net, (size_t)(p->payload.p - p->net.p));
}

/* From here on it is as long as IP says; what a short frame is padded with is no part of it. */
static void cut_to(struct packet *p, size_t total)
{
	if (total > p->payload.len)
		p->missing = (uint32_t)(total - p->payload.len);
	p->payload = first(p->payload, total);
}

static void parse_v4(struct packet *p)
{
	const uint8_t *h = p->payload.p;
	size_t header, total;
	uint16_t frag;

	if (!has(&p->payload, 0, 20)) {
		p->truncated = "ip";
		return;
	}
	header = (size_t)(h[0] & 15) * 4;
	total = be16(h + 2);
	if (h[0] >> 4 != 4 || header < 20) {
		p->bad = h[0] >> 4 != 4 ? "version" : "header length";
		return;
	}
	/* 0: segmentation offload made it longer than its field can say. */
	if (total == 0)
		total = p->payload.len;
	if (total < header) {
		p->bad = "length";
		return;
	}
	frag = be16(h + 6);
	p->ip_id = be16(h + 4);
	p->more_fragments = frag & 0x2000;
	p->fragment_offset = (uint16_t)((frag & 0x1fff) * 8);
	p->fragment = p->more_fragments || p->fragment_offset;
	p->ttl = h[8];
	p->proto = h[9];
	p->src = addr_make(AF_INET, h + 12);
	p->dst = addr_make(AF_INET, h + 16);
	cut_to(p, total);
	p->payload = behind(p->payload, header);
	set_net_header(p);
	parse_transport(p);
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS;
}

static void parse_v6_fragment(struct packet *p)
{
	uint16_t frag = be16(p->payload.p + 2);

	p->fragment = true;
	p->more_fragments = frag & 1;
	p->fragment_offset = frag & 0xfff8;
	p->ip_id = be32(p->payload.p + 4);
}

static void parse_v6_extensions(struct packet *p)
{
	for (int n = 0; n < EXTENSIONS_MAX && is_extension(p->proto); n++) {
		const uint8_t *h = p->payload.p;
		size_t size = 8;

		if (!has(&p->payload, 0, 8)) {
			p->truncated = p->proto == IPPROTO_FRAGMENT ? "frag" : "ip6-ext";
			return;
		}
		if (p->proto == IPPROTO_FRAGMENT)
			parse_v6_fragment(p);
		else
			size = ((size_t)h[1] + 1) * 8;
		if (!has(&p->payload, 0, size)) {
			p->truncated = "ip6-ext";
			return;
		}
		p->hop_by_hop |= p->proto == IPPROTO_HOPOPTS;
		p->proto = h[0];
		p->payload = behind(p->payload, size);
		if (p->fragment_offset)
			return; /* its proto is that of the first one's extension, or transport */
	}
}

static void parse_v6(struct packet *p)
{
	const uint8_t *h = p->payload.p;
	size_t total;

	if (!has(&p->payload, 0, 40)) {
		p->truncated = "ip6";
		return;
	}
	if (h[0] >> 4 != 6) {
		p->bad = "version";
		return;
	}
	total = be16(h + 4);
	p->proto = h[6];
	p->ttl = h[7];
	p->src = addr_make(AF_INET6, h + 8);
	p->dst = addr_make(AF_INET6, h + 24);
	/* 0: a jumbogram, or made longer by segmentation offload. */
	if (total || p->proto != IPPROTO_HOPOPTS)
		cut_to(p, total || p->proto == IPPROTO_NONE ? total + 40 : p->payload.len);
	p->payload = behind(p->payload, 40);
	parse_v6_extensions(p);
	set_net_header(p);
	if (p->truncated)
		p->kind = PACKET_IP_OTHER;
	else
		parse_transport(p);
}

void packet_parse_ip(struct packet *p, bool v6)
{
	p->ip_version = v6 ? 6 : 4;
	p->kind = PACKET_IP_OTHER;
	if (v6)
		parse_v6(p);
	else
		parse_v4(p);
}
