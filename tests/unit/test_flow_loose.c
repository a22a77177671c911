// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pieces of TCP without a SYN, of one connection after the other between the same ports: whichever
 * order they are read in, they end up with the connection of their time.
 */
#include "unit.h"

#include "pieces.h"

#define CONNECTIONS 3
#define PIECES_MAX  40

/* The nth connection: its SYN and what came with it, and what another CPU saw of it later. */
static uint64_t begins(size_t conn)
{
	return 100 + 100 * conn;
}

static struct piece first_piece(const struct world *w, size_t conn)
{
	struct piece p = with_syn(sent(w, 0, begins(conn)), 1000 * (uint32_t)(conn + 1));

	return times(until(p, begins(conn) + 20), 1 + conn);
}

static struct piece later_piece(const struct world *w, size_t conn)
{
	struct piece p = sent(w, TH_ACK, begins(conn) + 10);

	return times(until(p, begins(conn) + 50), 10 + 10 * conn);
}

static void assert_connection(const struct world *w, size_t nth_flow, size_t conn, uint64_t packets)
{
	const struct flow *f = nth(w, w->c0, sent(w, 0, 0), nth_flow);

	assert_non_null(f);
	assert_int_equal(f->packets, packets);
	assert_int_equal(f->bytes, 100 * packets);
	assert_int_equal(f->first, AT(begins(conn)));
	assert_int_equal(f->last, AT(begins(conn) + 50));
	assert_int_equal(f->tcp_flags, TH_SYN | TH_ACK);
	assert_false(f->partial);
}

