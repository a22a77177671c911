// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tracker: whole lives of connections, who is known when, order and losses. Ends of connections
 * stand in test_tracker_close.c, far ends in test_tracker_far.c.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "records.h"

TEST(whole_life)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;
	uint64_t conn;

	FEED(t, rec_listen(0));
	FEED(t, rec_syn_sent(1000));
	FEED(t, rec_client_est(1057));
	FEED(t, rec_server_est(1060));
	FEED(t, rec_accept(1100));
	FEED(t, rec_close(5000, client_sock(FIN_WAIT2, CLOSED)));
	FEED(t, rec_close(5010, server_sock(LAST_ACK, CLOSED)));
	assert_true(tracker_pending(t));

	e = expect(t, UINT64_MAX, EVENT_LISTEN);
	assert_true(e->time == AT(0) && e->cookie == LISTENER && e->conn == 0 && !e->has_peer);
	assert_int_equal(e->role, ROLE_LISTENER);
	assert_int_equal(e->u.backlog, 128);
	assert_int_equal(e->self.local.port, 443);
	assert_int_equal(e->self.remote.port, 0);
	assert_ptr_equal(e->self.netns, &red);
	assert_ptr_equal(e->self.owner.cgroup, &box);
	assert_owner(&e->self.owner, OWNER_LISTEN, 20, "nginx");

	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	conn = e->conn;
	assert_true(e->time == AT(1057) && e->cookie == CLIENT && conn != 0);
	assert_int_equal(e->role, ROLE_CLIENT);
	assert_int_equal(e->latency_ns, 57000);
	assert_ptr_equal(e->self.netns, &blue);
	assert_int_equal(e->self.local.port, 40000);
	assert_owner(&e->self.owner, OWNER_CONNECT, 10, "curl");
	assert_int_equal(e->self.owner.tid, 11);
	assert_int_equal(e->self.owner.ppid, 1);
	assert_int_equal(e->self.owner.uid, 1000);
	assert_true(e->has_peer);
	assert_ptr_equal(e->peer.netns, &red);
	assert_int_equal(e->peer.local.port, 443);
	assert_int_equal(e->peer.remote.port, 40000);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");

	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_true(e->time == AT(1100) && e->cookie == SERVER && e->conn == conn);
	assert_int_equal(e->role, ROLE_SERVER);
	assert_int_equal(e->latency_ns, 40000);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	assert_true(e->has_peer);
	assert_owner(&e->peer.owner, OWNER_CONNECT, 10, "curl");

	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->cookie == CLIENT && e->conn == conn && e->role == ROLE_CLIENT);
	assert_int_equal(e->u.close.duration_ns, (5000 - 1057) * 1000);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");

	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->cookie == SERVER && e->conn == conn && e->role == ROLE_SERVER);
	assert_int_equal(e->u.close.duration_ns, (5010 - 1060) * 1000);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	assert_owner(&e->peer.owner, OWNER_CONNECT, 10, "curl");
	expect_none(t, UINT64_MAX);
	assert_false(tracker_pending(t));
	tracker_free(t);
}

TEST(forgets)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(1));
	FEED(t, rec_server_est(2));
	FEED(t, rec_close(3, client_sock(FIN_WAIT2, CLOSED)));
	FEED(t, rec_close(4, server_sock(LAST_ACK, CLOSED)));
	assert_int_equal(tracked(t), 2);
	while (tracker_next(t, AT(19000)))
		;
	assert_int_equal(tracked(t), 2);
	expect_none(t, AT(20004));
	/* The server has not accepted its end yet. */
	assert_int_equal(tracked(t), 1);
	expect_none(t, AT(100004));
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(settles_at_accept)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	FEED(t, rec_server_est(110));
	/* The reordering window is over, yet who accepts is still open. */
	expect_none(t, AT(100 + 9999));
	FEED(t, rec_accept(5000));
	e = expect(t, AT(100 + 2000), EVENT_CONNECT);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");
	tracker_free(t);
}

TEST(settles_after_10_ms)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	expect_none(t, AT(100 + 9999));
	e = expect(t, AT(100 + 10000), EVENT_CONNECT);
	assert_false(e->has_peer);
	/* What comes later finds no event to tell, and must not look for one. */
	FEED(t, rec_server_est(20000));
	FEED(t, rec_accept(20100));
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_true(e->has_peer);
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

TEST(listener_lends_its_owner)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_listen(0));
	FEED(t, rec_syn_sent(10));
	FEED(t, rec_client_est(20));
	FEED(t, rec_server_est(30));
	expect(t, AT(20000), EVENT_LISTEN);
	e = expect(t, AT(20000), EVENT_CONNECT);
	assert_true(e->has_peer);
	assert_owner(&e->peer.owner, OWNER_LISTEN, 20, "nginx");
	tracker_free(t);
}

