// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose flow is it? The other direction, the connection, and the sockets at both ends. */
#include "unit.h"

#include "pieces.h"

#define CONN conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1)

static struct flow_end *sender(const struct world *w)
{
	return &sent_flow(w)->sender;
}

static struct flow_end *receiver(const struct world *w)
{
	return &sent_flow(w)->receiver;
}

static void assert_end(const struct flow_end *end, const struct netns *ns, enum owner_source source,
		       uint32_t pid, const char *comm)
{
	assert_ptr_equal(end->netns, ns);
	assert_owner(&end->owner, source, pid, comm);
}

static void assert_nobody(const struct flow_end *end)
{
	assert_end(end, NULL, OWNER_UNKNOWN, 0, NULL);
	assert_null(end->owner.cgroup);
}

/* Both directions on that link have the connection's id, and curl and `server` at their ends. */
static void assert_joined(const struct world *w, const struct link *l, enum owner_source source,
			  uint32_t pid, const char *server)
{
	const struct flow *there = only(w, l, sent_on(w, l, 0, 0));
	const struct flow *back = only(w, l, answered_on(w, l, 0, 0));

	assert_int_equal(there->conn, CONN);
	assert_int_equal(back->conn, CONN);
	assert_true(there->from_client);
	assert_false(back->from_client);
	assert_end(&there->sender, &blue, OWNER_CONNECT, 10, "curl");
	assert_end(&there->receiver, &red, source, pid, server);
	assert_end(&back->sender, &red, source, pid, server);
	assert_end(&back->receiver, &blue, OWNER_CONNECT, 10, "curl");
}

/* --- connections --- */

TEST(id_of_both_sockets)
{
	struct world *w = new_world(100);

	FEED(w->tracker, rec_listen(1));
	FEED(w->tracker, rec_syn_sent(10));
	put_handshake(w, w->c0, 11);
	put_handshake(w, w->s0, 11);
	FEED(w->tracker, rec_client_est(13));
	FEED(w->tracker, rec_server_est(14));
	FEED(w->tracker, rec_accept(15));
	settle(w, 20);
	assert_int_equal(flows(w), 4);
	assert_joined(w, w->c0, OWNER_ACCEPT, 21, "worker");
	assert_joined(w, w->s0, OWNER_ACCEPT, 21, "worker");
	assert_ptr_equal(receiver(w)->owner.cgroup, &box);
	/* They are remembered longer than the sockets. */
	FEED(w->tracker, rec_close(30, client_sock(FIN_WAIT2, CLOSED)));
	FEED(w->tracker, rec_close(30, server_sock(LAST_ACK, CLOSED)));
	tracker_next(w->tracker, AT(10 * S));
	assert_int_equal(tracked(w->tracker), 1);
	put(w, sent(w, TH_FIN, 40));
	settle(w, 50);
	assert_joined(w, w->c0, OWNER_ACCEPT, 21, "worker");
	free_world(w);
}

/* What each socket says of its connection, whatever the numbers are, and what the SYN-ACK does. */
TEST(id_for_any_numbers)
{
	const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

	for (size_t i = 0; i < COUNT(numbers) * COUNT(numbers); i++) {
		uint32_t c = numbers[i / COUNT(numbers)], s = numbers[i % COUNT(numbers)];
		struct fl_state ce = rec_client_est(3), se = rec_server_est(4);
		struct world *w = new_world(10);
		const struct flow *there, *back;

		ce.sock.isn_own = c;
		ce.sock.isn_other = s + 1;
		se.sock.isn_own = s + 1;
		se.sock.isn_other = c + 1;
		FEED(w->tracker, rec_syn_sent(1));
		FEED(w->tracker, ce);
		FEED(w->tracker, se);
		put(w, with_syn(sent(w, 0, 1), c));
		put(w, with_synack(answered(w, 0, 2), s, c));
		settle(w, 10);
		there = sent_flow(w);
		back = answer_flow(w);
		assert_ptr_equal(tracker_connection(w->tracker, there->conn, ROLE_CLIENT),
				 tracker_endpoint(w->tracker, CLIENT));
		assert_ptr_equal(tracker_connection(w->tracker, back->conn, ROLE_SERVER),
				 tracker_endpoint(w->tracker, SERVER));
		assert_true(there->from_client && !back->from_client);
		assert_ptr_equal(there->receiver.netns, &red);
		free_world(w);
	}
}

