// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Flows asleep: those of which nothing new can be said, until something can. */
#include "unit.h"

#include "pieces.h"

static size_t awake(struct world *w)
{
	size_t n;

	flow_table_awake(w->table, &n);
	return n;
}

/* A connection with both ends known, in both directions on that link, that has closed. */
static void closed_connection(struct world *w, const struct link *l, uint64_t us)
{
	put_handshake(w, l, us);
	put(w, sent_on(w, l, TH_FIN | TH_ACK, us + 10));
	put(w, answered_on(w, l, TH_FIN | TH_ACK, us + 10));
}

static struct world *new_sleepers(void)
{
	struct world *w = new_world(100);

	open_sockets(w);
	closed_connection(w, w->c0, 10);
	settle(w, 30);
	assert_int_equal(awake(w), 2);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 2);
	return w;
}

TEST(asleep_once_told)
{
	struct world *w = new_sleepers();

	assert_int_equal(awake(w), 0);
	settle(w, S);
	assert_int_equal(awake(w), 0);
	assert_int_equal(sent_flow(w)->state, FLOW_STATE_CLOSED);
	assert_string_equal(sent_flow(w)->receiver.owner.comm, "worker");
	free_world(w);
}

TEST(awake_to_end)
{
	struct world *w = new_sleepers();

	settle(w, CLOSED_S * S);
	assert_int_equal(awake(w), 0);
	settle(w, CLOSED_S * S + 20);
	assert_int_equal(awake(w), 2);
	assert_true(sent_flow(w)->ended && answer_flow(w)->ended);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

TEST(woken_by_a_packet)
{
	struct world *w = new_sleepers();

	put(w, sent(w, TH_FIN | TH_ACK, 2 * S));
	settle(w, 2 * S + 10);
	assert_int_equal(awake(w), 1);
	assert_int_equal(sent_flow(w)->packets - sent_flow(w)->packets_before, 1);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 0);
	/* Whose time came first waits for the other direction, asleep. */
	settle(w, CLOSED_S * S + 20);
	assert_int_equal(awake(w), 1);
	assert_false(answer_flow(w)->ended);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 0);
	settle(w, (2 + CLOSED_S) * S);
	assert_true(sent_flow(w)->ended && answer_flow(w)->ended);
	free_world(w);
}

TEST(woken_by_the_next)
{
	struct world *w = new_sleepers();

	put(w, with_syn(sent(w, 0, 2 * S), C_ISN + 1000));
	settle(w, 2 * S + 10);
	assert_int_equal(awake(w), 2);
	assert_true(nth(w, w->c0, sent(w, 0, 0), 0)->ended);
	assert_false(nth(w, w->c0, sent(w, 0, 0), 1)->ended);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 1);
	assert_int_equal(flows(w), 2);
	free_world(w);
}

TEST(woken_as_the_link_goes)
{
	struct world *w = new_sleepers();

	closed_connection(w, w->s0, 40);
	settle(w, 60);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 4);
	assert_int_equal(awake(w), 0);
	flow_table_unwatch(w->table, w->s0);
	settle(w, S);
	assert_int_equal(awake(w), 2);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 2);
	assert_non_null(sent_flow(w));
	free_world(w);
}

TEST(woken_at_the_end)
{
	struct world *w = new_sleepers();

	flow_table_end(w->table);
	assert_int_equal(awake(w), 2);
	assert_true(sent_flow(w)->ended && answer_flow(w)->ended);
	free_world(w);
}

/* Who accepts may turn out yet; when it is older than that, it will not. */
TEST(the_unknown_stay_awake)
{
	struct world *w = new_world(100);

	closed_connection(w, w->c0, 10);
	settle(w, 30);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 2);
	open_sockets(w);
	settle(w, S);
	assert_string_equal(sent_flow(w)->receiver.owner.comm, "worker");
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 0);
	free_world(w);

	w = new_world(100);
	closed_connection(w, w->c0, 10);
	settle(w, 4 * S);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 0);
	free_world(w);
}

TEST(the_open_stay_awake)
{
	struct world *w = new_world(100);

	open_sockets(w);
	put_handshake(w, w->c0, 10);
	put(w, packet(w->c0, IN, IPPROTO_UDP, w->client, at("10.77.0.3", 53), 10));
	settle(w, 4 * S);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 3);
	free_world(w);
}

/* In whatever order they wake, the others keep their places. */
TEST(many)
{
	struct world *w = new_world(1000);
	const uint16_t first = w->client.port;

	open_sockets(w);
	for (uint16_t i = 0; i < 100; i++) {
		w->client.port = (uint16_t)(first + i);
		closed_connection(w, w->c0, 10);
	}
	settle(w, 4 * S);
	flow_table_advance(w->table);
	assert_int_equal(awake(w), 0);
	for (uint16_t i = 0; i < 100; i += 3) {
		w->client.port = (uint16_t)(first + i * 37 % 100);
		put(w, sent(w, TH_ACK, 4 * S));
	}
	settle(w, 4 * S + 10);
	assert_int_equal(awake(w), 34);
	assert_int_equal(flows(w), 200);
	flow_table_advance(w->table);
	settle(w, CLOSED_S * S + 30);
	flow_table_advance(w->table);
	/* Both directions of each that was woken are left. */
	assert_int_equal(flows(w), 68);
	settle(w, (4 + CLOSED_S) * S);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("a closed connection sleeps once it has been told", asleep_once_told),
		IT("it wakes to end", awake_to_end),
		IT("… or for a packet that comes after all", woken_by_a_packet),
		IT("… when the next one has its ports", woken_by_the_next),
		IT("… as its link goes", woken_as_the_link_goes),
		IT("… and when all ends", woken_at_the_end),
		IT("as long as an end may turn out it stays awake", the_unknown_stay_awake),
		IT("what is open stays awake, and what has no end", the_open_stay_awake),
		IT("many that sleep and wake", many),
	};

	return RUN(tests);
}
