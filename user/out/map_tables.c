// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/map_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/map_parts.h"
#include "out/table.h"
#include "out/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TABLE_MAIN   254

/* Lines, indented, without the blanks to their right. */
static void put_lines(const char *s, struct buf *b)
{
	while (*s) {
		size_t whole = strcspn(s, "\n"), len = whole;

		while (len && s[len - 1] == ' ')
			len--;
		buf_lit(b, "    ");
		buf_put(b, s, len);
		buf_putc(b, '\n');
		s += whole + 1;
	}
}

static void put_table(const struct table_column *col, size_t ncol, const void *const *rows,
		      size_t n, const char *title, struct buf *b)
{
	_cleanup_buf_ struct buf text = {0};
	struct table_columns c = {0};

	if (!rows)
		b->err = -ENOMEM;
	if (!rows || !n)
		return;
	for (size_t i = 0; i < ncol; i++)
		c.col[c.n++] = &col[i];
	table_show(&c, NULL, rows, n, false, &text);
	buf_putc(&text, '\0');
	if (text.err) {
		b->err = text.err;
		return;
	}
	buf_lit(b, "  ");
	buf_puts(b, title);
	buf_putc(b, '\n');
	put_lines(text.data, b);
}

/* A cell of a row, as a function that only appends. */
#define CELL(name, type)                                                     \
	static void put_##name(const type *r, struct buf *b);                \
	static size_t name(const void *view, const void *row, struct buf *b) \
	{                                                                    \
		size_t start = b->len;                                       \
                                                                             \
		(void)view;                                                  \
		put_##name(row, b);                                          \
		return map_parts_width(b, start);                            \
	}                                                                    \
	static void put_##name(const type *r, struct buf *b)

static void put_dev(const struct map_link *l, struct buf *b)
{
	if (l)
		text_plain(b, l->name);
}

static void put_holder(const struct map_link *holder, struct buf *b)
{
	if (holder)
		map_parts_link(holder, false, b);
}

/* "  word ", with nothing in front if it is the cell's first. */
static void put_word(struct buf *b, bool *more, const char *word)
{
	if (*more)
		buf_lit(b, "  ");
	*more = true;
	buf_puts(b, word);
}

/* --- routes --- */

CELL(route_dst, struct map_route)
{
	const struct map_addr a = {r->dst, r->prefix_len, false};

	if (r->type) {
		buf_puts(b, r->type);
		buf_putc(b, ' ');
	}
	if (r->prefix_len)
		map_parts_addr(&a, b);
	else
		buf_puts(b, addr_is_v4(&r->dst) ? "default" : "default (IPv6)");
}

CELL(route_via, struct map_route)
{
	if (!r->has_via)
		return;
	buf_lit(b, "via ");
	map_parts_ip(&r->via, b);
}

CELL(route_dev, struct map_route)
{
	if (r->dev)
		buf_lit(b, "dev ");
	put_dev(r->dev, b);
}

CELL(route_rest, struct map_route)
{
	bool more = false;

	if (r->has_src) {
		put_word(b, &more, "src ");
		map_parts_ip(&r->src, b);
	}
	if (r->metric) {
		put_word(b, &more, "metric ");
		buf_u64(b, r->metric);
	}
	if (r->weight) {
		put_word(b, &more, "weight ");
		buf_u64(b, r->weight);
	}
	if (r->table != TABLE_MAIN) {
		put_word(b, &more, "table ");
		buf_u64(b, r->table);
	}
	if (r->gateway) {
		put_word(b, &more, "(");
		map_parts_link(r->gateway, false, b);
		buf_putc(b, ')');
	}
}

static const struct table_column route_columns[] = {
	{.name = "dst", .put = route_dst},
	{.name = "via", .put = route_via},
	{.name = "dev", .put = route_dev},
	{.name = "rest", .put = route_rest},
};

