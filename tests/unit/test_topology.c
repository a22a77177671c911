// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "model/topology.h"

#define HOST_INODE 100

/* By cookie; lower cookies are older namespaces, the host's need not be the oldest. */
static const struct netns host = {.inode = HOST_INODE, .cookie = 5, .name = "host"};
static const struct netns a = {.inode = 201, .cookie = 1, .name = "a"};
static const struct netns b = {.inode = 202, .cookie = 2, .name = "b"};

static struct topology *make(void)
{
	struct topology *t = topology_new(HOST_INODE);

	assert_non_null(t);
	return t;
}

static struct link *put(struct topology *t, const struct netns *netns, const struct link_facts *f)
{
	assert_int_equal(topology_set(t, netns, f), 0);
	return topology_find(t, netns->cookie, f->ifindex);
}

/* One end; 0 as the peer's namespace: not known. */
static struct link *veth(struct topology *t, const struct netns *netns, uint32_t ifindex,
			 uint64_t peer_netns, uint32_t peer)
{
	return put(t, netns,
		   &(struct link_facts){.ifindex = ifindex,
					.name = "v",
					.kind = "veth",
					.ethernet = true,
					.peer_ifindex = peer,
					.peer_netns = peer_netns});
}

static struct link *bridge(struct topology *t, const struct netns *netns, uint32_t ifindex)
{
	return put(t, netns,
		   &(struct link_facts){.ifindex = ifindex, .name = "br", .kind = "bridge"});
}

static struct link *port(struct topology *t, const struct netns *netns, uint32_t ifindex,
			 uint64_t peer_netns, uint32_t peer, uint32_t master)
{
	return put(t, netns,
		   &(struct link_facts){.ifindex = ifindex,
					.name = "v",
					.kind = "veth",
					.master_ifindex = master,
					.peer_ifindex = peer,
					.peer_netns = peer_netns});
}

/* How many links changed; what is gone is let go of. */
static unsigned int changes(struct topology *t)
{
	unsigned int n = 0;
	struct link *l;

	for (; (l = topology_next_changed(t)); n++)
		link_put(l);
	return n;
}

TEST(set_find_remove)
{
	struct topology *t = make();
	struct link *l;

	assert_null(topology_find(t, 5, 3));
	l = put(t, &host,
		&(struct link_facts){.ifindex = 3,
				     .name = "a-name-that-is-too-long",
				     .kind = "dummy",
				     .ethernet = true,
				     .up = true});
	assert_ptr_equal(topology_find(t, 5, 3), l);
	assert_string_equal(l->name, "a-name-that-is-");
	assert_string_equal(l->kind, "dummy");
	assert_true(l->ethernet && l->up && !l->gone);
	assert_ptr_equal(l->netns, &host);
	assert_null(topology_find(t, 1, 3));
	assert_null(topology_find(t, 5, 4));
	assert_int_equal(topology_count(t), 1);
	topology_remove(t, 5, 4);
	topology_remove(t, 1, 3);
	assert_int_equal(topology_count(t), 1);
	topology_remove(t, 5, 3);
	assert_null(topology_find(t, 5, 3));
	assert_int_equal(topology_count(t), 0);
	topology_free(t);
}

TEST(outlives)
{
	struct topology *t = make();
	struct link *x = link_get(veth(t, &host, 3, 1, 4)), *y = link_get(veth(t, &a, 4, 5, 3));

	assert_ptr_equal(x->peer, y);
	topology_free(t);
	assert_int_equal(x->refs, 1);
	assert_int_equal(y->refs, 1);
	assert_null(x->peer);
	assert_null(y->peer);
	assert_true(x->gone && y->gone);
	link_put(x);
	link_put(y);
}

TEST(pairs)
{
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 1, 3), *y;

	assert_null(x->peer);
	assert_int_equal(x->peer_ifindex, 3);
	y = veth(t, &a, 3, 5, 3); /* the same ifindex, in another namespace */
	assert_ptr_equal(x->peer, y);
	assert_ptr_equal(y->peer, x);
	topology_remove(t, 1, 3);
	assert_null(x->peer);
	topology_free(t);
}

/* The one whose peer's namespace was not known then learns of it from the other. */
TEST(pairs_late)
{
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 0, 9), *y = veth(t, &a, 8, 5, 3);

	assert_ptr_equal(x->peer, y);
	assert_int_equal(x->peer_ifindex, 8);
	topology_free(t);
}

TEST(pair_moves)
{
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 5, 4), *y = veth(t, &host, 4, 5, 3), *z;

	changes(t);
	z = veth(t, &a, 6, 5, 3); /* before it is known that y is gone */
	assert_ptr_equal(x->peer, z);
	assert_ptr_equal(z->peer, x);
	assert_null(y->peer);
	topology_remove(t, 5, 4);
	assert_ptr_equal(x->peer, z);
	assert_int_equal(changes(t), 3);
	assert_true(veth(t, &host, 3, 1, 6) == x && x->peer == z);
	assert_int_equal(changes(t), 0);
	topology_free(t);
}

