// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_internal.h"

#include <netinet/in.h>

static bool parse_ports(struct packet *p, const char *name)
{
	if (!has(&p->payload, 0, 4)) {
		p->truncated = name;
		return false;
	}
	p->has_ports = true;
	p->src_port = be16(p->payload.p);
	p->dst_port = be16(p->payload.p + 2);
	return true;
}

/* One option from *at; false: there is no more, or no more that can be read. */
static bool parse_tcp_option(struct packet *p, const struct packet_bytes *area, size_t *at)
{
	struct packet_tcp *tcp = &p->tcp;
	struct packet_tcp_option *o = &tcp->options[tcp->n_options];
	size_t len = 1;

	if (*at >= area->len || tcp->n_options == PACKET_TCP_OPTIONS_MAX)
		return false;
	if (!has(area, *at, 1))
		goto truncated;
	*o = (struct packet_tcp_option){.kind = area->p[*at]};
	if (o->kind > 1) { /* 0, the end, and 1, a filler, are a byte each */
		if (*at + 1 >= area->len)
			goto bad;
		if (!has(area, *at, 2))
			goto truncated;
		len = area->p[*at + 1];
		if (len < 2 || len > area->len - *at)
			goto bad;
		if (!has(area, *at, len))
			goto truncated;
		o->len = (uint8_t)(len - 2);
		o->data = area->p + *at + 2;
	}
	tcp->n_options++;
	*at += len;
	return o->kind != 0;
truncated:
	p->truncated = "tcp";
	return false;
bad:
	tcp->bad_option = true;
	return false;
}

void packet_parse_tcp(struct packet *p)
{
	const uint8_t *h = p->payload.p;
	struct packet_tcp *tcp = &p->tcp;
	struct packet_bytes options;
	size_t at = 0;

	p->kind = PACKET_TCP;
	if (!parse_ports(p, "tcp"))
		return;
	if (!has(&p->payload, 0, 20)) {
		p->truncated = "tcp";
		return;
	}
	tcp->header = true;
	tcp->seq = be32(h + 4);
	tcp->ack = be32(h + 8);
	tcp->header_len = (uint8_t)((h[12] >> 4) * 4);
	tcp->flags = h[13];
	tcp->window = be16(h + 14);
	tcp->urgent = be16(h + 18);
	if (tcp->header_len < 20 || tcp->header_len > p->payload.len)
		return;
	options = first(behind(p->payload, 20), tcp->header_len - 20u);
	while (parse_tcp_option(p, &options, &at))
		;
	p->payload = behind(p->payload, tcp->header_len);
}

void packet_parse_udp(struct packet *p)
{
	p->kind = PACKET_UDP;
	if (!parse_ports(p, "udp"))
		return;
	if (!has(&p->payload, 0, 8)) {
		p->truncated = "udp";
		return;
	}
	p->udp_len = be16(p->payload.p + 4);
	p->payload = behind(p->payload, 8);
	/* 0: longer than the field can say. */
	if (p->udp_len == 0)
		p->udp_len = (uint32_t)p->payload.len + 8;
	if (p->udp_len < 8) {
		p->bad = "udp length";
		return;
	}
	p->udp_len -= 8;
	p->payload = first(p->payload, p->udp_len);
}

/* --- ICMP --- */

/* The packet that an error is about: its addresses, and if they are there its ports. */
static void parse_inner(struct packet_icmp *icmp, struct packet_bytes b, bool v6)
{
	size_t header = 40;

	if (!has(&b, 0, v6 ? 40 : 20) || b.p[0] >> 4 != (v6 ? 6 : 4))
		return;
	if (!v6)
		header = (size_t)(b.p[0] & 15) * 4;
	icmp->has_inner = true;
	icmp->inner_proto = b.p[v6 ? 6 : 9];
	icmp->inner_src = addr_make(v6 ? AF_INET6 : AF_INET, b.p + (v6 ? 8 : 12));
	icmp->inner_dst = addr_make(v6 ? AF_INET6 : AF_INET, b.p + (v6 ? 24 : 16));
	if ((icmp->inner_proto == IPPROTO_TCP || icmp->inner_proto == IPPROTO_UDP) &&
	    header >= 20 && has(&b, header, 4)) {
		icmp->inner_ports = true;
		icmp->inner_dst_port = be16(b.p + header + 2);
	}
}

/* Of these types something is said that stands behind the first four bytes. */
static bool says_more(uint8_t type, bool v6)
{
	if (v6)
		return (type >= 1 && type <= 4) || (type >= 128 && type <= 132) ||
		       (type >= 135 && type <= 137) || type == 143;
	return type == 0 || (type >= 3 && type <= 5) || type == 8 || type == 11 || type == 12;
}

static bool parse_icmp_head(struct packet *p, const char *name)
{
	struct packet_bytes *b = &p->payload;
	struct packet_icmp *icmp = &p->icmp;

	if (!has(b, 0, 2)) {
		p->truncated = name;
		return false;
	}
	icmp->header = true;
	icmp->type = b->p[0];
	icmp->code = b->p[1];
	if (!has(b, 4, 4)) {
		if (b->cap < b->len && says_more(icmp->type, p->kind == PACKET_ICMP6))
			p->truncated = name;
		return false;
	}
	icmp->rest = true;
	icmp->id = be16(b->p + 4);
	icmp->seq = be16(b->p + 6);
	icmp->word = be32(b->p + 4);
	return true;
}

/* What its type promises could not be read: was that the capture's doing? */
static void check_cut(struct packet *p, bool found, const char *name)
{
	if (!found && p->payload.cap < p->payload.len)
		p->truncated = name;
}

static bool inner_found(const struct packet_icmp *icmp, bool with_port)
{
	if (!icmp->has_inner || icmp->inner_ports || !with_port)
		return icmp->has_inner;
	return icmp->inner_proto != IPPROTO_TCP && icmp->inner_proto != IPPROTO_UDP;
}

void packet_parse_icmp(struct packet *p)
{
	struct packet_icmp *icmp = &p->icmp;

	p->kind = PACKET_ICMP;
	if (!parse_icmp_head(p, "icmp"))
		return;
	if (icmp->type == 5) {
		icmp->has_target = true;
		icmp->target = addr_make(AF_INET, p->payload.p + 4);
	}
	if (icmp->type == 3 || icmp->type == 4 || icmp->type == 5 || icmp->type == 11 ||
	    icmp->type == 12) {
		parse_inner(icmp, behind(p->payload, 8), false);
		if (icmp->type == 3 || icmp->type == 5)
			check_cut(p, inner_found(icmp, icmp->type == 3 && icmp->code == 3), "icmp");
	}
}

void packet_parse_icmp6(struct packet *p)
{
	struct packet_icmp *icmp = &p->icmp;
	uint8_t type;

	p->kind = PACKET_ICMP6;
	if (!parse_icmp_head(p, "icmp6"))
		return;
	type = icmp->type;
	/* MLD's group and neighbour discovery's target stand at the same place. */
	if ((type >= 130 && type <= 132) || (type >= 135 && type <= 137)) {
		icmp->has_target = has(&p->payload, 8, 16);
		if (icmp->has_target)
			icmp->target = addr_make(AF_INET6, p->payload.p + 8);
		check_cut(p, icmp->has_target, "icmp6");
	}
	if (type >= 1 && type <= 4) {
		parse_inner(icmp, behind(p->payload, 8), true);
		if (type == 1 || type == 3)
			check_cut(p, inner_found(icmp, type == 1 && icmp->code == 4), "icmp6");
	}
}
