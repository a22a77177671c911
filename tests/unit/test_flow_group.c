// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums of flows: of a connection through a router that translates its address, and of others. */
#include "flows.h"

#include <errno.h>
#include <stdlib.h>

#include "model/flow_group.h"
#include "out/flow_view.h"

static const struct netns client = {.inode = 11, .cookie = 1, .name = "c"};
static const struct netns router = {.inode = 12, .cookie = 2, .name = "r"};
static const struct netns server = {.inode = 13, .cookie = 3, .name = "s"};
/* Two cgroups of one container. */
static const struct cgroup box = {
	.path = "/docker/x",
	.container = &(const struct container){.runtime = "docker", .id = "x"}};
static const struct cgroup box_inner = {
	.path = "/docker/x/init",
	.container = &(const struct container){.runtime = "docker", .id = "x"}};
static const struct cgroup podman = {
	.path = "/podman/y",
	.container = &(const struct container){.runtime = "podman", .id = "y"}};
static const struct cgroup host = {.path = "/system.slice/sshd"};

static struct wall_clock wall;
static const struct flow_view view = {
	.clock = &wall, .now = 5 * SECOND, .interval_ns = SECOND / 2, .no_header = true};

/* c:eth0 - r:c0, r:s0 - s:eth0; watched at the router. */
struct net {
	struct link c, rc, rs, s;
	struct flow flow[8];
	struct flow *all[8];
	size_t n;
};

static void make_net(struct net *n)
{
	*n = (struct net){.c = device(&client, "eth0", "veth", 2),
			  .rc = device(&router, "c0", "veth", 3),
			  .rs = device(&router, "s0", "veth", 4),
			  .s = device(&server, "eth0", "veth", 2)};
	join(&n->rc, &n->c);
	join(&n->rs, &n->s);
}

static struct flow *add(struct net *n, struct flow f)
{
	n->flow[n->n] = f;
	n->all[n->n] = &n->flow[n->n];
	return n->all[n->n++];
}

#define CONN 0x9f0c2c6f1f3d5a77

/* 10.77.0.2:4711 → 10.0.0.1:8080 ⇒ 10.77.1.3:80 */
static void make_connection(struct net *n)
{
	struct addr_port c = at("10.77.0.2", 4711), vip = at("10.0.0.1", 8080);
	struct addr_port s = at("10.77.1.3", 80);
	struct flow_end from = {&client, process("curl", 10, &box)};
	struct flow_end to = {&server, process("nginx", 20, &podman)};

	make_net(n);
	add(n, tcp(&n->rs, true, c, s, 18))->first += 10;
	add(n, tcp(&n->rc, false, c, vip, 20));
	add(n, tcp(&n->rc, true, vip, c, 30))->first += 40;
	add(n, tcp(&n->rs, false, s, c, 31))->first += 30;
	for (size_t i = 0; i < n->n; i++) {
		struct flow *f = n->all[i];

		f->conn = CONN;
		f->from_client = i < 2;
		f->sender = i < 2 ? from : to;
		f->receiver = i < 2 ? to : from;
		f->bytes_before = f->bytes / 2;
		f->packets_before = f->packets / 2;
	}
}

static void sums(const struct flow_group *g, uint64_t tx, uint64_t rx, uint64_t flows,
		 uint64_t conns)
{
	assert_int_equal(g->tx.packets, tx);
	assert_int_equal(g->tx.bytes, tx * 100);
	assert_int_equal(g->rx.packets, rx);
	assert_int_equal(g->rx.bytes, rx * 100);
	assert_int_equal(g->flows, flows);
	assert_int_equal(g->conns, conns);
}

TEST(names)
{
	enum flow_group_by by;
	struct buf b = {0};

	for (unsigned int i = 0; i < FLOW_BYS; i++) {
		assert_int_equal(flow_group_parse(flow_group_name(i), &by), 0);
		assert_int_equal(by, i);
	}
	assert_int_equal(flow_group_parse("vet", &by), -EINVAL);
	flow_group_names(&b);
	same_text(&b, "veth, netns, container, conn");
	buf_free(&b);
}

