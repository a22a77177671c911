/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A datagram on its way over several links, from curl's socket on c0 to nginx's behind s0: the
 * world of pieces.h with more links.
 */
#ifndef FLOWNER_TESTS_HOPS_H
#define FLOWNER_TESTS_HOPS_H

#include "pieces.h"

#define CURL      10
#define NGINX     20
#define NOBODY    0
#define LINKS_MAX 5000

static const struct netns other = {.inode = 301, .cookie = 4, .name = "other"};
static const struct netns third = {.inode = 302, .cookie = 5, .name = "third"};

/* The world's own two links, c0 and s0, are the client's and the server's; further ones: */
struct net {
	struct world *w;
	struct link *links[LINKS_MAX];
	size_t n;
	struct link *br0, *br1; /* of the router */
};

static inline struct link *keep(struct net *n, struct link *l)
{
	assert_true(n->n < LINKS_MAX);
	n->links[n->n++] = l;
	return l;
}

static inline struct link *watched(struct net *n, struct link *l)
{
	assert_int_equal(flow_table_watch(n->w->table, l), 0);
	return l;
}

/* A pair from there into `peer`, watched on this side. */
static inline struct link *veth(struct net *n, const struct netns *ns, const struct netns *peer,
				struct link *master)
{
	struct link *l = keep(n, new_link(ns, "v", 100 + (uint32_t)n->n));

	link_pair(l, keep(n, new_link(peer, "p", 100 + (uint32_t)n->n)));
	l->master = master;
	return watched(n, l);
}

static inline void bind_both(struct net *n)
{
	struct fl_snapshot c = udp_socket(CLIENT, &blue, n->w->client, curl());
	struct fl_snapshot s = udp_socket(SERVER, &red, n->w->server, nginx());

	tracker_snapshot(n->w->tracker, &c);
	tracker_snapshot(n->w->tracker, &s);
}

/* Routed; set masters, or use bridged(). */
static inline struct net *new_net(void)
{
	struct net *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->w = new_world(10000);
	n->br0 = keep(n, new_link(&router, "br0", 50));
	n->br1 = keep(n, new_link(&router, "br1", 51));
	bind_both(n);
	return n;
}

static inline struct net *bridged(void)
{
	struct net *n = new_net();

	n->w->c0->master = n->w->s0->master = n->br0;
	return n;
}

static inline void free_net(struct net *n)
{
	free_world(n->w);
	for (size_t i = 0; i < n->n; i++)
		link_put(n->links[i]);
	free(n);
}

/* The client's datagram on that link. */
static inline struct piece there(const struct net *n, const struct link *l, bool egress)
{
	return packet(l, egress, IPPROTO_UDP, n->w->client, n->w->server, 10);
}

/* At its first link, where it still has its socket, and at its last. */
static inline void put_first(struct net *n)
{
	put(n->w, by_socket(there(n, n->w->c0, IN), CLIENT));
}

static inline void put_last(struct net *n)
{
	put(n->w, there(n, n->w->s0, OUT));
}

static inline const struct flow *flow_on(const struct net *n, const struct link *l, bool egress)
{
	return only(n->w, l, there(n, l, egress));
}

static inline uint32_t pid_of(const struct flow_end *end)
{
	return end->owner.source == OWNER_UNKNOWN ? NOBODY : end->owner.pid;
}

static inline void assert_pids(const struct flow *f, uint32_t sender, uint32_t receiver,
			       bool by_tuple)
{
	assert_int_equal(pid_of(&f->sender), sender);
	assert_int_equal(pid_of(&f->receiver), receiver);
	assert_ptr_equal(f->sender.netns, sender ? &blue : NULL);
	assert_ptr_equal(f->receiver.netns, receiver ? &red : NULL);
	assert_int_equal(f->by_tuple, by_tuple);
}

static inline void assert_ends(const struct net *n, const struct link *l, bool egress,
			       uint32_t sender, uint32_t receiver, bool by_tuple)
{
	assert_pids(flow_on(n, l, egress), sender, receiver, by_tuple);
}

/* Nothing was handed on between the first link and the last. */
static inline void assert_apart(const struct net *n)
{
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	assert_ends(n, n->w->s0, OUT, NOBODY, NGINX, false);
}

static inline void assert_followed(const struct net *n)
{
	assert_ends(n, n->w->c0, IN, CURL, NGINX, true);
	assert_ends(n, n->w->s0, OUT, CURL, NGINX, true);
}

static inline void settle_net(struct net *n)
{
	settle(n->w, 20);
}

#endif
