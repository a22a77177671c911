// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * collect/rtnl_addr.h and collect/addr_list.h, in a sandbox: addresses of other namespaces, asked
 * from our own, are those that ip(8) gave them.
 */
#include "../unit/unit.h"

#include <net/if.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "collect/addr_list.h"
#include "collect/link_monitor.h"
#include "collect/netns_names.h"
#include "collect/rtnl_query.h"

#include "sandbox.h"

struct seen {
	char text[1024]; /* "ifindex addr/len link;…" */
	size_t n;
};

static void on_addr(void *ctx, const struct rtnl_addr *a)
{
	struct seen *s = ctx;
	char text[ADDR_TEXT_MAX];
	size_t len = strlen(s->text);

	addr_format(&a->addr, text);
	snprintf(s->text + len, sizeof(s->text) - len, "%u %s/%u%s;", a->ifindex, text,
		 a->prefix_len, a->link_local ? " link" : "");
	s->n++;
}

static void on_any_link(void *ctx, const struct rtnl_link *l)
{
	(void)l;
	++*(unsigned int *)ctx;
}

static int32_t nsid_of(struct rtnl_query *q, const char *name)
{
	_cleanup_close_ int fd = ns_open(name);
	int32_t nsid;

	assert_int_equal(rtnl_query_nsid(q, fd, &nsid), 0);
	return nsid;
}

TEST(foreign)
{
	struct rtnl_query *q;
	struct seen s = {0};

	ns_add("a");
	RUN_SH("ip -n a link add d0 index 7 type bridge && ip -n a addr add 10.1.2.3/20 dev d0 &&"
	       "ip -n a addr add 10.9.0.1 peer 10.9.0.2/32 dev d0 &&"
	       "ip -n a addr add 169.254.1.1/16 scope link dev d0 &&"
	       "ip -n a addr add fd01::5/64 dev d0 && ip addr add 192.0.2.1/24 dev lo");
	assert_int_equal(rtnl_query_open(&q), 0);
	assert_int_equal(rtnl_query_addrs(q, nsid_of(q, "a"), on_addr, &s), 0);
	assert_string_equal(s.text, "7 169.254.1.1/16 link;7 10.1.2.3/20;7 10.9.0.1/32;"
				    "7 fd01::5/64;");
	rtnl_query_close(q);
	RUN_SH("ip addr del 192.0.2.1/24 dev lo");
	ns_del("a");
}

/* A dump's error stands at its end. */
TEST(no_such_netns)
{
	unsigned int links = 0;
	struct rtnl_query *q;
	struct seen s = {0};

	assert_int_equal(rtnl_query_open(&q), 0);
	assert_int_equal(rtnl_query_addrs(q, 4711, on_addr, &s), -EINVAL);
	assert_int_equal(s.n, 0);
	assert_int_equal(rtnl_query_links(q, 4711, on_any_link, &links), -EINVAL);
	assert_int_equal(links, 0);
	rtnl_query_close(q);
}

static const struct netns *intern(void *ctx, uint32_t inode, uint64_t cookie)
{
	bool made;

	return netns_names_get(ctx, inode, cookie, &made);
}

struct all {
	struct link_monitor *m;
	unsigned int netns, addrs, known;
};

static void on_netns(void *ctx, const struct netns *n)
{
	struct all *all = ctx;

	assert_non_null(n);
	all->netns++;
}

static void on_all(void *ctx, uint64_t cookie, const struct rtnl_addr *a)
{
	struct all *all = ctx;

	all->addrs++;
	all->known += topology_find(link_monitor_topology(all->m), cookie, a->ifindex) != NULL;
}

#define MANY     20
#define ADDRS    300 /* more than one message of a dump */
#define EXPECTED (MANY * ADDRS)

TEST(everywhere)
{
	struct netns_names *names;
	struct all all = {0};

	for (int i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		ns_add(name);
		RUN_SH("(echo link add d0 type bridge; for i in $(seq %d); do "
		       "echo addr add 10.$((i / 250)).$((i %% 250)).1/32 dev d0; done) |"
		       "ip -n %s -b -",
		       ADDRS, name);
	}
	assert_int_equal(netns_names_new(&names), 0);
	assert_int_equal(link_monitor_new(&all.m, intern, names), 0);
	link_monitor_each_netns(all.m, on_netns, &all);
	assert_int_equal(all.netns, MANY + 1);
	assert_int_equal(link_monitor_addrs(all.m, on_all, &all), 0);
	assert_int_equal(all.addrs, EXPECTED);
	assert_int_equal(all.known, EXPECTED);
	/* One that goes meanwhile is no error. */
	ns_del("m3");
	all.addrs = 0;
	assert_int_equal(link_monitor_addrs(all.m, on_all, &all), 0);
	assert_in_range(all.addrs, EXPECTED - ADDRS, EXPECTED);
	link_monitor_free(all.m);
	netns_names_free(names);
	for (int i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		if (i != 3)
			ns_del(name);
	}
}

static int tests_run(void)
{
	static const struct CMUnitTest tests[] = {
		IT("addresses of another namespace, not of our own", foreign),
		IT("of a number that is nobody's: -EINVAL", no_such_netns),
		IT("all addresses of all namespaces, each with a known device", everywhere),
	};

	return RUN(tests);
}

int main(void)
{
	return sandbox_run(tests_run);
}