/* fe80::/64: every device that is up has one. */
static bool shows_route(const struct map_route *r, bool all)
{
	bool link_local = r->dst.b[0] == 0xfe && (r->dst.b[1] & 0xc0) == 0x80;

	return all || (r->table == TABLE_MAIN && !link_local);
}

/*
 *   routes
 *     default        via 172.18.0.1  dev eth0  (br-echo of host)
 *     172.18.0.0/16                  dev eth0  src 172.18.0.2
 */
void map_tables_routes(const struct map_netns *n, bool all, struct buf *b)
{
	_cleanup_free_ const void **rows = calloc(n->nroutes + 1, sizeof(*rows));
	size_t count = 0;

	for (size_t i = 0; rows && i < n->nroutes; i++)
		if (shows_route(&n->routes[i], all))
			rows[count++] = &n->routes[i];
	put_table(route_columns, COUNT(route_columns), rows, count, "routes", b);
}

/* --- forwarding table --- */

CELL(fdb_mac, struct map_fdb)
{
	map_parts_mac(&r->mac, b);
}

CELL(fdb_dev, struct map_fdb)
{
	put_dev(r->dev, b);
	if (r->master && r->master != r->dev) {
		buf_lit(b, " of ");
		put_dev(r->master, b);
	}
}

CELL(fdb_state, struct map_fdb)
{
	buf_puts(b, r->state ? r->state : "learned");
	if (r->vlan)
		buf_printf(b, ", vlan %u", r->vlan);
	if (r->has_dst) {
		buf_lit(b, ", behind ");
		map_parts_ip(&r->dst, b);
	}
}

CELL(fdb_holder, struct map_fdb)
{
	put_holder(r->holder, b);
}

static const struct table_column fdb_columns[] = {
	{.name = "mac", .put = fdb_mac},
	{.name = "dev", .put = fdb_dev},
	{.name = "state", .put = fdb_state},
	{.name = "holder", .put = fdb_holder},
};

/*
 *   forwarding table
 *     02:42:ac:12:00:02  veth0a1b2c of br-echo  learned  eth0 of echo-server
 */
void map_tables_fdb(const struct map_netns *n, bool all, struct buf *b)
{
	_cleanup_free_ const void **rows = calloc(n->nfdb + 1, sizeof(*rows));
	size_t count = 0;

	/* A port's own address is no news. */
	for (size_t i = 0; rows && i < n->nfdb; i++) {
		const char *state = n->fdb[i].state;

		if (all || n->fdb[i].has_dst || !state || strcmp(state, "permanent") != 0)
			rows[count++] = &n->fdb[i];
	}
	put_table(fdb_columns, COUNT(fdb_columns), rows, count, "forwarding table", b);
}

/* --- neighbours --- */

CELL(neigh_addr, struct map_neigh)
{
	map_parts_ip(&r->addr, b);
}

CELL(neigh_mac, struct map_neigh)
{
	if (r->has_mac)
		map_parts_mac(&r->mac, b);
	else
		buf_putc(b, '-');
}

CELL(neigh_dev, struct map_neigh)
{
	put_dev(r->dev, b);
}

CELL(neigh_state, struct map_neigh)
{
	buf_puts(b, r->state);
	if (r->router)
		buf_lit(b, ", router");
}

CELL(neigh_holder, struct map_neigh)
{
	put_holder(r->holder, b);
}

static const struct table_column neigh_columns[] = {
	{.name = "addr", .put = neigh_addr},     {.name = "mac", .put = neigh_mac},
	{.name = "dev", .put = neigh_dev},       {.name = "state", .put = neigh_state},
	{.name = "holder", .put = neigh_holder},
};

/*
 *   neighbours
 *     172.18.0.2  02:42:ac:12:00:02  br-echo  reachable  eth0 of echo-server
 */
void map_tables_neigh(const struct map_netns *n, struct buf *b)
{
	_cleanup_free_ const void **rows = calloc(n->nneigh + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < n->nneigh; i++)
		rows[i] = &n->neigh[i];
	put_table(neigh_columns, COUNT(neigh_columns), rows, n->nneigh, "neighbours", b);
}
