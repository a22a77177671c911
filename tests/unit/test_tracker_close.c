// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tracker: how connections end, and what is known of those that began before the trace. */
#include "unit.h"

#include <netinet/in.h>

#include <errno.h>

#include "records.h"

static enum close_reason reason_of(uint16_t error, uint8_t old_state)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_close r = rec_close(10, client_sock(old_state, CLOSED));
	enum close_reason reason;

	r.counts.error = error;
	FEED(t, rec_client_est(5));
	FEED(t, r);
	expect(t, UINT64_MAX, EVENT_CONNECT);
	reason = expect(t, UINT64_MAX, EVENT_CLOSE)->u.close.reason;
	tracker_free(t);
	return reason;
}

TEST(reasons)
{
	static const struct {
		uint16_t error;
		uint8_t old_state;
		enum close_reason reason;
	} rows[] = {
		{0, FIN_WAIT1, CLOSE_FIN},
		{0, FIN_WAIT2, CLOSE_FIN},
		{0, CLOSING, CLOSE_FIN},
		{0, LAST_ACK, CLOSE_FIN},
		{0, EST, CLOSE_RESET}, /* unread data, or SO_LINGER 0 */
		{0, CLOSE_WAIT, CLOSE_RESET},
		{ECONNRESET, EST, CLOSE_RESET},
		{ECONNRESET, FIN_WAIT1, CLOSE_RESET},
		{EPIPE, CLOSE_WAIT, CLOSE_RESET},
		{ETIMEDOUT, EST, CLOSE_TIMEOUT},
		{ETIMEDOUT, FIN_WAIT1, CLOSE_TIMEOUT},
		{ETIMEDOUT, LAST_ACK, CLOSE_TIMEOUT},
		{ECONNABORTED, EST, CLOSE_ABORTED},
		{ECONNABORTED, FIN_WAIT2, CLOSE_ABORTED},
		{EHOSTUNREACH, EST, CLOSE_UNREACHABLE},
		{ENETUNREACH, EST, CLOSE_UNREACHABLE},
		{EPROTO, CLOSE_WAIT, CLOSE_UNREACHABLE},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(reason_of(rows[i].error, rows[i].old_state), rows[i].reason);
}

TEST(late_reset)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_client_est(5));
	FEED(t, rec_close(10, client_sock(FIN_WAIT1, CLOSED)));
	FEED(t, rec_trouble(FL_RESET_SENT, 12, client_sock(CLOSED, CLOSED)));
	expect(t, UINT64_MAX, EVENT_CONNECT);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->u.close.reason, CLOSE_RESET);
	e = expect(t, UINT64_MAX, EVENT_RESET);
	assert_true(e->u.reset.by_local);
	assert_int_equal(e->u.reset.reason, -1);
	assert_true(e->conn != 0);
	tracker_free(t);
}

TEST(too_late_reset)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_client_est(5));
	FEED(t, rec_close(10, client_sock(FIN_WAIT1, CLOSED)));
	expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CLOSE)->u.close.reason, CLOSE_FIN);
	/* The event is out of the queue, and its memory given to the next. */
	FEED(t, rec_trouble(FL_RESET_RECEIVED, 12, client_sock(CLOSED, CLOSED)));
	assert_false(expect(t, UINT64_MAX, EVENT_RESET)->u.reset.by_local);
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

TEST(resets_that_are_none)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_trouble(FL_RESET_RECEIVED, 1, client_sock(SYN_SENT, SYN_SENT)));
	FEED(t, rec_trouble(FL_RESET_SENT, 2, server_sock(LISTENING, LISTENING)));
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

