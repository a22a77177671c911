// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What rtnetlink answers and tells, as bytes: read into a map of namespaces that is shown in every
 * form, and into a topology. Each message has one byte in front: of which namespace it is (2 bits),
 * and whether it is a notification (4).
 */
#include "fuzz.h"
#include "names.h"
#include "shown.h"

#include <netlink/netlink.h>

#include "collect/rtnl_read.h"
#include "model/net_map_find.h"
#include "model/topology.h"
#include "out/map_view.h"

#define MESSAGES_MAX 200
#define SPACES       COUNT(names_netns)

struct state {
	struct net_map *map;
	struct map_netns *spaces[SPACES];
	struct map_netns *now;
	struct topology *topology;
	uint64_t links, routes; /* read */
};

static uint64_t cookie_of_nsid(int32_t nsid)
{
	return nsid >= 0 && nsid < (int32_t)SPACES ? names_netns[nsid].cookie : 0;
}

static void check_string(const char *s, size_t size)
{
	CHECK(memchr(s, '\0', size));
}

/* --- in --- */

static void add_link(struct state *s, const struct rtnl_link *r)
{
	struct map_link l = {
		.ifindex = r->ifindex,
		.loopback = r->loopback,
		.up = r->up,
		.carrier = r->carrier,
		.mtu = r->mtu,
		.has_mac = r->mac_len == sizeof(l.mac.b),
		.master_ifindex = r->master,
		.other_ifindex = r->link,
	};
	struct link_facts f = {
		.ifindex = r->ifindex,
		.name = r->name,
		.kind = r->kind,
		.ethernet = r->ethernet,
		.up = r->up,
		.master_ifindex = r->master,
		.peer_ifindex = r->link,
	};

	check_string(r->name, sizeof(r->name));
	check_string(r->kind, sizeof(r->kind));
	CHECK(r->mac_len == 0 || r->mac_len == 6);
	l.other_netns = r->link_nsid == RTNL_NO_NSID ? r->link ? s->now->id->cookie : 0
						     : cookie_of_nsid(r->link_nsid);
	f.peer_netns = l.other_netns;
	memcpy(l.name, r->name, sizeof(l.name));
	memcpy(l.kind, r->kind, sizeof(l.kind));
	memcpy(l.mac.b, r->mac, sizeof(l.mac.b));
	CHECK(!net_map_add_link(s->now, &l));
	CHECK(!topology_set(s->topology, s->now->id, &f));
	s->links++;
}

static void add_route(void *ctx, const struct map_route *r)
{
	struct state *s = ctx;

	CHECK(!net_map_add_route(s->now, r));
	s->routes++;
}

static void read_answer(struct state *s, struct nlmsghdr *h)
{
	int32_t nsid = RTNL_NO_NSID;
	struct map_neigh neigh;
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct map_fdb fdb;

	if (rtnl_read_link(h, &link))
		add_link(s, &link);
	if (rtnl_read_addr(h, &addr, &nsid)) {
		const struct map_addr a = {addr.addr, addr.prefix_len, addr.link_local};

		CHECK(!net_map_add_addr(s->now, addr.ifindex, &a));
	}
	rtnl_read_route(h, add_route, s);
	/* A bridge's table and neighbours are one kind of message: who asked tells them apart. */
	if (rtnl_read_fdb(h, &fdb))
		CHECK(!net_map_add_fdb(s->now, &fdb));
	if (rtnl_read_neigh(h, &neigh)) {
		CHECK(neigh.state);
		CHECK(!net_map_add_neigh(s->now, &neigh));
	}
}

static void read_event(struct state *s, struct nlmsghdr *h)
{
	struct rtnl_event e;

	if (!rtnl_read_event(h, &e))
		return;
	if (e.type == RTNL_LINK_GONE)
		topology_remove(s->topology, s->now->id->cookie, e.ifindex);
	else if (e.type == RTNL_NSID_GONE)
		topology_remove_netns(s->topology, cookie_of_nsid(e.nsid));
}