TEST(other_netns)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned l = rec_listen(0);
	const struct event *e;

	l.sock.netns_cookie = 3;
	FEED(t, l);
	FEED(t, rec_server_est(30));
	FEED(t, rec_close(40, server_sock(LAST_ACK, CLOSED)));
	expect(t, UINT64_MAX, EVENT_LISTEN);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	assert_ptr_equal(e->self.owner.cgroup, &box); /* which the socket itself knows */
	tracker_free(t);
}

TEST(closed_listener)
{
	struct tracker *t = new_tracker(true, false);
	struct fl_owned l = rec_listen(0);
	struct fl_sock s = l.sock;
	const struct event *e;

	s.old_state = LISTENING;
	s.state = CLOSED;
	FEED(t, l);
	FEED(t, rec_close(10, s));
	FEED(t, rec_server_est(20));
	expect(t, UINT64_MAX, EVENT_LISTEN);
	expect(t, UINT64_MAX, EVENT_STATE);
	e = expect(t, UINT64_MAX, EVENT_STATE); /* and no `close`: it was no connection */
	assert_int_equal(e->u.state.from, LISTENING);
	e = expect(t, UINT64_MAX, EVENT_STATE);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

TEST(in_order)
{
	struct tracker *t = new_tracker(false, false);
	unsigned int seed = 3;
	const struct event *e;
	uint64_t last = 0, n = 0;

	for (unsigned int i = 0; i < 500; i++) {
		struct fl_trouble r =
			rec_trouble(FL_RETRANSMIT, 1000 + i * 10 + (uint64_t)rand_r(&seed) % 1500,
				    client_sock(EST, EST));

		r.hdr.cpu = (uint16_t)(i % CPUS);
		FEED(t, r);
		while ((e = tracker_next(t, AT(1000 + i * 10)))) {
			assert_true(e->time >= last);
			last = e->time;
			n++;
		}
	}
	while ((e = tracker_next(t, UINT64_MAX))) {
		assert_true(e->time >= last);
		last = e->time;
		n++;
	}
	assert_int_equal(n, 500);
	tracker_free(t);
}

TEST(reversed_ends)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	/* The server's records come first in the ring. */
	FEED(t, rec_server_est(110));
	FEED(t, rec_accept(120));
	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");
	expect(t, UINT64_MAX, EVENT_ACCEPT);
	tracker_free(t);
}

TEST(gap_in_place)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_trouble r = rec_trouble(FL_RETRANSMIT, 10, client_sock(EST, EST));
	const struct event *e;

	FEED(t, r);
	r.hdr.time = AT(20);
	r.hdr.lost = 3;
	FEED(t, r);
	r.hdr.time = AT(30);
	FEED(t, r);
	r.hdr.time = AT(40);
	r.hdr.cpu = 1; /* counts for itself */
	r.hdr.lost = 2;
	FEED(t, r);
	r.hdr.time = AT(50);
	r.hdr.cpu = 0;
	r.hdr.lost = 7;
	FEED(t, r);

	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	e = expect(t, UINT64_MAX, EVENT_LOST);
	assert_true(e->u.lost == 3 && e->time == AT(20));
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	e = expect(t, UINT64_MAX, EVENT_LOST);
	assert_true(e->u.lost == 2 && e->time == AT(40));
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	e = expect(t, UINT64_MAX, EVENT_LOST);
	assert_true(e->u.lost == 4);
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	assert_int_equal(told_lost(t), 9);
	tracker_free(t);
}

TEST(gap_at_end)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_trouble r = rec_trouble(FL_RETRANSMIT, 10, client_sock(EST, EST));
	const struct event *e;

	r.hdr.lost = 3;
	FEED(t, r);
	/* A CPU that nobody has counts nowhere but in the total. */
	r.hdr.cpu = CPUS;
	r.hdr.lost = 1000;
	FEED(t, r);
	tracker_lost_total(t, 3, AT(50));
	tracker_lost_total(t, 10, AT(60));
	tracker_lost_total(t, 10, AT(70));
	e = expect(t, UINT64_MAX, EVENT_LOST);
	assert_true(e->u.lost == 3);
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	e = expect(t, UINT64_MAX, EVENT_LOST);
	assert_true(e->u.lost == 7 && e->time == AT(60));
	expect_none(t, UINT64_MAX);
	assert_int_equal(told_lost(t), 10);
	tracker_free(t);
}

