// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/map_parts.h"

#include <string.h>

#include "out/cells.h"
#include "out/text.h"

/* All of it is UTF-8 that text_plain() has let through, or ours: a column a code point. */
size_t map_parts_width(const struct buf *b, size_t start)
{
	size_t width = 0;

	for (size_t i = start; i < b->len; i++)
		width += (b->data[i] & 0xc0) != 0x80;
	return width;
}

bool map_parts_by_id(const struct map_netns *n)
{
	const struct container *c = n->id->container;

	return !n->host && !n->id->name && c && !c->name;
}

bool map_parts_by_inode(const struct map_netns *n)
{
	return !n->host && !n->id->name && !n->id->container;
}

void map_parts_netns(const struct map_netns *n, struct buf *b)
{
	/* Docker gives the host's a name too, "default". */
	if (n->host) {
		buf_lit(b, "host");
	} else if (map_parts_by_id(n)) {
		cell_container(b, n->id->container);
	} else {
		if (map_parts_by_inode(n))
			buf_lit(b, "netns ");
		cell_netns(b, n->id);
	}
}

void map_parts_container_id(const struct container *c, struct buf *b)
{
	buf_puts(b, c->runtime);
	buf_putc(b, ' ');
	if (strspn(c->id, "0123456789abcdef") == 64 && !c->id[64])
		buf_put(b, c->id, CONTAINER_ID_SHORT);
	else
		text_plain(b, c->id);
}

void map_parts_link(const struct map_link *l, bool with_master, struct buf *b)
{
	text_plain(b, l->name);
	buf_lit(b, " of ");
	map_parts_netns(l->netns, b);
	if (with_master && l->master) {
		buf_lit(b, " (port of ");
		text_plain(b, l->master->name);
		buf_putc(b, ')');
	}
}

void map_parts_ip(const struct addr *a, struct buf *b)
{
	char text[ADDR_TEXT_MAX];

	buf_put(b, text, addr_format(a, text));
}

void map_parts_addr(const struct map_addr *a, struct buf *b)
{
	map_parts_ip(&a->addr, b);
	buf_putc(b, '/');
	buf_u64(b, a->prefix_len);
}

void map_parts_mac(const struct mac *m, struct buf *b)
{
	char text[MAC_TEXT_MAX];

	mac_format(m, text);
	buf_puts(b, text);
}

const char *map_parts_state(const struct map_link *l)
{
	return !l->up ? "down" : l->carrier ? "up" : "no-carrier";
}

static void put_lower(const struct map_link *l, struct buf *b)
{
	text_plain(b, l->kind[0] ? l->kind : "stacked");
	buf_lit(b, " on ");
	if (!l->lower)
		buf_lit(b, "a device out of sight");
	else if (l->lower->netns == l->netns)
		text_plain(b, l->lower->name);
	else
		map_parts_link(l->lower, true, b);
}

void map_parts_relation(const struct map_link *l, struct buf *b)
{
	if (l->peer) {
		buf_lit(b, "<-> ");
		map_parts_link(l->peer, true, b);
	} else if (!strcmp(l->kind, "veth") && l->other_ifindex) {
		buf_lit(b, "<-> ifindex ");
		buf_u64(b, l->other_ifindex);
		buf_lit(b, " in a namespace out of sight");
	} else if (l->other_ifindex && l->lower != l) { /* tunnels can stand on themselves */
		put_lower(l, b);
	} else {
		text_plain(b, l->kind);
		if (!strcmp(l->kind, "bridge") || l->nports)
			buf_printf(b, ", %zu port%s", l->nports, l->nports == 1 ? "" : "s");
	}
}

bool map_parts_shows_link(const struct map_link *l, bool all)
{
	return all || !net_map_plain_loopback(l);
}

/* fe80::/10: every device that is up has one. */
bool map_parts_shows_addr(const struct map_addr *a, bool all)
{
	return all || !(a->link_local && !addr_is_v4(&a->addr));
}
