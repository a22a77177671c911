// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* out/map_view.h: trees, lines, JSON and dot of a map, against what they should be. */
#include "net_maps.h"

#include <json-c/json.h>

#include "model/net_map_find.h"
#include "out/map_view.h"

static void expect_tree(const struct net_map *m, bool all, const char *text)
{
	_cleanup_buf_ struct buf b = {0};

	map_tree(m, all, &b);
	buf_putc(&b, '\0');
	assert_int_equal(b.err, 0);
	assert_string_equal(b.data, text);
}

TEST(tree)
{
	struct net_map *m = maps_make();

	expect_tree(m, false,
		    "host         101  187 processes\n"
		    "  eth0      up          10.0.0.5/24, 10.0.0.6/24\n"
		    "                        10.0.0.7/24\n"
		    "  br-echo   up          172.18.0.1/16              bridge, 2 ports\n"
		    "    veth1b  up                                     <-> eth0 of plain\n"
		    "    veth0a  up                                     <-> eth0 of echo-server\n"
		    "echo-server  102  1 process      docker 3f2a9c0d1e2f, image bb:1\n"
		    "  eth0      up          172.18.0.2/16, fd00::2/64  "
		    "<-> veth0a of host (port of br-echo)\n"
		    "plain        103  no process     also other\n"
		    "  eth0      up          172.18.0.3/16              "
		    "<-> veth1b of host (port of br-echo), mtu 9000\n"
		    "netns 104         1 process      sleep[77]\n"
		    "  v9        no-carrier                             "
		    "<-> ifindex 12 in a namespace out of sight\n");
	m->netns[0]->left_out = m->netns[1]->left_out = m->netns[3]->left_out = true;
	expect_tree(m, true,
		    "plain  103  no process  also other\n"
		    "  lo    up                     127.0.0.1/8, ::1/128\n"
		    "  eth0  up  02:00:00:00:67:02  172.18.0.3/16         "
		    "<-> veth1b of host (port of br-echo), mtu 9000\n");
	net_map_free(m);
}

static void add_tables(struct net_map *m)
{
	struct map_netns *host = net_map_netns(m, maps_host.cookie);
	struct map_netns *server = net_map_netns(m, maps_server.cookie);
	struct map_route r = {.ifindex = 2, .table = 254, .protocol = "kernel"};
	struct map_fdb f = {.mac = {{2, 0, 0, 0, 102, 2}}, .ifindex = 5, .master_ifindex = 3};
	struct map_neigh e = {.addr = maps_ip("172.18.0.1"), .ifindex = 2, .state = "failed"};

	r.dst = maps_ip("172.18.0.0");
	r.prefix_len = 16;
	r.has_src = true;
	r.src = maps_ip("172.18.0.2");
	assert_int_equal(net_map_add_route(server, &r), 0);
	r = (struct map_route){.dst = maps_ip("::"), .table = 254, .type = "blackhole"};
	assert_int_equal(net_map_add_route(server, &r), 0);
	r = (struct map_route){.dst = maps_ip("0.0.0.0"), .ifindex = 2, .table = 254, .metric = 7};
	r.has_via = true;
	r.via = maps_ip("172.18.0.1");
	assert_int_equal(net_map_add_route(server, &r), 0);
	r.table = 99;
	assert_int_equal(net_map_add_route(server, &r), 0);
	f.vlan = 10;
	assert_int_equal(net_map_add_fdb(host, &f), 0);
	f.state = "permanent";
	assert_int_equal(net_map_add_fdb(host, &f), 0);
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	e.state = "stale";
	e.has_mac = e.router = true;
	e.mac = (struct mac){{2, 0, 0, 0, 101, 3}};
	assert_int_equal(net_map_add_neigh(server, &e), 0);
	m->routes = m->fdb = m->neigh = true;
}

