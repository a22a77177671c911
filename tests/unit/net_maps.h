/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A map to test with:
 *
 *	host: eth0, br-echo ── veth0a ── eth0 :echo-server (a container)
 *	                    └─ veth1b ── eth0 :plain
 *	netns 104: only a loopback device, and a veth whose peer is out of sight
 */
#ifndef FLOWNER_TESTS_NET_MAPS_H
#define FLOWNER_TESTS_NET_MAPS_H

#include <stdio.h>
#include <stdlib.h>

#include "model/net_map.h"

#include "unit.h"

static const struct container_label maps_labels[] = {{"a\"key", "a\\value"}};

static struct container maps_container = {
	.runtime = "docker",
	.id = "3f2a9c0d1e2f00000000000000000000000000000000000000000000000000ab",
	.name = "echo-server",
	.image = "bb:1",
	.labels = maps_labels,
	.nlabels = 1,
};

static const struct netns maps_host = {.inode = 101, .cookie = 1, .name = "default"};
static const struct netns maps_server = {
	.inode = 102, .cookie = 2, .name = "aabbccdd", .container = &maps_container};
static const struct netns maps_plain = {.inode = 103, .cookie = 3, .name = "plain"};
static const struct netns maps_nameless = {.inode = 104, .cookie = 4};

static inline void maps_link(struct map_netns *n, uint32_t ifindex, const char *name,
			     const char *kind, uint32_t master, const struct netns *there,
			     uint32_t other)
{
	struct map_link l = {
		.ifindex = ifindex,
		.loopback = !strcmp(name, "lo"),
		.up = true,
		.carrier = true,
		.mtu = !strcmp(name, "lo") ? 65536 : 1500,
		.has_mac = strcmp(name, "lo") != 0,
		.mac = {{2, 0, 0, 0, (uint8_t)n->id->inode, (uint8_t)ifindex}},
		.master_ifindex = master,
		.other_netns = there ? there->cookie : 0,
		.other_ifindex = other,
	};

	snprintf(l.name, sizeof(l.name), "%s", name);
	snprintf(l.kind, sizeof(l.kind), "%s", kind);
	assert_int_equal(net_map_add_link(n, &l), 0);
}

/* "10.0.0.1/8" */
static inline void maps_addr(struct map_netns *n, uint32_t ifindex, const char *text)
{
	char addr[ADDR_TEXT_MAX];
	struct map_addr a = {0};

	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(text, "/"), text);
	assert_int_equal(addr_parse(addr, &a.addr), 0);
	a.prefix_len = (unsigned int)strtoul(strchr(text, '/') + 1, NULL, 10);
	a.link_local = !strncmp(text, "fe80", 4);
	assert_int_equal(net_map_add_addr(n, ifindex, &a), 0);
}

static inline struct addr maps_ip(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static inline void maps_lo(struct map_netns *n)
{
	maps_link(n, 1, "lo", "", 0, NULL, 0);
	maps_addr(n, 1, "127.0.0.1/8");
	maps_addr(n, 1, "::1/128");
}

/* In an order that is not the one in which they are to be shown; not finished yet. */
static inline struct net_map *maps_begin(void)
{
	struct map_netns *nameless, *plain, *server, *host;
	struct net_map *m;

	assert_int_equal(net_map_new(&m), 0);
	nameless = net_map_add_netns(m, &maps_nameless);
	plain = net_map_add_netns(m, &maps_plain);
	server = net_map_add_netns(m, &maps_server);
	host = net_map_add_netns(m, &maps_host);
	host->host = true;
	host->processes = 187;
	server->processes = nameless->processes = 1;
	nameless->pid = 77;
	snprintf(nameless->comm, sizeof(nameless->comm), "sleep");
	net_map_add_name(host, "default");
	net_map_add_name(plain, "plain");
	net_map_add_name(plain, "other");
	net_map_add_name(plain, "plain");
	net_map_add_name(server, "aabbccdd");
	assert_int_equal(net_map_add_container(server, &maps_container), 0);
	maps_lo(nameless);
	maps_link(nameless, 9, "v9", "veth", 0, NULL, 12);
	nameless->links[1]->carrier = false;
	maps_lo(plain);
	maps_link(plain, 2, "eth0", "veth", 0, &maps_host, 4);
	maps_addr(plain, 2, "172.18.0.3/16");
	plain->links[1]->mtu = 9000;
	maps_lo(server);
	maps_link(server, 2, "eth0", "veth", 0, &maps_host, 5);
	maps_addr(server, 2, "172.18.0.2/16");
	maps_addr(server, 2, "fd00::2/64");
	maps_addr(server, 2, "fe80::2/64");
	maps_link(host, 5, "veth0a", "veth", 3, &maps_server, 2);
	maps_link(host, 4, "veth1b", "veth", 3, &maps_plain, 2);
	maps_link(host, 3, "br-echo", "bridge", 0, NULL, 0);
	maps_addr(host, 3, "172.18.0.1/16");
	maps_link(host, 2, "eth0", "", 0, NULL, 0);
	maps_addr(host, 2, "10.0.0.5/24");
	maps_addr(host, 2, "10.0.0.6/24");
	maps_addr(host, 2, "10.0.0.7/24");
	maps_lo(host);
	return m;
}

static inline struct net_map *maps_make(void)
{
	struct net_map *m = maps_begin();

	assert_int_equal(net_map_finish(m), 0);
	return m;
}

#endif
