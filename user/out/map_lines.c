// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/cells.h"
#include "out/map_parts.h"
#include "out/map_view.h"
#include "out/text.h"

#include <string.h>

static void put_addrs(const struct map_link *l, struct buf *b)
{
	for (size_t i = 0; i < l->naddrs; i++) {
		if (!map_parts_shows_addr(&l->addrs[i], false))
			continue;
		buf_putc(b, ' ');
		map_parts_addr(&l->addrs[i], b);
	}
}

static void put_comma(struct buf *b, bool *comma)
{
	if (*comma)
		buf_lit(b, ", ");
	*comma = true;
}

/*
 * veth0a1b2c (host, port of br-echo)
 * eth0 of echo-server (docker 3f2a9c0d1e2f, netns 4026532607, down) 172.18.0.2/16
 */
static void put_end(const struct map_link *l, struct buf *b)
{
	const struct map_netns *n = l->netns;
	const struct container *c = n->host || map_parts_by_id(n) ? NULL : n->id->container;
	bool comma = n->host;

	text_plain(b, l->name);
	if (!n->host) {
		buf_lit(b, " of ");
		map_parts_netns(n, b);
	}
	buf_puts(b, n->host ? " (host" : " (");
	if (c) {
		put_comma(b, &comma);
		map_parts_container_id(c, b);
	}
	if (!n->host && !map_parts_by_inode(n)) {
		put_comma(b, &comma);
		buf_lit(b, "netns ");
		buf_u64(b, n->id->inode);
	}
	if (l->master) {
		put_comma(b, &comma);
		buf_lit(b, "port of ");
		text_plain(b, l->master->name);
	}
	if (!l->peer && strcmp(l->kind, "veth") != 0 && (l->kind[0] || l->nports || l->lower)) {
		put_comma(b, &comma);
		map_parts_relation(l, b);
	}
	if (!l->up || !l->carrier || !comma) {
		put_comma(b, &comma);
		buf_puts(b, map_parts_state(l));
	}
	buf_putc(b, ')');
	put_addrs(l, b);
}

static bool is_among(const struct map_link *const *links, size_t n, const struct map_link *l)
{
	for (size_t i = 0; i < n; i++)
		if (links[i] == l)
			return true;
	return false;
}

/*
 * veth0a1b2c (host, port of br-echo) <-> eth0 of echo-server (docker 3f2a9c0d1e2f, netns
 * 4026532607) 172.18.0.2/16
 */
void map_lines(const struct map_link *const *links, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++) {
		const struct map_link *l = links[i], *outer = net_map_outer_end(l);

		/* Its line is there already, or comes yet. */
		if (outer != l && is_among(links, n, outer))
			continue;
		put_end(outer, b);
		if (outer->peer) {
			buf_lit(b, " <-> ");
			put_end(outer->peer, b);
		} else if (!strcmp(l->kind, "veth") && l->other_ifindex) {
			buf_putc(b, ' ');
			map_parts_relation(l, b);
		}
		buf_putc(b, '\n');
	}
}
