// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/cells.h"
#include "out/map_parts.h"
#include "out/map_view.h"
#include "out/text.h"

/* --- labels: quoted strings, in which "\n" starts a line and & an entity --- */

static void escape(const char *s, size_t len, struct buf *b)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(b, '\\');
		if (s[i] == '&')
			buf_lit(b, "&amp;");
		else
			buf_putc(b, s[i]);
	}
}

/* What was appended since `start`, escaped. */
static void escape_since(struct buf *b, size_t start)
{
	_cleanup_buf_ struct buf text = {0};

	if (b->err || b->len == start)
		return;
	buf_put(&text, b->data + start, b->len - start);
	if (text.err) {
		b->err = text.err;
		return;
	}
	b->len = start;
	escape(text.data, text.len, b);
}

static void put_netns_label(const struct map_netns *n, struct buf *b)
{
	size_t start;

	buf_lit(b, "label=\"");
	start = b->len;
	map_parts_netns(n, b);
	escape_since(b, start);
	if (!map_parts_by_inode(n)) {
		buf_lit(b, "\\nnetns ");
		buf_u64(b, n->id->inode);
	}
	if (!n->host && n->id->container && !map_parts_by_id(n)) {
		buf_lit(b, "\\n");
		start = b->len;
		map_parts_container_id(n->id->container, b);
		escape_since(b, start);
		if (n->id->container->image) {
			buf_lit(b, "\\n");
			start = b->len;
			text_plain(b, n->id->container->image);
			escape_since(b, start);
		}
	}
	buf_putc(b, '"');
}

/* Its name, what it is if that is not in the picture anyway, and its addresses. */
static void put_link_label(const struct map_link *l, bool all, struct buf *b)
{
	size_t start;

	buf_lit(b, "label=\"");
	start = b->len;
	text_plain(b, l->name);
	if (l->kind[0] && strcmp(l->kind, "veth") != 0) {
		buf_lit(b, " (");
		text_plain(b, l->kind);
		buf_putc(b, ')');
	}
	if (!l->up || !l->carrier) {
		buf_putc(b, ' ');
		buf_puts(b, map_parts_state(l));
	}
	escape_since(b, start);
	if (all && l->has_mac) {
		buf_lit(b, "\\n");
		map_parts_mac(&l->mac, b);
	}
	for (size_t i = 0; i < l->naddrs; i++) {
		if (!map_parts_shows_addr(&l->addrs[i], all))
			continue;
		buf_lit(b, "\\n");
		map_parts_addr(&l->addrs[i], b);
	}
	buf_putc(b, '"');
}

/* --- nodes and edges --- */

/* A name for graphviz: a cookie is never used again. */
static void put_id(const struct map_link *l, struct buf *b)
{
	buf_putc(b, 'n');
	buf_u64(b, l->netns->id->cookie);
	buf_putc(b, '_');
	buf_u64(b, l->ifindex);
}

static bool is_shown(const struct map_link *l, bool all)
{
	return l && !l->netns->left_out && map_parts_shows_link(l, all);
}

static void put_cluster(const struct map_netns *n, bool all, struct buf *b)
{
	size_t shown = 0;

	buf_lit(b, "\tsubgraph cluster_");
	buf_u64(b, n->id->cookie);
	buf_lit(b, " {\n\t\t");
	put_netns_label(n, b);
	buf_puts(b, n->host ? " style=\"rounded,filled\" fillcolor=\"#f0f0f0\"\n" : "\n");
	for (size_t i = 0; i < n->nlinks; i++) {
		const struct map_link *l = n->links[i];

		if (!is_shown(l, all))
			continue;
		buf_lit(b, "\t\t");
		put_id(l, b);
		buf_lit(b, " [");
		put_link_label(l, all, b);
		buf_puts(b, !l->up ? " style=\"rounded,dashed\"]\n" : "]\n");
		shown++;
	}
	/* A cluster without nodes is not drawn. */
	if (!shown) {
		buf_lit(b, "\t\tn");
		buf_u64(b, n->id->cookie);
		buf_lit(b, " [style=invis shape=point label=\"\"]\n");
	}
	buf_lit(b, "\t}\n");
}

/* The left one first: ranks go from left to right. */
static void put_edge(const struct map_link *left, const struct map_link *right, const char *how,
		     bool all, struct buf *b)
{
	if (!is_shown(left, all) || !is_shown(right, all))
		return;
	buf_putc(b, '\t');
	put_id(left, b);
	buf_lit(b, " -- ");
	put_id(right, b);
	buf_puts(b, how);
	buf_putc(b, '\n');
}

static void put_edges(const struct map_netns *n, bool all, struct buf *b)
{
	for (size_t i = 0; i < n->nlinks; i++) {
		const struct map_link *l = n->links[i];

		put_edge(l->master, l, " [style=dashed color=gray40]", all, b);
		if (l->lower != l)
			put_edge(l->lower, l, " [style=dotted]", all, b);
		if (net_map_outer_end(l) == l)
			put_edge(l, l->peer, "", all, b);
	}
}

/*
 * Boxes of devices within boxes of namespaces, the host's at the left; a line: a veth pair; dashed:
 * a port and its bridge; dotted: a VLAN, macvlan… and what it stands on.
 */
void map_dot(const struct net_map *m, bool all, struct buf *b)
{
	buf_lit(b, "graph flowner {\n"
		   "\tgraph [rankdir=LR compound=true nodesep=0.15 ranksep=1 fontsize=11 "
		   "fontname=\"Helvetica\" style=rounded color=gray50]\n"
		   "\tnode [shape=box style=rounded fontsize=10 fontname=\"Helvetica\" "
		   "height=0.3 margin=\"0.1,0.05\"]\n");
	for (size_t i = 0; i < m->nnetns; i++)
		if (!m->netns[i]->left_out)
			put_cluster(m->netns[i], all, b);
	for (size_t i = 0; i < m->nnetns; i++)
		put_edges(m->netns[i], all, b);
	buf_lit(b, "}\n");
}
