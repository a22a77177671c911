// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/flow_view.h"

#include "out/cells.h"
#include "out/flow_parts.h"
#include "out/path_view.h"

/*
 * NETNS        LINK  DIR  PROTO  SOURCE           DESTINATION      STATE  PKT/S   B/S  PACKETS …
 * lab-client   eth0  out  tcp    10.77.0.2:37876  10.77.0.3:9000   open     12k   16M     340k …
 */

static size_t put_netns(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_netns(b, f->link->netns);
}

static size_t put_link(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return text_plain(b, f->link->name);
}

static size_t put_dir(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_lit(b, f->egress ? "out" : "in");
}

static size_t put_proto(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return flow_parts_proto(f, b);
}

static size_t put_src(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return flow_parts_end(f, &f->src, b);
}

static size_t put_dst(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return flow_parts_end(f, &f->dst, b);
}

static size_t put_state(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;
	const char *name = flow_state_name(f->state);

	(void)view;
	return name ? cell_lit(b, name) : cell_unknown(b);
}

static size_t put_packet_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow *f = row;

	return flow_parts_rate(flow_new_packets(f), v->interval_ns, b);
}

static size_t put_rate(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow *f = row;

	return flow_parts_rate(flow_new_bytes(f), v->interval_ns, b);
}

static size_t put_packets(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_human(b, f->packets);
}

static size_t put_bytes(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_human(b, f->bytes);
}

static size_t put_segments(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_human(b, f->segments);
}

static size_t put_owner(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_process(b, &f->sender.owner);
}

static size_t put_peer(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return flow_parts_party(&f->receiver, b);
}

static size_t put_conn(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_conn(b, f->conn);
}

static size_t put_container(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_container_of(b, &f->sender.owner);
}

static size_t put_peer_container(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return cell_container_of(b, &f->receiver.owner);
}

static size_t put_peer_link(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;

	(void)view;
	return flow_parts_peer_link(f->link, b);
}

static size_t put_vlan(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;
	size_t width;

	(void)view;
	if (!f->tagged)
		return cell_unknown(b);
	width = cell_u64(b, f->vlan);
	if (f->tagged2) {
		buf_putc(b, '.');
		width += 1 + cell_u64(b, f->vlan2);
	}
	return width;
}

static size_t put_flags(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;
	char flags[FLOW_PARTS_FLAGS_MAX];

	(void)view;
	if (!f->tcp_flags)
		return cell_unknown(b);
	flow_parts_flags(f->tcp_flags, flags);
	return cell_lit(b, flags);
}

static size_t put_time(const struct flow_view *v, uint64_t time, struct buf *b)
{
	size_t start = b->len;

	if (!time)
		return cell_unknown(b);
	wall_clock_local(v->clock, time, b);
	return b->len - start;
}

static size_t put_first(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow *f = row;

	return put_time(v, f->first, b);
}

static size_t put_last(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow *f = row;

	return put_time(v, f->last, b);
}

static size_t put_path(const void *view, const void *row, struct buf *b)
{
	const struct flow_view *v = view;
	const struct flow *f = row;
	struct path p;

	if (!f->conn || !v->paths || !flow_paths_find(v->paths, f->conn, &p))
		return cell_unknown(b);
	return path_view_text(&p, b);
}

static void note(struct buf *b, size_t start, const char *s)
{
	if (b->len > start)
		buf_lit(b, ", ");
	buf_puts(b, s);
}

static size_t put_note(const void *view, const void *row, struct buf *b)
{
	const struct flow *f = row;
	size_t start = b->len;

	(void)view;
	if (f->kind == FL_FLOW_MALFORMED)
		note(b, start, flow_flaw_name(f->proto));
	if (f->kind == FL_FLOW_ARP)
		buf_printf(b, "operation %u", f->proto);
	if (flow_parts_is_icmp(f) && !f->fragments)
		buf_printf(b, "type %u code %u", f->icmp.type, f->icmp.code);
	if (flow_parts_is_echo(f) && !f->fragments)
		buf_printf(b, " id %u", f->icmp.id);
	if (f->fragments)
		note(b, start, "fragments");
	if (f->partial)
		note(b, start, "partial");
	if (f->by_tuple)
		note(b, start, "by tuple");
	if (f->ended)
		note(b, start, "ended");
	return b->len > start ? b->len - start : cell_unknown(b);
}

static const struct table_column columns[] = {
	{"netns", "NETNS", "the device's network namespace: name, else inode", true, false,
	 put_netns},
	{"link", "LINK", "the device", true, false, put_link},
	{"dir", "DIR", "out: it left the namespace by that device; in: it came in", true, false,
	 put_dir},
	{"proto", "PROTO", "IP protocol, arp, malformed, or the ethertype", true, false, put_proto},
	{"src", "SOURCE", "who sent it", true, false, put_src},
	{"dst", "DESTINATION", "to whom", true, false, put_dst},
	{"state", "STATE", "of a TCP connection: opening, open, closing, closed, reset", true,
	 false, put_state},
	{"packet-rate", "PKT/S", "packets a second", true, true, put_packet_rate},
	{"rate", "B/S", "bytes a second", true, true, put_rate},
	{"packets", "PACKETS", "packets, as a packet socket counts them", true, true, put_packets},
	{"bytes", "BYTES", "bytes, link-layer headers included", true, true, put_bytes},
	{"owner", "OWNER", "the process that sends: name[pid]", true, false, put_owner},
	{"peer", "PEER", "who receives: netns/name[pid], where it is on this host", true, false,
	 put_peer},
	{"segments", "SEGMENTS", "packets, after segmentation offload", false, true, put_segments},
	{"conn", "CONN", "the connection's id, the same on all links (its first half)", false,
	 false, put_conn},
	{"container", "CONTAINER", "the sender's container: name, else runtime:id", false, false,
	 put_container},
	{"peer-container", "PEER-CONTAINER", "the receiver's", false, false, put_peer_container},
	{"peer-link", "PEER-LINK", "the device's other end: netns:name", false, false,
	 put_peer_link},
	{"vlan", "VLAN", "the tag's VID, or outer.inner", false, false, put_vlan},
	{"flags", "FLAGS", "TCP flags that were seen, of CEUAPRSF", false, false, put_flags},
	{"first", "FIRST", "when the first packet passed, in local time", false, false, put_first},
	{"last", "LAST", "when the last one did", false, false, put_last},
	{"path", "PATH", "the links that the connection crosses, from the client", false, false,
	 put_path},
	{"note", "NOTE",
	 "partial, by tuple (an end is known from another link), fragments, ICMP type, flaw", false,
	 false, put_note},
};
#define COLUMNS ((unsigned int)(sizeof(columns) / sizeof(columns[0])))

_Static_assert(COLUMNS <= TABLE_COLUMNS_MAX, "room for every column once");

int flow_columns_parse(const char *list, struct table_columns *out, const char **bad)
{
	return table_columns_parse(columns, COLUMNS, list, out, bad);
}

void flow_columns_names(struct buf *b)
{
	table_columns_names(columns, COLUMNS, b);
}

void flow_columns_describe(struct buf *b)
{
	table_columns_describe(columns, COLUMNS, b);
}

bool flow_columns_want_path(const struct table_columns *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (c->col[i]->put == put_path)
			return true;
	return false;
}

void flow_table_show(const struct flow_view *v, const struct table_columns *c,
		     struct flow *const *rows, size_t n, struct buf *b)
{
	table_show(c, v, (const void *const *)rows, n, !v->no_header, b);
}