TEST(tables)
{
	struct net_map *m = maps_begin();

	add_tables(m);
	assert_int_equal(net_map_finish(m), 0);
	m->netns[2]->left_out = m->netns[3]->left_out = true;
	expect_tree(m, false,
		    "host         101  187 processes\n"
		    "  eth0      up  10.0.0.5/24, 10.0.0.6/24\n"
		    "                10.0.0.7/24\n"
		    "  br-echo   up  172.18.0.1/16              bridge, 2 ports\n"
		    "    veth1b  up                             <-> eth0 of plain\n"
		    "    veth0a  up                             <-> eth0 of echo-server\n"
		    "  forwarding table\n"
		    "    02:00:00:00:66:02  veth0a of br-echo  learned, vlan 10  "
		    "eth0 of echo-server\n"
		    "echo-server  102  1 process      docker 3f2a9c0d1e2f, image bb:1\n"
		    "  eth0      up  172.18.0.2/16, fd00::2/64  "
		    "<-> veth0a of host (port of br-echo)\n"
		    "  routes\n"
		    "    172.18.0.0/16                             dev eth0  src 172.18.0.2\n"
		    "    blackhole default (IPv6)\n"
		    "    default                   via 172.18.0.1  dev eth0  metric 7  "
		    "(br-echo of host)\n"
		    "  neighbours\n"
		    "    172.18.0.1  -                  eth0  failed\n"
		    "    172.18.0.1  02:00:00:00:65:03  eth0  stale, router  br-echo of host\n");
	net_map_free(m);
}

static void expect_lines(const struct net_map *m, const char *what, const char *text)
{
	_cleanup_buf_ struct buf b = {0};
	const struct map_link **links;
	size_t n;

	assert_int_equal(net_map_find(m, what, 0, &links, &n), 0);
	map_lines(links, n, &b);
	buf_putc(&b, '\0');
	free(links);
	assert_string_equal(b.data, text);
}

#define SERVER_LINE                                                                                \
	"veth0a (host, port of br-echo) <-> eth0 of echo-server (docker 3f2a9c0d1e2f, netns 102) " \
	"172.18.0.2/16 fd00::2/64\n"

TEST(lines)
{
	struct net_map *m = maps_begin();
	struct map_netns *plain = net_map_netns(m, maps_plain.cookie);

	maps_link(plain, 8, "mv0", "macvlan", 0, &maps_host, 2);
	maps_link(plain, 10, "eth0.7", "vlan", 0, &maps_plain, 2);
	plain->links[3]->up = false;
	assert_int_equal(net_map_finish(m), 0);
	expect_lines(m, "veth0a", SERVER_LINE);
	expect_lines(m, "172.18.0.2", SERVER_LINE);
	expect_lines(m, "echo-server", SERVER_LINE);
	/* Both ends are called so, or meant: one line. */
	expect_lines(m, "10.0.0.6", "eth0 (host) 10.0.0.5/24 10.0.0.6/24 10.0.0.7/24\n");
	expect_lines(m, "v9",
		     "v9 of netns 104 (no-carrier) <-> ifindex 12 in a namespace out of sight\n");
	expect_lines(m, "br-echo", "br-echo (host, bridge, 2 ports) 172.18.0.1/16\n");
	expect_lines(m, "mv0", "mv0 of plain (netns 103, macvlan on eth0 of host)\n");
	expect_lines(m, "eth0.7", "eth0.7 of plain (netns 103, vlan on eth0, down)\n");
	net_map_free(m);
}

/* Its runtime's files could not be read, and the namespace has no name. */
TEST(container_without_name)
{
	static struct container c = {
		.runtime = "podman",
		.id = "7e0ce28ba99a45507dd6a8d814f1a48d4a9bc31a066de2213be3cdb581d81de3"};
	static const struct netns id = {.inode = 106, .cookie = 6, .container = &c};
	struct net_map *m = maps_begin();
	struct map_netns *n = net_map_add_netns(m, &id);

	maps_link(n, 2, "eth0", "bridge", 0, NULL, 0);
	assert_int_equal(net_map_add_container(n, &c), 0);
	assert_int_equal(net_map_add_container(n, &maps_container), 0); /* its pod's other one */
	assert_int_equal(net_map_finish(m), 0);
	expect_lines(m, "7e0ce", "eth0 of podman:7e0ce28ba99a (netns 106, bridge, 0 ports)\n");
	for (size_t i = 0; i < m->nnetns; i++)
		m->netns[i]->left_out = m->netns[i] != n;
	expect_tree(m, false,
		    "podman:7e0ce28ba99a  106  no process  with echo-server\n"
		    "  eth0  up    bridge, 0 ports\n");
	net_map_free(m);
}