TEST(counts)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_close r = rec_close(10, client_sock(FIN_WAIT2, CLOSED));
	const struct event *e;

	r.counts = (struct fl_counts){
		.tx_bytes = 1ULL << 40,
		.acked_bytes = (1ULL << 40) + 2, /* the SYN and the FIN */
		.rx_bytes = 101,
		.tx_segments = 5,
		.rx_segments = 6,
		.retransmits = 2,
		.srtt_us = 77,
		.min_rtt_us = 33,
		.flags = FL_FIN_RECEIVED,
	};
	FEED(t, r);
	r.counts.flags = 0;
	FEED(t, r);
	r.counts.flags = FL_FIN_RECEIVED;
	r.counts.rx_bytes = 0;
	FEED(t, r);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->u.close.tx_bytes == 1ULL << 40);
	assert_int_equal(e->u.close.rx_bytes, 100); /* the FIN was counted as one */
	assert_int_equal(e->u.close.tx_segments, 5);
	assert_int_equal(e->u.close.rx_segments, 6);
	assert_int_equal(e->u.close.retransmits, 2);
	assert_int_equal(e->u.close.srtt_us, 77);
	assert_int_equal(e->u.close.min_rtt_us, 33);
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CLOSE)->u.close.rx_bytes, 101);
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CLOSE)->u.close.rx_bytes, 0);
	r.counts.tx_bytes += 3000; /* refused here, and sent again */
	FEED(t, r);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->u.close.tx_bytes == 1ULL << 40);
	assert_int_equal(e->role, ROLE_CLIENT);
	tracker_free(t);
}

/* --- connects that failed --- */

static struct fl_close failed(uint64_t us, uint16_t error)
{
	struct fl_close r = rec_close(us, client_sock(SYN_SENT, CLOSED));

	r.counts.error = error;
	return r;
}

TEST(refused)
{
	static const uint16_t errors[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH};
	const struct event *e;

	for (size_t i = 0; i < COUNT(errors); i++) {
		struct tracker *t = new_tracker(false, false);

		FEED(t, rec_syn_sent(0));
		FEED(t, failed(70, errors[i]));
		e = expect(t, UINT64_MAX, EVENT_CONNECT_FAILED);
		assert_int_equal(e->u.error, errors[i]);
		assert_int_equal(e->latency_ns, 70000);
		assert_true(e->conn == 0 && e->role == ROLE_CLIENT && !e->has_peer);
		assert_int_equal(e->self.local.port, 40000);
		assert_owner(&e->self.owner, OWNER_CONNECT, 10, "curl");
		expect_none(t, UINT64_MAX);
		tracker_free(t);
	}
}

TEST(given_up)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_syn_sent(0));
	FEED(t, failed(70, 0));
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CONNECT_FAILED)->u.error, 0);
	tracker_free(t);
}

TEST(no_local_port)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_close r = failed(70, 0);

	r.sock.local_port_be = 0;
	FEED(t, rec_syn_sent(0));
	FEED(t, r);
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CONNECT_FAILED)->u.error, EADDRNOTAVAIL);
	tracker_free(t);
}

TEST(failed_without_syn)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, failed(70, ECONNREFUSED));
	e = expect(t, UINT64_MAX, EVENT_CONNECT_FAILED);
	assert_int_equal(e->latency_ns, 0);
	assert_int_equal(e->role, ROLE_CLIENT);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	tracker_free(t);
}

TEST(never_established)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, rec_close(10, server_sock(SYN_RECV, CLOSED)));
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

/* --- one socket, several connections --- */

TEST(second_try)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned again = rec_syn_sent(1000);
	const struct event *e;

	again.task.pid = 99;
	FEED(t, rec_syn_sent(0));
	FEED(t, failed(70, ECONNREFUSED));
	FEED(t, again);
	FEED(t, rec_client_est(1030));
	FEED(t, rec_close(2000, client_sock(FIN_WAIT2, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_CONNECT_FAILED);
	assert_owner(&e->self.owner, OWNER_CONNECT, 10, "curl");
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_int_equal(e->latency_ns, 30000);
	assert_owner(&e->self.owner, OWNER_CONNECT, 99, "curl");
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->conn != 0);
	assert_int_equal(e->u.close.duration_ns, 970000);
	tracker_free(t);
}

TEST(second_try_whose_syn_is_lost)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, rec_syn_sent(0));
	FEED(t, failed(70, ECONNREFUSED));
	FEED(t, rec_client_est(1030));
	expect(t, UINT64_MAX, EVENT_CONNECT_FAILED);
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_int_equal(e->latency_ns, 0); /* not that of the first try */
	expect_none(t, AT(5000000));
	/* Nor does it go with the first. */
	assert_int_equal(tracked(t), 1);
	tracker_free(t);
}

/* connect, disconnect (AF_UNSPEC), connect, disconnect within the 10 ms that a connect event may
 * wait. */