TEST(id_without_answers_direction)
{
	struct world *w = new_world(100);

	/* Only one direction comes past this link. */
	put(w, with_synack(answered(w, 0, 2), S_ISN, C_ISN));
	settle(w, 10);
	assert_int_equal(answer_flow(w)->conn, CONN);
	assert_nobody(&answer_flow(w)->sender);
	/* The other one comes later. */
	put(w, with_syn(sent(w, 0, 1), C_ISN));
	settle(w, 20);
	assert_int_equal(sent_flow(w)->conn, CONN);
	assert_true(sent_flow(w)->from_client);
	free_world(w);
}

TEST(id_of_older_connection)
{
	struct world *w = new_world(100);
	struct fl_snapshot c = {.sock = client_sock(EST, EST),
				.task = curl(),
				.counts = {.acked_bytes = 1},
				.protocol = IPPROTO_TCP};
	struct fl_snapshot s = {
		.sock = server_sock(EST, EST), .task = nginx(), .protocol = IPPROTO_TCP};

	tracker_snapshot(w->tracker, &c);
	tracker_snapshot(w->tracker, &s);
	/* One direction has its socket, the other one was routed. */
	put(w, by_socket(sent(w, TH_ACK, 10), CLIENT));
	put(w, answered(w, TH_ACK, 11));
	put(w, sent_on(w, w->s0, TH_ACK, 10));
	put(w, by_socket(answered_on(w, w->s0, TH_ACK, 11), SERVER));
	settle(w, 20);
	for (size_t i = 0; i < 2; i++) {
		const struct link *l = i ? w->s0 : w->c0;
		const struct flow *there = only(w, l, sent_on(w, l, 0, 0));
		const struct flow *back = only(w, l, answered_on(w, l, 0, 0));

		assert_int_equal(there->conn, CONN);
		assert_int_equal(back->conn, CONN);
		assert_true(there->from_client && !back->from_client);
		assert_end(&there->sender, &blue, OWNER_SNAPSHOT, 10, "curl");
		assert_end(&there->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
		assert_end(&back->receiver, &blue, OWNER_SNAPSHOT, 10, "curl");
		assert_true(there->partial && back->partial);
		assert_int_equal(there->state, FLOW_STATE_OPEN);
	}
	free_world(w);
}

/* Its socket may have had another connection before. */
TEST(no_id_of_a_syns_socket)
{
	struct world *w = new_world(100);

	FEED(w->tracker, rec_syn_sent(1));
	FEED(w->tracker, rec_client_est(2));
	put(w, by_socket(with_syn(sent(w, 0, 10), 77), CLIENT));
	settle(w, 20);
	assert_int_equal(sent_flow(w)->conn, 0);
	assert_end(sender(w), &blue, OWNER_CONNECT, 10, "curl");
	free_world(w);
}

TEST(ports_again)
{
	struct world *w = new_world(100);
	struct piece there = sent(w, 0, 0), back = answered(w, 0, 0);
	uint64_t second = conn_id(ROLE_SERVER, 71, 61);

	put_handshake(w, w->c0, 10);
	settle(w, 20);
	/* In one reading with the first one's end; the answers first. */
	put(w, with_synack(answered(w, 0, 110), 70, 60));
	put(w, until(sent(w, TH_ACK | TH_FIN, 30), 90));
	put(w, with_syn(sent(w, 0, 100), 60));
	put(w, until(answered(w, TH_ACK | TH_FIN, 30), 90));
	settle(w, 120);
	assert_int_equal(nth(w, w->c0, there, 0)->conn, CONN);
	assert_int_equal(nth(w, w->c0, back, 0)->conn, CONN);
	assert_int_equal(nth(w, w->c0, there, 0)->state, FLOW_STATE_CLOSED);
	assert_int_equal(nth(w, w->c0, there, 1)->conn, second);
	assert_int_equal(nth(w, w->c0, back, 1)->conn, second);
	assert_true(nth(w, w->c0, there, 1)->from_client);
	assert_int_equal(nth(w, w->c0, back, 1)->state, FLOW_STATE_OPENING);
	assert_true(nth(w, w->c0, back, 0)->ended && nth(w, w->c0, there, 0)->ended);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 2);
	/* A third SYN does not take the second one's answers. */
	put(w, with_syn(sent(w, 0, 200), 61));
	settle(w, 210);
	assert_int_equal(nth(w, w->c0, there, 1)->conn, 0);
	assert_int_equal(nth(w, w->c0, there, 1)->state, FLOW_STATE_OPENING);
	assert_int_equal(only(w, w->c0, back)->conn, second);
	free_world(w);
}

