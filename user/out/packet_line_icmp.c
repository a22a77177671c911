// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_line_internal.h"

#include <netinet/in.h>

struct number_name {
	uint8_t number;
	const char *name;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const struct number_name *names, size_t n, uint8_t number)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

/* " 10.9.0.2 udp port 53": where the packet that an error is about went. */
static void put_inner(struct buf *b, const struct packet_icmp *icmp)
{
	packet_put_addr(b, &icmp->inner_dst);
	buf_putc(b, ' ');
	packet_put_proto(b, icmp->inner_proto);
	if (icmp->inner_ports)
		buf_printf(b, " port %u", icmp->inner_dst_port);
}

static void put_length(struct buf *b, const struct packet *p)
{
	packet_put_truncated(b, p);
	if (!p->truncated)
		buf_printf(b, ", length %zu", p->payload.len);
}

static void put_echo(struct buf *b, const struct packet_icmp *icmp, const char *what)
{
	buf_printf(b, "echo %s", what);
	if (icmp->rest)
		buf_printf(b, ", id %u, seq %u", icmp->id, icmp->seq);
}

static void put_unreachable(struct buf *b, const struct packet_icmp *icmp)
{
	static const struct number_name codes[] = {
		{0, "net"}, {1, "host"},  {5, "source route"}, {6, "net"},   {7, "host"},
		{9, "net"}, {10, "host"}, {11, "net"},         {12, "host"}, {13, "host"},
	};
	const char *what = name_of(codes, COUNT(codes), icmp->code);

	if (!icmp->has_inner) {
		buf_printf(b, "unreachable (code %u)", icmp->code);
		return;
	}
	if (icmp->code == 2) {
		packet_put_addr(b, &icmp->inner_dst);
		buf_printf(b, " protocol %u unreachable", icmp->inner_proto);
	} else if (icmp->code == 3) {
		put_inner(b, icmp);
		buf_lit(b, " unreachable");
	} else if (icmp->code == 4) {
		packet_put_addr(b, &icmp->inner_dst);
		buf_printf(b, " unreachable - need to frag (mtu %u)", icmp->seq);
	} else if (what) {
		buf_printf(b, "%s ", what);
		packet_put_addr(b, &icmp->inner_dst);
		buf_lit(b, " unreachable");
		if (icmp->code == 9 || icmp->code == 10)
			buf_lit(b, " - admin prohibited");
		else if (icmp->code == 13)
			buf_lit(b, " - admin prohibited filter");
	} else {
		packet_put_addr(b, &icmp->inner_dst);
		buf_printf(b, " unreachable - code %u", icmp->code);
	}
}

static void put_redirect(struct buf *b, const struct packet_icmp *icmp)
{
	buf_lit(b, "redirect ");
	if (icmp->has_inner)
		packet_put_addr(b, &icmp->inner_dst);
	buf_puts(b, icmp->code == 0 || icmp->code == 2 ? " to net " : " to host ");
	packet_put_addr(b, &icmp->target);
}

void packet_put_icmp(struct buf *b, const struct packet *p)
{
	static const struct number_name types[] = {
		{4, "source quench"},         {9, "router advertisement"},
		{10, "router solicitation"},  {12, "parameter problem"},
		{13, "time stamp query"},     {14, "time stamp reply"},
		{15, "information request"},  {16, "information reply"},
		{17, "address mask request"}, {18, "address mask reply"},
	};
	const struct packet_icmp *icmp = &p->icmp;
	const char *name = name_of(types, COUNT(types), icmp->type);

	if (!icmp->header) {
		buf_lit(b, " ICMP");
		packet_put_truncated(b, p);
		return;
	}
	buf_lit(b, " ICMP ");
	if (icmp->type == 8)
		put_echo(b, icmp, "request");
	else if (icmp->type == 0)
		put_echo(b, icmp, "reply");
	else if (icmp->type == 3)
		put_unreachable(b, icmp);
	else if (icmp->type == 5 && icmp->has_target)
		put_redirect(b, icmp);
	else if (icmp->type == 11)
		buf_puts(b,
			 icmp->code ? "ip reassembly time exceeded" : "time exceeded in-transit");
	else if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "type-#%u", icmp->type);
	put_length(b, p);
}

static void put_unreachable6(struct buf *b, const struct packet_icmp *icmp)
{
	static const struct number_name codes[] = {
		{0, "unreachable route"},
		{1, "unreachable prohibited"},
		{2, "beyond scope"},
		{3, "unreachable address"},
		{4, "unreachable port"},
		{5, "source address failed ingress/egress policy"},
		{6, "reject route to destination"},
	};
	const char *what = name_of(codes, COUNT(codes), icmp->code);

	buf_lit(b, "destination unreachable, ");
	if (what)
		buf_puts(b, what);
	else
		buf_printf(b, "code %u", icmp->code);
	if (!icmp->has_inner)
		return;
	if (icmp->code == 4) {
		buf_lit(b, ", ");
		put_inner(b, icmp);
	} else {
		buf_putc(b, ' ');
		packet_put_addr(b, &icmp->inner_dst);
	}
}

static void put_exceeded6(struct buf *b, const struct packet_icmp *icmp)
{
	buf_puts(b, icmp->code ? "ip reassembly time exceeded" : "time exceeded in-transit");
	if (icmp->has_inner) {
		buf_lit(b, " for ");
		packet_put_addr(b, &icmp->inner_dst);
	}
}

static void put_mld2(struct buf *b, const struct packet_icmp *icmp)
{
	buf_printf(b, "multicast listener report v2");
	if (icmp->rest)
		buf_printf(b, ", %u group record(s)", icmp->seq);
}

static void put_type6(struct buf *b, const struct packet_icmp *icmp)
{
	static const struct number_name types[] = {
		{4, "parameter problem"},
		{130, "multicast listener query"},
		{131, "multicast listener report"},
		{132, "multicast listener done"},
		{133, "router solicitation"},
		{134, "router advertisement"},
		{135, "neighbor solicitation"},
		{136, "neighbor advertisement"},
		{137, "redirect"},
	};
	const char *name = name_of(types, COUNT(types), icmp->type);

	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "unknown icmp6 type (%u)", icmp->type);
	if (icmp->type == 135 && icmp->has_target)
		buf_lit(b, ", who has ");
	else if (icmp->type == 136 && icmp->has_target)
		buf_lit(b, ", tgt is ");
	else if (icmp->type == 137 && icmp->has_target)
		buf_lit(b, ", to ");
	else if (icmp->has_target)
		buf_lit(b, ", group ");
	if (icmp->has_target)
		packet_put_addr(b, &icmp->target);
}

void packet_put_icmp6(struct buf *b, const struct packet *p)
{
	const struct packet_icmp *icmp = &p->icmp;

	if (!icmp->header) {
		buf_lit(b, " ICMP6");
		packet_put_truncated(b, p);
		return;
	}
	buf_lit(b, " ICMP6, ");
	if (icmp->type == 128)
		put_echo(b, icmp, "request");
	else if (icmp->type == 129)
		put_echo(b, icmp, "reply");
	else if (icmp->type == 1)
		put_unreachable6(b, icmp);
	else if (icmp->type == 2 && icmp->rest)
		buf_printf(b, "packet too big, mtu %u", icmp->word);
	else if (icmp->type == 3)
		put_exceeded6(b, icmp);
	else if (icmp->type == 143)
		put_mld2(b, icmp);
	else
		put_type6(b, icmp);
	put_length(b, p);
}
