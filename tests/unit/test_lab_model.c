// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a lab is made of: names, cables, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "model/lab.h"
#include "out/lab_view.h"

static struct lab_topology *make(enum lab_kind kind, const char *name, unsigned int hosts)
{
	struct lab_topology *t = NULL;

	assert_int_equal(lab_topology_new(&t, kind, name, hosts), 0);
	return t;
}

/* The cable whose first end is `host`'s `ifname`. */
static const struct lab_cable *cable_of(const struct lab_topology *t, const char *host,
					const char *ifname)
{
	int node = lab_node_find(t, host);

	assert_true(node >= 0);
	for (unsigned int i = 0; i < t->n_cables; i++)
		if (t->cables[i].a.node == (unsigned int)node &&
		    !strcmp(t->cables[i].a.ifname, ifname))
			return &t->cables[i];
	fail_msg("%s has no cable in %s", host, ifname);
	return NULL;
}

static void assert_addresses(const struct lab_end *e, const char *v4, const char *v6)
{
	char text[INET6_ADDRSTRLEN];

	assert_true(e->has_address);
	assert_string_equal(inet_ntop(AF_INET, &e->v4, text, sizeof(text)), v4);
	assert_string_equal(inet_ntop(AF_INET6, &e->v6, text, sizeof(text)), v6);
}

static void names(void **state)
{
	static const char *const good[] = {
		"a", "lab", "0", "x-y", "a-", "k8s-1", "abcdefghijklmnopqrstuvwxyz012345"};
	static const char *const bad[] = {"",     "-",  "-a",  "A",
					  "a/b",  "..", "a.b", "a b",
					  "a\n",  "ä",  "a_b", "abcdefghijklmnopqrstuvwxyz0123456",
					  "a\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!lab_name_valid(good[i]))
			fail_msg("%s is a good name", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (lab_name_valid(bad[i]))
			fail_msg("%s is a bad name", bad[i]);
}

static void kinds(void **state)
{
	enum lab_kind kind;

	(void)state;
	for (int i = 0; lab_kind_names[i]; i++) {
		assert_int_equal(lab_kind_parse(lab_kind_names[i], &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(lab_kind_parse("star", &kind), -EINVAL);
	assert_int_equal(lab_kind_parse("", &kind), -EINVAL);
	assert_int_equal(lab_kind_parse("pairs", &kind), -EINVAL);
}

static void impossible(void **state)
{
	struct lab_topology *t = NULL;

	(void)state;
	assert_int_equal(lab_topology_new(&t, LAB_PAIR, "x", 3), -EINVAL);
	assert_int_equal(lab_topology_new(&t, LAB_BRIDGE, "x", 1), -EINVAL);
	assert_int_equal(lab_topology_new(&t, LAB_BRIDGE, "x", LAB_HOSTS_MAX + 1), -EINVAL);
	assert_int_equal(lab_topology_new(&t, LAB_ROUTER, "../x", 2), -EINVAL);
	assert_null(t);
}

static void pair(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_PAIR, "lab", 2);
	char netns[LAB_NETNS_MAX];

	(void)state;
	assert_int_equal(t->n_nodes, 2);
	assert_int_equal(t->n_infra, 0);
	assert_int_equal(t->n_cables, 1);
	assert_addresses(&t->cables[0].a, "10.77.0.2", "fd77::2");
	assert_addresses(&t->cables[0].b, "10.77.0.3", "fd77::3");
	assert_string_equal(t->cables[0].a.ifname, "eth0");
	assert_string_equal(t->cables[0].b.ifname, "eth0");
	lab_netns_name(t, 0, netns);
	assert_string_equal(netns, "lab-client");
	lab_netns_name(t, 1, netns);
	assert_string_equal(netns, "lab-server");
	assert_false(t->nodes[0].has_gateway);
}

static void bridge(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_BRIDGE, "b", 4);
	const struct lab_cable *c = cable_of(t, "h3", "eth0");

	(void)state;
	assert_int_equal(t->n_nodes, 5);
	assert_int_equal(t->n_infra, 1);
	assert_int_equal(t->n_cables, 4);
	assert_addresses(&c->a, "10.77.0.4", "fd77::4");
	assert_string_equal(t->nodes[c->b.node].host, "switch");
	assert_string_equal(c->b.ifname, "h3");
	assert_false(c->b.has_address);
	assert_ptr_equal(lab_peer(t, c->b.node, "h3"), &c->a);
	assert_ptr_equal(lab_peer(t, c->a.node, "eth0"), &c->b);
	assert_null(lab_peer(t, c->a.node, "eth1"));
	assert_int_equal(lab_node_find(t, "h5"), -ENOENT);
}

static void router(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_ROUTER, "r", 4);
	const struct lab_node *server;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	assert_int_equal(t->n_nodes, 7);
	assert_int_equal(t->n_infra, 3);
	assert_int_equal(t->n_cables, 6);
	assert_addresses(&cable_of(t, "router", "eth0")->a, "10.77.0.1", "fd77::1");
	assert_addresses(&cable_of(t, "router", "eth1")->a, "10.77.16.1", "fd77:0:0:1::1");
	assert_addresses(&cable_of(t, "client", "eth0")->a, "10.77.0.2", "fd77::2");
	assert_addresses(&cable_of(t, "server", "eth0")->a, "10.77.16.3", "fd77:0:0:1::3");
	assert_addresses(&cable_of(t, "h3", "eth0")->a, "10.77.0.4", "fd77::4");
	assert_addresses(&cable_of(t, "h4", "eth0")->a, "10.77.16.5", "fd77:0:0:1::5");
	assert_string_equal(t->nodes[cable_of(t, "h4", "eth0")->b.node].host, "sw2");
	server = &t->nodes[lab_node_find(t, "server")];
	assert_true(server->has_gateway);
	assert_string_equal(inet_ntop(AF_INET, &server->gateway4, text, sizeof(text)),
			    "10.77.16.1");
	assert_string_equal(inet_ntop(AF_INET6, &server->gateway6, text, sizeof(text)),
			    "fd77:0:0:1::1");
}

/* Interface names fit, addresses are all different, none is a .0, .1 or .255, cables are in order.
 */
static void largest(void **state)
{
	(void)state;
	for (enum lab_kind kind = LAB_BRIDGE; kind <= LAB_ROUTER; kind++) {
		_cleanup_lab_topology_ struct lab_topology *t =
			make(kind, "abcdefghijklmnopqrstuvwxyz012345", LAB_HOSTS_MAX);
		static bool seen[1u << 16];
		char netns[LAB_NETNS_MAX];

		memset(seen, 0, sizeof(seen));
		lab_netns_name(t, t->n_nodes - 1, netns);
		assert_string_equal(netns, "abcdefghijklmnopqrstuvwxyz012345-h1000");
		for (unsigned int i = 0; i < t->n_cables; i++) {
			const struct lab_end *e = &t->cables[i].a;
			uint32_t v4 = ntohl(e->v4.s_addr);

			assert_true(i == 0 || t->cables[i - 1].a.node <= e->node);
			assert_int_equal(v4 >> 16, 0x0a4d);
			assert_false(seen[v4 & 0xffff]);
			seen[v4 & 0xffff] = true;
			/* The last 12 bits of both addresses agree. */
			assert_int_equal(v4 & 0xfff, (e->v6.s6_addr[14] << 8) | e->v6.s6_addr[15]);
			if (t->nodes[e->node].role != LAB_ROLE_HOST)
				continue;
			assert_in_range(v4 & 0xff, 2, 254);
		}
	}
}

static void next_octet(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_BRIDGE, "b", 254);

	(void)state;
	assert_addresses(&cable_of(t, "h253", "eth0")->a, "10.77.0.254", "fd77::fe");
	assert_addresses(&cable_of(t, "h254", "eth0")->a, "10.77.1.2", "fd77::102");
}

static void summary(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_PAIR, "lab", 2);
	_cleanup_buf_ struct buf b = {0};

	(void)state;
	lab_view_summary_to(&b, t);
	buf_putc(&b, '\0');
	assert_string_equal(
		b.data,
		"lab lab is up: pair, 2 hosts\n"
		"  lab-client  eth0  10.77.0.2/20     fd77::2/64\n"
		"  lab-server  eth0  10.77.0.3/20     fd77::3/64\n"
		"Try: flowner lab exec lab client -- bash     Remove: flowner lab down lab\n");
}

