// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tracker under a filter: far ends, which name the peer and print nothing, and what may be
 * unwanted. */
#include "unit.h"

#include "model/endpoint.h"
#include "records.h"

static struct fl_owned far_client(uint64_t us)
{
	struct fl_owned r = {
		.hdr = header(FL_FAR_CLIENT, sizeof(r), us),
		.sock = client_sock(SYN_SENT, EST),
		.task = curl(),
	};

	r.hdr.flags = FL_FAR;
	return r;
}

static struct fl_state far_server(uint64_t us)
{
	struct fl_state r = rec_server_est(us);

	r.hdr.flags = FL_FAR;
	return r;
}

static struct fl_owned far_accept(uint64_t us)
{
	struct fl_owned r = rec_accept(us);

	r.hdr.flags = FL_FAR;
	return r;
}

TEST(client_names_peer)
{
	struct tracker *t = new_tracker(true, false);
	const struct event *e;

	FEED(t, far_client(10));
	expect_none(t, AT(15));
	FEED(t, rec_server_est(20));
	FEED(t, rec_accept(30));
	FEED(t, rec_close(40, server_sock(LAST_ACK, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_STATE);
	assert_owner(&e->peer.owner, OWNER_CONNECT, 10, "curl");
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_true(e->has_peer);
	assert_owner(&e->peer.owner, OWNER_CONNECT, 10, "curl");
	assert_ptr_equal(e->peer.netns, &blue);
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_owner(&e->peer.owner, OWNER_CONNECT, 10, "curl");
	expect(t, UINT64_MAX, EVENT_STATE);
	expect_none(t, AT(2000000));
	/* It went with its peer. */
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(unseen_process)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned far = far_client(10);
	const struct event *e;

	memset(&far.task, 0, sizeof(far.task));
	far.sock.cgroup = 77;
	FEED(t, far);
	FEED(t, rec_server_est(20));
	FEED(t, rec_accept(30));
	e = expect(t, UINT64_MAX, EVENT_ACCEPT);
	assert_true(e->has_peer);
	assert_owner(&e->peer.owner, OWNER_UNKNOWN, 0, NULL);
	assert_ptr_equal(e->peer.owner.cgroup, &box);
	tracker_free(t);
}

TEST(server_names_peer)
{
	struct tracker *t = new_tracker(true, false);
	const struct event *e;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	FEED(t, far_server(110));
	FEED(t, far_accept(120));
	expect(t, AT(3000), EVENT_STATE);
	e = expect(t, AT(3000), EVENT_CONNECT); /* settled by the accept: no wait of 10 ms */
	assert_true(e->has_peer);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");
	assert_ptr_equal(e->peer.netns, &red);
	expect(t, AT(3000), EVENT_STATE);
	expect_none(t, UINT64_MAX);
	FEED(t, rec_close(5000, client_sock(FIN_WAIT2, CLOSED)));
	e = expect(t, UINT64_MAX, EVENT_CLOSE);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");
	expect(t, UINT64_MAX, EVENT_STATE);
	expect_none(t, AT(2000000));
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(server_before_client)
{
	struct tracker *t = new_tracker(false, false);
	const struct event *e;

	FEED(t, far_server(110));
	FEED(t, far_accept(120));
	FEED(t, rec_client_est(100));
	e = expect(t, UINT64_MAX, EVENT_CONNECT);
	assert_owner(&e->peer.owner, OWNER_ACCEPT, 21, "worker");
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

TEST(accept_of_a_stranger)
{
	struct tracker *t = new_tracker(false, false);

	FEED(t, far_accept(10));
	expect_none(t, UINT64_MAX);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(far_records_of_other_types)
{
	struct tracker *t = new_tracker(true, false);
	struct fl_owned l = rec_listen(0), s = rec_syn_sent(1);
	struct fl_close c = rec_close(2, client_sock(EST, CLOSED));
	struct fl_trouble r = rec_trouble(FL_RESET_SENT, 3, client_sock(EST, EST));

	l.hdr.flags = s.hdr.flags = c.hdr.flags = r.hdr.flags = FL_FAR;
	FEED(t, l);
	FEED(t, s);
	FEED(t, c);
	FEED(t, r);
	expect_none(t, UINT64_MAX);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

TEST(far_gap)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned far = far_client(10);

	far.hdr.lost = 5;
	FEED(t, far);
	assert_true(expect(t, UINT64_MAX, EVENT_LOST)->u.lost == 5);
	tracker_free(t);
}

/* A client whose far server's record was lost, and the other way round: nothing is invented. */
TEST(far_record_lost)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned far = far_client(10);

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(100));
	assert_false(expect(t, UINT64_MAX, EVENT_CONNECT)->has_peer);
	far.sock.cookie = 55;
	far.sock.isn_own = 4711;
	FEED(t, far);
	FEED(t, rec_accept(200));
	assert_owner(&expect(t, UINT64_MAX, EVENT_ACCEPT)->peer.owner, OWNER_CONNECT, 10, "curl");
	tracker_free(t);
}

TEST(undecided_is_bounded)
{
	struct tracker *t = new_tracker(false, true);

	for (unsigned int i = 0; i < ENDPOINTS_TENTATIVE_MAX + 100; i++) {
		struct fl_owned r = rec_syn_sent(i);

		r.sock.cookie = 100 + i;
		FEED(t, r);
	}
	assert_int_equal(tracked(t), ENDPOINTS_TENTATIVE_MAX);
	expect_none(t, UINT64_MAX);
	tracker_free(t);
}

/* A connect that is never mentioned again, and what nobody wanted has accepted. */
TEST(undecided_is_forgotten)
{
	struct tracker *t = new_tracker(false, true);
	const uint64_t end = AT(0) + ENDPOINT_TENTATIVE_NS;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_server_est(0));
	expect_none(t, end - 1);
	assert_int_equal(tracked(t), 2);
	expect_none(t, end);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

/* A server whose client is wanted stays for as long as that. */
TEST(undecided_server_of_a_wanted_client)
{
	struct tracker *t = new_tracker(false, true);
	const uint64_t late = AT(0) + 2 * ENDPOINT_TENTATIVE_NS;
	struct fl_close c = rec_close(0, client_sock(EST, CLOSED));

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(1));
	FEED(t, rec_server_est(1));
	expect(t, late, EVENT_CONNECT);
	expect_none(t, late);
	assert_int_equal(tracked(t), 2);
	c.hdr.time = late;
	FEED(t, c);
	assert_true(expect(t, late + ENDPOINT_LINGER_NS, EVENT_CLOSE)->has_peer);
	expect_none(t, late + 2 * ENDPOINT_LINGER_NS);
	assert_int_equal(tracked(t), 0);
	tracker_free(t);
}

static void feed_far_pair(struct tracker *t, unsigned int i)
{
	struct fl_owned far = far_client(i);
	struct fl_state s = rec_server_est(i);

	far.sock.cookie = 1000 + 2 * i;
	s.sock.cookie = 1001 + 2 * i;
	far.sock.isn_own += i;
	s.sock.isn_other += i;
	FEED(t, far);
	FEED(t, s);
}

TEST(known_far_ends_stay)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_trouble r = rec_trouble(FL_RETRANSMIT, 9, server_sock(EST, EST));

	/* More than there may be tentative ones, each wanted by its server. */
	for (unsigned int i = 0; i < ENDPOINTS_TENTATIVE_MAX + 100; i++)
		feed_far_pair(t, i);
	r.sock.cookie = 1001;
	FEED(t, r);
	assert_true(expect(t, UINT64_MAX, EVENT_RETRANSMIT)->has_peer);
	assert_int_equal(tracked(t), 2 * (ENDPOINTS_TENTATIVE_MAX + 100));
	tracker_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a far client names the peer, prints nothing and goes with its server",
		   client_names_peer),
		IT("a far client whose process was not seen has its cgroup only", unseen_process),
		IT("a far server names the peer, settles the connect and goes with its client",
		   server_names_peer),
		IT("a far server may come before its client", server_before_client),
		IT("a far accept of an unknown socket is nothing", accept_of_a_stranger),
		IT("far records of other types are nothing", far_records_of_other_types),
		IT("a far record tells of gaps too", far_gap),
		IT("without the far end's record there is no peer", far_record_lost),
		IT("what the filter has not decided is remembered within bounds",
		   undecided_is_bounded),
		IT("… and for no longer than a connect is tried for", undecided_is_forgotten),
		IT("… but with a wanted client for as long as that",
		   undecided_server_of_a_wanted_client),
		IT("far ends of known connections are not tentative", known_far_ends_stay),
	};

	return RUN(tests);
}
