// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ends that are not handed on: where it is another flow, or anyone's guess. */
#include "unit.h"

#include "hops.h"

/* Of the ways that a switch floods into one arrives. */
TEST(flood)
{
	for (int i = 0; i < 6; i++) {
		struct net *n = bridged();
		struct link *out[3] = {n->w->s0, veth(n, &router, &other, n->br0),
				       veth(n, &router, &third, n->br0)};

		put_first(n);
		for (int k = 0; k < 3; k++)
			put(n->w, there(n, out[(i + (i < 3 ? k : 3 - k)) % 3], OUT));
		settle_net(n);
		assert_followed(n);
		assert_ends(n, out[1], OUT, CURL, NOBODY, true);
		assert_ends(n, out[2], OUT, CURL, NOBODY, true);
		free_net(n);
	}
}

TEST(flood_arrives_twice)
{
	struct net *n = bridged();
	struct link *x = veth(n, &router, &other, n->br0);
	struct fl_snapshot twin = udp_socket(77, &other, n->w->server, worker());

	tracker_snapshot(n->w->tracker, &twin);
	put_first(n);
	put_last(n);
	put(n->w, there(n, x, OUT));
	settle_net(n);
	assert_int_equal(pid_of(&flow_on(n, x, OUT)->receiver), 21);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	free_net(n);
}

TEST(two_namespaces)
{
	struct net *n = new_net();
	struct link *x = veth(n, &other, &third, NULL);

	put_first(n);
	put(n->w, there(n, x, OUT));
	put(n->w, there(n, veth(n, &other, &red, NULL), IN));
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	/* …but within the other one. */
	assert_ends(n, x, OUT, NOBODY, NOBODY, false);
	free_net(n);
}

TEST(two_bridges)
{
	struct net *n = new_net();

	n->w->c0->master = n->br0;
	n->w->s0->master = n->br1;
	put_first(n);
	put_last(n);
	settle_net(n);
	assert_apart(n);
	free_net(n);
}

/* The same addresses on both bridges: each flow finds its own. */
TEST(twins_on_two_bridges)
{
	struct net *n = bridged();
	struct link *c1 = veth(n, &router, &other, n->br1), *s1 = veth(n, &router, &third, n->br1);

	put_first(n);
	put_last(n);
	put(n->w, there(n, c1, IN));
	put(n->w, there(n, s1, OUT));
	settle_net(n);
	assert_followed(n);
	assert_ends(n, c1, IN, NOBODY, NOBODY, false);
	assert_ends(n, s1, OUT, NOBODY, NOBODY, false);
	free_net(n);
}

/* The bridges' other ends need be masters too: seen from within the containers. */
TEST(bridges_of_far_ends)
{
	struct net *n = new_net();
	struct link *c = watched(n, n->w->c), *s = watched(n, n->w->s);

	n->w->c0->master = n->br0;
	n->w->s0->master = n->br1;
	put(n->w, by_socket(there(n, c, OUT), CLIENT));
	put(n->w, there(n, s, IN));
	settle_net(n);
	assert_ends(n, c, OUT, CURL, NOBODY, false);
	assert_ends(n, s, IN, NOBODY, NGINX, false);
	free_net(n);
}

TEST(two_come_in)
{
	for (int i = 0; i < 2; i++) {
		struct net *n = bridged();
		struct link *d0 = veth(n, &router, &other, n->br0);

		if (i)
			put(n->w, there(n, d0, IN));
		put_first(n);
		put_last(n);
		if (!i)
			put(n->w, there(n, d0, IN));
		settle_net(n);
		assert_apart(n);
		assert_ends(n, d0, IN, NOBODY, NOBODY, false);
		free_net(n);
	}
}

static struct piece in_vlan(struct piece p, uint16_t vid)
{
	p.key.bits |= FL_BITS_PUT(1, FL_BITS_TAGGED) | FL_BITS_PUT(vid, FL_BITS_VLAN);
	return p;
}

/* Of a bridge that knows of VLANs: two networks on the same ports. */
TEST(vlans)
{
	struct net *n = bridged();

	put(n->w, in_vlan(by_socket(there(n, n->w->c0, IN), CLIENT), 5));
	put(n->w, in_vlan(there(n, n->w->s0, OUT), 6));
	settle_net(n);
	assert_apart(n);
	free_net(n);
}

TEST(twins_in_vlans)
{
	for (int i = 0; i < 2; i++) {
		struct net *n = bridged();
		struct piece out;

		/* Which of them goes on untagged? */
		put(n->w, in_vlan(there(n, n->w->c0, IN), i ? 5 : 6));
		put(n->w, in_vlan(by_socket(there(n, n->w->c0, IN), CLIENT), i ? 6 : 5));
		put_last(n);
		settle_net(n);
		assert_ends(n, n->w->s0, OUT, NOBODY, NGINX, false);
		/* One that keeps its tag is told from the other. */
		out = in_vlan(there(n, veth(n, &router, &other, n->br0), OUT), i ? 6 : 5);
		put(n->w, out);
		settle_net(n);
		assert_int_equal(pid_of(&nth(n->w, n->links[n->n - 2], out, 0)->sender), CURL);
		free_net(n);
	}
}

/* From an access port to a trunk. */
TEST(tag_added)
{
	struct net *n = bridged();

	put_first(n);
	put(n->w, in_vlan(there(n, n->w->s0, OUT), 5));
	settle_net(n);
	assert_followed(n);
	free_net(n);
}