TEST(veth)
{
	struct net n;
	struct link idle = device(&router, "z0", "veth", 9);
	struct link *links[] = {&n.rs, &idle};
	struct flow_groups g;
	struct buf b = {0};

	make_connection(&n);
	assert_int_equal(flow_groups_make(FLOW_BY_VETH, n.all, n.n, links, 2, &g), 0);
	assert_int_equal(g.n, 3);
	assert_int_equal(flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX), 3);
	assert_ptr_equal(g.row[0]->link, &n.rc);
	sums(g.row[0], 30, 20, 2, 1);
	assert_ptr_equal(g.row[1]->link, &n.rs);
	sums(g.row[1], 18, 31, 2, 1);
	assert_ptr_equal(g.row[2]->link, &idle);
	sums(g.row[2], 0, 0, 0, 0);
	group_table_show(&view, &g, 1, &b);
	same_text(&b, "r  c0  c:eth0  30  3.0k  20  2.0k  30  3.0k  20  2.0k  2  1\n");
	group_json(&view, &g, 1, &b);
	same_json(b.data, b.len,
		  "{\"type\":\"total\",\"time\":\"1970-01-01T00:00:05.000000000Z\",\"by\":\"veth\","
		  "\"netns\":{\"inode\":12,\"cookie\":2,\"name\":\"r\"},\"link\":{\"name\":\"c0\","
		  "\"ifindex\":3,\"kind\":\"veth\",\"peer\":{\"netns\":{\"inode\":11,\"cookie\":1,"
		  "\"name\":\"c\"},\"name\":\"eth0\",\"ifindex\":2}},\"tx_packets\":30,"
		  "\"tx_bytes\":3000,\"rx_packets\":20,\"rx_bytes\":2000,\"tx_packet_rate\":30,"
		  "\"tx_byte_rate\":3000,\"rx_packet_rate\":20,\"rx_byte_rate\":2000,\"flows\":2,"
		  "\"connections\":1,\"first\":\"1970-01-01T00:00:02.000000000Z\","
		  "\"last\":\"1970-01-01T00:00:03.000000000Z\"}");
	buf_free(&b);
	flow_groups_free(&g);
}

TEST(netns)
{
	struct net n;
	struct flow_groups g;

	make_connection(&n);
	assert_int_equal(flow_groups_make(FLOW_BY_NETNS, n.all, n.n, NULL, 0, &g), 0);
	assert_int_equal(g.n, 3);
	flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX);
	assert_ptr_equal(g.row[0]->netns, &client);
	sums(g.row[0], 20, 30, 2, 1);
	/* The router passes on: what came in by one link leaves by the other. */
	assert_ptr_equal(g.row[1]->netns, &router);
	sums(g.row[1], 30 + 18, 20 + 31, 4, 1);
	assert_ptr_equal(g.row[2]->netns, &server);
	sums(g.row[2], 31, 18, 2, 1);
	flow_groups_free(&g);
	/* The far end is watched too, but not for as long: it says the same once more. */
	n.s.attached = 2 * SECOND;
	add(&n, tcp(&n.s, true, at("10.77.1.3", 80), at("10.77.0.2", 4711), 30));
	assert_int_equal(flow_groups_make(FLOW_BY_NETNS, n.all, n.n, NULL, 0, &g), 0);
	flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX);
	sums(g.row[2], 31, 18, 2, 1);
	flow_groups_free(&g);
	assert_int_equal(flow_groups_make(FLOW_BY_NETNS, NULL, 0, NULL, 0, &g), 0);
	assert_int_equal(g.n, 0);
	flow_groups_free(&g);
}

