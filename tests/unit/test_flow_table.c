// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Flows out of pieces: what belongs together, when it ends, and that nothing is lost of it. */
#include "unit.h"

#include "pieces.h"

static struct flow_table_stats stats(const struct world *w)
{
	struct flow_table_stats s;

	flow_table_get_stats(w->table, &s);
	return s;
}

/* --- adding up --- */

TEST(pieces_add_up)
{
	struct world *w = new_world(100);
	struct piece p = until(times(sent(w, TH_ACK, 20), 3), 50);
	struct flow *f;

	put(w, p);
	put(w, until(times(sent(w, TH_PUSH, 10), 2), 40));
	p = until(sent(w, TH_FIN, 30), 60);
	p.count.segments = 7;
	put(w, p);
	settle(w, 70);
	f = sent_flow(w);
	assert_int_equal(f->packets, 6);
	assert_int_equal(f->segments, 12);
	assert_int_equal(f->bytes, 600);
	assert_int_equal(f->first, AT(10));
	assert_int_equal(f->last, AT(60));
	assert_int_equal(f->tcp_flags, TH_ACK | TH_PUSH | TH_FIN);
	assert_int_equal(flows(w), 1);
	assert_int_equal(stats(w).flows, 1);
	assert_int_equal(stats(w).packets, 6);
	assert_int_equal(stats(w).bytes, 600);
	assert_int_equal(stats(w).rest + stats(w).stray, 0);
	free_world(w);
}

TEST(cut_packets)
{
	struct world *w = new_world(100);
	struct piece out = answered(w, TH_ACK, 1), in = sent(w, TH_ACK, 1);

	w->c0->cuts_segments = true;
	out.count.segments = in.count.segments = 10;
	out.count.header_bytes = 900;
	put(w, out);
	put(w, in);
	settle(w, 2);
	assert_int_equal(answer_flow(w)->packets, 10);
	assert_int_equal(answer_flow(w)->bytes, 1000);
	assert_int_equal(sent_flow(w)->packets, 1);
	assert_int_equal(sent_flow(w)->segments, 10);
	assert_int_equal(sent_flow(w)->bytes, 100);
	free_world(w);
}

TEST(two_links)
{
	struct world *w = new_world(100);
	struct piece a = packet(w->c0, IN, IPPROTO_UDP, w->client, w->server, 1);
	struct piece b = packet(w->s0, IN, IPPROTO_UDP, w->client, w->server, 1);
	struct piece tagged = a;

	tagged.key.bits |= FL_BITS_PUT(1, FL_BITS_TAGGED) | FL_BITS_PUT(5, FL_BITS_VLAN);
	put(w, a);
	put(w, times(b, 2));
	put(w, tagged);
	settle(w, 2);
	assert_int_equal(flows(w), 3);
	assert_int_equal(only(w, w->s0, b)->packets, 2);
	assert_non_null(nth(w, w->c0, a, 1));
	free_world(w);
}

TEST(kinds)
{
	struct world *w = new_world(100);
	struct piece p = packet(w->c0, IN, 1, w->client, w->server, 1);
	struct flow *const *rows;
	size_t n;

	p.key.bits = FL_BITS_PUT(FL_FLOW_OTHER, FL_BITS_KIND);
	memset(&p.key.src, 0, 32);
	p.key.sport_be = htons(0x88cc);
	p.key.dport_be = 0;
	put(w, p);
	settle(w, 2);
	rows = flow_table_rows(w->table, &n);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0]->ethertype, 0x88cc);
	assert_int_equal(rows[0]->src.port, 0);
	assert_int_equal(rows[0]->state, FLOW_STATE_NONE);
	free_world(w);
}

/* --- one connection after the other --- */

TEST(another_syn)
{
	struct world *w = new_world(100);

	put(w, with_syn(sent(w, 0, 10), 1000));
	put(w, sent(w, TH_ACK, 20));
	settle(w, 30);
	put(w, with_syn(sent(w, 0, 110), 2000));
	put(w, sent(w, TH_ACK, 120));
	/* Again: a SYN that was sent twice. */
	put(w, with_syn(sent(w, 0, 130), 2000));
	settle(w, 140);
	assert_int_equal(flows(w), 2);
	assert_int_equal(nth(w, w->c0, sent(w, 0, 0), 0)->packets, 2);
	assert_int_equal(nth(w, w->c0, sent(w, 0, 0), 1)->packets, 3);
	assert_true(nth(w, w->c0, sent(w, 0, 0), 0)->ended);
	assert_false(nth(w, w->c0, sent(w, 0, 0), 1)->ended);
	flow_table_advance(w->table);
	assert_int_equal(sent_flow(w)->first, AT(110));
	/* Its tuple is its own. */
	put(w, sent(w, TH_ACK, 150));
	settle(w, 160);
	assert_int_equal(sent_flow(w)->packets, 4);
	free_world(w);
}

