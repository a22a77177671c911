// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/cells.h"
#include "out/map_parts.h"
#include "out/map_tables.h"
#include "out/map_view.h"
#include "out/table.h"
#include "out/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ADDRS_A_LINE 2
#define USUAL_MTU    1500
#define GUESTS_MAX   4
#define DEPTH_MAX    8 /* of ports of ports */

struct tree {
	const struct net_map *map;
	bool all;
};

/* --- devices --- */

/* A device's line, or one more for its addresses from `addr` on. */
struct row {
	const struct map_link *link;
	unsigned int depth;
	size_t addr;
};

struct rows {
	struct row *row;
	size_t n, cap;
	bool failed;
};

static void add_row(struct rows *rows, const struct row *r)
{
	if (rows->n == rows->cap) {
		size_t cap = rows->cap ? 2 * rows->cap : 64;
		struct row *grown = reallocarray(rows->row, cap, sizeof(*grown));

		if (!grown) {
			rows->failed = true;
			return;
		}
		rows->row = grown;
		rows->cap = cap;
	}
	rows->row[rows->n++] = *r;
}

static size_t put_name(const void *view, const void *row, struct buf *b)
{
	const struct row *r = row;
	size_t start = b->len;

	(void)view;
	if (!r->addr) {
		buf_printf(b, "%*s", (int)(2 + 2 * r->depth), "");
		text_plain(b, r->link->name);
	}
	return map_parts_width(b, start);
}

static size_t put_state(const void *view, const void *row, struct buf *b)
{
	const struct row *r = row;

	(void)view;
	return r->addr ? 0 : cell_lit(b, map_parts_state(r->link));
}

static size_t put_mac(const void *view, const void *row, struct buf *b)
{
	const struct row *r = row;
	size_t start = b->len;

	(void)view;
	if (!r->addr && r->link->has_mac)
		map_parts_mac(&r->link->mac, b);
	return map_parts_width(b, start);
}

static size_t put_addrs(const void *view, const void *row, struct buf *b)
{
	const struct tree *t = view;
	const struct row *r = row;
	size_t start = b->len, put = 0;

	for (size_t i = r->addr; i < r->link->naddrs && put < ADDRS_A_LINE; i++) {
		if (!map_parts_shows_addr(&r->link->addrs[i], t->all))
			continue;
		if (put++)
			buf_lit(b, ", ");
		map_parts_addr(&r->link->addrs[i], b);
	}
	return map_parts_width(b, start);
}

static size_t put_rest(const void *view, const void *row, struct buf *b)
{
	const struct row *r = row;
	size_t start = b->len;

	(void)view;
	if (r->addr)
		return 0;
	map_parts_relation(r->link, b);
	if (r->link->mtu && r->link->mtu != USUAL_MTU && !r->link->loopback) {
		buf_puts(b, b->len > start ? ", mtu " : "mtu ");
		buf_u64(b, r->link->mtu);
	}
	return map_parts_width(b, start);
}

static const struct table_column link_columns[] = {
	{.name = "name", .put = put_name}, {.name = "state", .put = put_state},
	{.name = "mac", .put = put_mac},   {.name = "addrs", .put = put_addrs},
	{.name = "rest", .put = put_rest},
};

/* Its line, those of further addresses, and its ports' below it. */
static void add_link(const struct tree *t, struct rows *rows, const struct map_link *l,
		     unsigned int depth)
{
	struct row r = {.link = l, .depth = depth};
	size_t shown = 0;

	if (!map_parts_shows_link(l, t->all))
		return;
	add_row(rows, &r);
	for (size_t i = 0; i < l->naddrs; i++) {
		if (!map_parts_shows_addr(&l->addrs[i], t->all))
			continue;
		r.addr = i;
		if (shown && shown % ADDRS_A_LINE == 0)
			add_row(rows, &r);
		shown++;
	}
	for (size_t i = 0; i < l->nports && depth < DEPTH_MAX; i++)
		add_link(t, rows, l->ports[i], depth + 1);
}

static void add_links(const struct tree *t, struct rows *rows)
{
	for (size_t i = 0; i < t->map->nnetns; i++) {
		const struct map_netns *n = t->map->netns[i];

		for (size_t k = 0; !n->left_out && k < n->nlinks; k++)
			if (!n->links[k]->master)
				add_link(t, rows, n->links[k], 0);
	}
}

/* The rows of all namespaces, one below the other, so that they are aligned. */
static void show_links(const struct tree *t, const struct rows *rows, struct buf *b)
{
	_cleanup_free_ const void **list = calloc(rows->n + 1, sizeof(*list));
	struct table_columns c = {0};

	if (!list || rows->failed) {
		b->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < rows->n; i++)
		list[i] = &rows->row[i];
	for (size_t i = 0; i < COUNT(link_columns); i++)
		if (t->all || link_columns[i].put != put_mac)
			c.col[c.n++] = &link_columns[i];
	table_show(&c, t, list, rows->n, false, b);
}

/* --- namespaces --- */

static size_t put_title(const void *view, const void *row, struct buf *b)
{
	size_t start = b->len;

	(void)view;
	map_parts_netns(row, b);
	return map_parts_width(b, start);
}

