// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is still pointed to is told, and nothing that is not any more. */
#include "unit.h"

#include "model/topology.h"
#include "pieces.h"

struct told {
	unsigned int blue, red, router, box, plain, others;
};

static void on_netns(void *ctx, const struct netns *n)
{
	struct told *t = ctx;

	*(n == &blue     ? &t->blue
	  : n == &red    ? &t->red
	  : n == &router ? &t->router
			 : &t->others) += 1;
}

static void on_cgroup(void *ctx, const struct cgroup *cg)
{
	struct told *t = ctx;

	*(cg == &box ? &t->box : cg == &plain ? &t->plain : &t->others) += 1;
}

static struct keeper keeper(struct told *t)
{
	*t = (struct told){0};
	return (struct keeper){on_netns, on_cgroup, t};
}

TEST(events)
{
	struct tracker *t = new_tracker(false, false);
	struct told told;
	struct keeper k = keeper(&told);

	tracker_keep(t, &k);
	assert_int_equal(told.blue + told.red + told.box + told.others, 0);
	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	FEED(t, rec_server_est(110));
	FEED(t, rec_close(200, client_sock(FIN_WAIT2, CLOSED)));
	FEED(t, rec_close(210, server_sock(LAST_ACK, CLOSED)));
	tracker_keep(t, &k);
	assert_true(told.blue && told.red && told.box);
	/* The endpoints have expired; the events that wait have not. */
	tracker_next(t, AT(0));
	k = keeper(&told);
	tracker_keep(t, &k);
	assert_true(told.blue && told.red && told.box);
	/* The last one is out, and still looked at. */
	expect(t, UINT64_MAX, EVENT_CONNECT);
	expect(t, UINT64_MAX, EVENT_CLOSE);
	expect(t, UINT64_MAX, EVENT_CLOSE);
	k = keeper(&told);
	tracker_keep(t, &k);
	assert_true(told.red && told.box);
	expect_none(t, AT(60 * S));
	k = keeper(&told);
	tracker_keep(t, &k);
	assert_int_equal(told.blue + told.red + told.box + told.others, 0);
	tracker_free(t);
}

TEST(datagrams)
{
	struct tracker *t = new_tracker(false, false);
	const struct fl_snapshot s = {
		.sock = server_sock(0, CLOSED), .task = nginx(), .protocol = IPPROTO_UDP};
	struct told told;
	struct keeper k = keeper(&told);

	tracker_snapshot(t, &s);
	tracker_keep(t, &k);
	assert_true(told.red && told.box);
	tracker_forget_datagrams(t);
	k = keeper(&told);
	tracker_keep(t, &k);
	assert_int_equal(told.red + told.box, 0);
	tracker_free(t);
}

TEST(of_flows)
{
	struct world *w = new_world(100);
	struct told told;
	struct keeper k = keeper(&told);

	/* Links, and where they lead. */
	flow_table_keep(w->table, &k);
	assert_true(told.router && told.blue && told.red);
	flow_table_unwatch(w->table, w->c0);
	flow_table_settle(w->table, AT(S));
	k = keeper(&told);
	flow_table_keep(w->table, &k);
	assert_int_equal(told.blue, 0);
	assert_true(told.router && told.red);
	/* The same of a flow on one that has gone. */
	FEED(w->tracker, rec_server_est(S));
	put(w, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, S));
	flow_table_unwatch(w->table, w->s0);
	flow_table_settle(w->table, AT(2 * S));
	k = keeper(&told);
	flow_table_keep(w->table, &k);
	assert_true(told.router && told.red);
	flow_table_advance(w->table);
	k = keeper(&told);
	flow_table_keep(w->table, &k);
	assert_int_equal(told.blue + told.red + told.router + told.others, 0);
	free_world(w);
}

TEST(links)
{
	const struct link_facts f = {.ifindex = 7, .name = "v", .kind = "veth"};
	struct topology *t = topology_new(1);
	struct told told;
	struct keeper k = keeper(&told);
	struct link *l;

	assert_non_null(t);
	assert_int_equal(topology_set(t, &blue, &f), 0);
	link_put(topology_next_changed(t));
	topology_keep(t, &k);
	assert_true(told.blue);
	/* Gone, but nobody has been told yet. */
	topology_remove(t, blue.cookie, 7);
	k = keeper(&told);
	topology_keep(t, &k);
	assert_true(told.blue);
	l = topology_next_changed(t);
	assert_non_null(l);
	k = keeper(&told);
	topology_keep(t, &k);
	assert_int_equal(told.blue, 0);
	/* Whoever holds the link tells of it. */
	keeper_link(&k, l);
	assert_true(told.blue);
	link_put(l);
	topology_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("endpoints and events, those that wait and the one that is out", events),
		IT("datagram sockets", datagrams),
		IT("flows and their links", of_flows),
		IT("links, also one that is gone as long as it is to be told of", links),
	};

	return RUN(tests);
}