TEST(late_pieces)
{
	struct world *w = new_world(100);
	struct piece p = sent(w, 0, 0);

	put(w, with_syn(sent(w, 0, 10), 1000));
	put(w, with_syn(sent(w, 0, 110), 2000));
	put(w, with_syn(sent(w, 0, 210), 3000));
	put(w, until(sent(w, TH_ACK, 20), 90));
	put(w, until(sent(w, TH_ACK, 120), 200));
	put(w, until(sent(w, TH_ACK, 130), 201));
	put(w, sent(w, TH_ACK, 210));
	put(w, with_syn(sent(w, TH_FIN, 11), 1000));
	settle(w, 300);
	assert_int_equal(flows(w), 3);
	assert_int_equal(nth(w, w->c0, p, 0)->packets, 3);
	assert_int_equal(nth(w, w->c0, p, 1)->packets, 3);
	assert_int_equal(nth(w, w->c0, p, 2)->packets, 2);
	assert_int_equal(nth(w, w->c0, p, 0)->tcp_flags, TH_SYN | TH_ACK | TH_FIN);
	free_world(w);
}

/* Each reading's pieces come from several CPUs: the SYN's is one of them. */
TEST(syn_after_the_rest)
{
	struct world *w = new_world(100);

	put(w, until(sent(w, TH_ACK, 20), 50));
	put(w, with_syn(sent(w, 0, 10), 1000));
	put(w, sent(w, TH_ACK, 30));
	settle(w, 60);
	assert_int_equal(sent_flow(w)->packets, 3);
	assert_false(sent_flow(w)->partial);
	/* An older connection, of which no SYN was seen, is another one. */
	put(w, answered(w, TH_ACK, 5));
	put(w, with_synack(answered(w, 0, 30), 7, 8));
	settle(w, 70);
	assert_int_equal(flows(w), 3);
	assert_true(nth(w, w->c0, answered(w, 0, 0), 0)->partial);
	assert_false(nth(w, w->c0, answered(w, 0, 0), 1)->partial);
	free_world(w);
}

/* Of two connections in one reading the later one's pieces may come first. */
TEST(earlier_after_later)
{
	struct world *w = new_world(100);
	struct piece p = sent(w, 0, 0);

	put(w, with_syn(sent(w, 0, 110), 2000));
	put(w, with_syn(sent(w, 0, 210), 3000));
	put(w, until(with_syn(sent(w, TH_FIN, 10), 1000), 90));
	settle(w, 220);
	assert_int_equal(flows(w), 3);
	assert_int_equal(nth(w, w->c0, p, 0)->tcp_flags, TH_SYN | TH_FIN);
	assert_true(nth(w, w->c0, p, 0)->ended);
	assert_true(nth(w, w->c0, p, 1)->ended);
	assert_false(nth(w, w->c0, p, 2)->ended);
	put(w, sent(w, TH_ACK, 220));
	flow_table_advance(w->table);
	assert_int_equal(sent_flow(w)->first, AT(210));
	assert_int_equal(sent_flow(w)->packets, 2);
	free_world(w);
}

/* Nor does a SYN that comes last make another connection of what went before it. */
TEST(earliest_syn_last)
{
	struct world *w = new_world(100);
	struct piece p = sent(w, 0, 0);

	put(w, until(sent(w, TH_ACK, 20), 50));
	put(w, with_syn(sent(w, 0, 110), 2000));
	put(w, with_syn(sent(w, 0, 10), 1000));
	settle(w, 120);
	assert_int_equal(flows(w), 2);
	assert_int_equal(nth(w, w->c0, p, 0)->packets, 2);
	assert_false(nth(w, w->c0, p, 0)->partial);
	assert_false(nth(w, w->c0, p, 1)->ended);
	free_world(w);
}