/* A lab of which nothing is left, and one whose link has a name from outside. */
static void report(void **state)
{
	struct lab_live_link link = {.name = "eth0", .ifindex = 2, .kind = "v\"\033["};
	struct lab_live_node nodes[2] = {{.presence = LAB_GONE}, {.presence = LAB_FOREIGN}};
	_cleanup_lab_topology_ struct lab_topology *t = make(LAB_PAIR, "lab", 2);
	struct lab_report r = {.topology = t, .complete = true, .nodes = nodes};
	_cleanup_buf_ struct buf table = {0}, json = {0};

	(void)state;
	assert_false(lab_report_healthy(&r));
	nodes[1].links = &link;
	nodes[1].n_links = 1;
	nodes[1].inode = 4026532000;
	lab_view_table_to(&table, &r);
	buf_putc(&table, '\0');
	assert_string_equal(table.data, "lab lab: pair, 2 hosts, damaged\n"
					"NETNS       INODE       LINK  STATE  IPV4  IPV6  PEER\n"
					"lab-client  -           -     gone   -     -     -\n"
					"lab-server  4026532000  eth0  down   -     -     -\n");
	lab_view_json_to(&json, &r);
	buf_putc(&json, '\0');
	assert_non_null(strstr(json.data, "\"kind\":\"v\\\"\\u001b[\""));
	assert_non_null(
		strstr(json.data, "\"state\":\"gone\",\"netns\":{\"name\":\"lab-client\"}"));
	assert_non_null(strstr(json.data, "\"state\":\"foreign\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),      cmocka_unit_test(kinds),
		cmocka_unit_test(impossible), cmocka_unit_test(pair),
		cmocka_unit_test(bridge),     cmocka_unit_test(router),
		cmocka_unit_test(largest),    cmocka_unit_test(next_octet),
		cmocka_unit_test(summary),    cmocka_unit_test(report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