TEST(container)
{
	struct net n;
	struct flow_groups g;
	struct flow *f;
	struct buf b = {0};

	make_connection(&n);
	/* The same on two links, without an id. */
	f = add(&n, tcp(&n.rs, true, at("10.77.0.2", 53), at("10.77.1.3", 53), 6));
	f->proto = 17;
	f->first += 10;
	f->sender = (struct flow_end){&client, {.cgroup = &box_inner}};
	f = add(&n, *f);
	f->link = &n.rc;
	f->egress = false;
	f->packets = 7;
	f->bytes = 700;
	/* Nobody's, on two links: not known to be the same. */
	f = add(&n, tcp(&n.rs, true, at("10.77.0.9", 1), at("10.77.1.9", 1), 1));
	f = add(&n, *f);
	f->link = &n.rc;
	f->sender.owner.cgroup = &host;
	assert_int_equal(flow_groups_make(FLOW_BY_CONTAINER, n.all, n.n, NULL, 0, &g), 0);
	assert_int_equal(g.n, 3);
	flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX);
	assert_string_equal(g.row[0]->container->id, "x");
	sums(g.row[0], 20 + 7, 30, 3, 1);
	assert_string_equal(g.row[1]->container->id, "y");
	sums(g.row[1], 31, 18, 2, 1);
	assert_null(g.row[2]->container);
	/* Both ends of the last two, and the receiver of the UDP flows on both links. */
	sums(g.row[2], 2, 2 + 6 + 7, 6, 0);
	group_table_show(&view, &g, 3, &b);
	assert_true(holds(&b, "\n-         "));
	b.len = 0;
	group_json(&view, &g, 1, &b);
	assert_non_null(
		memmem(b.data, b.len, "\"container\":{\"runtime\":\"docker\",\"id\":\"x\"}", 41));
	buf_free(&b);
	flow_groups_free(&g);
}

TEST(container_of_netns)
{
	const struct container web = {.runtime = "docker", .id = "web"};
	struct netns of_web = server;
	struct net n;
	struct flow_groups g;

	of_web.container = &web;
	make_net(&n);
	/* A ping: no process is known, but whose namespace it is. */
	add(&n, tcp(&n.s, false, at("10.77.0.2", 0), at("10.77.1.3", 0), 5))->receiver.netns =
		&of_web;
	assert_int_equal(flow_groups_make(FLOW_BY_CONTAINER, n.all, n.n, NULL, 0, &g), 0);
	flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX);
	assert_ptr_equal(g.row[0]->container, &web);
	sums(g.row[0], 0, 5, 1, 0);
	flow_groups_free(&g);
}

#define NETNS_C "{\"inode\":11,\"cookie\":1,\"name\":\"c\"}"
#define NETNS_R "{\"inode\":12,\"cookie\":2,\"name\":\"r\"}"
#define NETNS_S "{\"inode\":13,\"cookie\":3,\"name\":\"s\"}"
#define CLIENT  "{\"addr\":\"10.77.0.2\",\"port\":4711}"
#define VIP     "{\"addr\":\"10.0.0.1\",\"port\":8080}"
#define SERVER  "{\"addr\":\"10.77.1.3\",\"port\":80}"