/* The caller ends what is left (at the end of a run); in any order they may go. */
TEST(outlives_newer)
{
	struct world *w = new_world(100);
	struct piece p = sent(w, 0, 0);

	put(w, with_syn(sent(w, 0, 10), 1000));
	put(w, with_syn(sent(w, 0, 110), 2000));
	put(w, with_syn(sent(w, 0, 210), 3000));
	settle(w, 220);
	nth(w, w->c0, p, 0)->ended = false;
	nth(w, w->c0, p, 1)->ended = false;
	nth(w, w->c0, p, 2)->ended = true;
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 2);
	nth(w, w->c0, p, 0)->ended = true;
	flow_table_advance(w->table);
	assert_int_equal(sent_flow(w)->first, AT(110));
	put(w, sent(w, TH_ACK, 300));
	settle(w, 310);
	assert_int_equal(sent_flow(w)->packets, 2);
	assert_false(sent_flow(w)->ended);
	free_world(w);
}

/* --- partial --- */

TEST(partial_tcp)
{
	struct world *w = new_world(100);

	put(w, sent(w, TH_ACK, 10));
	put(w, with_synack(answered(w, 0, 10), 1, 2));
	settle(w, 20);
	assert_true(sent_flow(w)->partial);
	assert_false(answer_flow(w)->partial);
	free_world(w);
}

TEST(partial_others)
{
	struct world *w = new_world(100);
	struct piece early = packet(w->c0, IN, IPPROTO_UDP, w->client, w->server, 10);
	struct piece late =
		packet(w->c0, IN, IPPROTO_UDP, w->client, at("10.77.0.3", 53), IDLE_S * S + 10);
	struct piece fresh = packet(w->s0, OUT, IPPROTO_UDP, w->client, w->server, 10);

	w->c0->had_traffic = true;
	/* As the table hears of it: when it is being watched. */
	assert_int_equal(flow_table_watch(w->table, w->c0), 0);
	put(w, early);
	put(w, late);
	put(w, fresh);
	settle(w, IDLE_S * S + 20);
	assert_true(only(w, w->c0, early)->partial);
	assert_false(only(w, w->c0, late)->partial);
	assert_false(only(w, w->s0, fresh)->partial);
	free_world(w);
}

/* What is read when the link is no longer watched is as partial as what was read before. */
TEST(partial_to_the_end)
{
	struct world *w = new_world(100);
	struct piece p = packet(w->c0, IN, IPPROTO_UDP, w->client, w->server, 10);

	w->c0->had_traffic = true;
	assert_int_equal(flow_table_watch(w->table, w->c0), 0);
	put(w, p);
	flow_table_unwatch(w->table, w->c0);
	w->c0->attached = 0;
	settle(w, 20);
	assert_true(only(w, w->c0, p)->partial);
	free_world(w);
}

/* --- ends --- */

TEST(idle)
{
	struct world *w = new_world(100);

	put(w, until(sent(w, TH_ACK, 0), S));
	settle(w, (IDLE_S + 1) * S - 1);
	assert_false(sent_flow(w)->ended);
	settle(w, (IDLE_S + 1) * S);
	assert_true(sent_flow(w)->ended);
	assert_int_equal(flows(w), 1);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	assert_int_equal(stats(w).packets, 1);
	free_world(w);
}

TEST(not_over_after_all)
{
	struct world *w = new_world(100);

	put(w, sent(w, TH_ACK, 0));
	settle(w, IDLE_S * S);
	assert_true(sent_flow(w)->ended);
	put(w, sent(w, TH_ACK, IDLE_S * S));
	settle(w, IDLE_S * S + 1);
	assert_false(sent_flow(w)->ended);
	assert_int_equal(sent_flow(w)->packets, 2);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 1);
	free_world(w);
}

TEST(closed)
{
	struct world *w = new_world(100);

	put(w, with_syn(sent(w, TH_ACK | TH_FIN, 0), 1));
	put(w, until(with_synack(answered(w, TH_FIN, 0), 2, 1), 3 * S));
	settle(w, (CLOSED_S + 3) * S - 1);
	assert_false(sent_flow(w)->ended || answer_flow(w)->ended);
	settle(w, (CLOSED_S + 3) * S);
	assert_true(sent_flow(w)->ended && answer_flow(w)->ended);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

TEST(unwatched)
{
	struct world *w = new_world(100);

	put(w, sent(w, TH_ACK, 10));
	put(w, sent_on(w, w->s0, TH_ACK, 10));
	settle(w, 20);
	flow_table_unwatch(w->table, w->c0);
	/* Counted before that, read after. */
	put(w, sent(w, TH_ACK, 15));
	settle(w, 30);
	assert_true(sent_flow(w)->ended);
	assert_int_equal(sent_flow(w)->packets, 2);
	assert_false(only(w, w->s0, sent_on(w, w->s0, 0, 0))->ended);
	put(w, times(sent(w, TH_ACK, 40), 3));
	assert_int_equal(stats(w).stray, 3);
	assert_int_equal(stats(w).packets, 3);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 1);
	/* Twice, or without a watch, is nothing. */
	flow_table_unwatch(w->table, w->c0);
	settle(w, 50);
	free_world(w);
}