/* --- who --- */

TEST(accept_after_data)
{
	struct world *w = new_world(100);

	FEED(w->tracker, rec_listen(1));
	FEED(w->tracker, rec_syn_sent(10));
	put_handshake(w, w->s0, 11);
	FEED(w->tracker, rec_client_est(13));
	settle(w, 20);
	assert_nobody(&only(w, w->s0, sent_on(w, w->s0, 0, 0))->receiver);
	FEED(w->tracker, rec_server_est(21));
	/* No packet since. */
	settle(w, 30);
	assert_joined(w, w->s0, OWNER_LISTEN, 20, "nginx");
	FEED(w->tracker, rec_accept(2 * S));
	settle(w, 2 * S + 1);
	assert_joined(w, w->s0, OWNER_ACCEPT, 21, "worker");
	free_world(w);
}

TEST(refused)
{
	struct world *w = new_world(100);
	struct fl_close end = rec_close(30, client_sock(SYN_SENT, CLOSED));

	FEED(w->tracker, rec_syn_sent(10));
	put(w, by_socket(with_syn(sent(w, 0, 11), C_ISN), CLIENT));
	/* From a socket of the kernel's. */
	put(w, by_socket(answered(w, TH_RST | TH_ACK, 12), 4242));
	FEED(w->tracker, end);
	settle(w, 40);
	assert_int_equal(sent_flow(w)->state, FLOW_STATE_RESET);
	assert_int_equal(answer_flow(w)->state, FLOW_STATE_RESET);
	assert_int_equal(sent_flow(w)->conn, 0);
	assert_int_equal(answer_flow(w)->conn, 0);
	assert_end(sender(w), &blue, OWNER_CONNECT, 10, "curl");
	assert_nobody(receiver(w));
	/* It has no SYN, and begins here all the same. */
	assert_false(answer_flow(w)->partial);
	assert_end(&answer_flow(w)->receiver, &blue, OWNER_CONNECT, 10, "curl");
	assert_false(flow_table_asks(w->table));
	settle(w, CLOSED_S * S + 12);
	assert_true(sent_flow(w)->ended && answer_flow(w)->ended);
	free_world(w);
}

TEST(known_socket_stays)
{
	struct world *w = new_world(100);

	FEED(w->tracker, rec_syn_sent(1));
	FEED(w->tracker, rec_client_est(2));
	put(w, by_socket(sent(w, TH_ACK, 10), 4242));
	put(w, by_socket(sent(w, TH_ACK, 11), CLIENT));
	put(w, by_socket(sent(w, TH_RST, 12), 4242));
	settle(w, 20);
	assert_end(sender(w), &blue, OWNER_CONNECT, 10, "curl");
	assert_int_equal(sent_flow(w)->conn, CONN);
	free_world(w);
}

/* --- state --- */

struct step {
	uint8_t there, back;
	enum flow_state want;
};