TEST(translated)
{
	struct net n;
	struct flow_groups g;
	struct buf b = {0};

	make_connection(&n);
	assert_int_equal(flow_groups_make(FLOW_BY_CONN, n.all, n.n, NULL, 0, &g), 0);
	assert_int_equal(g.n, 1);
	sums(g.row[0], 20, 31, 4, 1);
	assert_true(g.row[0]->lost_tx_known);
	assert_int_equal(g.row[0]->lost_tx, 2);
	assert_int_equal(g.row[0]->lost_rx, 1);
	group_table_show(&view, &g, 1, &b);
	same_text(&b, "9f0c2c6f  tcp  10.77.0.2:4711 → 10.0.0.1:8080 ⇒ 10.77.1.3:80  c/curl[10]  "
		      "s/nginx[20]  open  2.0k  3.1k  20  2.0k  31  3.1k  lost 3  "
		      "c:eth0 → r:c0 → r:s0 → s:eth0\n");
	group_json(&view, &g, 1, &b);
	same_json(
		b.data, b.len,
		"{\"type\":\"total\",\"time\":\"1970-01-01T00:00:05.000000000Z\",\"by\":\"conn\","
		"\"conn\":\"9f0c2c6f1f3d5a77\",\"family\":\"ipv4\",\"proto\":\"tcp\","
		"\"client\":" CLIENT ",\"server\":" VIP ",\"client_netns\":" NETNS_C
		",\"client_owner\":{\"pid\":10,\"tid\":10,\"ppid\":1,\"uid\":0,\"comm\":\"curl\","
		"\"cgroup\":\"/docker/x\",\"source\":\"connect\",\"container\":{\"runtime\":"
		"\"docker\",\"id\":\"x\"}},\"server_netns\":" NETNS_S
		",\"server_owner\":{\"pid\":20,\"tid\":20,\"ppid\":1,\"uid\":0,\"comm\":\"nginx\","
		"\"cgroup\":\"/podman/y\",\"source\":\"connect\",\"container\":{\"runtime\":"
		"\"podman\",\"id\":\"y\"}},"
		"\"tuples\":[{\"netns\":" NETNS_R ",\"link\":\"c0\",\"src\":" CLIENT ",\"dst\":" VIP
		"},{\"netns\":" NETNS_R ",\"link\":\"s0\",\"src\":" CLIENT ",\"dst\":" SERVER "}],"
		"\"path\":[{\"netns\":" NETNS_C
		",\"link\":\"eth0\",\"ifindex\":2},{\"netns\":" NETNS_R
		",\"link\":\"c0\",\"ifindex\":3},{\"netns\":" NETNS_R
		",\"link\":\"s0\",\"ifindex\":4},{\"netns\":" NETNS_S
		",\"link\":\"eth0\",\"ifindex\":2}],\"state\":\"open\",\"tx_lost_packets\":2,"
		"\"rx_lost_packets\":1,\"lost_packets\":3,\"tx_packets\":20,\"tx_bytes\":2000,"
		"\"rx_packets\":31,\"rx_bytes\":3100,\"tx_packet_rate\":20,\"tx_byte_rate\":2000,"
		"\"rx_packet_rate\":32,\"rx_byte_rate\":3100,\"flows\":4,\"connections\":1,"
		"\"first\":\"1970-01-01T00:00:02.000000000Z\","
		"\"last\":\"1970-01-01T00:00:03.000000000Z\"}");
	flow_groups_free(&g);
	/* What is older than the watch may have lost anything. */
	n.flow[0].partial = n.flow[2].partial = true;
	assert_int_equal(flow_groups_make(FLOW_BY_CONN, n.all, n.n, NULL, 0, &g), 0);
	assert_false(g.row[0]->lost_tx_known);
	assert_false(g.row[0]->lost_rx_known);
	flow_groups_free(&g);
	/* Source NAT too. */
	n.flow[0].src = n.flow[3].dst = at("10.77.1.1", 999);
	assert_int_equal(flow_groups_make(FLOW_BY_CONN, n.all, n.n, NULL, 0, &g), 0);
	b.len = 0;
	group_table_show(&view, &g, 1, &b);
	assert_true(holds(&b, "10.77.0.2:4711 → 10.0.0.1:8080 ⇒ 10.77.1.1:999 → "
			      "10.77.1.3:80"));
	assert_false(holds(&b, "lost"));
	flow_groups_free(&g);
	buf_free(&b);
}

/* Every subset of the flows, with and without knowing the ends. */
TEST(incomplete)
{
	for (unsigned int ends = 0; ends < 4; ends++) {
		for (unsigned int set = 1; set < 16; set++) {
			struct net n;
			struct flow *some[4];
			struct flow_groups g;
			struct buf b = {0};
			size_t k = 0;

			make_connection(&n);
			for (unsigned int i = 0; i < 4; i++) {
				if (!(ends & 1))
					n.flow[i].sender = (struct flow_end){0};
				if (!(ends & 2))
					n.flow[i].receiver = (struct flow_end){0};
				if (set & 1 << i)
					some[k++] = &n.flow[i];
			}
			assert_int_equal(flow_groups_make(FLOW_BY_CONN, some, k, NULL, 0, &g), 0);
			assert_int_equal(g.n, 1);
			group_table_show(&view, &g, 1, &b);
			b.len = 0;
			group_json(&view, &g, 1, &b);
			json_object_put(parse_line(b.data, b.len));
			assert_true(holds(&b, "\"client\":" CLIENT));
			buf_free(&b);
			flow_groups_free(&g);
		}
	}
}

