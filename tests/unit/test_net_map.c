// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/net_map.h and model/net_map_find.h. */
#include "net_maps.h"

#include <errno.h>

#include "model/net_map_find.h"

static const struct map_link *link_of(const struct net_map *m, const struct netns *n,
				      uint32_t ifindex)
{
	return net_map_link(net_map_netns(m, n->cookie), ifindex);
}

TEST(order)
{
	struct net_map *m = maps_make();

	assert_int_equal(m->nnetns, 4);
	assert_ptr_equal(m->netns[0]->id, &maps_host);
	assert_ptr_equal(m->netns[1]->id, &maps_server);
	assert_ptr_equal(m->netns[2]->id, &maps_plain);
	assert_ptr_equal(m->netns[3]->id, &maps_nameless);
	for (size_t i = 1; i < m->netns[0]->nlinks; i++)
		assert_true(m->netns[0]->links[i - 1]->ifindex < m->netns[0]->links[i]->ifindex);
	assert_int_equal(m->netns[2]->nnames, 2);
	assert_string_equal(m->netns[2]->names[0], "other");
	net_map_free(m);
}

TEST(connected)
{
	struct net_map *m = maps_make();
	const struct map_link *port = link_of(m, &maps_host, 5), *end = link_of(m, &maps_server, 2);

	assert_ptr_equal(port->peer, end);
	assert_ptr_equal(end->peer, port);
	assert_ptr_equal(port->master, link_of(m, &maps_host, 3));
	assert_int_equal(port->master->nports, 2);
	assert_ptr_equal(port->master->ports[1], port);
	assert_ptr_equal(net_map_outer_end(end), port);
	assert_ptr_equal(net_map_outer_end(port), port);
	assert_null(link_of(m, &maps_nameless, 9)->peer);
	assert_null(net_map_link(m->netns[0], 6));
	assert_null(net_map_netns(m, 5));
	net_map_free(m);
}

/* One end asked before it moved, the other after: they do not agree. */
TEST(moved_between)
{
	struct net_map *m = maps_begin();

	net_map_netns(m, maps_plain.cookie)->links[1]->other_ifindex = 5;
	assert_int_equal(net_map_finish(m), 0);
	assert_null(link_of(m, &maps_plain, 2)->peer);
	assert_null(link_of(m, &maps_host, 4)->peer);
	assert_non_null(link_of(m, &maps_host, 5)->peer);
	net_map_free(m);
}

TEST(stacked)
{
	struct net_map *m = maps_begin();
	struct map_netns *plain = net_map_netns(m, maps_plain.cookie);

	maps_link(plain, 8, "mv0", "macvlan", 0, &maps_host, 2);
	assert_int_equal(net_map_finish(m), 0);
	assert_ptr_equal(link_of(m, &maps_plain, 8)->lower, link_of(m, &maps_host, 2));
	assert_null(link_of(m, &maps_plain, 8)->peer);
	net_map_free(m);
}

TEST(tables)
{
	struct net_map *m = maps_begin();
	struct map_netns *host = net_map_netns(m, maps_host.cookie);
	struct map_netns *server = net_map_netns(m, maps_server.cookie);
	struct map_route r = {.dst = maps_ip("0.0.0.0"), .ifindex = 2, .has_via = true};
	/* The bridge has its lowest port's address, as bridges do. */
	struct map_fdb f = {.mac = {{2, 0, 0, 0, 102, 2}}, .ifindex = 5, .master_ifindex = 3};
	struct map_neigh e = {.addr = maps_ip("172.18.0.1"), .has_mac = true, .ifindex = 2};

	r.via = maps_ip("172.18.0.1");
	assert_int_equal(net_map_add_route(server, &r), 0);
	r.via = maps_ip("10.0.0.5"); /* on another segment: not the one that is meant */
	assert_int_equal(net_map_add_route(server, &r), 0);
	assert_int_equal(net_map_add_fdb(host, &f), 0);
	host->links[2]->mac = host->links[1]->mac;
	e.mac = host->links[1]->mac;
	e.state = "reachable";
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	/* The other end of a cable that we do not see. */
	e.mac = host->links[3]->mac;
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	e.mac = (struct mac){{9}};
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	assert_int_equal(net_map_finish(m), 0);
	assert_ptr_equal(server->routes[0].dev, link_of(m, &maps_server, 2));
	assert_ptr_equal(server->routes[0].gateway, link_of(m, &maps_host, 3));
	assert_null(server->routes[1].gateway);
	assert_ptr_equal(host->fdb[0].dev, link_of(m, &maps_host, 5));
	assert_ptr_equal(host->fdb[0].master, link_of(m, &maps_host, 3));
	assert_ptr_equal(host->fdb[0].holder, link_of(m, &maps_server, 2));
	assert_ptr_equal(server->neigh[0].holder, link_of(m, &maps_host, 3));
	assert_ptr_equal(server->neigh[2].holder, link_of(m, &maps_host, 2));
	assert_null(server->neigh[3].holder);
	net_map_free(m);
}