TEST(translated)
{
	struct net *n = new_net();
	struct piece nat =
		packet(n->w->s0, OUT, IPPROTO_UDP, at("10.77.9.9", 40000), n->w->server, 10);

	put_first(n);
	put(n->w, nat);
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	assert_pids(only(n->w, n->w->s0, nat), NOBODY, NGINX, false);
	free_net(n);
}

TEST(other_protocol)
{
	struct net *n = new_net();

	put(n->w, there(n, n->w->s0, OUT));
	put(n->w,
	    by_socket(packet(n->w->c0, IN, IPPROTO_SCTP, n->w->client, n->w->server, 10), CLIENT));
	settle_net(n);
	assert_ends(n, n->w->s0, OUT, NOBODY, NGINX, false);
	free_net(n);
}

TEST(no_ports)
{
	struct net *n = bridged();
	struct piece in = by_socket(there(n, n->w->c0, IN), CLIENT), out = there(n, n->w->s0, OUT);

	in.key.sport_be = in.key.dport_be = out.key.sport_be = out.key.dport_be = 0;
	in.key.bits |= FL_BITS_PUT(1, FL_BITS_FRAGMENT);
	out.key.bits |= FL_BITS_PUT(1, FL_BITS_FRAGMENT);
	put(n->w, in);
	put(n->w, out);
	settle_net(n);
	assert_pids(only(n->w, n->w->s0, out), NOBODY, NOBODY, false);
	free_net(n);
}

TEST(unknown_peers)
{
	struct net *n = bridged();

	/* A network card: what goes out there is gone. What comes in comes from nowhere. */
	n->w->c0->peer = n->w->s0->peer = NULL;
	n->w->c0->peer_netns = n->w->s0->peer_netns = NULL;
	put(n->w, there(n, n->w->c0, IN));
	put_last(n);
	put(n->w,
	    by_socket(packet(n->w->s0, OUT, IPPROTO_UDP, n->w->server, n->w->client, 10), SERVER));
	put(n->w, packet(n->w->c0, IN, IPPROTO_UDP, n->w->server, n->w->client, 10));
	settle_net(n);
	assert_ends(n, n->w->c0, IN, NOBODY, NOBODY, false);
	assert_ends(n, n->w->s0, OUT, NOBODY, NOBODY, false);
	assert_false(only(n->w, n->w->c0,
			  packet(n->w->c0, IN, IPPROTO_UDP, n->w->server, n->w->client, 10))
			     ->by_tuple);
	free_net(n);
}

/* Its far end was never seen; which namespace is known all the same. */
TEST(peer_not_seen)
{
	struct net *n = bridged();

	n->w->c0->peer = n->w->s0->peer = NULL;
	put_first(n);
	put_last(n);
	settle_net(n);
	assert_followed(n);
	free_net(n);
}

TEST(wrong_direction)
{
	struct net *n = bridged();
	struct link *x = veth(n, &router, &other, n->br0);

	/* Both come in; both go out; and what goes back has another tuple. */
	put_first(n);
	put(n->w, there(n, n->w->s0, IN));
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	assert_ends(n, n->w->s0, IN, NOBODY, NOBODY, false);
	put(n->w, packet(x, OUT, IPPROTO_UDP, n->w->server, n->w->client, 10));
	settle_net(n);
	assert_pids(only(n->w, x, packet(x, OUT, IPPROTO_UDP, n->w->server, n->w->client, 10)),
		    NOBODY, NOBODY, false);
	free_net(n);
}

TEST(both_go_out)
{
	struct net *n = bridged();

	put(n->w, by_socket(there(n, n->w->c0, OUT), CLIENT));
	put_last(n);
	settle_net(n);
	assert_ends(n, n->w->c0, OUT, CURL, NOBODY, false);
	assert_ends(n, n->w->s0, OUT, NOBODY, NGINX, false);
	free_net(n);
}

/* Sent back the way it came: a router with one leg. */
TEST(hairpin)
{
	struct net *n = new_net();

	put_first(n);
	put(n->w, there(n, n->w->c0, OUT));
	settle_net(n);
	assert_ends(n, n->w->c0, IN, CURL, NOBODY, false);
	assert_ends(n, n->w->c0, OUT, NOBODY, NOBODY, false);
	free_net(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("of many ways out the one that arrives", flood),
		IT("…but not of two that do", flood_arrives_twice),
		IT("two namespaces are two networks", two_namespaces),
		IT("two bridges are two networks", two_bridges),
		IT("…with the same addresses in both", twins_on_two_bridges),
		IT("…where their ports' far ends are watched", bridges_of_far_ends),
		IT("of two pairs that it may have come by, none", two_come_in),
		IT("two VLANs are two networks", vlans),
		IT("…with the same addresses in both", twins_in_vlans),
		IT("a tag may be added on the way", tag_added),
		IT("translated addresses are not followed", translated),
		IT("nor another protocol", other_protocol),
		IT("nor fragments without ports", no_ports),
		IT("nor by links that lead nowhere", unknown_peers),
		IT("a far end that cannot be seen is in its namespace", peer_not_seen),
		IT("never against the direction", wrong_direction),
		IT("…nor from one way out to another", both_go_out),
		IT("nor back by the link that it came by", hairpin),
	};

	return RUN(tests);
}