TEST(without_id)
{
	struct net n;
	struct flow_groups g;
	struct flow *f;
	struct buf b = {0};

	make_net(&n);
	f = add(&n, tcp(&n.rc, true, at("10.0.0.2", 53), at("10.0.0.1", 999), 3));
	f->first += 5;
	add(&n, tcp(&n.rc, false, at("10.0.0.1", 999), at("10.0.0.2", 53), 2));
	/* The same tuple elsewhere is something else. */
	add(&n, tcp(&n.rs, true, at("10.0.0.1", 999), at("10.0.0.2", 53), 4));
	for (size_t i = 0; i < 3; i++)
		n.flow[i].state = FLOW_STATE_NONE;
	/* An echo and its answer. */
	f = add(&n, tcp(&n.rs, true, at("10.0.0.1", 0), at("10.0.0.2", 0), 1));
	f->proto = 1;
	f->icmp.type = 8;
	f->icmp.id = 77;
	f = add(&n, tcp(&n.rs, false, at("10.0.0.2", 0), at("10.0.0.1", 0), 1));
	f->proto = 1;
	f->icmp.id = 77;
	f->first++;
	/* No addresses at all. */
	f = add(&n,
		(struct flow){
			.link = &n.rs, .kind = FL_FLOW_OTHER, .ethertype = 0x88cc, .packets = 1});
	f = add(&n, *f);
	f->egress = true;
	f->packets = 5;
	assert_int_equal(flow_groups_make(FLOW_BY_CONN, n.all, n.n, NULL, 0, &g), 0);
	assert_int_equal(g.n, 4);
	assert_int_equal(flow_groups_sort(&g, FLOW_SORT_LINK, SIZE_MAX), 4);
	sums(g.row[0], 2, 3, 2, 0);
	group_table_show(&view, &g, 1, &b);
	same_text(&b, "-  tcp  10.0.0.1:999 → 10.0.0.2:53  -  -  -  400  600  2  200  3  300  -  "
		      "r:c0\n");
	group_json(&view, &g, 1, &b);
	same_json(
		b.data, b.len,
		"{\"type\":\"total\",\"time\":\"1970-01-01T00:00:05.000000000Z\",\"by\":\"conn\","
		"\"netns\":" NETNS_R ",\"link\":{\"name\":\"c0\",\"ifindex\":3,\"kind\":\"veth\","
		"\"peer\":{\"netns\":" NETNS_C ",\"name\":\"eth0\",\"ifindex\":2}},"
		"\"family\":\"ipv4\",\"proto\":\"tcp\",\"src\":{\"addr\":\"10.0.0.1\",\"port\":999},"
		"\"dst\":{\"addr\":\"10.0.0.2\",\"port\":53},\"tx_packets\":2,\"tx_bytes\":200,"
		"\"rx_packets\":3,\"rx_bytes\":300,\"tx_packet_rate\":4,\"tx_byte_rate\":400,"
		"\"rx_packet_rate\":6,\"rx_byte_rate\":600,\"flows\":2,\"connections\":0,"
		"\"first\":\"1970-01-01T00:00:02.000000000Z\","
		"\"last\":\"1970-01-01T00:00:03.000000000Z\"}");
	b.len = 0;
	group_table_show(&view, &g, 4, &b);
	assert_true(holds(&b, "0x88cc  -"));
	assert_true(holds(&b, "icmp    10.0.0.1 → 10.0.0.2"));
	assert_int_equal(g.row[1]->at_client->ethertype, 0x88cc);
	assert_int_equal(g.row[1]->tx.packets, 1);
	assert_int_equal(g.row[1]->rx.packets, 5);
	assert_int_equal(g.row[2]->at_client->icmp.type, 8);
	assert_int_equal(g.row[2]->tx.packets, 1);
	assert_int_equal(g.row[2]->rx.packets, 1);
	buf_free(&b);
	flow_groups_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("sums have names", names),
		IT("a veth: out and in, also where nothing came by", veth),
		IT("a namespace: all pairs that it has an end of, each once", netns),
		IT("a container: each connection at one link", container),
		IT("… which the namespace tells where no process does", container_of_netns),
		IT("a connection: both tuples, both owners, what was lost, the path", translated),
		IT("a connection of which not all is known", incomplete),
		IT("without an id: the two directions on one link", without_id),
	};

	return RUN(tests);
}