/* The next of all orders of n numbers; false: that was the last. */
static bool next_order(size_t *order, size_t n)
{
	size_t i = n - 1, k = n - 1, t;

	while (i > 0 && order[i - 1] >= order[i])
		i--;
	if (!i)
		return false;
	while (order[k] <= order[i - 1])
		k--;
	t = order[i - 1];
	order[i - 1] = order[k];
	order[k] = t;
	for (k = n - 1; i < k; i++, k--) {
		t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
	return true;
}

TEST(every_order)
{
	size_t order[2 * CONNECTIONS], orders = 0;

	for (size_t i = 0; i < COUNT(order); i++)
		order[i] = i;
	do {
		struct world *w = new_world(100);

		for (size_t i = 0; i < COUNT(order); i++)
			put(w, order[i] % 2 ? later_piece(w, order[i] / 2)
					    : first_piece(w, order[i] / 2));
		settle(w, 1000);
		assert_int_equal(flows(w), CONNECTIONS);
		for (size_t c = 0; c < CONNECTIONS; c++)
			assert_connection(w, c, c, 11 + 11 * c);
		assert_true(nth(w, w->c0, sent(w, 0, 0), 0)->ended);
		assert_true(nth(w, w->c0, sent(w, 0, 0), 1)->ended);
		assert_false(nth(w, w->c0, sent(w, 0, 0), 2)->ended);
		orders++;
		free_world(w);
	} while (next_order(order, COUNT(order)));
	assert_int_equal(orders, 720);
}

/* …with the first connection's beginning not seen. */
TEST(every_order_without_a_syn)
{
	size_t order[2 * CONNECTIONS - 1];

	for (size_t i = 0; i < COUNT(order); i++)
		order[i] = i + 1;
	do {
		struct world *w = new_world(100);
		const struct flow *f;

		for (size_t i = 0; i < COUNT(order); i++)
			put(w, order[i] % 2 ? later_piece(w, order[i] / 2)
					    : first_piece(w, order[i] / 2));
		settle(w, 1000);
		assert_int_equal(flows(w), CONNECTIONS);
		f = nth(w, w->c0, sent(w, 0, 0), 0);
		assert_int_equal(f->packets, 10);
		assert_int_equal(f->tcp_flags, TH_ACK);
		assert_true(f->partial && f->ended);
		assert_connection(w, 1, 1, 22);
		assert_connection(w, 2, 2, 33);
		free_world(w);
	} while (next_order(order, COUNT(order)));
}

/* Of two readings: the earlier one has the beginning. */
TEST(next_reading)
{
	for (int i = 0; i < 4; i++) {
		struct world *w = new_world(100);

		put(w, first_piece(w, 0));
		settle(w, 130);
		/* The end of the first one, and all of the next. */
		if (i & 1)
			put(w, later_piece(w, 1));
		if (i & 2)
			put(w, first_piece(w, 1));
		put(w, later_piece(w, 0));
		if (!(i & 2))
			put(w, first_piece(w, 1));
		if (!(i & 1))
			put(w, later_piece(w, 1));
		settle(w, 1000);
		assert_int_equal(flows(w), 2);
		assert_connection(w, 0, 0, 11);
		assert_connection(w, 1, 1, 22);
		free_world(w);
	}
}

TEST(before_the_first_syn)
{
	for (int i = 0; i < 2; i++) {
		struct world *w = new_world(100);
		struct piece p = sent(w, 0, 0);

		put(w, first_piece(w, 0));
		if (i)
			settle(w, 130);
		put(w, until(sent(w, TH_ACK, 20), 99));
		put(w, until(sent(w, TH_FIN, 30), 90));
		settle(w, 140);
		assert_int_equal(flows(w), 2);
		assert_int_equal(nth(w, w->c0, p, 0)->packets, 2);
		assert_int_equal(nth(w, w->c0, p, 0)->tcp_flags, TH_ACK | TH_FIN);
		assert_true(nth(w, w->c0, p, 0)->partial);
		assert_true(nth(w, w->c0, p, 0)->ended);
		assert_false(nth(w, w->c0, p, 1)->partial);
		/* What comes at the time of the SYN is not from before it. */
		put(w, sent(w, TH_ACK, 100));
		settle(w, 150);
		assert_int_equal(nth(w, w->c0, p, 1)->packets, 2);
		flow_table_advance(w->table);
		assert_int_equal(flows(w), 1);
		free_world(w);
	}
}

/* A piece of both (too many CPUs for their entries to be ended) draws no others after it. */
TEST(piece_of_two_connections)
{
	for (int i = 0; i < 2; i++) {
		struct world *w = new_world(100);
		struct piece both = until(sent(w, TH_ACK, 105), begins(1) + 30);
		struct piece p = sent(w, 0, 0);

		put(w, first_piece(w, 0));
		put(w, first_piece(w, 1));
		put(w, i ? both : later_piece(w, 0));
		put(w, i ? later_piece(w, 0) : both);
		settle(w, 1000);
		assert_int_equal(flows(w), 2);
		assert_int_equal(nth(w, w->c0, p, 0)->packets, 11);
		assert_int_equal(nth(w, w->c0, p, 1)->packets, 3);
		/* Nor in the next reading, and a SYN that was missing finds its place. */
		put(w, until(sent(w, TH_ACK, 110), 140));
		put(w, with_syn(sent(w, 0, 150), 4242));
		settle(w, 1000);
		assert_int_equal(flows(w), 3);
		assert_int_equal(nth(w, w->c0, p, 0)->packets, 12);
		assert_int_equal(nth(w, w->c0, p, 1)->packets, 1);
		assert_int_equal(nth(w, w->c0, p, 2)->packets, 3);
		free_world(w);
	}
}

/* --- no room --- */

static uint64_t rest(const struct world *w)
{
	struct flow_table_stats s;

	flow_table_get_stats(w->table, &s);
	return s.rest;
}

static uint64_t rest_packets(const struct world *w)
{
	size_t n;
	struct flow *const *rows = flow_table_rows(w->table, &n);

	for (size_t i = 0; i < n; i++)
		if (rows[i]->kind == FLOW_REST)
			return rows[i]->packets;
	return 0;
}

/* The later pieces came first, and took the only place. */
TEST(full)
{
	struct world *w = new_world(1);

	put(w, later_piece(w, 0));
	put(w, first_piece(w, 1));
	settle(w, 1000);
	assert_int_equal(flows(w), 2);
	assert_int_equal(sent_flow(w)->packets, 2);
	assert_int_equal(sent_flow(w)->tcp_flags, TH_SYN);
	assert_int_equal(rest(w), 10);
	assert_int_equal(rest_packets(w), 10);
	put(w, until(sent(w, TH_ACK, 10), 20));
	settle(w, 1000);
	assert_int_equal(rest_packets(w), 11);
	free_world(w);
}

TEST(nothing_has_room)
{
	struct world *w = new_world(0);

	put(w, later_piece(w, 0));
	put(w, first_piece(w, 0));
	settle(w, 1000);
	assert_int_equal(flows(w), 1);
	assert_int_equal(rest_packets(w), 11);
	assert_int_equal(rest(w), 11);
	free_world(w);
}

/* --- between add and settle --- */

TEST(rows_before_settle)
{
	struct world *w = new_world(100);

	put(w, later_piece(w, 0));
	/* Nothing is missing, whenever one looks; and the rows may be sorted. */
	assert_int_equal(sent_flow(w)->packets, 10);
	put(w, first_piece(w, 0));
	put(w, later_piece(w, 1));
	put(w, first_piece(w, 1));
	assert_connection(w, 0, 0, 11);
	assert_connection(w, 1, 1, 22);
	settle(w, 1000);
	assert_connection(w, 0, 0, 11);
	assert_connection(w, 1, 1, 22);
	free_world(w);
}

TEST(advance_before_settle)
{
	struct world *w = new_world(100);

	put(w, first_piece(w, 0));
	put(w, first_piece(w, 1));
	settle(w, 1000);
	/* The first has ended, and goes. */
	put(w, later_piece(w, 0));
	put(w, later_piece(w, 1));
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 1);
	assert_connection(w, 0, 1, 22);
	assert_int_equal(sent_flow(w)->packets_before, 22);
	settle(w, 1010);
	assert_connection(w, 0, 1, 22);
	free_world(w);
}