TEST(watched_again)
{
	struct world *w = new_world(100);

	put(w, sent(w, TH_ACK, 10));
	flow_table_unwatch(w->table, w->c0);
	assert_int_equal(flow_table_watch(w->table, w->c0), 0);
	settle(w, 20);
	assert_false(sent_flow(w)->ended);
	flow_table_unwatch(w->table, w->c0);
	settle(w, 30);
	assert_int_equal(flow_table_watch(w->table, w->c0), 0);
	put(w, sent(w, TH_ACK, 40));
	settle(w, 50);
	assert_true(nth(w, w->c0, sent(w, 0, 0), 0)->ended);
	assert_false(nth(w, w->c0, sent(w, 0, 0), 1)->ended);
	free_world(w);
}

TEST(another_device)
{
	struct world *w = new_world(100);
	struct link *l = new_link(&router, "d0", w->c0->ifindex);
	struct piece p = sent(w, TH_ACK, 10);

	put(w, p);
	flow_table_unwatch(w->table, w->c0);
	assert_int_equal(flow_table_watch(w->table, l), 0);
	/* That is not the one that is watched now. */
	flow_table_unwatch(w->table, w->c0);
	put(w, p);
	settle(w, 20);
	assert_true(only(w, w->c0, p)->ended);
	assert_false(only(w, l, p)->ended);
	/* The flows hold it. */
	flow_table_unwatch(w->table, l);
	link_put(l);
	settle(w, 30);
	assert_string_equal(only(w, l, p)->link->name, "d0");
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	free_world(w);
}

/* --- no room --- */

static struct piece to_port(const struct world *w, bool egress, uint16_t port, uint64_t us)
{
	return packet(w->c0, egress, IPPROTO_UDP, w->client, at("10.77.0.3", port), us);
}

static const struct flow *rest_of(const struct world *w, const struct link *l, bool egress)
{
	size_t n;
	struct flow *const *rows = flow_table_rows(w->table, &n);

	for (size_t i = 0; i < n; i++)
		if (rows[i]->kind == FLOW_REST && rows[i]->link == l && rows[i]->egress == egress)
			return rows[i];
	return NULL;
}

TEST(full)
{
	struct world *w = new_world(2);

	put(w, to_port(w, IN, 1, 10));
	put(w, to_port(w, IN, 2, 10));
	for (uint16_t port = 3; port < 10; port++) {
		put(w, to_port(w, IN, port, 20));
		put(w, times(to_port(w, OUT, port, 20), 2));
	}
	put(w, packet(w->s0, IN, IPPROTO_UDP, w->client, w->server, 30));
	put(w, to_port(w, IN, 2, 40));
	settle(w, 50);
	assert_int_equal(flows(w), 5);
	assert_int_equal(rest_of(w, w->c0, IN)->packets, 7);
	assert_int_equal(rest_of(w, w->c0, OUT)->packets, 14);
	assert_int_equal(rest_of(w, w->c0, OUT)->bytes, 1400);
	assert_int_equal(rest_of(w, w->s0, IN)->packets, 1);
	assert_null(rest_of(w, w->s0, OUT));
	assert_int_equal(only(w, w->c0, to_port(w, IN, 2, 0))->packets, 2);
	assert_int_equal(stats(w).packets, 25);
	assert_int_equal(stats(w).rest, 22);
	/* A rest goes with its link. */
	settle(w, 1000 * S);
	assert_false(rest_of(w, w->c0, IN)->ended);
	flow_table_unwatch(w->table, w->c0);
	settle(w, 1000 * S);
	assert_true(rest_of(w, w->c0, IN)->ended);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 1);
	free_world(w);
}

/* The rests take no flow's place. */
TEST(room_again)
{
	struct world *w = new_world(1);

	put(w, to_port(w, IN, 1, 10));
	put(w, to_port(w, IN, 2, 10));
	put(w, to_port(w, OUT, 2, 10));
	settle(w, IDLE_S * S + 10);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 2);
	put(w, to_port(w, IN, 2, IDLE_S * S + 20));
	put(w, to_port(w, IN, 1, IDLE_S * S + 20));
	assert_non_null(nth(w, w->c0, to_port(w, IN, 2, 0), 0));
	assert_int_equal(rest_of(w, w->c0, IN)->packets, 2);
	free_world(w);
}

