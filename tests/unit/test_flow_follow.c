// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ends handed on from link to link, where it is the same flow. */
#include "unit.h"

#include "hops.h"

#define CONN conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1)

/* --- the way --- */

TEST(over_bridge)
{
	/* In either order, and in two readings. */
	for (int i = 0; i < 4; i++) {
		struct net *n = bridged();

		if (i % 2)
			put_first(n);
		else
			put_last(n);
		if (i / 2)
			settle_net(n);
		if (i % 2)
			put_last(n);
		else
			put_first(n);
		settle_net(n);
		assert_followed(n);
		free_net(n);
	}
}

/* No masters: routed. One master: the bridge is the router's own leg. */
TEST(over_router)
{
	for (int i = 0; i < 3; i++) {
		struct net *n = new_net();

		n->w->c0->master = i == 1 ? n->br0 : NULL;
		n->w->s0->master = i == 2 ? n->br0 : NULL;
		put_first(n);
		put_last(n);
		settle_net(n);
		assert_followed(n);
		free_net(n);
	}
}

/* client - router - other - third - router's second self - server, links watched on either side */
TEST(many_hops)
{
	static const struct netns last = {.inode = 303, .cookie = 6, .name = "last"};
	struct net *n = new_net();
	struct link *a = veth(n, &router, &other, NULL), *b = veth(n, &third, &other, NULL);
	struct link *c = veth(n, &third, &last, NULL), *d = veth(n, &red, &last, NULL);

	put(n->w, there(n, c, OUT));
	put(n->w, there(n, a, OUT));
	put_first(n);
	put(n->w, there(n, d, IN));
	put(n->w, there(n, b, IN));
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NGINX, true);
	assert_ends(n, a, OUT, CURL, NGINX, true);
	assert_ends(n, b, IN, CURL, NGINX, true);
	assert_ends(n, c, OUT, CURL, NGINX, true);
	assert_ends(n, d, IN, CURL, NGINX, true);
	free_net(n);
}

/* A pair within one namespace joins its two bridges. */
TEST(bridge_to_bridge)
{
	struct net *n = new_net();
	struct link *a = veth(n, &router, &router, n->br0);

	a->peer->master = n->br1;
	n->w->c0->master = n->br0;
	n->w->s0->master = n->br1;
	put_first(n);
	put(n->w, there(n, a, OUT));
	put_last(n);
	settle_net(n);
	assert_followed(n);
	assert_ends(n, a, OUT, CURL, NGINX, true);
	free_net(n);
}

TEST(only_sender_known)
{
	struct net *n = bridged();

	n->w->server = at("10.77.0.9", 443);
	put_first(n);
	put_last(n);
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	assert_ends(n, n->w->s0, OUT, CURL, NOBODY, true);
	free_net(n);
}

TEST(only_receiver_known)
{
	struct net *n = bridged();

	put(n->w, there(n, n->w->c0, IN));
	put_last(n);
	settle_net(n);
	assert_ends(n, n->w->c0, IN, NOBODY, NGINX, true);
	assert_ends(n, n->w->s0, OUT, NOBODY, NGINX, false);
	free_net(n);
}

/* --- both ends of a pair are watched --- */

TEST(both_ends)
{
	struct net *n = bridged();
	struct link *c = watched(n, n->w->c), *s = watched(n, n->w->s);

	put(n->w, by_socket(there(n, c, OUT), CLIENT));
	put_first(n);
	put_last(n);
	put(n->w, there(n, s, IN));
	settle_net(n);
	assert_followed(n);
	assert_ends(n, c, OUT, CURL, NGINX, true);
	assert_ends(n, s, IN, CURL, NGINX, true);
	free_net(n);
}

/* One of them may know more. */
TEST(better_end)
{
	for (int i = 0; i < 8; i++) {
		struct net *n = bridged();
		struct link *c = watched(n, n->w->c);
		struct piece outer = there(n, c, OUT), inner = there(n, n->w->c0, IN);
		struct piece *better = i & 1 ? &outer : &inner;
		const struct flow *f;

		if (i & 2)
			better->count.cookie = CLIENT;
		else
			better->count.cgroup = 77;
		put(n->w, i & 4 ? outer : inner);
		put(n->w, i & 4 ? inner : outer);
		put_last(n);
		settle_net(n);
		f = flow_on(n, n->w->s0, OUT);
		assert_int_equal(pid_of(&f->sender), i & 2 ? CURL : NOBODY);
		if (!(i & 2))
			assert_ptr_equal(f->sender.owner.cgroup, &box);
		free_net(n);
	}
}

/* --- connections --- */