static size_t put_inode(const void *view, const void *row, struct buf *b)
{
	const struct map_netns *n = row;

	(void)view;
	return map_parts_by_inode(n) ? 0 : cell_u64(b, n->id->inode);
}

static size_t put_processes(const void *view, const void *row, struct buf *b)
{
	const struct map_netns *n = row;
	size_t start = b->len;

	(void)view;
	if (n->processes)
		buf_printf(b, "%u process%s", n->processes, n->processes == 1 ? "" : "es");
	else
		buf_lit(b, "no process");
	return map_parts_width(b, start);
}

static void put_container(const struct container *c, bool by_id, struct buf *b)
{
	if (!by_id)
		map_parts_container_id(c, b);
	if (c->image) {
		buf_puts(b, by_id ? "image " : ", image ");
		text_plain(b, c->image);
	}
	if (c->pod) {
		buf_puts(b, by_id && !c->image ? "pod " : ", pod ");
		text_plain(b, c->pod);
	}
}

/* A namespace of nobody's: a process may tell whose it is. */
static void put_process(const struct map_netns *n, struct buf *b)
{
	if (!n->pid)
		return;
	text_plain(b, n->comm);
	buf_printf(b, "[%u]%s", n->pid, n->processes > 1 ? ", …" : "");
}

/* The containers besides its own; of the host, those that have no namespace of theirs. */
static void put_guests(const struct map_netns *n, bool first, struct buf *b)
{
	size_t put = 0;

	for (size_t i = 0; i < n->ncontainers; i++) {
		if (n->containers[i] == n->id->container)
			continue;
		if (put == GUESTS_MAX) {
			buf_printf(b, " and %zu more", n->ncontainers - i);
			return;
		}
		buf_puts(b, put++ ? ", " : first ? "with " : "; with ");
		cell_container(b, n->containers[i]);
	}
}

/* Docker's own name of a container's namespace says nothing. */
static void put_aliases(const struct map_netns *n, bool first, struct buf *b)
{
	size_t put = 0;

	if (n->host || n->id->container)
		return;
	for (size_t i = 0; i < n->nnames; i++) {
		if (n->id->name && !strcmp(n->names[i], n->id->name))
			continue;
		buf_puts(b, put++ ? ", " : first ? "also " : "; also ");
		text_plain(b, n->names[i]);
	}
}

static size_t put_whose(const void *view, const void *row, struct buf *b)
{
	const struct map_netns *n = row;
	size_t start = b->len;

	(void)view;
	if (n->id->container && !n->host)
		put_container(n->id->container, map_parts_by_id(n), b);
	else
		put_process(n, b);
	put_guests(n, b->len == start, b);
	put_aliases(n, b->len == start, b);
	return map_parts_width(b, start);
}

static const struct table_column netns_columns[] = {
	{.name = "title", .put = put_title},
	{.name = "inode", .put = put_inode},
	{.name = "processes", .put = put_processes},
	{.name = "whose", .put = put_whose},
};

static void show_netns(const struct tree *t, struct buf *b)
{
	_cleanup_free_ const void **list = calloc(t->map->nnetns + 1, sizeof(*list));
	struct table_columns c = {0};
	size_t n = 0;

	if (!list) {
		b->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < t->map->nnetns; i++)
		if (!t->map->netns[i]->left_out)
			list[n++] = t->map->netns[i];
	for (size_t i = 0; i < COUNT(netns_columns); i++)
		c.col[c.n++] = &netns_columns[i];
	table_show(&c, t, list, n, false, b);
}

/* --- both --- */

/* A line of a table, without the blanks to its right; returns where the next begins. */
static const char *put_line(const char *line, struct buf *b)
{
	size_t whole = strcspn(line, "\n"), len = whole;

	while (len && line[len - 1] == ' ')
		len--;
	buf_put(b, line, len);
	buf_putc(b, '\n');
	return line + whole + 1;
}

/*
 * host         4026531840  187 processes
 *   eth0        up  10.0.0.5/24
 *   br-echo     up  172.18.0.1/16  bridge, 1 port
 *     veth0a1b  up                 <-> eth0 of echo-server
 * echo-server  4026532607  1 process      docker 3f2a9c0d1e2f, image bb
 *   eth0        up  172.18.0.2/16  <-> veth0a1b of host (port of br-echo)
 */
void map_tree(const struct net_map *m, bool all, struct buf *b)
{
	_cleanup_buf_ struct buf heads = {0}, bodies = {0};
	const struct tree t = {m, all};
	struct rows rows = {0};
	const char *head, *body;
	size_t row = 0;

	add_links(&t, &rows);
	show_netns(&t, &heads);
	show_links(&t, &rows, &bodies);
	buf_putc(&heads, '\0');
	buf_putc(&bodies, '\0');
	if (heads.err || bodies.err) {
		b->err = -ENOMEM;
		free(rows.row);
		return;
	}
	head = heads.data;
	body = bodies.data;
	for (size_t i = 0; i < m->nnetns; i++) {
		const struct map_netns *n = m->netns[i];

		if (n->left_out)
			continue;
		head = put_line(head, b);
		for (; row < rows.n && rows.row[row].link->netns == n; row++)
			body = put_line(body, b);
		map_tables_routes(n, all, b);
		map_tables_fdb(n, all, b);
		map_tables_neigh(n, b);
	}
	free(rows.row);
}