TEST(states)
{
	const uint8_t S_ = TH_SYN, SA = TH_SYN | TH_ACK, F = TH_FIN, R = TH_RST, A = TH_ACK;
	const uint8_t P = TH_PUSH;
	const struct step steps[] = {
		{S_, 0, FLOW_STATE_OPENING},
		{S_, SA, FLOW_STATE_OPENING},
		{0, SA, FLOW_STATE_OPENING},
		{SA, SA, FLOW_STATE_OPEN},
		{0, SA | P, FLOW_STATE_OPEN},
		{A, 0, FLOW_STATE_OPEN},
		{A, A, FLOW_STATE_OPEN},
		{0, A | P, FLOW_STATE_OPEN},
		{SA | F, SA, FLOW_STATE_CLOSING},
		{SA, SA | F, FLOW_STATE_CLOSING},
		{0, A | F, FLOW_STATE_CLOSING},
		{A | F, 0, FLOW_STATE_CLOSING},
		{SA | F, SA | F, FLOW_STATE_CLOSED},
		{A | F, A | F, FLOW_STATE_CLOSED},
		{S_, R | A, FLOW_STATE_RESET},
		{SA | R, SA, FLOW_STATE_RESET},
		{SA | F, SA | F | R, FLOW_STATE_RESET},
		{R, 0, FLOW_STATE_RESET},
		{0, R, FLOW_STATE_RESET},
	};

	for (size_t i = 0; i < 2 * COUNT(steps); i++) {
		const struct step *s = &steps[i / 2];
		struct world *w = new_world(10);
		struct piece there = sent(w, s->there, 1), back = answered(w, s->back, 2);

		if (s->there & TH_SYN)
			there = with_syn(there, 1);
		if (s->back & TH_SYN)
			back = with_synack(back, 2, 1);
		/* Whichever is read first, and in one reading or in two. */
		if (s->there && i % 2)
			put(w, there);
		if (s->back)
			put(w, back);
		if (i % 2 == 0)
			settle(w, 3);
		if (s->there && i % 2 == 0)
			put(w, there);
		settle(w, 4);
		if (s->there)
			assert_string_equal(flow_state_name(sent_flow(w)->state),
					    flow_state_name(s->want));
		if (s->back)
			assert_string_equal(flow_state_name(answer_flow(w)->state),
					    flow_state_name(s->want));
		free_world(w);
	}
}

/* Of one direction there is only what it says itself. */
TEST(state_of_one_direction)
{
	const uint8_t ecn = 0x40; /* ECE: in a SYN-ACK, too */
	struct world *w = new_world(10);

	put(w, with_synack(answered(w, ecn, 1), 2, 1));
	put(w, with_syn(sent_on(w, w->s0, TH_ACK, 1), 1));
	settle(w, 2);
	assert_int_equal(answer_flow(w)->state, FLOW_STATE_OPENING);
	/* It has acknowledged the SYN-ACK. */
	assert_int_equal(only(w, w->s0, sent_on(w, w->s0, 0, 0))->state, FLOW_STATE_OPEN);
	free_world(w);
}

/* --- datagrams --- */

static struct piece udp(const struct world *w, uint64_t us)
{
	return packet(w->c0, IN, IPPROTO_UDP, w->client, w->server, us);
}

static struct piece udp_answer(const struct world *w, uint64_t us)
{
	return packet(w->c0, OUT, IPPROTO_UDP, w->server, w->client, us);
}

/* A router that has a name server of its own, and forwards what is for another. */
TEST(forwarded)
{
	struct world *w = new_world(100);
	struct fl_snapshot any = udp_socket(SERVER, &red, at("::", 443), nginx());
	const struct flow *f;

	tracker_snapshot(w->tracker, &any);
	w->elsewhere = true;
	put(w, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 10));
	settle(w, 20);
	f = only(w, w->s0, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 0));
	assert_nobody(&f->receiver);
	w->elsewhere = false;
	put(w, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 30));
	settle(w, 40);
	f = only(w, w->s0, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 0));
	assert_end(&f->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
	free_world(w);
}

