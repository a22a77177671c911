// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways between two addresses, from nothing but how links hang together. */
#include "flows.h"

#include "model/path_infer.h"
#include "model/topology.h"
#include "out/path_view.h"

static const struct netns client = {.inode = 11, .cookie = 1, .name = "lab-client"};
static const struct netns sw = {.inode = 12, .cookie = 2, .name = "lab-switch"};
static const struct netns router = {.inode = 13, .cookie = 3, .name = "lab-router"};
static const struct netns server = {.inode = 15, .cookie = 5, .name = "lab-server"};

static void put_link(struct topology *t, const struct netns *ns, uint32_t ifindex, const char *name,
		     const char *kind, uint32_t master, const struct netns *peer,
		     uint32_t peer_ifindex)
{
	const struct link_facts f = {.ifindex = ifindex,
				     .name = name,
				     .kind = kind,
				     .ethernet = true,
				     .up = true,
				     .master_ifindex = master,
				     .peer_ifindex = peer_ifindex,
				     .peer_netns = peer ? peer->cookie : 0};

	assert_int_equal(topology_set(t, ns, &f), 0);
}

/* a:name_a (its ifindex) — b:name_b, ports of those masters, if any. */
static void put_pair(struct topology *t, const struct netns *a, uint32_t ia, const char *name_a,
		     uint32_t master_a, const struct netns *b, uint32_t ib, const char *name_b,
		     uint32_t master_b)
{
	put_link(t, a, ia, name_a, "veth", master_a, b, ib);
	put_link(t, b, ib, name_b, "veth", master_b, a, ia);
}

static struct topology *new_topology(void)
{
	struct topology *t = topology_new(1);

	assert_non_null(t);
	return t;
}

struct home {
	const struct netns *netns;
	uint32_t ifindex;
	const char *addr;
};

/* Between the first two of the addresses; the others are there too. NULL: no way is told. */
static void way_with(const struct topology *t, const struct home *homes, size_t n, const char *want,
		     bool routed)
{
	struct path_infer *p;
	struct buf b = {0};
	struct path path;
	bool is_routed;

	assert_int_equal(path_infer_new(&p, t), 0);
	for (size_t i = 0; i < n; i++) {
		struct addr a = at(homes[i].addr, 0).addr;

		assert_int_equal(
			path_infer_add_addr(p, homes[i].netns->cookie, homes[i].ifindex, &a), 0);
	}
	for (int turn = 0; turn < 2; turn++) {
		const struct home *from = &homes[turn], *to = &homes[!turn];
		struct addr a = at(from->addr, 0).addr, z = at(to->addr, 0).addr;
		bool found = path_infer_find(p, from->netns->cookie, &a, to->netns->cookie, &z,
					     &path, &is_routed);

		assert_int_equal(found, want != NULL);
		if (!found)
			continue;
		assert_int_equal(is_routed, routed);
		assert_false(path.cut);
		if (turn)
			continue;
		path_view_text(&path, &b);
		same_text(&b, want);
	}
	buf_free(&b);
	path_infer_free(p);
}

static void way(const struct topology *t, uint32_t from, uint32_t to, const char *want, bool routed)
{
	const struct home ends[] = {{&client, from, "10.0.0.1"}, {&server, to, "10.0.0.2"}};

	way_with(t, ends, 2, want, routed);
}

TEST(pair)
{
	struct topology *t = new_topology();

	put_pair(t, &client, 2, "eth0", 0, &server, 2, "eth0", 0);
	way(t, 2, 2, "lab-client:eth0 → lab-server:eth0", false);
	topology_free(t);
}

static struct topology *lan(void)
{
	struct topology *t = new_topology();

	put_link(t, &sw, 9, "br0", "bridge", 0, NULL, 0);
	put_pair(t, &client, 2, "eth0", 0, &sw, 3, "c0", 9);
	put_pair(t, &server, 2, "eth0", 0, &sw, 4, "s0", 9);
	return t;
}

TEST(bridge)
{
	struct topology *t = lan();

	way(t, 2, 2, "lab-client:eth0 → c0 → br0 → s0 → lab-server:eth0", false);
	topology_free(t);
}

TEST(bond)
{
	struct topology *t = lan();

	/* Not every master passes packets from port to port. */
	topology_remove(t, sw.cookie, 9);
	put_link(t, &sw, 9, "bond0", "bond", 0, NULL, 0);
	way(t, 2, 2, "lab-client:eth0 → lab-switch:c0 → lab-switch:s0 → lab-server:eth0", true);
	topology_free(t);
}

TEST(down)
{
	struct topology *t = lan();
	const struct link_facts f = {.ifindex = 4,
				     .name = "s0",
				     .kind = "veth",
				     .ethernet = true,
				     .master_ifindex = 9,
				     .peer_ifindex = 2,
				     .peer_netns = server.cookie};

	assert_int_equal(topology_set(t, &sw, &f), 0);
	way(t, 2, 2, NULL, false);
	topology_free(t);
}

