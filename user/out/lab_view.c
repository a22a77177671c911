// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/lab_view.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "out/json.h"
#include "out/text.h"

#define SUMMARY_HOSTS 6 /* more than that are only counted */

static const char *addr_text(int family, const void *bytes, char out[INET6_ADDRSTRLEN])
{
	return inet_ntop(family, bytes, out, INET6_ADDRSTRLEN);
}

/* The end that has the host's (or the router's n-th) address, or NULL. */
static const struct lab_end *address_of(const struct lab_topology *t, unsigned int node,
					unsigned int nth)
{
	for (unsigned int i = 0; i < t->n_cables; i++) {
		const struct lab_end *ends[] = {&t->cables[i].a, &t->cables[i].b};

		for (int e = 0; e < 2; e++)
			if (ends[e]->node == node && ends[e]->has_address && nth-- == 0)
				return ends[e];
	}
	return NULL;
}

/*
 *   lab-client       10.77.0.2/20      fd77::2/64
 */
static void summary_end(struct buf *b, const struct lab_topology *t, const struct lab_end *end)
{
	char v4[INET6_ADDRSTRLEN], v6[INET6_ADDRSTRLEN], v4_len[INET6_ADDRSTRLEN + 4];
	char netns[LAB_NETNS_MAX];

	lab_netns_name(t, end->node, netns);
	addr_text(AF_INET, &end->v4, v4);
	addr_text(AF_INET6, &end->v6, v6);
	snprintf(v4_len, sizeof(v4_len), "%s/%d", v4, LAB_V4_PREFIX);
	buf_printf(b, "  %-*s  %-4s  %-15s  %s/%d\n", (int)strlen(t->name) + 7, netns, end->ifname,
		   v4_len, v6, LAB_V6_PREFIX);
}

/*
 * lab lab is up: pair, 2 hosts
 *   lab-client  eth0  10.77.0.2/20     fd77::2/64
 *   lab-server  eth0  10.77.0.3/20     fd77::3/64
 * Try: flowner lab exec lab client -- bash
 */
void lab_view_summary_to(struct buf *b, const struct lab_topology *t)
{
	unsigned int shown = 0;

	buf_printf(b, "lab %s is up: %s, %u hosts\n", t->name, lab_kind_names[t->kind], t->hosts);
	for (unsigned int i = 0; i < t->n_nodes && shown < SUMMARY_HOSTS; i++) {
		const struct lab_end *end;

		for (unsigned int nth = 0; (end = address_of(t, i, nth)); nth++)
			summary_end(b, t, end);
		shown += t->nodes[i].role == LAB_ROLE_HOST;
	}
	if (t->hosts > shown)
		buf_printf(b, "  … and %u more: flowner lab show %s\n", t->hosts - shown, t->name);
	buf_printf(b, "Try: flowner lab exec %s client -- bash     Remove: flowner lab down %s\n",
		   t->name, t->name);
}

static const char *presence_text(const struct lab_live_node *n)
{
	switch (n->presence) {
	case LAB_GONE:
		return "gone";
	case LAB_FOREIGN:
		return "foreign";
	case LAB_PRESENT:
		break;
	}
	return "present";
}

/*
 * One table row: cells as text. The columns below hold for table and JSON alike where both have
 * them.
 */
enum { COL_NETNS, COL_INODE, COL_LINK, COL_STATE, COL_IPV4, COL_IPV6, COL_PEER, N_COLS };

static const char *const headers[N_COLS] = {"NETNS", "INODE", "LINK", "STATE",
					    "IPV4",  "IPV6",  "PEER"};

#define CELL 96

struct row {
	char cell[N_COLS][CELL];
};

/* All of a link's addresses of a family, with commas between them; "-" where there is none. */
static void address_cell(const struct lab_live_link *l, int family, char out[CELL])
{
	size_t len = 0;

	snprintf(out, CELL, "-");
	for (size_t i = 0; i < l->n_addrs && len < CELL; i++) {
		char text[INET6_ADDRSTRLEN];

		if (l->addrs[i].family != family)
			continue;
		addr_text(family, l->addrs[i].bytes, text);
		len += (size_t)snprintf(out + len, CELL - len, "%s%s/%u", len ? "," : "", text,
					l->addrs[i].prefix);
	}
}

