// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/flow_paths.h: of what is asked for the path is found, by all flows there are. */
#include "flows.h"

#include "model/flow_paths.h"

#define CONNS 50

static const struct netns red = {.inode = 1, .cookie = 1, .name = "red"};
static const struct netns router = {.inode = 2, .cookie = 2, .name = "router"};
static const struct netns blue = {.inode = 3, .cookie = 3, .name = "blue"};

/* red r - r0 router b0 - b blue; each connection is seen at both of the router's ends, both ways.
 */
struct net {
	struct link r, r0, b0, b;
	struct flow flow[4 * CONNS];
	struct flow *all[4 * CONNS];
};

static void add(struct net *n, size_t i, struct link *l, bool egress, bool from_client)
{
	struct addr_port client = at("10.0.0.2", (uint16_t)(1000 + i / 4)),
			 server = at("10.0.1.2", 80);
	struct flow *f = &n->flow[i];

	*f = tcp(l, egress, from_client ? client : server, from_client ? server : client, 1);
	f->conn = UINT64_MAX / (i / 4 + 1);
	f->from_client = from_client;
	f->sender.netns = from_client ? &red : &blue;
	f->receiver.netns = from_client ? &blue : &red;
	n->all[i] = f;
}

static void make(struct net *n)
{
	n->r = device(&red, "r", "veth", 2);
	n->r0 = device(&router, "r0", "veth", 2);
	n->b0 = device(&router, "b0", "veth", 3);
	n->b = device(&blue, "b", "veth", 2);
	join(&n->r0, &n->r);
	join(&n->b0, &n->b);
	for (size_t i = 0; i < 4 * CONNS; i += 4) {
		add(n, i, &n->r0, false, true);
		add(n, i + 1, &n->b0, true, true);
		add(n, i + 2, &n->b0, false, false);
		add(n, i + 3, &n->r0, true, false);
	}
}

static void assert_whole(const struct path *p)
{
	assert_int_equal(p->n, 4);
	assert_string_equal(p->hop[0].link->name, "r");
	assert_string_equal(p->hop[1].link->name, "r0");
	assert_string_equal(p->hop[2].link->name, "b0");
	assert_string_equal(p->hop[3].link->name, "b");
	assert_false(p->cut);
}

TEST(all)
{
	static struct net n;
	struct flow_paths *p;
	struct path path;

	make(&n);
	assert_int_equal(flow_paths_new(&p, n.all, NULL, 4 * CONNS, n.all, 4 * CONNS), 0);
	/* Each twice: the second time it is remembered. */
	for (size_t i = 0; i < 2 * CONNS; i++) {
		assert_true(flow_paths_find(p, UINT64_MAX / (i % CONNS + 1), &path));
		assert_whole(&path);
	}
	assert_false(flow_paths_find(p, 0, &path));
	assert_false(flow_paths_find(p, 4711, &path));
	assert_false(flow_paths_find(p, UINT64_MAX - 1, &path));
	flow_paths_free(p);
}

/* One flow of it is enough; of others nothing is known. */
TEST(asked)
{
	static struct net n;
	struct flow_paths *p;
	struct path path;

	make(&n);
	assert_int_equal(flow_paths_new(&p, n.all, NULL, 4 * CONNS, &n.all[4 * 7 + 2], 1), 0);
	assert_true(flow_paths_find(p, UINT64_MAX / 8, &path));
	assert_whole(&path);
	assert_false(flow_paths_find(p, UINT64_MAX / 7, &path));
	flow_paths_free(p);
}

TEST(nothing)
{
	static struct net n;
	struct flow_paths *p;
	struct path path;

	make(&n);
	assert_int_equal(flow_paths_new(&p, NULL, NULL, 0, NULL, 0), 0);
	assert_false(flow_paths_find(p, UINT64_MAX, &path));
	flow_paths_free(p);
	for (size_t i = 0; i < 4; i++)
		n.flow[i].conn = 0;
	assert_int_equal(flow_paths_new(&p, n.all, NULL, 4, n.all, 4), 0);
	assert_false(flow_paths_find(p, 0, &path));
	flow_paths_free(p);
	flow_paths_free(NULL);
}

/* So many flows: it is cut, not overrun. */
TEST(many)
{
	static struct flow f[1000];
	struct flow *rows[1000];
	static struct net n;
	struct flow_paths *p;
	struct path path;

	make(&n);
	for (size_t i = 0; i < 1000; i++) {
		f[i] = n.flow[i % 4];
		rows[i] = &f[i];
	}
	assert_int_equal(flow_paths_new(&p, rows, NULL, 1000, rows, 1000), 0);
	assert_true(flow_paths_find(p, UINT64_MAX, &path));
	assert_whole(&path);
	flow_paths_free(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("of all connections", all),
		IT("of what is asked for, by all of its flows", asked),
		IT("of nothing, and of what has no id", nothing),
		IT("of a connection of a thousand flows", many),
	};

	return RUN(tests);
}