TEST(datagrams)
{
	struct world *w = new_world(100);
	struct fl_snapshot c = udp_socket(CLIENT, &blue, w->client, curl());
	struct fl_snapshot s = udp_socket(SERVER, &red, at("::", 443), nginx());
	const struct flow *f;

	tracker_snapshot(w->tracker, &c);
	tracker_snapshot(w->tracker, &s);
	put(w, by_socket(udp(w, 10), CLIENT));
	put(w, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 10));
	settle(w, 20);
	f = only(w, w->c0, udp(w, 0));
	assert_int_equal(f->conn, 0);
	assert_int_equal(f->state, FLOW_STATE_NONE);
	assert_end(&f->sender, &blue, OWNER_SNAPSHOT, 10, "curl");
	/* It leads to the router, where nobody is bound; what goes on from there, to the server. */
	assert_end(&f->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
	assert_true(f->by_tuple);
	f = only(w, w->s0, packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 0));
	assert_end(&f->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
	assert_end(&f->sender, &blue, OWNER_SNAPSHOT, 10, "curl");
	assert_true(f->by_tuple);
	/* The answer tells. */
	put(w, by_socket(udp_answer(w, 30), SERVER));
	settle(w, 40);
	f = only(w, w->c0, udp(w, 0));
	assert_end(&f->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
	f = only(w, w->c0, udp_answer(w, 0));
	assert_end(&f->sender, &red, OWNER_SNAPSHOT, 20, "nginx");
	assert_end(&f->receiver, &blue, OWNER_SNAPSHOT, 10, "curl");
	assert_false(flow_table_asks(w->table));
	free_world(w);
}

/* Both read at once, in either order; it may be all that is ever read of them. */
TEST(answer_in_one_reading)
{
	struct fl_snapshot s;

	for (int i = 0; i < 2; i++) {
		struct world *w = new_world(100);

		s = udp_socket(SERVER, &red, w->server, nginx());
		tracker_snapshot(w->tracker, &s);
		if (i)
			put(w, udp(w, 10));
		put(w, by_socket(udp_answer(w, 11), SERVER));
		if (!i)
			put(w, udp(w, 10));
		settle(w, 20);
		assert_end(&only(w, w->c0, udp(w, 0))->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
		free_world(w);
	}
}

/* One process is bound to the port, another one has a connected socket there: it answers. */
TEST(answer_before_bound)
{
	struct world *w = new_world(100);
	struct fl_snapshot bound = udp_socket(LISTENER, &red, at("::", 443), nginx());
	struct fl_snapshot child = udp_socket(SERVER, &red, w->server, worker());
	struct piece there = packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 10);
	struct piece back = packet(w->s0, IN, IPPROTO_UDP, w->server, w->client, 30);

	tracker_snapshot(w->tracker, &bound);
	put(w, there);
	settle(w, 20);
	assert_end(&only(w, w->s0, there)->receiver, &red, OWNER_SNAPSHOT, 20, "nginx");
	tracker_snapshot(w->tracker, &child);
	put(w, by_socket(back, SERVER));
	settle(w, 40);
	assert_end(&only(w, w->s0, there)->receiver, &red, OWNER_SNAPSHOT, 21, "worker");
	free_world(w);
}

TEST(asks_once)
{
	struct world *w = new_world(100);
	struct fl_snapshot c = udp_socket(CLIENT, &blue, w->client, curl());
	struct piece p = by_socket(udp(w, 10), CLIENT);

	/* TCP sockets tell of themselves. */
	put(w, by_socket(sent(w, TH_ACK, 10), CLIENT));
	settle(w, 15);
	assert_false(flow_table_asks(w->table));
	p.count.cgroup = 77;
	put(w, p);
	settle(w, 20);
	assert_true(flow_table_asks(w->table));
	assert_false(flow_table_asks(w->table));
	assert_ptr_equal(only(w, w->c0, p)->sender.owner.cgroup, &box);
	assert_owner(&only(w, w->c0, p)->sender.owner, OWNER_UNKNOWN, 0, NULL);
	put(w, p);
	settle(w, 30);
	assert_false(flow_table_asks(w->table));
	tracker_snapshot(w->tracker, &c);
	settle(w, 40);
	assert_end(&only(w, w->c0, p)->sender, &blue, OWNER_SNAPSHOT, 10, "curl");
	free_world(w);
}

/* Of the answering socket no more is known than its cgroup. */
TEST(only_the_cgroup)
{
	struct world *w = new_world(100);
	struct piece answer = udp_answer(w, 20);

	answer.count.cgroup = 77;
	put(w, udp(w, 10));
	put(w, answer);
	settle(w, 30);
	settle(w, 40);
	assert_ptr_equal(only(w, w->c0, udp(w, 0))->receiver.owner.cgroup, &box);
	assert_owner(&only(w, w->c0, udp(w, 0))->receiver.owner, OWNER_UNKNOWN, 0, NULL);
	free_world(w);
}

/* --- ICMP --- */

static struct piece icmp(const struct world *w, bool v6, bool egress, uint8_t type, uint16_t id)
{
	struct addr_port a = at(v6 ? "fd77::2" : "10.77.0.2", type << 8);
	struct addr_port b = at(v6 ? "fd77::3" : "10.77.0.3", id);

	return packet(w->c0, egress, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		      egress ? (struct addr_port){b.addr, a.port} : a,
		      egress ? (struct addr_port){a.addr, b.port} : b, 10);
}

TEST(echoes)
{
	struct world *w = new_world(100);
	struct fl_snapshot ping = udp_socket(CLIENT, &blue, w->client, curl());

	ping.protocol = IPPROTO_ICMP;
	tracker_snapshot(w->tracker, &ping);
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t request = v6 ? 128 : 8, reply = v6 ? 129 : 0;
		uint8_t unreachable = v6 ? 1 : 3;
		const struct flow *f;

		put(w, by_socket(icmp(w, v6, IN, request, 5), CLIENT));
		put(w, icmp(w, v6, OUT, reply, 5));
		put(w, icmp(w, v6, OUT, reply, 6));
		put(w, icmp(w, v6, OUT, request, 5));
		put(w, icmp(w, v6, OUT, unreachable, 5));
		settle(w, 20);
		f = only(w, w->c0, icmp(w, v6, IN, request, 5));
		assert_int_equal(f->src.port, 0);
		assert_end(&f->sender, &blue, OWNER_SNAPSHOT, 10, "curl");
		f = only(w, w->c0, icmp(w, v6, OUT, reply, 5));
		assert_end(&f->receiver, &blue, OWNER_SNAPSHOT, 10, "curl");
		assert_nobody(&only(w, w->c0, icmp(w, v6, OUT, reply, 6))->receiver);
		assert_nobody(&only(w, w->c0, icmp(w, v6, OUT, request, 5))->receiver);
		assert_nobody(&only(w, w->c0, icmp(w, v6, OUT, unreachable, 5))->receiver);
	}
	free_world(w);
}

