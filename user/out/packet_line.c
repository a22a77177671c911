// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_line.h"

#include <netinet/in.h>

#include "out/packet_line_internal.h"
#include "out/text.h"

enum { PORT_DNS = 53, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

void packet_put_addr(struct buf *b, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	buf_put(b, text, addr_format(a, text));
}

void packet_put_mac(struct buf *b, const uint8_t mac[6])
{
	for (int i = 0; i < 6; i++) {
		if (i)
			buf_putc(b, ':');
		buf_hex(b, mac[i], 2);
	}
}

void packet_put_truncated(struct buf *b, const struct packet *p)
{
	if (p->truncated)
		buf_printf(b, " [|%s]", p->truncated);
}

void packet_put_proto(struct buf *b, uint8_t proto)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {
		{IPPROTO_ICMP, "icmp"},
		{IPPROTO_IGMP, "igmp"},
		{IPPROTO_IPIP, "ipip"},
		{IPPROTO_TCP, "tcp"},
		{IPPROTO_UDP, "udp"},
		{IPPROTO_DCCP, "dccp"},
		{IPPROTO_IPV6, "ipv6"},
		{IPPROTO_GRE, "gre"},
		{IPPROTO_ESP, "esp"},
		{IPPROTO_AH, "ah"},
		{IPPROTO_ICMPV6, "icmp6"},
		{IPPROTO_NONE, "no next header"},
		{89, "ospf"},
		{IPPROTO_PIM, "pim"},
		{112, "vrrp"},
		{IPPROTO_SCTP, "sctp"},
		{IPPROTO_UDPLITE, "udplite"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == proto) {
			buf_puts(b, names[i].name);
			return;
		}
	}
	buf_printf(b, "ip-proto-%u", proto);
}

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, 6);
}

static void put_arp_request(struct buf *b, const struct packet_arp *arp)
{
	buf_lit(b, "Request who-has ");
	packet_put_addr(b, &arp->target);
	if (!is_zero(arp->target_mac)) {
		buf_lit(b, " (");
		packet_put_mac(b, arp->target_mac);
		buf_putc(b, ')');
	}
	buf_lit(b, " tell ");
	packet_put_addr(b, &arp->sender);
}

static void put_arp(struct buf *b, const struct packet *p)
{
	const struct packet_arp *arp = &p->arp;

	buf_lit(b, "ARP");
	if (p->truncated) {
		packet_put_truncated(b, p);
		return;
	}
	buf_lit(b, ", ");
	if (!arp->ethernet_ipv4) {
		buf_printf(b, "hardware %u, protocol 0x%04x, op %u", arp->hardware, arp->protocol,
			   arp->op);
	} else if (arp->op == 1) {
		put_arp_request(b, arp);
	} else if (arp->op == 2) {
		buf_lit(b, "Reply ");
		packet_put_addr(b, &arp->sender);
		buf_lit(b, " is-at ");
		packet_put_mac(b, arp->sender_mac);
	} else {
		buf_printf(b, "op %u", arp->op);
	}
	buf_printf(b, ", length %zu", p->payload.len);
}

/* "10.9.0.1.40000 > 10.9.0.2.80: " */
static void put_ends(struct buf *b, const struct packet *p)
{
	packet_put_addr(b, &p->src);
	if (p->has_ports)
		buf_printf(b, ".%u", p->src_port);
	buf_lit(b, " > ");
	packet_put_addr(b, &p->dst);
	if (p->has_ports)
		buf_printf(b, ".%u", p->dst_port);
	buf_putc(b, ':');
}

static bool is_dns(uint16_t port)
{
	return port == PORT_DNS || port == PORT_MDNS || port == PORT_LLMNR;
}

static void put_udp(struct buf *b, const struct packet *p)
{
	if (p->bad) {
		buf_printf(b, " UDP, bad length");
	} else if (p->truncated) {
		packet_put_truncated(b, p);
	} else if ((is_dns(p->src_port) || is_dns(p->dst_port)) && !p->fragment) {
		buf_putc(b, ' ');
		packet_put_dns(b, p->payload);
	} else if (p->udp_len > p->payload.len + p->missing && !p->fragment) {
		buf_printf(b, " UDP, bad length %u > %zu", p->udp_len, p->payload.len);
	} else {
		buf_printf(b, " UDP, length %u", p->udp_len);
	}
}