TEST(reconnected_within_the_wait)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_state again = rec_client_est(300);
	const struct event *e;
	uint64_t first;

	again.sock.isn_own += 100;
	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	FEED(t, rec_close(200, client_sock(EST, CLOSED)));
	FEED(t, again); /* its SYN_SENT was lost */
	FEED(t, rec_close(400, client_sock(EST, CLOSED)));
	FEED(t, rec_syn_sent(500));
	FEED(t, failed(600, ECONNREFUSED));
	e = expect(t, AT(20000), EVENT_CONNECT);
	first = e->conn;
	expect(t, AT(20000), EVENT_CLOSE);
	e = expect(t, AT(20000), EVENT_CONNECT);
	assert_true(e->conn != 0 && e->conn != first);
	e = expect(t, AT(20000), EVENT_CLOSE);
	assert_true(e->conn != first);
	assert_int_equal(e->u.close.duration_ns, 100000);
	expect(t, AT(20000), EVENT_CONNECT_FAILED);
	expect_none(t, AT(20000));
	tracker_free(t);
}

/* A listening socket that disconnects and connects, of which only the last record came through. */
TEST(listener_turned_client)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned l = rec_listen(0);
	const struct event *e;

	l.sock.cookie = CLIENT;
	FEED(t, l);
	FEED(t, rec_client_est(100));
	FEED(t, rec_close(200, client_sock(FIN_WAIT2, CLOSED)));
	expect(t, AT(20000), EVENT_LISTEN);
	expect(t, AT(20000), EVENT_CONNECT);
	expect(t, AT(20000), EVENT_CLOSE);
	expect_none(t, AT(3000000));
	assert_int_equal(tracked(t), 0);
	/* Whoever looks for a listener now must find none. */
	FEED(t, rec_server_est(3000000));
	FEED(t, rec_accept(3000001));
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_owner(&e->self.owner, OWNER_ACCEPT, 21, "worker");
	tracker_free(t);
}

/* --- older than the trace --- */

static struct fl_snapshot snap(struct fl_sock s, struct fl_task task, uint64_t acked)
{
	return (struct fl_snapshot){
		.sock = s, .task = task, .counts = {.acked_bytes = acked}, .protocol = IPPROTO_TCP};
}

TEST(snapshot_roles)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_snapshot c = snap(client_sock(EST, EST), curl(), 1),
			   s = snap(server_sock(EST, EST), nginx(), 0);
	const struct event *e;

	tracker_snapshot(t, &c);
	tracker_snapshot(t, &s);
	FEED(t, rec_close(10, client_sock(FIN_WAIT2, CLOSED)));
	FEED(t, rec_close(20, server_sock(LAST_ACK, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->role, ROLE_CLIENT);
	assert_owner(&e->self.owner, OWNER_SNAPSHOT, 10, "curl");
	assert_true(e->conn != 0 && e->has_peer);
	assert_owner(&e->peer.owner, OWNER_SNAPSHOT, 20, "nginx");
	assert_int_equal(e->u.close.duration_ns, 0);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->role, ROLE_SERVER);
	tracker_free(t);
}

TEST(snapshot_unclear)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_snapshot c = snap(client_sock(EST, EST), curl(), 5);
	const struct event *e;

	tracker_snapshot(t, &c);
	FEED(t, rec_close(10, client_sock(FIN_WAIT2, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_true(e->role == ROLE_UNKNOWN && e->conn == 0);
	assert_owner(&e->self.owner, OWNER_SNAPSHOT, 10, "curl");
	tracker_free(t);
}

TEST(snapshot_half_closed)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_snapshot c = snap(client_sock(FIN_WAIT2, FIN_WAIT2), curl(), 2);

	tracker_snapshot(t, &c); /* SYN and FIN acknowledged */
	FEED(t, rec_close(10, client_sock(FIN_WAIT2, CLOSED)));
	assert_int_equal(expect(t, UINT64_MAX, EVENT_CLOSE)->role, ROLE_CLIENT);
	tracker_free(t);
}

TEST(snapshot_listener)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned l = rec_listen(0);
	struct fl_snapshot s = snap(l.sock, nginx(), 0), fork = snap(l.sock, worker(), 0);

	tracker_snapshot(t, &s);
	tracker_snapshot(t, &fork); /* a child that holds it too */
	FEED(t, rec_server_est(10));
	FEED(t, rec_trouble(FL_RETRANSMIT, 20, server_sock(EST, EST)));
	assert_owner(&expect(t, UINT64_MAX, EVENT_RETRANSMIT)->self.owner, OWNER_LISTEN, 20,
		     "nginx");
	tracker_free(t);
}