/* There is no room for the next connection either; what was there goes on. */
TEST(full_of_connections)
{
	struct world *w = new_world(1);

	put(w, with_syn(sent(w, 0, 10), 1000));
	put(w, with_syn(sent(w, 0, 20), 2000));
	put(w, with_syn(sent(w, 0, 5), 1000));
	settle(w, 30);
	assert_int_equal(sent_flow(w)->packets, 2);
	assert_false(sent_flow(w)->ended);
	assert_int_equal(rest_of(w, w->c0, IN)->packets, 1);
	free_world(w);
}

/* A rest counts as its packets would have been counted elsewhere, and so do the totals. */
TEST(cut_packets_of_the_rest)
{
	struct world *w = new_world(0);
	struct piece p = answered(w, TH_ACK, 1);

	w->c0->cuts_segments = true;
	p.count.segments = 10;
	p.count.header_bytes = 900;
	put(w, p);
	p = to_port(w, OUT, 1, 1);
	p.count.segments = 3;
	put(w, p);
	settle(w, 2);
	assert_int_equal(rest_of(w, w->c0, OUT)->packets, 11);
	assert_int_equal(rest_of(w, w->c0, OUT)->segments, 13);
	assert_int_equal(rest_of(w, w->c0, OUT)->bytes, 1100);
	assert_int_equal(stats(w).packets, 11);
	assert_int_equal(stats(w).bytes, 1100);
	assert_int_equal(stats(w).rest, 11);
	free_world(w);
}

TEST(strays)
{
	struct world *w = new_world(100);
	struct piece p = sent(w, TH_ACK, 10);

	p.key.ifindex = 99;
	put(w, times(p, 4));
	p = sent(w, TH_ACK, 10);
	p.netns = &blue;
	put(w, p);
	settle(w, 20);
	assert_int_equal(flows(w), 0);
	assert_int_equal(stats(w).stray, 5);
	assert_int_equal(stats(w).packets, 0);
	free_world(w);
}

/* --- intervals --- */

TEST(advance_remembers)
{
	struct world *w = new_world(100);

	put(w, times(sent(w, TH_ACK, 10), 3));
	settle(w, 20);
	assert_int_equal(sent_flow(w)->packets_before, 0);
	flow_table_advance(w->table);
	put(w, times(sent(w, TH_ACK, 30), 2));
	settle(w, 40);
	assert_int_equal(sent_flow(w)->packets_before, 3);
	assert_int_equal(sent_flow(w)->bytes_before, 300);
	assert_int_equal(sent_flow(w)->packets, 5);
	flow_table_advance(w->table);
	assert_int_equal(sent_flow(w)->packets_before, 5);
	free_world(w);
}

TEST(empty)
{
	struct world *w = new_world(0);

	settle(w, 0);
	flow_table_advance(w->table);
	assert_int_equal(flows(w), 0);
	assert_false(flow_table_asks(w->table));
	flow_table_free(NULL);
	free_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("pieces from several CPUs add up", pieces_add_up),
		IT("what the stack cuts behind tc counts as it passes the link", cut_packets),
		IT("one tuple on two links, or in a VLAN, is several flows", two_links),
		IT("what is not IP has no ports", kinds),
		IT("a SYN with another sequence number makes another flow", another_syn),
		IT("late pieces go to theirs, by sequence number or by time", late_pieces),
		IT("the SYN's piece may come after others of its connection", syn_after_the_rest),
		IT("an earlier connection read after a later one", earlier_after_later),
		IT("…its SYN last of all", earliest_syn_last),
		IT("an earlier connection that outlives a later one", outlives_newer),
		IT("TCP without a SYN is partial", partial_tcp),
		IT("other flows are partial where the link had traffic", partial_others),
		IT("…when it is no longer watched, too", partial_to_the_end),
		IT("a flow without packets ends", idle),
		IT("a packet in time takes the end back", not_over_after_all),
		IT("a closed connection ends, both directions at once", closed),
		IT("the flows of a link that is no longer watched end", unwatched),
		IT("watched again before the next settling they go on", watched_again),
		IT("another device with the same ifindex is another link", another_device),
		IT("beyond the maximum there is one rest a link and direction", full),
		IT("…which takes no flow's room", room_again),
		IT("…where what the stack cuts is cut as well", cut_packets_of_the_rest),
		IT("a connection that found no room leaves the earlier one alone",
		   full_of_connections),
		IT("pieces of links that are not watched are stray", strays),
		IT("advance remembers what was counted", advance_remembers),
		IT("nothing", empty),
	};

	return RUN(tests);
}