static void put_fragment(struct buf *b, const struct packet *p)
{
	buf_putc(b, ' ');
	packet_put_proto(b, p->proto);
	buf_printf(b, ", fragment id %u, offset %u%s, length %zu", p->ip_id, p->fragment_offset,
		   p->more_fragments ? "+" : "", p->payload.len);
}

static void put_ip_payload(struct buf *b, const struct packet *p)
{
	switch (p->kind) {
	case PACKET_TCP:
		packet_put_tcp(b, p);
		break;
	case PACKET_UDP:
		put_udp(b, p);
		break;
	case PACKET_ICMP:
		packet_put_icmp(b, p);
		break;
	case PACKET_ICMP6:
		packet_put_icmp6(b, p);
		break;
	case PACKET_FRAGMENT:
		put_fragment(b, p);
		break;
	default:
		if (p->truncated) {
			packet_put_truncated(b, p);
			break;
		}
		buf_putc(b, ' ');
		packet_put_proto(b, p->proto);
		buf_printf(b, ", length %zu", p->payload.len);
	}
}

static void put_ip(struct buf *b, const struct packet *p)
{
	/* The header itself could not be read: there are no addresses. */
	bool header = p->net_header.cap != 0;

	buf_puts(b, p->ip_version == 6 ? "IP6" : "IP");
	if (!header && p->bad)
		buf_printf(b, " bad %s", p->bad);
	if (!header) {
		packet_put_truncated(b, p);
		return;
	}
	buf_putc(b, ' ');
	if (p->missing)
		buf_printf(b, "truncated-ip%s - %u bytes missing! ", p->ip_version == 6 ? "6" : "",
			   p->missing);
	put_ends(b, p);
	if (p->hop_by_hop)
		buf_lit(b, " HBH");
	if (p->fragment && p->kind != PACKET_FRAGMENT)
		buf_printf(b, " (fragment id %u, offset 0+)", p->ip_id);
	put_ip_payload(b, p);
}

static void put_other(struct buf *b, const struct packet *p)
{
	if (p->has_macs) {
		packet_put_mac(b, p->src_mac);
		buf_lit(b, " > ");
		packet_put_mac(b, p->dst_mac);
		buf_lit(b, ", ");
	}
	if (p->has_ethertype && p->ethertype < 1536)
		buf_lit(b, "802.3, ");
	else if (p->has_ethertype)
		buf_printf(b, "ethertype 0x%04x, ", p->ethertype);
	buf_printf(b, "length %zu", p->frame_len);
	packet_put_truncated(b, p);
}

void packet_summary(struct buf *b, const struct packet *p)
{
	for (unsigned int i = 0; i < p->n_vlans; i++) {
		buf_printf(b, "vlan %u, ", p->vlan[i] & 0xfff);
		if (p->vlan[i] >> 13)
			buf_printf(b, "p %u, ", p->vlan[i] >> 13);
	}
	if (p->kind == PACKET_ARP)
		put_arp(b, p);
	else if (p->kind == PACKET_OTHER)
		put_other(b, p);
	else
		put_ip(b, p);
}

static void align(struct buf *b, size_t columns, size_t *width)
{
	if (columns > *width)
		*width = columns;
	for (; columns < *width; columns++)
		buf_putc(b, ' ');
	buf_lit(b, "  ");
}

static size_t put_name(struct buf *b, const char *s)
{
	return s && *s ? text_plain(b, s) : 0;
}

void packet_line(struct buf *b, struct packet_line_widths *w, struct wall_clock *clock,
		 uint64_t time, const struct packet_line_who *who, const struct packet *p)
{
	static const char *const directions[] = {"?  ", "In ", "Out"};
	size_t columns;

	wall_clock_local(clock, time, b);
	buf_lit(b, "  ");
	columns = put_name(b, who->netns);
	if (who->container && *who->container) {
		if (columns++)
			buf_putc(b, '/');
		else
			columns--;
		columns += put_name(b, who->container);
	}
	if (!columns) {
		buf_putc(b, '-');
		columns = 1;
	}
	align(b, columns, &w->who);
	align(b, put_name(b, who->interface), &w->interface);
	buf_puts(b, directions[who->direction]);
	buf_lit(b, "  ");
	packet_summary(b, p);
	buf_putc(b, '\n');
}