/* Only veths have a peer: others' "link" is what they stand upon. */
TEST(no_pair)
{
	struct topology *t = make();
	struct link *eth =
		put(t, &host, &(struct link_facts){.ifindex = 2, .name = "e", .kind = ""});
	struct link *vlan = put(t, &host,
				&(struct link_facts){.ifindex = 3,
						     .name = "e.7",
						     .kind = "vlan",
						     .peer_ifindex = 2,
						     .peer_netns = 5});

	assert_null(eth->peer);
	assert_null(vlan->peer);
	assert_int_equal(vlan->peer_ifindex, 0);
	topology_free(t);
}

TEST(masters)
{
	struct topology *t = make();
	struct link *x = port(t, &host, 3, 0, 9, 7), *y = port(t, &host, 4, 0, 9, 7), *br;

	assert_null(x->master);
	veth(t, &a, 5, 0, 9);
	changes(t);
	br = bridge(t, &host, 7);
	assert_ptr_equal(x->master, br);
	assert_ptr_equal(y->master, br);
	assert_int_equal(changes(t), 3);
	veth(t, &host, 3, 0, 9);
	assert_null(x->master);
	bridge(t, &a, 7);
	assert_ptr_equal(y->master, br);
	topology_remove(t, 5, 7);
	assert_null(y->master);
	topology_free(t);
}

TEST(another_kind)
{
	struct topology *t = make();
	struct link *old = link_get(veth(t, &host, 3, 1, 4)), *new;

	veth(t, &a, 4, 5, 3);
	new = bridge(t, &host, 3);
	assert_ptr_not_equal(old, new);
	assert_true(old->gone);
	assert_null(topology_find(t, 1, 4)->peer);
	link_put(old);
	topology_free(t);
}

TEST(netns_goes)
{
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 1, 4);

	veth(t, &a, 4, 5, 3);
	port(t, &a, 5, 0, 9, 6);
	bridge(t, &a, 6);
	veth(t, &b, 4, 0, 9);
	topology_remove_netns(t, 1);
	topology_remove_netns(t, 77);
	assert_int_equal(topology_count(t), 2);
	assert_null(x->peer);
	assert_int_equal(changes(t), 5);
	topology_free(t);
}

TEST(sweep)
{
	struct topology *t = make();

	topology_sweep_begin(t, 1);
	topology_sweep_end(t, 1);
	veth(t, &a, 4, 0, 9);
	veth(t, &a, 5, 0, 9);
	veth(t, &b, 4, 0, 9);
	topology_sweep_begin(t, 1);
	veth(t, &a, 5, 0, 9);
	veth(t, &a, 6, 0, 9);
	topology_sweep_end(t, 1);
	assert_null(topology_find(t, 1, 4));
	assert_non_null(topology_find(t, 1, 5));
	assert_non_null(topology_find(t, 1, 6));
	assert_non_null(topology_find(t, 2, 4));
	topology_free(t);
}

TEST(changed)
{
	struct topology *t = make();
	struct link_facts f = {.ifindex = 3, .name = "x", .kind = "dummy"};
	struct link *l, *old;

	assert_null(topology_next_changed(t));
	old = put(t, &host, &f);
	l = topology_next_changed(t);
	assert_ptr_equal(l, old);
	assert_int_equal(l->refs, 2);
	link_put(l);
	assert_null(topology_next_changed(t));
	f.up = true;
	put(t, &host, &f);
	assert_null(topology_next_changed(t));
	assert_true(old->up);
	f.name = "y";
	put(t, &host, &f);
	topology_remove(t, 5, 3);
	put(t, &host, &f);
	l = topology_next_changed(t); /* once, however often it has changed */
	assert_ptr_equal(l, old);
	assert_true(l->gone);
	assert_int_equal(l->refs, 1);
	link_put(l);
	l = topology_next_changed(t);
	assert_ptr_equal(l, topology_find(t, 5, 3));
	link_put(l);
	topology_free(t);
}

static void watched_is(struct topology *t, const struct link *x, const struct link *y,
		       const struct link *which)
{
	const struct watch_options one = {0}, both = {.both_ends = true};

	assert_ptr_equal(x->peer, y);
	assert_ptr_equal(topology_watched_end(t, x), which);
	assert_ptr_equal(topology_watched_end(t, y), which);
	assert_int_equal(topology_wants(t, &one, x), x == which);
	assert_int_equal(topology_wants(t, &one, y), y == which);
	assert_true(topology_wants(t, &both, x) && topology_wants(t, &both, y));
}

TEST(watched_end)
{
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 1, 3), *y = veth(t, &a, 3, 5, 3);

	watched_is(t, x, y, x); /* the host's */
	bridge(t, &a, 9);
	port(t, &a, 3, 5, 3, 9);
	watched_is(t, x, y, y); /* the port */
	bridge(t, &host, 9);
	port(t, &host, 3, 1, 3, 9);
	watched_is(t, x, y, x); /* both are ports */
	y->attached = 1;
	watched_is(t, x, y, y); /* as it was */
	x->attached = 1;
	watched_is(t, x, y, x);
	x = veth(t, &b, 3, 1, 8);
	y = veth(t, &a, 8, 2, 3);
	watched_is(t, x, y, y); /* the lower cookie */
	x = veth(t, &b, 6, 2, 5);
	y = veth(t, &b, 5, 2, 6);
	watched_is(t, x, y, y); /* the lower ifindex */
	topology_free(t);
}