static void peer_cell(const struct lab_topology *t, const struct lab_live_link *l, char out[CELL])
{
	char netns[LAB_NETNS_MAX];

	if (!l->peer) {
		snprintf(out, CELL, "-");
		return;
	}
	lab_netns_name(t, l->peer->node, netns);
	snprintf(out, CELL, "%s:%s", netns, l->peer->ifname);
}

/* A device of ours: the bridge, or the end of a cable; others (sit0…) are in the JSON only. */
static bool ours(const struct lab_topology *t, unsigned int node, const struct lab_live_link *l)
{
	return lab_peer(t, node, l->name) || !strcmp(l->name, LAB_BRIDGE_NAME);
}

static void fill_row(const struct lab_report *r, unsigned int node, const struct lab_live_link *l,
		     struct row *row)
{
	const struct lab_live_node *n = &r->nodes[node];

	for (int c = 0; c < N_COLS; c++)
		snprintf(row->cell[c], CELL, "-");
	lab_netns_name(r->topology, node, row->cell[COL_NETNS]);
	if (n->inode)
		snprintf(row->cell[COL_INODE], CELL, "%llu", (unsigned long long)n->inode);
	snprintf(row->cell[COL_STATE], CELL, "%s", presence_text(n));
	if (!l)
		return;
	snprintf(row->cell[COL_LINK], CELL, "%s", l->name);
	snprintf(row->cell[COL_STATE], CELL, "%s", l->up ? "up" : "down");
	address_cell(l, AF_INET, row->cell[COL_IPV4]);
	address_cell(l, AF_INET6, row->cell[COL_IPV6]);
	peer_cell(r->topology, l, row->cell[COL_PEER]);
}

/* The bridge's row stands for its ports, which are the peers in the hosts' rows. */
static void bridge_peer(const struct lab_live_node *n, const struct lab_live_link *bridge,
			struct row *row)
{
	size_t ports = 0;

	for (size_t i = 0; i < n->n_links; i++)
		ports += n->links[i].master == bridge->ifindex;
	snprintf(row->cell[COL_PEER], CELL, "%zu ports", ports);
}

static void print_row(struct buf *b, char cells[N_COLS][CELL], const size_t *width)
{
	for (int c = 0; c < N_COLS; c++) {
		size_t cols = text_plain(b, cells[c]);

		while (c < N_COLS - 1 && cols++ < width[c] + 2)
			buf_putc(b, ' ');
	}
	buf_putc(b, '\n');
}

static void each_row(const struct lab_report *r, void (*fn)(void *arg, struct row *row), void *arg)
{
	for (unsigned int i = 0; i < r->topology->n_nodes; i++) {
		const struct lab_live_node *n = &r->nodes[i];
		bool is_switch = r->topology->nodes[i].role == LAB_ROLE_SWITCH;
		bool any = false;
		struct row row;

		for (size_t l = 0; l < n->n_links; l++) {
			bool bridge = !strcmp(n->links[l].name, LAB_BRIDGE_NAME);

			if (!ours(r->topology, i, &n->links[l]) || (is_switch && !bridge))
				continue;
			fill_row(r, i, &n->links[l], &row);
			if (is_switch)
				bridge_peer(n, &n->links[l], &row);
			fn(arg, &row);
			any = true;
		}
		if (any)
			continue;
		fill_row(r, i, NULL, &row);
		fn(arg, &row);
	}
}

struct printer {
	struct buf *b;
	size_t width[N_COLS];
};

static void measure(void *arg, struct row *row)
{
	struct printer *p = arg;

	for (int c = 0; c < N_COLS; c++)
		if (strlen(row->cell[c]) > p->width[c])
			p->width[c] = strlen(row->cell[c]);
}

static void print(void *arg, struct row *row)
{
	struct printer *p = arg;

	print_row(p->b, row->cell, p->width);
}

static const char *lab_state_text(const struct lab_report *r)
{
	if (!r->complete)
		return "incomplete";
	return lab_report_healthy(r) ? "up" : "damaged";
}

/*
 * lab lab: pair, 2 hosts, up
 * NETNS       INODE       LINK  STATE  IPV4          IPV6        PEER
 * lab-client  4026532607  eth0  up     10.77.0.2/20  fd77::2/64  lab-server:eth0
 * lab-server  4026532662  eth0  up     10.77.0.3/20  fd77::3/64  lab-client:eth0
 */