TEST(state_events)
{
	struct tracker *t = new_tracker(true, false);
	static const uint8_t path[][2] = {{CLOSED, SYN_SENT},
					  {SYN_SENT, EST},
					  {EST, FIN_WAIT1},
					  {FIN_WAIT1, FIN_WAIT2},
					  {FIN_WAIT2, CLOSED}};
	const struct event *e;
	unsigned int i = 0;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(10));
	FEED(t, ((struct fl_state){header(FL_STATE, sizeof(struct fl_state), 20),
				   client_sock(EST, FIN_WAIT1)}));
	FEED(t, ((struct fl_state){header(FL_STATE, sizeof(struct fl_state), 30),
				   client_sock(FIN_WAIT1, FIN_WAIT2)}));
	FEED(t, rec_close(40, client_sock(FIN_WAIT2, CLOSED)));
	while ((e = tracker_next(t, UINT64_MAX))) {
		if (e->type != EVENT_STATE)
			continue;
		assert_true(i < COUNT(path));
		assert_int_equal(e->u.state.from, path[i][0]);
		assert_int_equal(e->u.state.to, path[i][1]);
		assert_owner(&e->self.owner, OWNER_CONNECT, 10, "curl");
		i++;
	}
	assert_int_equal(i, COUNT(path));
	tracker_free(t);
}

TEST(no_state_events)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_syn_sent(0));
	FEED(t, ((struct fl_state){header(FL_STATE, sizeof(struct fl_state), 20),
				   client_sock(EST, FIN_WAIT1)}));
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

/* --- records that are missing --- */

TEST(connect_without_syn)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_client_est(100));
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_int_equal(e->latency_ns, 0);
	assert_true(e->conn != 0);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	assert_null(e->self.owner.cgroup);
	assert_false(e->has_peer);
	tracker_free(t);
}

TEST(accept_without_established)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_accept(100));
	FEED(t, rec_close(200, server_sock(LAST_ACK, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_int_equal(e->latency_ns, 0);
	assert_true(e->conn != 0 && e->role == ROLE_SERVER);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->u.close.duration_ns, 0);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	tracker_free(t);
}

TEST(trouble_of_a_stranger)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_trouble r = rec_trouble(FL_RETRANSMIT, 1, server_sock(EST, EST));
	const struct event *e;

	r.retransmits = 3;
	FEED(t, r);
	e = expect(t, UINT64_MAX, EVENT_RETRANSMIT);
	assert_int_equal(e->u.retransmit.retransmits, 3);
	assert_int_equal(e->u.retransmit.state, EST);
	assert_true(e->conn == 0 && e->role == ROLE_UNKNOWN && !e->has_peer);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	assert_ptr_equal(e->self.owner.cgroup, &box);
	assert_ptr_equal(e->self.netns, &red);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(no_cookie)
{
	struct tracker *t = new_tracker(true, false);
	struct fl_owned a = rec_accept(1), s = rec_syn_sent(2), l = rec_listen(3);
	struct fl_state e1 = rec_client_est(4);
	const struct event *e;

	a.sock.cookie = s.sock.cookie = l.sock.cookie = e1.sock.cookie = 0;
	FEED(t, a);
	FEED(t, s);
	FEED(t, l);
	FEED(t, e1);
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	assert_true(e->conn != 0);
	expect(t, UINT64_MAX, EVENT_STATE);
	e = expect(t, UINT64_MAX, EVENT_LISTEN);
	assert_owner(&e->self.owner, OWNER_LISTEN, 20, "nginx");
	expect(t, UINT64_MAX, EVENT_STATE);
	expect(t, UINT64_MAX, EVENT_CONNECT);
	expect(t, UINT64_MAX, EVENT_STATE);
	expect_none(t, UINT64_MAX);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(free_with_waiting_events)
{
	struct tracker *t = new_tracker(true, true);

	FEED(t, rec_listen(0));
	FEED(t, rec_syn_sent(1));
	FEED(t, rec_client_est(2));
	FEED(t, rec_server_est(3));
	expect(t, UINT64_MAX, EVENT_LISTEN);
	tracker_free(t);
	tracker_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a connection's whole life is told from both ends", whole_life),
		IT("closed endpoints are forgotten a moment later", forgets),
		IT("a connect is told as soon as its peer has accepted", settles_at_accept),
		IT("a connect whose peer does not come is told after 10 ms", settles_after_10_ms),
		IT("a connection that nobody has accepted yet belongs to its listener",
		   listener_lends_its_owner),
		IT("a listener of another namespace lends nothing", other_netns),
		IT("a listener that was closed lends nothing, and its end is no close",
		   closed_listener),
		IT("records out of order in time come out in order", in_order),
		IT("a server that is heard of before its client is still its peer", reversed_ends),
		IT("a gap is told at its place, CPU by CPU", gap_in_place),
		IT("losses behind the last record are told at the end, and all adds up",
		   gap_at_end),
		IT("with --states every change of state is an event", state_events),
		IT("without --states none is", no_state_events),
		IT("a connect whose SYN was not seen has no latency and no owner",
		   connect_without_syn),
		IT("an accept whose handshake was not seen has no latency",
		   accept_without_established),
		IT("trouble of an unknown socket tells what the socket knows",
		   trouble_of_a_stranger),
		IT("records without a cookie are events but not tracked", no_cookie),
		IT("what still waits is freed", free_with_waiting_events),
	};

	return RUN(tests);
}