TEST(routed)
{
	struct topology *t = new_topology();

	put_pair(t, &client, 2, "eth0", 0, &router, 3, "c0", 0);
	put_pair(t, &server, 2, "eth0", 0, &router, 4, "s0", 0);
	way(t, 2, 2, "lab-client:eth0 → lab-router:c0 → lab-router:s0 → lab-server:eth0", true);
	topology_free(t);
}

TEST(routed_between_bridges)
{
	struct topology *t = new_topology();

	put_link(t, &router, 8, "br0", "bridge", 0, NULL, 0);
	put_link(t, &router, 9, "br1", "bridge", 0, NULL, 0);
	put_pair(t, &client, 2, "eth0", 0, &router, 3, "c0", 8);
	put_pair(t, &server, 2, "eth0", 0, &router, 4, "s0", 9);
	way(t, 2, 2,
	    "lab-client:eth0 → lab-router:c0 → lab-router:br0 → lab-router:br1 → lab-router:s0 → "
	    "lab-server:eth0",
	    true);
	/* Switched all the way is nearer, however long. */
	put_pair(t, &router, 10, "x0", 8, &router, 11, "x1", 9);
	way(t, 2, 2, "lab-client:eth0 → c0 → br0 → x0 → x1 → br1 → s0 → lab-server:eth0", false);
	/* Two ways as long: neither. */
	put_pair(t, &router, 12, "y0", 8, &router, 13, "y1", 9);
	way(t, 2, 2, NULL, false);
	topology_free(t);
}

TEST(two_pairs)
{
	struct topology *t = new_topology();

	/* The addresses tell which of them. */
	put_pair(t, &client, 2, "eth0", 0, &server, 2, "eth0", 0);
	put_pair(t, &client, 3, "eth1", 0, &server, 3, "eth1", 0);
	way(t, 3, 3, "lab-client:eth1 → lab-server:eth1", false);
	topology_free(t);
}

TEST(unrelated)
{
	struct topology *t = new_topology();

	put_pair(t, &client, 2, "eth0", 0, &sw, 2, "eth0", 0);
	put_pair(t, &router, 2, "eth0", 0, &server, 2, "eth0", 0);
	way(t, 2, 2, NULL, false);
	topology_free(t);
}

TEST(from_the_switch)
{
	struct topology *t = lan();
	const struct home ends[] = {{&sw, 9, "10.0.0.1"}, {&server, 2, "10.0.0.2"}};

	way_with(t, ends, 2, "lab-switch:br0 → s0 → lab-server:eth0", false);
	topology_free(t);
}

TEST(another_devices_address)
{
	struct topology *t = lan();
	const struct home ends[] = {{&sw, 5, "192.0.2.1"}, {&server, 2, "10.0.0.2"}};

	/* The host speaks to its container with the address of its other device. */
	put_link(t, &sw, 5, "wan0", "", 0, NULL, 0);
	way_with(t, ends, 2, "lab-switch:br0 → s0 → lab-server:eth0", false);
	topology_free(t);
}

TEST(address_twice)
{
	struct topology *t = new_topology();
	const struct home homes[] = {
		{&client, 2, "10.0.0.1"}, {&server, 2, "10.0.0.2"}, {&client, 3, "10.0.0.1"}};

	put_pair(t, &client, 2, "eth0", 0, &server, 2, "eth0", 0);
	put_pair(t, &client, 3, "eth1", 0, &server, 3, "eth1", 0);
	way_with(t, homes, 2, "lab-client:eth0 → lab-server:eth0", false);
	way_with(t, homes, 3, NULL, false);
	topology_free(t);
}

TEST(one_namespace)
{
	struct topology *t = new_topology();
	const struct home ends[] = {{&client, 2, "10.0.0.1"}, {&client, 3, "10.0.0.2"}};

	put_pair(t, &client, 2, "a", 0, &client, 3, "b", 0);
	way_with(t, ends, 2, NULL, false);
	topology_free(t);
}

TEST(unknown_device)
{
	struct topology *t = new_topology();

	put_pair(t, &client, 2, "eth0", 0, &server, 2, "eth0", 0);
	way(t, 2, 77, NULL, false);
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("a pair", pair),
		IT("a switch", bridge),
		IT("a bond is no switch", bond),
		IT("a link that is down carries nothing", down),
		IT("a router", routed),
		IT("a router between switches; a way around it; two ways", routed_between_bridges),
		IT("of two pairs the one that has the addresses", two_pairs),
		IT("networks that nothing joins", unrelated),
		IT("a way that begins at a switch", from_the_switch),
		IT("a device whose address is used is not always on the way",
		   another_devices_address),
		IT("an address that two devices have tells nothing", address_twice),
		IT("none within one namespace", one_namespace),
		IT("an address of a device that is not known", unknown_device),
	};

	return RUN(tests);
}