TEST(one_line_a_pair)
{
	struct net_map *m = maps_make();
	const struct map_link *links[] = {m->netns[1]->links[1], m->netns[1]->links[1]->peer};
	_cleanup_buf_ struct buf b = {0};

	map_lines(links, 2, &b);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, SERVER_LINE);
	net_map_free(m);
}

/* --- JSON --- */

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, key, &value));
	return value;
}

static const char *text(struct json_object *o, const char *key)
{
	return json_object_get_string(get(o, key));
}

static struct json_object *line(const struct buf *b, size_t nth)
{
	const char *s = b->data;
	struct json_object *o;

	while (nth--)
		s = strchr(s, '\n') + 1;
	o = json_tokener_parse(s);
	assert_non_null(o);
	return o;
}

TEST(json)
{
	struct net_map *m = maps_begin();
	_cleanup_buf_ struct buf b = {0};
	struct json_object *o, *link, *item;

	add_tables(m);
	assert_int_equal(net_map_finish(m), 0);
	map_json(m, &b);
	buf_putc(&b, '\0');
	o = line(&b, 1);
	assert_string_equal(text(o, "type"), "netns");
	assert_int_equal(json_object_get_int(get(get(o, "netns"), "inode")), 102);
	assert_string_equal(json_object_to_json_string_ext(get(o, "names"), 0), "[\"aabbccdd\"]");
	item = json_object_array_get_idx(get(o, "containers"), 0);
	assert_string_equal(text(item, "name"), "echo-server");
	assert_string_equal(text(get(item, "labels"), "a\"key"), "a\\value");
	link = json_object_array_get_idx(get(o, "links"), 1);
	assert_string_equal(text(link, "name"), "eth0");
	assert_string_equal(text(link, "mac"), "02:00:00:00:66:02");
	assert_string_equal(json_object_to_json_string_ext(get(link, "addresses"),
							   JSON_C_TO_STRING_NOSLASHESCAPE),
			    "[\"172.18.0.2/16\",\"fd00::2/64\",\"fe80::2/64\"]");
	assert_string_equal(text(get(link, "peer"), "name"), "veth0a");
	assert_int_equal(json_object_get_int(get(get(link, "peer"), "ifindex")), 5);
	assert_false(json_object_object_get_ex(link, "master", NULL));
	item = json_object_array_get_idx(get(o, "routes"), 1);
	assert_string_equal(text(item, "type"), "blackhole");
	assert_string_equal(text(item, "dst"), "::/0");
	item = json_object_array_get_idx(get(o, "neigh"), 1);
	assert_string_equal(text(get(item, "link"), "name"), "br-echo");
	json_object_put(o);
	o = line(&b, 0);
	link = json_object_array_get_idx(get(o, "links"), 2);
	assert_string_equal(json_object_to_json_string_ext(get(link, "ports"), 0),
			    "[\"veth1b\",\"veth0a\"]");
	assert_int_equal(json_object_array_length(get(o, "fdb")), 2);
	json_object_put(o);
	/* Its peer is out of sight: its ifindex, no name. */
	o = line(&b, 3);
	link = json_object_array_get_idx(get(o, "links"), 1);
	assert_string_equal(json_object_to_json_string_ext(get(link, "peer"), 0),
			    "{\"ifindex\":12}");
	json_object_put(o);
	net_map_free(m);
}

/* --- names from outside --- */