/* A copy of its size exactly, as libnl makes one of what it receives. */
static void read_message(struct state *s, struct input *in)
{
	uint8_t where = take8(in);
	struct nlmsghdr *h, head = {0};
	size_t len;

	if (in->left >= sizeof(head))
		memcpy(&head, in->p, sizeof(head));
	len = head.nlmsg_len < sizeof(head) ? sizeof(head) : head.nlmsg_len;
	if (len > in->left && in->left >= sizeof(head))
		len = in->left;
	h = (struct nlmsghdr *)take_block(in, len);
	h->nlmsg_len = (uint32_t)len;
	in->p += NLMSG_ALIGN(len) - len < in->left ? NLMSG_ALIGN(len) - len : in->left;
	in->left -= NLMSG_ALIGN(len) - len < in->left ? NLMSG_ALIGN(len) - len : in->left;
	s->now = s->spaces[(where & 3) % SPACES];
	if (where & 4)
		read_event(s, h);
	else
		read_answer(s, h);
	free(h);
}

/* --- out --- */

static void check_link(const struct map_netns *n, const struct map_link *l)
{
	bool is_port = false;

	CHECK(l->netns == n && l->segment && l->segment->segment == l->segment);
	CHECK(!l->peer || (l->peer->peer == l && l->peer != l));
	CHECK(!l->master || l->master->ifindex == l->master_ifindex);
	for (size_t i = 0; i < l->nports; i++)
		CHECK(l->ports[i]->master == l);
	for (size_t i = 0; l->master && i < l->master->nports; i++)
		is_port = is_port || l->master->ports[i] == l;
	CHECK(!l->master || is_port);
}

static void check_map(const struct net_map *m)
{
	for (size_t i = 0; i < m->nnetns; i++) {
		const struct map_netns *n = m->netns[i];

		for (size_t k = 0; k < n->nlinks; k++) {
			check_link(n, n->links[k]);
			CHECK(!k || n->links[k - 1]->ifindex < n->links[k]->ifindex);
			CHECK(net_map_link(n, n->links[k]->ifindex) == n->links[k]);
		}
	}
}

/* Each device is found by its name. */
static void find_links(const struct net_map *m)
{
	struct buf b = {0};

	for (size_t i = 0; i < m->nnetns; i++) {
		const struct map_link **found = NULL;
		size_t n = 0;
		bool has = false;

		if (!m->netns[i]->nlinks)
			continue;
		CHECK(!net_map_find(m, m->netns[i]->links[0]->name, 0, &found, &n));
		for (size_t k = 0; k < n; k++)
			has = has || found[k] == m->netns[i]->links[0];
		CHECK(has);
		map_lines(found, n, &b);
		shown_lines(&b);
		b.len = 0;
		map_json_links(found, n, &b);
		shown_json(&b);
		b.len = 0;
		free(found);
	}
	buf_free(&b);
}

static void show(const struct net_map *m)
{
	struct buf b = {0};

	for (int all = 0; all < 2; all++) {
		map_tree(m, all, &b);
		shown_lines(&b);
		b.len = 0;
		map_dot(m, all, &b);
		shown_text(b.data, b.len, "\n\t", false);
		b.len = 0;
	}
	map_json(m, &b);
	shown_json(&b);
	buf_free(&b);
}

static void check_topology(void *ctx, struct link *l)
{
	const struct topology *t = ctx;

	CHECK(!l->gone && topology_find(t, l->netns->cookie, l->ifindex) == l);
	CHECK(!l->peer || (l->peer->peer == l && l->peer != l && !l->peer->gone));
	CHECK(!l->master || (!l->master->gone && l->master->netns == l->netns));
	CHECK(topology_watched_end(t, l) == (l->peer ? topology_watched_end(t, l->peer) : l));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s = {.topology = topology_new(names_netns[0].inode)};
	struct input in = {data, size};
	struct link *l;

	CHECK(s.topology && !net_map_new(&s.map));
	for (size_t i = 0; i < SPACES; i++) {
		s.spaces[i] = net_map_add_netns(s.map, &names_netns[i]);
		CHECK(s.spaces[i]);
	}
	s.spaces[0]->host = true;
	s.map->routes = s.map->fdb = s.map->neigh = true;
	for (int i = 0; i < MESSAGES_MAX && in.left; i++)
		read_message(&s, &in);
	CHECK(!net_map_finish(s.map));
	check_map(s.map);
	show(s.map);
	find_links(s.map);
	topology_each(s.topology, check_topology, s.topology);
	while ((l = topology_next_changed(s.topology)))
		link_put(l);
	topology_free(s.topology);
	net_map_free(s.map);
	return 0;
}