/* Two networks that use the same address: the one at the end of the cable is meant. */
TEST(same_mac_twice)
{
	struct net_map *m = maps_begin();
	struct map_netns *host = net_map_netns(m, maps_host.cookie);
	struct map_fdb f = {.mac = {{2, 0, 0, 0, 102, 2}}, .ifindex = 4, .master_ifindex = 3};

	net_map_netns(m, maps_plain.cookie)->links[1]->mac = f.mac;
	assert_int_equal(net_map_add_fdb(host, &f), 0);
	f.ifindex = 2;
	assert_int_equal(net_map_add_fdb(host, &f), 0);
	assert_int_equal(net_map_finish(m), 0);
	assert_ptr_equal(host->fdb[0].holder, link_of(m, &maps_plain, 2));
	assert_null(host->fdb[1].holder);
	net_map_free(m);
}

/* Another network that has nothing to do with it, with the same addresses. */
TEST(same_network_twice)
{
	static const struct netns left = {.inode = 106, .cookie = 6, .name = "left"};
	static const struct netns right = {.inode = 107, .cookie = 7, .name = "right"};
	struct map_route r = {.dst = maps_ip("0.0.0.0"), .ifindex = 2, .has_via = true};
	struct net_map *m = maps_begin();
	struct map_netns *l = net_map_add_netns(m, &left), *k = net_map_add_netns(m, &right);
	struct map_netns *server = net_map_netns(m, maps_server.cookie);

	maps_link(l, 2, "eth0", "veth", 0, &right, 2);
	maps_link(k, 2, "eth0", "veth", 0, &left, 2);
	maps_addr(l, 2, "172.18.0.1/16");
	r.via = maps_ip("172.18.0.1");
	assert_int_equal(net_map_add_route(k, &r), 0);
	assert_int_equal(net_map_add_route(server, &r), 0);
	assert_int_equal(net_map_finish(m), 0);
	assert_ptr_equal(k->routes[0].gateway, link_of(m, &left, 2));
	assert_ptr_equal(server->routes[0].gateway, link_of(m, &maps_host, 3));
	net_map_free(m);
}

/* How many, and the first's namespace and name. */
static size_t find(const struct net_map *m, const char *what, uint32_t inode, char out[64])
{
	const struct map_link **links;
	size_t n;

	assert_int_equal(net_map_find(m, what, inode, &links, &n), 0);
	snprintf(out, 64, "%u %s", n ? links[0]->netns->id->inode : 0, n ? links[0]->name : "");
	free(links);
	return n;
}