/* Fifteen bytes: what a device can be called at most. */
#define EVIL_LINK "\x1b[2J\"\\&<\xff}"
static const struct netns evil = {.inode = 106, .cookie = 6, .name = "a\"b\\\n\x1b]0;x\a"};

static struct net_map *make_evil(void)
{
	struct net_map *m = maps_begin();
	struct map_netns *n = net_map_add_netns(m, &evil);

	maps_link(n, 2, EVIL_LINK, "dummy", 0, NULL, 0);
	net_map_add_name(n, evil.name);
	assert_int_equal(net_map_finish(m), 0);
	for (size_t i = 0; i < m->nnetns; i++)
		m->netns[i]->left_out = m->netns[i] != n;
	return m;
}

TEST(evil_tree)
{
	struct net_map *m = make_evil();

	expect_tree(m, false,
		    "a\"b\\\\x0a\\x1b]0;x\\x07  106  no process\n"
		    "  \\x1b[2J\"\\&<\\xff}  up    dummy\n");
	expect_lines(m, EVIL_LINK,
		     "\\x1b[2J\"\\&<\\xff} of a\"b\\\\x0a\\x1b]0;x\\x07 (netns 106, dummy)\n");
	net_map_free(m);
}

TEST(evil_json)
{
	struct net_map *m = make_evil();
	_cleanup_buf_ struct buf b = {0};
	struct json_object *o;

	map_json(m, &b);
	buf_putc(&b, '\0');
	assert_null(strchr(b.data, '\x1b'));
	o = line(&b, 0);
	assert_string_equal(text(get(o, "netns"), "name"), evil.name);
	assert_string_equal(text(json_object_array_get_idx(get(o, "links"), 0), "name"),
			    "\x1b[2J\"\\&<\\xff}");
	json_object_put(o);
	net_map_free(m);
}

TEST(evil_dot)
{
	struct net_map *m = make_evil();
	_cleanup_buf_ struct buf b = {0};

	map_dot(m, false, &b);
	buf_putc(&b, '\0');
	assert_non_null(strstr(b.data,
			       "subgraph cluster_6 {\n\t\t"
			       "label=\"a\\\"b\\\\\\\\x0a\\\\x1b]0;x\\\\x07\\nnetns 106\""));
	assert_non_null(
		strstr(b.data, "n6_2 [label=\"\\\\x1b[2J\\\"\\\\&amp;<\\\\xff} (dummy)\"]"));
	net_map_free(m);
}

TEST(dot)
{
	struct net_map *m = maps_make();
	_cleanup_buf_ struct buf b = {0};

	map_dot(m, false, &b);
	buf_putc(&b, '\0');
	assert_non_null(strstr(b.data, "rankdir=LR"));
	assert_non_null(strstr(b.data, "label=\"echo-server\\nnetns 102\\ndocker 3f2a9c0d1e2f\\n"
				       "bb:1\""));
	assert_non_null(strstr(b.data, "\t\tn2_2 [label=\"eth0\\n172.18.0.2/16\\nfd00::2/64\"]\n"));
	/* The outer end to the left, once. */
	assert_non_null(strstr(b.data, "\tn1_5 -- n2_2\n"));
	assert_null(strstr(b.data, "n2_2 -- "));
	assert_non_null(strstr(b.data, "\tn1_3 -- n1_5 [style=dashed"));
	assert_null(strstr(b.data, "n1_1 "));
	net_map_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a tree: namespaces, devices, ports below their bridge", tree),
		IT("routes, forwarding tables and neighbours below it", tables),
		IT("a line says who is at both ends", lines),
		IT("a container without a name goes by its id", container_without_name),
		IT("a pair has one line, whichever of the ends was asked for", one_line_a_pair),
		IT("JSON has it all", json),
		IT("names from outside do nothing to a terminal", evil_tree),
		IT("… nor to JSON", evil_json),
		IT("… nor to graphviz", evil_dot),
		IT("dot: clusters, nodes, pairs, ports", dot),
	};

	return RUN(tests);
}
