// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections whose two sockets have closed: nothing more will come, and nobody needs to wait for
 * it. */
#include "unit.h"

#include "pieces.h"

#define CLOSED_AT 30
#define OVER_AT   (CLOSED_AT + OVER_MS * 1000)

static void fin_on(struct world *w, const struct link *l, uint64_t us)
{
	put_handshake(w, l, us);
	put(w, sent_on(w, l, TH_FIN | TH_ACK, us + 10));
	put(w, answered_on(w, l, TH_FIN | TH_ACK, us + 10));
}

static void client_closes(struct world *w, uint64_t us)
{
	struct fl_close r = rec_close(us, client_sock(FIN_WAIT2, CLOSED));

	FEED(w->tracker, r);
}

static void server_closes(struct world *w, uint64_t us)
{
	struct fl_close r = rec_close(us, server_sock(LAST_ACK, CLOSED));

	FEED(w->tracker, r);
}

/* Accepted, and FINs from both ends seen on both links. */
static struct world *new_closed(void)
{
	struct world *w = new_world(100);

	open_sockets(w);
	fin_on(w, w->c0, 10);
	fin_on(w, w->s0, 10);
	return w;
}

static size_t ended(const struct world *w)
{
	size_t n, sum = 0;
	struct flow *const *rows = flow_table_rows(w->table, &n);

	for (size_t i = 0; i < n; i++)
		sum += rows[i]->ended;
	return sum;
}

TEST(once_both_have_closed)
{
	struct world *w = new_closed();

	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	settle(w, OVER_AT);
	assert_int_equal(ended(w), 4);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

TEST(not_at_once)
{
	struct world *w = new_closed();
	size_t n;

	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	settle(w, OVER_AT - 1);
	assert_int_equal(ended(w), 0);
	flow_table_advance(w->table);
	flow_table_awake(w->table, &n);
	assert_int_equal(n, 4);
	/* By then the sockets may have been forgotten. */
	tracker_next(w->tracker, AT(10 * S));
	settle(w, OVER_AT);
	assert_int_equal(ended(w), 4);
	free_world(w);
}

TEST(closing_is_read_later)
{
	struct world *w = new_closed();

	settle(w, 40);
	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	settle(w, OVER_AT);
	assert_int_equal(ended(w), 4);
	free_world(w);
}

TEST(one_is_open)
{
	struct world *w = new_closed();

	client_closes(w, 20);
	settle(w, S);
	assert_int_equal(ended(w), 0);
	settle(w, CLOSED_S * S + 20);
	assert_int_equal(ended(w), 4);
	free_world(w);
}

TEST(one_is_elsewhere)
{
	struct world *w = new_world(100);

	FEED(w->tracker, rec_syn_sent(1));
	FEED(w->tracker, rec_client_est(2));
	fin_on(w, w->c0, 10);
	client_closes(w, 20);
	settle(w, CLOSED_S * S + 19);
	assert_int_equal(ended(w), 0);
	settle(w, CLOSED_S * S + 20);
	assert_int_equal(ended(w), 2);
	free_world(w);
}

TEST(fin_of_one_direction)
{
	struct world *w = new_world(100);

	open_sockets(w);
	put_handshake(w, w->c0, 10);
	put(w, sent(w, TH_FIN | TH_ACK, 20));
	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	settle(w, S);
	assert_int_equal(ended(w), 0);
	free_world(w);
}

/* What the other end had sent before it knew is answered with a RST, a round trip later. */
TEST(reset)
{
	struct world *w = new_closed();

	put(w, answered(w, TH_RST, 25));
	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	settle(w, S);
	assert_int_equal(ended(w), 2);
	assert_false(sent_flow(w)->ended || answer_flow(w)->ended);
	settle(w, CLOSED_S * S + 25);
	assert_int_equal(ended(w), 4);
	free_world(w);
}

TEST(a_packet_all_the_same)
{
	struct world *w = new_closed();

	client_closes(w, 20);
	server_closes(w, CLOSED_AT);
	put(w, sent(w, TH_FIN | TH_ACK, CLOSED_AT + 1000));
	settle(w, OVER_AT + 999);
	assert_int_equal(ended(w), 2);
	assert_false(sent_flow(w)->ended || answer_flow(w)->ended);
	settle(w, OVER_AT + 1000);
	assert_int_equal(ended(w), 4);
	free_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("a connection ends soon after both of its sockets, on all links",
		   once_both_have_closed),
		IT("not before a while has passed, though the sockets are forgotten", not_at_once),
		IT("also if that is known a reading later", closing_is_read_later),
		IT("not while one is open", one_is_open),
		IT("not where one is on another host", one_is_elsewhere),
		IT("not where a link has not seen both FINs", fin_of_one_direction),
		IT("not if there was a reset", reset),
		IT("what comes after all has its time too", a_packet_all_the_same),
	};

	return RUN(tests);
}