TEST(unwatched_before_settle)
{
	struct world *w = new_world(100);

	put(w, later_piece(w, 0));
	put(w, first_piece(w, 1));
	flow_table_unwatch(w->table, w->c0);
	settle(w, 1000);
	assert_int_equal(flows(w), 2);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

TEST(freed_before_settle)
{
	struct world *w = new_world(100);

	put(w, later_piece(w, 0));
	free_world(w);
}

/* --- a reading takes its time --- */

/* It began at 205; the second connection's SYN, of 200, was read late; the third one's is yet to
 * be. */
TEST(begun_while_reading)
{
	struct world *w = new_world(100);

	put(w, first_piece(w, 0));
	put(w, later_piece(w, 2));
	put(w, later_piece(w, 1));
	put(w, first_piece(w, 1));
	put(w, later_piece(w, 0));
	settle(w, 205);
	assert_int_equal(flows(w), 2);
	assert_connection(w, 0, 0, 11);
	assert_int_equal(nth(w, w->c0, sent(w, 0, 0), 1)->packets, 2);
	flow_table_advance(w->table);
	put(w, first_piece(w, 2));
	settle(w, 1000);
	assert_connection(w, 0, 1, 22);
	assert_connection(w, 1, 2, 33);
	free_world(w);
}

/* No other reading will be of that link. */
TEST(begun_as_its_link_goes)
{
	struct world *w = new_world(100);

	put(w, later_piece(w, 0));
	flow_table_unwatch(w->table, w->c0);
	settle(w, 50);
	assert_int_equal(sent_flow(w)->packets, 10);
	assert_true(sent_flow(w)->ended);
	free_world(w);
}

TEST(begun_before_another_link_has_its_name)
{
	struct world *w = new_world(100);
	struct link *again = new_link(&router, "c0", 3);

	put(w, later_piece(w, 0));
	settle(w, 50);
	assert_int_equal(flows(w), 0);
	assert_int_equal(flow_table_watch(w->table, again), 0);
	assert_int_equal(flows(w), 1);
	settle(w, 1000);
	assert_true(sent_flow(w)->ended);
	assert_int_equal(sent_flow(w)->packets, 10);
	link_put(again);
	free_world(w);
}

TEST(begun_at_the_end)
{
	struct world *w = new_world(100);

	put(w, later_piece(w, 0));
	settle(w, 50);
	assert_int_equal(flows(w), 0);
	flow_table_end(w->table);
	assert_int_equal(sent_flow(w)->packets, 10);
	assert_true(sent_flow(w)->ended);
	free_world(w);
}

/* --- any pieces --- */

struct model {
	uint64_t begins[5], packets[5 + 1]; /* [0]: before the first SYN */
	size_t n;
};

static size_t of_time(const struct model *m, uint64_t us)
{
	size_t c = m->n;

	while (c > 0 && us < m->begins[c - 1])
		c--;
	return c;
}

static struct piece any_piece(const struct world *w, struct model *m)
{
	size_t conn = (size_t)rand() % m->n;
	uint64_t n = 1 + (uint64_t)rand() % 9, first, last;
	struct piece p;

	if (rand() % 3 == 0) {
		/* A SYN that is sent again begins a piece on another CPU. */
		first = m->begins[conn] + (uint64_t)rand() % 5;
		p = with_syn(sent(w, 0, first), 77 * (uint32_t)(conn + 1));
		m->packets[conn + 1] += n;
		return times(until(p, first + (uint64_t)rand() % 20), n);
	}
	first = 1 + (uint64_t)rand() % 700;
	last = first + (rand() % 4 ? 0 : (uint64_t)rand() % 200);
	m->packets[of_time(m, last)] += n;
	return times(until(sent(w, TH_ACK, first), last), n);
}

static void one_random_reading(unsigned int seed)
{
	struct world *w = new_world(100);
	struct model m = {.n = 1 + (size_t)rand() % 5};
	struct piece pieces[PIECES_MAX];
	size_t n = 0, f = 0, loose = (size_t)rand() % (PIECES_MAX - m.n);

	for (size_t c = 0; c < m.n; c++) {
		m.begins[c] = 100 * (c + 1) + (uint64_t)rand() % 50;
		pieces[n++] = with_syn(sent(w, 0, m.begins[c]), 77 * (uint32_t)(c + 1));
		m.packets[c + 1] = 1;
	}
	for (size_t i = 0; i < loose; i++)
		pieces[n++] = any_piece(w, &m);
	while (n > 0) {
		size_t i = (size_t)rand() % n;

		put(w, pieces[i]);
		pieces[i] = pieces[--n];
	}
	settle(w, 1000);
	for (size_t c = 0; c <= m.n; c++) {
		const struct flow *flow;

		if (!m.packets[c])
			continue;
		flow = nth(w, w->c0, sent(w, 0, 0), f++);
		if (!flow || flow->packets != m.packets[c] || flow->partial != (c == 0))
			fail_msg("seed %u, connection %zu", seed, c);
	}
	assert_int_equal(flows(w), f);
	free_world(w);
}

TEST(any_pieces)
{
	for (unsigned int seed = 1; seed <= 3000; seed++) {
		srand(seed);
		one_random_reading(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("three connections, each in two pieces, in every order", every_order),
		IT("…with the first one's SYN missing", every_order_without_a_syn),
		IT("pieces of two readings", next_reading),
		IT("what came before the first SYN is an earlier flow, and partial",
		   before_the_first_syn),
		IT("a piece of two connections leaves the others where they are",
		   piece_of_two_connections),
		IT("a piece that there is no room for is of the rest", full),
		IT("…where there is room for none", nothing_has_room),
		IT("looked at before they are settled", rows_before_settle),
		IT("an interval that ends before they are settled", advance_before_settle),
		IT("a link that is no longer watched before they are settled",
		   unwatched_before_settle),
		IT("an end before they are settled", freed_before_settle),
		IT("any pieces in any order, against a simple account", any_pieces),
		IT("a piece that began during the reading waits for its SYN", begun_while_reading),
		IT("… unless its link goes", begun_as_its_link_goes),
		IT("… or another takes the link's place", begun_before_another_link_has_its_name),
		IT("… or all ends", begun_at_the_end),
	};

	return RUN(tests);
}