/* Fragments without ports are of many flows: nobody's answer. */
TEST(fragments)
{
	struct world *w = new_world(100);
	struct piece there = udp(w, 10), back = udp_answer(w, 11);

	there.key.sport_be = there.key.dport_be = back.key.sport_be = back.key.dport_be = 0;
	there.key.bits |= FL_BITS_PUT(1, FL_BITS_FRAGMENT);
	back.key.bits |= FL_BITS_PUT(1, FL_BITS_FRAGMENT);
	back.count.cgroup = 77;
	put(w, there);
	put(w, back);
	settle(w, 20);
	assert_true(only(w, w->c0, there)->fragments);
	assert_nobody(&only(w, w->c0, there)->receiver);
	free_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("a SYN-ACK tells the id that both sockets have", id_of_both_sockets),
		IT("…for any sequence numbers, those that wrap around too", id_for_any_numbers),
		IT("…where only one direction comes past", id_without_answers_direction),
		IT("an older connection's id is its socket's", id_of_older_connection),
		IT("a SYN's socket tells no id", no_id_of_a_syns_socket),
		IT("two connections with the same ports keep their directions", ports_again),
		IT("whoever accepts becomes known later", accept_after_data),
		IT("a refused connection", refused),
		IT("a stray answer's socket does not take the place of a known one",
		   known_socket_stays),
		IT("states, in any order", states),
		IT("the state where only one direction comes past", state_of_one_direction),
		IT("bound to all addresses is no receiver of what passes through", forwarded),
		IT("a datagram's sender, and who is bound or answers", datagrams),
		IT("an answer in the same reading tells the receiver", answer_in_one_reading),
		IT("…and knows better than who is bound there", answer_before_bound),
		IT("an unknown datagram socket is asked for once", asks_once),
		IT("no more than a cgroup", only_the_cgroup),
		IT("echo requests and replies find each other", echoes),
		IT("fragments without ports have no other direction", fragments),
	};

	return RUN(tests);
}