TEST(found)
{
	static const struct {
		const char *what;
		size_t n;
		const char *first;
	} cases[] = {
		{"veth0a", 1, "101 veth0a"},
		{"eth0", 3, "101 eth0"},
		{"172.18.0.2", 1, "102 eth0"},
		{"::ffff:172.18.0.2", 1, "102 eth0"},
		{"fe80::2", 1, "102 eth0"},
		{"02:00:00:00:66:02", 1, "102 eth0"},
		{"echo-server", 1, "102 eth0"},
		{"3f2a", 1, "102 eth0"},
		{"aabbccdd", 1, "102 eth0"},
		{"plain", 1, "103 eth0"},
		{"other", 1, "103 eth0"},
		{"host", 4, "101 eth0"},
		{"127.0.0.1", 4, "101 lo"},
		{"lo", 4, "101 lo"},
		{"172.18.0.9", 0, "0 "},
		{"veth", 0, "0 "},
		{"", 0, "0 "},
	};
	struct net_map *m = maps_make();
	char first[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(find(m, cases[i].what, 0, first), cases[i].n);
		assert_string_equal(first, cases[i].first);
	}
	assert_int_equal(find(m, "pid:77", 104, first), 1);
	assert_string_equal(first, "104 v9");
	m->netns[1]->left_out = true;
	assert_int_equal(find(m, "echo-server", 0, first), 0);
	assert_int_equal(find(m, "eth0", 0, first), 2);
	net_map_free(m);
}

/* A device may be called as some container's id begins. */
TEST(name_before_id)
{
	struct net_map *m = maps_begin();
	char first[64];

	maps_link(net_map_netns(m, maps_plain.cookie), 8, "3f", "dummy", 0, NULL, 0);
	assert_int_equal(net_map_finish(m), 0);
	assert_int_equal(find(m, "3f", 0, first), 1);
	assert_string_equal(first, "103 3f");
	net_map_free(m);
}

TEST(bare_netns)
{
	struct net_map *m = maps_begin();
	static const struct netns bare = {.inode = 105, .cookie = 5, .name = "bare"};
	char first[64];

	maps_lo(net_map_add_netns(m, &bare));
	assert_int_equal(net_map_finish(m), 0);
	assert_int_equal(find(m, "bare", 0, first), 1);
	assert_string_equal(first, "105 lo");
	net_map_free(m);
}

TEST(macs)
{
	char text[MAC_TEXT_MAX];
	struct mac m;

	assert_int_equal(mac_parse("02:42:AC:12:00:0f", &m), 0);
	mac_format(&m, text);
	assert_string_equal(text, "02:42:ac:12:00:0f");
	assert_int_equal(mac_parse("02:42:ac:12:00", &m), -EINVAL);
	assert_int_equal(mac_parse("02:42:ac:12:00:0f:00", &m), -EINVAL);
	assert_int_equal(mac_parse("02:42:ac:12:00:0", &m), -EINVAL);
	assert_int_equal(mac_parse("02:42:ac:12:00:xx", &m), -EINVAL);
	assert_int_equal(mac_parse("", &m), -EINVAL);
}

TEST(loopback)
{
	struct net_map *m = maps_begin();
	struct map_netns *plain = net_map_netns(m, maps_plain.cookie);

	maps_addr(plain, 1, "10.96.0.10/32");
	assert_int_equal(net_map_finish(m), 0);
	assert_false(net_map_plain_loopback(link_of(m, &maps_plain, 1)));
	assert_true(net_map_plain_loopback(link_of(m, &maps_server, 1)));
	assert_false(net_map_plain_loopback(link_of(m, &maps_server, 2)));
	net_map_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("the host first, those without a name last", order),
		IT("peers, masters and ports are found", connected),
		IT("ends that do not agree are no pair", moved_between),
		IT("what a macvlan stands on may be elsewhere", stacked),
		IT("who is behind gateways, entries and neighbours", tables),
		IT("an address that two have is the one's at the cable's end", same_mac_twice),
		IT("gateways are looked for where they can be reached", same_network_twice),
		IT("a word finds devices, addresses, namespaces and containers", found),
		IT("a name goes before the beginning of an id", name_before_id),
		IT("a namespace with nothing but lo has that", bare_netns),
		IT("MAC addresses are read and written", macs),
		IT("a loopback device with addresses of its own is not plain", loopback),
	};

	return RUN(tests);
}