static void know_connection(struct net *n)
{
	struct fl_snapshot c = {.sock = client_sock(EST, EST),
				.task = curl(),
				.counts = {.acked_bytes = 1},
				.protocol = IPPROTO_TCP};
	struct fl_snapshot s = {
		.sock = server_sock(EST, EST), .task = nginx(), .protocol = IPPROTO_TCP};

	tracker_snapshot(n->w->tracker, &c);
	tracker_snapshot(n->w->tracker, &s);
}

/* On the way nothing but the tuple tells; there and back come in one reading. */
TEST(connection_without_syn)
{
	struct net *n = new_net();
	struct link *mid = veth(n, &other, &router, NULL), *s0 = veth(n, &other, &red, NULL);
	struct world *w = n->w;
	struct piece on_mid = packet(mid, IN, IPPROTO_TCP, w->client, w->server, 10);
	struct piece from_mid = packet(mid, OUT, IPPROTO_TCP, w->server, w->client, 10);
	struct piece to_s0 = packet(s0, OUT, IPPROTO_TCP, w->client, w->server, 10);
	struct piece from_s0 = packet(s0, IN, IPPROTO_TCP, w->server, w->client, 10);
	const struct flow *f;

	know_connection(n);
	put(w, on_mid);
	put(w, by_socket(sent(w, TH_ACK, 10), CLIENT));
	put(w, from_mid);
	put(w, answered(w, TH_ACK, 10));
	put(w, to_s0);
	put(w, by_socket(from_s0, SERVER));
	settle_net(n);
	f = only(w, mid, on_mid);
	assert_int_equal(f->conn, CONN);
	assert_true(f->from_client);
	assert_pids(f, CURL, NGINX, true);
	f = only(w, mid, from_mid);
	assert_int_equal(f->conn, CONN);
	assert_false(f->from_client);
	assert_int_equal(pid_of(&f->sender), NGINX);
	assert_int_equal(pid_of(&f->receiver), CURL);
	assert_true(f->by_tuple);
	assert_int_equal(sent_flow(w)->conn, CONN);
	assert_false(sent_flow(w)->by_tuple);
	assert_false(answer_flow(w)->by_tuple);
	assert_int_equal(only(w, s0, to_s0)->conn, CONN);
	assert_false(only(w, s0, to_s0)->by_tuple);
	free_net(n);
}

/* The sender was known before its connection was. */
TEST(conn_after_sender)
{
	struct net *n = new_net();
	struct link *mid = veth(n, &router, &other, NULL);
	struct world *w = n->w;
	struct piece on_mid = packet(mid, OUT, IPPROTO_TCP, w->client, w->server, 10);

	FEED(w->tracker, rec_syn_sent(1));
	put(w, by_socket(sent(w, TH_ACK, 10), CLIENT));
	put(w, on_mid);
	settle_net(n);
	assert_int_equal(pid_of(&only(w, mid, on_mid)->sender), CURL);
	assert_int_equal(only(w, mid, on_mid)->conn, 0);
	FEED(w->tracker, rec_client_est(21));
	put(w, on_mid);
	settle(w, 30);
	assert_int_equal(sent_flow(w)->conn, CONN);
	assert_int_equal(only(w, mid, on_mid)->conn, CONN);
	free_net(n);
}

/*
 * The next connection between the same ports was read of one link, and not yet of the other: the
 * maps were swapped in between.
 */
TEST(next_connection)
{
	for (int i = 0; i < 2; i++) {
		struct net *n = new_net();
		struct link *mid = veth(n, &router, &other, NULL);
		struct world *w = n->w;
		struct piece on_mid = packet(mid, OUT, IPPROTO_TCP, w->client, w->server, 100);
		struct piece old = by_socket(sent(w, TH_ACK, 10), CLIENT);

		know_connection(n);
		put(w, i ? with_syn(old, C_ISN) : old);
		put(w, answered(w, TH_ACK, 11));
		put(w, with_syn(on_mid, 4242));
		settle(w, 120);
		assert_pids(only(w, mid, on_mid), NOBODY, NOBODY, false);
		assert_int_equal(only(w, mid, on_mid)->conn, 0);
		free_net(n);
	}
}

/* --- later --- */

TEST(process_after_container)
{
	struct net *n = bridged();
	struct piece in = there(n, n->w->c0, IN);

	tracker_forget_datagrams(n->w->tracker);
	in.count.cgroup = 77;
	in.count.cookie = CLIENT;
	put(n->w, in);
	put_last(n);
	settle_net(n);
	assert_ptr_equal(flow_on(n, n->w->s0, OUT)->sender.owner.cgroup, &box);
	assert_ends(n, n->w->s0, OUT, NOBODY, NOBODY, true);
	assert_ends(n, n->w->c0, IN, NOBODY, NOBODY, false);
	bind_both(n);
	/* No packet since. */
	settle(n->w, 30);
	assert_followed(n);
	free_net(n);
}

