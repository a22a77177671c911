// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/flow_parts.h"

#include "out/cells.h"

bool flow_parts_has_ends(const struct flow *f)
{
	return f->kind == FL_FLOW_IPV4 || f->kind == FL_FLOW_IPV6 || f->kind == FL_FLOW_ARP;
}

bool flow_parts_is_icmp(const struct flow *f)
{
	return (f->kind == FL_FLOW_IPV4 && f->proto == 1) ||
	       (f->kind == FL_FLOW_IPV6 && f->proto == 58);
}

bool flow_parts_is_echo(const struct flow *f)
{
	if (!flow_parts_is_icmp(f))
		return false;
	return f->kind == FL_FLOW_IPV4 ? f->icmp.type == 8 || f->icmp.type == 0
				       : f->icmp.type == 128 || f->icmp.type == 129;
}

void flow_parts_flags(uint8_t tcp_flags, char out[FLOW_PARTS_FLAGS_MAX])
{
	for (int i = 0; i < 8; i++)
		if (tcp_flags & 0x80 >> i)
			*out++ = "CEUAPRSF"[i];
	*out = '\0';
}

size_t flow_parts_proto(const struct flow *f, struct buf *b)
{
	const char *name = flow_proto_name(f);

	if (f->kind == FL_FLOW_OTHER && f->ethertype) {
		buf_lit(b, "0x");
		buf_hex(b, f->ethertype, 4);
		return 6;
	}
	return name ? cell_lit(b, name) : cell_u64(b, f->proto);
}

size_t flow_parts_end(const struct flow *f, const struct addr_port *ap, struct buf *b)
{
	char text[ADDR_TEXT_MAX];
	size_t n;

	if (!flow_parts_has_ends(f))
		return cell_unknown(b);
	/* Port 0 is not one that could be anything: there is none, or it was not seen. */
	if (ap->port)
		return cell_end(b, ap);
	n = addr_format(&ap->addr, text);
	buf_put(b, text, n);
	return n;
}

size_t flow_parts_party(const struct flow_end *e, struct buf *b)
{
	size_t width;

	if (!e->netns && e->owner.source == OWNER_UNKNOWN)
		return cell_unknown(b);
	width = cell_netns(b, e->netns);
	buf_putc(b, '/');
	return width + 1 + cell_process(b, &e->owner);
}

size_t flow_parts_peer_link(const struct link *l, struct buf *b)
{
	size_t width;

	if (!l->peer_netns)
		return cell_unknown(b);
	width = cell_netns(b, l->peer_netns);
	buf_putc(b, ':');
	return width + 1 + text_plain(b, l->peer_name);
}

uint64_t flow_parts_per_second(uint64_t count, uint64_t interval_ns)
{
	double rate = interval_ns ? (double)count * 1e9 / (double)interval_ns + 0.5 : 0;

	/* 2^64: what is more has no number. */
	return rate < 18446744073709551616.0 ? (uint64_t)rate : UINT64_MAX;
}

size_t flow_parts_rate(uint64_t count, uint64_t interval_ns, struct buf *b)
{
	if (!interval_ns)
		return cell_unknown(b);
	return cell_human(b, flow_parts_per_second(count, interval_ns));
}