TEST(half_a_pair)
{
	const struct watch_options o = {0};
	struct topology *t = make();

	assert_true(topology_wants(t, &o, veth(t, &a, 3, 0, 9)));
	assert_false(topology_wants(t, &o, veth(t, &a, 4, 0, 0)));
	assert_false(topology_wants(t, &o, bridge(t, &a, 5)));
	topology_free(t);
}

TEST(wanted_netns)
{
	const uint32_t netns[] = {7, 201};
	const struct watch_options o = {.netns = netns, .nnetns = COUNT(netns)};
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 1, 3), *y = veth(t, &a, 3, 5, 3);
	struct link *u = veth(t, &host, 4, 2, 4), *v = veth(t, &b, 4, 5, 4);

	assert_true(topology_wants(t, &o, x));
	assert_false(topology_wants(t, &o, y));
	assert_false(topology_wants(t, &o, u) || topology_wants(t, &o, v));
	topology_free(t);
}

static bool is_wanted(void *ctx, const struct netns *n)
{
	return n->cookie == *(const uint64_t *)ctx;
}

TEST(wanted_far_ends)
{
	const uint32_t one[] = {a.inode}, two[] = {a.inode, b.inode};
	struct watch_options o = {.netns = one, .nnetns = 1, .far_ends = true};
	struct topology *t = make();
	struct link *x = veth(t, &b, 3, 1, 8), *y = veth(t, &a, 8, 2, 3);

	assert_true(topology_wants(t, &o, x));
	assert_false(topology_wants(t, &o, y)); /* although it would be the watched end */
	assert_false(topology_wants(t, &o, bridge(t, &a, 5)));
	assert_false(topology_wants(t, &o, veth(t, &a, 4, 0, 9))); /* the other is out of sight */
	o.netns = two;
	o.nnetns = 2;
	assert_true(topology_wants(t, &o, x) && topology_wants(t, &o, y));
	topology_free(t);
}

TEST(wanted_by_call)
{
	uint64_t wanted = 1;
	const struct watch_options o = {.wants = is_wanted, .ctx = &wanted};
	struct topology *t = make();
	struct link *x = veth(t, &host, 3, 1, 3);

	veth(t, &a, 3, 5, 3);
	veth(t, &b, 4, 0, 4);
	changes(t);
	assert_true(topology_wants(t, &o, x));
	wanted = 2;
	assert_false(topology_wants(t, &o, x));
	assert_int_equal(changes(t), 0);
	topology_reconsider(t);
	assert_int_equal(changes(t), 3);
	topology_free(t);
}

TEST(wanted_devs)
{
	static const char *const devs[] = {"lo", "br"};
	const uint32_t netns[] = {201};
	struct watch_options o = {.devs = devs, .ndevs = COUNT(devs)};
	struct topology *t = make();
	struct link *x = bridge(t, &host, 3), *y = bridge(t, &a, 3), *v = veth(t, &a, 4, 0, 9);

	assert_true(topology_wants(t, &o, x) && topology_wants(t, &o, y));
	assert_false(topology_wants(t, &o, v));
	o.netns = netns;
	o.nnetns = 1;
	assert_true(!topology_wants(t, &o, x) && topology_wants(t, &o, y));
	topology_remove(t, 1, 3);
	topology_free(t);
}

static void count(void *ctx, struct link *l)
{
	*(uint32_t *)ctx += l->ifindex;
}

TEST(each)
{
	struct topology *t = make();
	uint32_t sum = 0;

	for (uint32_t i = 1; i <= 1000; i++)
		veth(t, i % 2 ? &a : &b, i, 0, 9);
	topology_each(t, count, &sum);
	assert_int_equal(sum, 500500);
	topology_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a link is found by its namespace and ifindex", set_find_remove),
		IT("a link outlives the topology, its pointers do not", outlives),
		IT("peers find each other", pairs),
		IT("… also if one does not know where the other is", pairs_late),
		IT("… and the new one when one has moved", pair_moves),
		IT("only veths are pairs", no_pair),
		IT("ports find their master, whichever comes first", masters),
		IT("an ifindex used again for another kind is another link", another_kind),
		IT("a namespace goes with all its links", netns_goes),
		IT("a sweep removes what was not set again", sweep),
		IT("changes are told once and in order", changed),
		IT("which end of a pair is watched", watched_end),
		IT("a veth whose peer is out of sight is watched, one without a peer not",
		   half_a_pair),
		IT("only pairs with an end in these namespaces", wanted_netns),
		IT("the other ends of theirs, and nothing else", wanted_far_ends),
		IT("… in namespaces that are asked about, again when told to", wanted_by_call),
		IT("devices by name", wanted_devs),
		IT("all links", each),
	};

	return RUN(tests);
}