void lab_view_table_to(struct buf *b, const struct lab_report *r)
{
	struct printer p = {.b = b};
	struct row head;

	buf_printf(b, "lab %s: %s, %u hosts, %s\n", r->topology->name,
		   lab_kind_names[r->topology->kind], r->topology->hosts, lab_state_text(r));
	for (int c = 0; c < N_COLS; c++)
		snprintf(head.cell[c], CELL, "%s", headers[c]);
	measure(&p, &head);
	each_row(r, measure, &p);
	print(&p, &head);
	each_row(r, print, &p);
}

static void json_addresses(struct json *j, const char *key, const struct lab_live_link *l,
			   int family)
{
	json_array(j, key);
	for (size_t i = 0; i < l->n_addrs; i++) {
		char addr[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 4];

		if (l->addrs[i].family != family)
			continue;
		addr_text(family, l->addrs[i].bytes, addr);
		snprintf(text, sizeof(text), "%s/%u", addr, l->addrs[i].prefix);
		json_str(j, NULL, text);
	}
	json_array_end(j);
}

static const char *name_of(const struct lab_live_node *n, unsigned int ifindex)
{
	for (size_t i = 0; ifindex && i < n->n_links; i++)
		if (n->links[i].ifindex == ifindex)
			return n->links[i].name;
	return NULL;
}

static void json_netns(struct json *j, const struct lab_report *r, unsigned int node)
{
	char name[LAB_NETNS_MAX];

	json_open(j, "netns");
	if (r->nodes[node].inode) {
		json_u64(j, "inode", r->nodes[node].inode);
		json_u64(j, "cookie", r->nodes[node].cookie);
	}
	lab_netns_name(r->topology, node, name);
	json_str(j, "name", name);
	json_close(j);
}

static void json_link(struct json *j, const struct lab_report *r, unsigned int node,
		      const struct lab_live_link *l)
{
	const char *master = name_of(&r->nodes[node], l->master);

	json_open(j, NULL);
	json_str(j, "name", l->name);
	json_u64(j, "ifindex", l->ifindex);
	if (*l->kind)
		json_str(j, "kind", l->kind);
	json_bool(j, "up", l->up);
	json_addresses(j, "ipv4", l, AF_INET);
	json_addresses(j, "ipv6", l, AF_INET6);
	if (l->peer) {
		json_open(j, "peer");
		json_netns(j, r, l->peer->node);
		json_str(j, "name", l->peer->ifname);
		json_u64(j, "ifindex", l->peer_ifindex);
		json_close(j);
	}
	if (master)
		json_str(j, "master", master);
	json_close(j);
}

/* {"name":"lab","kind":"pair","hosts":2,"state":"up","namespaces":[{"host":"client",…}]} */
void lab_view_json_to(struct buf *b, const struct lab_report *r)
{
	static const char *const roles[] = {"host", "switch", "router"};
	struct json j = {.b = b};

	json_open(&j, NULL);
	json_str(&j, "name", r->topology->name);
	json_str(&j, "kind", lab_kind_names[r->topology->kind]);
	json_u64(&j, "hosts", r->topology->hosts);
	json_str(&j, "state", lab_state_text(r));
	json_array(&j, "namespaces");
	for (unsigned int i = 0; i < r->topology->n_nodes; i++) {
		json_open(&j, NULL);
		json_str(&j, "host", r->topology->nodes[i].host);
		json_str(&j, "role", roles[r->topology->nodes[i].role]);
		json_str(&j, "state", presence_text(&r->nodes[i]));
		json_netns(&j, r, i);
		json_array(&j, "links");
		for (size_t l = 0; l < r->nodes[i].n_links; l++)
			json_link(&j, r, i, &r->nodes[i].links[l]);
		json_array_end(&j);
		json_close(&j);
	}
	json_array_end(&j);
	json_close(&j);
	json_end_line(&j);
}

static int write_out(struct buf *b)
{
	return b->err ? b->err : buf_flush(b, STDOUT_FILENO);
}

int lab_view_summary(const struct lab_topology *t)
{
	_cleanup_buf_ struct buf b = {0};

	lab_view_summary_to(&b, t);
	return write_out(&b);
}

int lab_view_table(const struct lab_report *r, bool first)
{
	_cleanup_buf_ struct buf b = {0};

	if (!first)
		buf_putc(&b, '\n');
	lab_view_table_to(&b, r);
	return write_out(&b);
}

int lab_view_json(const struct lab_report *r)
{
	_cleanup_buf_ struct buf b = {0};

	lab_view_json_to(&b, r);
	return write_out(&b);
}