/* The container of who answers, against the way. */
TEST(receivers_container)
{
	struct net *n = bridged();
	struct piece back = packet(n->w->s0, IN, IPPROTO_UDP, n->w->server, n->w->client, 10);

	tracker_forget_datagrams(n->w->tracker);
	back.count.cgroup = 77;
	put(n->w, there(n, n->w->c0, IN));
	put_last(n);
	put(n->w, back);
	settle_net(n);
	assert_ptr_equal(flow_on(n, n->w->c0, IN)->receiver.owner.cgroup, &box);
	assert_ends(n, n->w->c0, IN, NOBODY, NOBODY, true);
	free_net(n);
}

/* An old flow that nothing is heard of is not looked for; with its next packet it is. */
TEST(touched_again)
{
	struct net *n = bridged();

	put(n->w, there(n, n->w->c0, IN));
	put_last(n);
	settle(n->w, 10 * S);
	put(n->w, by_socket(times(there(n, n->w->c0, IN), 2), CLIENT));
	put_last(n);
	settle(n->w, 11 * S);
	assert_followed(n);
	free_net(n);
}

/* --- too many --- */

TEST(loop)
{
	static struct netns ring[5];
	struct net *n = new_net();
	struct link *first = NULL;

	for (uint32_t i = 0; i < COUNT(ring); i++)
		ring[i] = (struct netns){.inode = 400 + i, .cookie = 40 + i};
	for (size_t i = 0; i < COUNT(ring); i++) {
		struct link *l = veth(n, &ring[i], &ring[(i + 1) % COUNT(ring)], NULL);

		if (!first)
			first = l;
		put(n->w, there(n, l, OUT));
		put(n->w, there(n, watched(n, l->peer), IN));
	}
	settle_net(n);
	assert_ends(n, first, OUT, NOBODY, NOBODY, false);
	/* Who sent into it is known of all that circles. */
	put(n->w, by_socket(there(n, first, OUT), CLIENT));
	settle_net(n);
	assert_ends(n, first->peer, IN, CURL, NOBODY, true);
	assert_ends(n, n->links[n->n - 2], OUT, CURL, NOBODY, true);
	free_net(n);
}

/* Each hop doubles what there is to look at, if nothing is remembered. */
TEST(long_way)
{
	static struct netns way[14];
	struct net *n = new_net();

	for (uint32_t i = 0; i < COUNT(way); i++)
		way[i] = (struct netns){.inode = 400 + i, .cookie = 40 + i};
	for (size_t i = 0; i + 1 < COUNT(way); i++) {
		struct link *l = veth(n, &way[i], &way[i + 1], NULL);

		watched(n, l->peer);
		for (uint16_t port = 1; port <= 100; port++) {
			struct addr_port from = {n->w->client.addr, port};

			put(n->w, packet(l, OUT, IPPROTO_UDP, from, n->w->server, 10));
			put(n->w, packet(l->peer, IN, IPPROTO_UDP, from, n->w->server, 10));
		}
	}
	for (int i = 0; i < 100; i++)
		settle(n->w, 20);
	assert_int_equal(flows(n->w), 2 * 100 * (COUNT(way) - 1));
	free_net(n);
}

/* What every container says alike, and a bridge hands to all of them. */
TEST(multicast)
{
	struct net *n = new_net();
	struct netns *ns = calloc(1000, sizeof(*ns));
	struct link *l;

	assert_non_null(ns);
	for (uint32_t i = 0; i < 1000; i++) {
		ns[i] = (struct netns){.inode = 1000 + i, .cookie = 1000 + i};
		l = veth(n, &router, &ns[i], n->br0);
		put(n->w, there(n, l, IN));
	}
	for (size_t i = 0; i < 1000; i++)
		put(n->w, there(n, n->links[2 + 2 * i], OUT));
	settle_net(n);
	assert_ends(n, l, OUT, NOBODY, NOBODY, false);
	free_net(n);
	free(ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("over a bridge, in any order", over_bridge),
		IT("over a router", over_router),
		IT("over several hops, whichever ends are watched", many_hops),
		IT("over a pair between two bridges of a namespace", bridge_to_bridge),
		IT("the sender goes along the way", only_sender_known),
		IT("the receiver against it", only_receiver_known),
		IT("both ends of a pair are one hop", both_ends),
		IT("…of which the one counts that knows more", better_end),
		IT("a connection's id for links that saw no SYN", connection_without_syn),
		IT("…also when the sender was known before", conn_after_sender),
		IT("another connection's id and ends are not handed on", next_connection),
		IT("the process may be known later than the container", process_after_container),
		IT("the container of the one that answers", receivers_container),
		IT("with the next packet it is looked for again", touched_again),
		IT("a loop ends", loop),
		IT("a long way, watched on both ends, is no hard one", long_way),
		IT("nor is what a thousand containers say alike", multicast),
	};

	return RUN(tests);
}
