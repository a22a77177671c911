// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_line_internal.h"

enum tcp_option {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_TIMESTAMP = 8,
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16, TCP_URG = 32 };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static void put_flags(struct buf *b, uint8_t flags)
{
	static const char letters[] = "FSRP.UEW";

	buf_lit(b, " Flags [");
	if (!flags)
		buf_lit(b, "none");
	for (int i = 0; i < 8; i++)
		if (flags & 1 << i)
			buf_putc(b, letters[i]);
	buf_putc(b, ']');
}

static void put_sack(struct buf *b, const struct packet_tcp_option *o)
{
	buf_printf(b, "sack %u ", o->len / 8);
	for (unsigned int i = 0; i + 8 <= o->len; i += 8)
		buf_printf(b, "{%u:%u}", be32(o->data + i), be32(o->data + i + 4));
}

static void put_unknown(struct buf *b, const struct packet_tcp_option *o)
{
	static const struct {
		uint8_t kind;
		const char *name;
	} names[] = {{19, "md5"}, {28, "uto"}, {30, "mptcp"}, {34, "tfo"}, {254, "exp"}};
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].kind == o->kind)
			name = names[i].name;
	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "unknown-%u", o->kind);
	if (o->len)
		buf_lit(b, " 0x");
	for (unsigned int i = 0; i < o->len; i++)
		buf_hex(b, o->data[i], 2);
}

static void put_option(struct buf *b, const struct packet_tcp_option *o)
{
	if (o->kind == OPT_END)
		buf_lit(b, "eol");
	else if (o->kind == OPT_NOP)
		buf_lit(b, "nop");
	else if (o->kind == OPT_MSS && o->len == 2)
		buf_printf(b, "mss %u", be16(o->data));
	else if (o->kind == OPT_WSCALE && o->len == 1)
		buf_printf(b, "wscale %u", o->data[0]);
	else if (o->kind == OPT_SACK_OK && o->len == 0)
		buf_lit(b, "sackOK");
	else if (o->kind == OPT_SACK && o->len && o->len % 8 == 0)
		put_sack(b, o);
	else if (o->kind == OPT_TIMESTAMP && o->len == 8)
		buf_printf(b, "TS val %u ecr %u", be32(o->data), be32(o->data + 4));
	else
		put_unknown(b, o);
}

static void put_options(struct buf *b, const struct packet *p)
{
	const struct packet_tcp *tcp = &p->tcp;

	buf_lit(b, ", options [");
	for (unsigned int i = 0; i < tcp->n_options; i++) {
		if (i)
			buf_putc(b, ',');
		put_option(b, &tcp->options[i]);
	}
	if (tcp->bad_option)
		buf_puts(b, tcp->n_options ? ",[bad opt]" : "[bad opt]");
}

void packet_put_tcp(struct buf *b, const struct packet *p)
{
	const struct packet_tcp *tcp = &p->tcp;
	size_t len = p->payload.len;

	if (!tcp->header) {
		packet_put_truncated(b, p);
		return;
	}
	if (tcp->header_len < 20) {
		buf_printf(b, " tcp %zu [bad hdr length %u - too short, < 20]",
			   len - tcp->header_len, tcp->header_len);
		return;
	}
	put_flags(b, tcp->flags);
	if (tcp->header_len > 20 && !p->truncated && !tcp->n_options && !tcp->bad_option) {
		buf_printf(b, " [bad hdr length %u - too long, > %zu]", tcp->header_len, len);
		return;
	}
	if (len || tcp->flags & (TCP_FIN | TCP_SYN | TCP_RST)) {
		buf_printf(b, ", seq %u", tcp->seq);
		if (len)
			buf_printf(b, ":%u", tcp->seq + (uint32_t)len);
	}
	if (tcp->flags & TCP_ACK)
		buf_printf(b, ", ack %u", tcp->ack);
	buf_printf(b, ", win %u", tcp->window);
	if (tcp->flags & TCP_URG)
		buf_printf(b, ", urg %u", tcp->urgent);
	if (tcp->header_len > 20)
		put_options(b, p);
	if (p->truncated) {
		packet_put_truncated(b, p);
		return;
	}
	if (tcp->header_len > 20)
		buf_putc(b, ']');
	buf_printf(b, ", length %zu", len);
}