TEST(snapshot_connecting)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_snapshot c = snap(client_sock(SYN_SENT, SYN_SENT), curl(), 0);
	const struct event *e;

	tracker_snapshot(t, &c);
	FEED(t, rec_client_est(10));
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_int_equal(e->latency_ns, 0);
	assert_true(e->conn != 0);
	assert_owner(&e->self.owner, OWNER_SNAPSHOT, 10, "curl");
	tracker_free(t);
}

/* Between attaching and the snapshot: in both. */
TEST(snapshot_and_record)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_snapshot c = snap(client_sock(EST, EST), curl(), 1);
	const struct event *e;

	tracker_snapshot(t, &c);
	FEED(t, rec_client_est(10));
	FEED(t, rec_server_est(20));
	FEED(t, rec_accept(30));
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_owner(&e->self.owner, OWNER_SNAPSHOT, 10, "curl");
	assert_true(e->has_peer);
	tracker_free(t);
}

/* Reset while it waited: its end was told before, or to nobody. It is not told again. */
TEST(accepted_after_its_end)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned a = rec_accept(5000000);

	FEED(t, rec_server_est(0));
	FEED(t, rec_close(10, server_sock(EST, CLOSED)));
	expect(t, AT(2000000), EVENT_CLOSE);
	expect_none(t, AT(2000000));
	assert_int_equal(tracked(t), 0);
	a.sock.state = a.sock.old_state = CLOSED;
	FEED(t, a);
	expect(t, AT(5100000), EVENT_ACCEPT);
	assert_int_equal(tracked(t), 1);
	expect_none(t, AT(7000000));
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(close_of_a_stranger)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_close r = rec_close(10, client_sock(FIN_WAIT2, CLOSED));
	const struct event *e;
	uint64_t conn;

	r.counts.acked_bytes = 102; /* SYN, 100 bytes, FIN */
	r.counts.tx_bytes = 100;
	FEED(t, r);
	r = rec_close(20, server_sock(LAST_ACK, CLOSED));
	r.counts.acked_bytes = 1;
	FEED(t, r);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->role, ROLE_CLIENT);
	conn = e->conn;
	assert_true(conn != 0);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_int_equal(e->role, ROLE_SERVER);
	assert_true(e->conn == conn);
	assert_int_equal(e->u.close.duration_ns, 0);
	assert_owner(&e->self.owner, OWNER_UNKNOWN, 0, NULL);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("the reason of a close follows from error and state", reasons),
		IT("a reset right behind an ordinary close amends its reason", late_reset),
		IT("a reset after the close was told changes nothing", too_late_reset),
		IT("resets that answer a SYN or a stranger are no events", resets_that_are_none),
		IT("a close has the socket's counts, without the FIN in the bytes received",
		   counts),
		IT("a connect that failed has its error and latency, and no conn id", refused),
		IT("a connect that was given up has no error", given_up),
		IT("a connect that found no local port says so", no_local_port),
		IT("a failed connect whose SYN was not seen has no latency and no owner",
		   failed_without_syn),
		IT("what never was established does not close", never_established),
		IT("a socket that tries again starts afresh", second_try),
		IT("a second try whose SYN was lost takes nothing of the first",
		   second_try_whose_syn_is_lost),
		IT("a socket that reconnects while its connect waits is two connections",
		   reconnected_within_the_wait),
		IT("a listener that became a client lends nothing", listener_turned_client),
		IT("a snapshot tells roles and peers of older connections", snapshot_roles),
		IT("a connection whose sums do not say who opened it has no role and no conn id",
		   snapshot_unclear),
		IT("a half closed connection has its role too", snapshot_half_closed),
		IT("of several processes that hold a listener the first is told",
		   snapshot_listener),
		IT("a connect under way at the snapshot is told without latency",
		   snapshot_connecting),
		IT("what is in the snapshot and in the ring keeps its owner", snapshot_and_record),
		IT("what is accepted after its end is not kept", accepted_after_its_end),
		IT("the close of an unknown socket has role and conn id by its counts",
		   close_of_a_stranger),
	};

	return RUN(tests);
}
