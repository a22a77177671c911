// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who packets of records.h's connection are from and for, and when that is news. */
#include "unit.h"

#include <netinet/in.h>

#include "model/packet_who.h"
#include "records.h"

#define LINK    3
#define NOBODY  999 /* a cookie that no record tells of */
#define CLIENTS 40000

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct packet tcp(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return (struct packet){
		.kind = PACKET_TCP,
		.ip_version = 4,
		.src = address(src),
		.dst = address(dst),
		.proto = IPPROTO_TCP,
		.has_ports = true,
		.src_port = sport,
		.dst_port = dport,
	};
}

static struct packet there(void)
{
	return tcp("10.77.0.2", CLIENTS, "10.77.0.3", 443);
}

static struct packet back(void)
{
	return tcp("10.77.0.3", 443, "10.77.0.2", CLIENTS);
}

static struct packet_who *new_who(const struct tracker *t)
{
	struct packet_who *w;

	assert_int_equal(packet_who_new(&w, t), 0);
	return w;
}

static struct packet_ends look(struct packet_who *w, struct packet p, uint64_t cookie)
{
	struct packet_ends e;

	packet_who_look(w, LINK, &p, cookie, &e);
	return e;
}

static void assert_end(const struct endpoint *ep, uint64_t cookie)
{
	if (cookie) {
		assert_non_null(ep);
		assert_int_equal(ep->cookie, cookie);
	} else {
		assert_null(ep);
	}
}

static void assert_ends(const struct packet_ends *e, uint64_t from, uint64_t to, bool news)
{
	assert_end(e->from, from);
	assert_end(e->to, to);
	assert_int_equal(e->news, news);
}

/* Both ends, not yet each other's: the records with the sequence numbers have not come. */
static struct tracker *two_sockets(void)
{
	struct tracker *t = new_tracker(false, false);
	struct fl_owned server = rec_listen(10);

	server.sock.cookie = SERVER;
	FEED(t, rec_syn_sent(0));
	FEED(t, server);
	return t;
}

TEST(by_cookie)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e = look(w, there(), CLIENT);

	assert_ends(&e, CLIENT, 0, true);
	assert_int_equal(e.conn, 0);
	assert_owner(&e.from->self.owner, OWNER_CONNECT, 10, "curl");
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, 0, false);
	/* The next one has none at hand (it came from a router): it is remembered. */
	e = look(w, there(), 0);
	assert_ends(&e, CLIENT, 0, false);
	packet_who_free(w);
	tracker_free(t);
}

TEST(by_reverse)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e = look(w, there(), CLIENT);

	assert_ends(&e, CLIENT, 0, true);
	e = look(w, back(), SERVER);
	assert_ends(&e, SERVER, CLIENT, true);
	/* More is known of the way there than was said. */
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, SERVER, true);
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, SERVER, false);
	e = look(w, back(), SERVER);
	assert_ends(&e, SERVER, CLIENT, false);
	/* Neither the other ports' nor the other protocol's. */
	e = look(w, tcp("10.77.0.2", CLIENTS + 1, "10.77.0.3", 443), 0);
	assert_ends(&e, 0, 0, false);
	packet_who_free(w);
	tracker_free(t);
}

TEST(by_peer)
{
	struct tracker *t = new_tracker(false, false);
	struct packet_who *w = new_who(t);
	struct packet_ends e;
	uint64_t conn;

	FEED(t, rec_syn_sent(0));
	FEED(t, rec_client_est(10));
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, 0, true);
	conn = e.conn;
	assert_true(conn != 0);
	FEED(t, rec_server_est(20));
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, SERVER, true);
	assert_true(e.conn == conn);
	/* And of a packet whose own socket nobody told. */
	e = look(w, back(), 0);
	assert_ends(&e, SERVER, CLIENT, true);
	assert_true(e.conn == conn);
	packet_who_free(w);
	tracker_free(t);
}

TEST(conn_is_news)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e = look(w, there(), CLIENT);

	assert_true(e.news && !e.conn);
	FEED(t, rec_client_est(10));
	e = look(w, there(), CLIENT);
	assert_true(e.news && e.conn);
	e = look(w, there(), CLIENT);
	assert_true(!e.news && e.conn);
	packet_who_free(w);
	tracker_free(t);
}

TEST(owner_is_news)
{
	struct tracker *t = new_tracker(false, false);
	struct packet_who *w = new_who(t);
	struct packet_ends e;

	FEED(t, rec_server_est(0));
	e = look(w, back(), SERVER);
	assert_ends(&e, SERVER, 0, true);
	assert_owner(&e.from->self.owner, OWNER_UNKNOWN, 0, "");
	FEED(t, rec_accept(10));
	e = look(w, back(), SERVER);
	assert_ends(&e, SERVER, 0, true);
	assert_owner(&e.from->self.owner, OWNER_ACCEPT, 21, "worker");
	e = look(w, back(), SERVER);
	assert_ends(&e, SERVER, 0, false);
	packet_who_free(w);
	tracker_free(t);
}

TEST(ports_again)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e = look(w, there(), CLIENT);
	struct fl_owned next = rec_syn_sent(100);

	assert_ends(&e, CLIENT, 0, true);
	next.sock.cookie = 14;
	FEED(t, next);
	e = look(w, there(), 14);
	assert_ends(&e, 14, 0, true);
	e = look(w, there(), 14);
	assert_ends(&e, 14, 0, false);
	packet_who_free(w);
	tracker_free(t);
}

static struct fl_snapshot datagram(uint64_t cookie)
{
	struct fl_snapshot s = {.sock = client_sock(0, 0), .task = curl(), .protocol = IPPROTO_UDP};

	s.sock.cookie = cookie;
	return s;
}

/* dig has its answer and is gone before its question is written. */
TEST(datagram_gone)
{
	struct tracker *t = new_tracker(false, false);
	struct packet_who *w = new_who(t);
	struct addr_port local = {.addr = address("10.77.0.2"), .port = CLIENTS};
	struct fl_snapshot first = datagram(50), second = datagram(51);
	struct packet_ends e;

	tracker_snapshot(t, &first);
	assert_end(tracker_udp(t, 1, &local), 50);
	tracker_retire_datagrams(t, AT(0));
	assert_null(tracker_udp(t, 1, &local));
	tracker_snapshot(t, &second);
	e = look(w, there(), 50);
	assert_ends(&e, 50, 0, true);
	assert_owner(&e.from->self.owner, OWNER_SNAPSHOT, 10, "curl");
	/* The port is the other one's. */
	assert_end(tracker_udp(t, 1, &local), 51);
	e = look(w, there(), 51);
	assert_ends(&e, 51, 0, true);
	/* Seen again: it lives on; the other one goes. */
	tracker_retire_datagrams(t, AT(10));
	tracker_snapshot(t, &second);
	tracker_retire_datagrams(t, AT(0) + ENDPOINT_LINGER_NS);
	assert_null(tracker_endpoint(t, 50));
	assert_end(tracker_endpoint(t, 51), 51);
	tracker_retire_datagrams(t, AT(0) + 3 * ENDPOINT_LINGER_NS);
	assert_null(tracker_endpoint(t, 51));
	packet_who_free(w);
	tracker_free(t);
}

TEST(nobody)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet arp = {.kind = PACKET_ARP};
	struct packet_ends e = look(w, there(), NOBODY);

	assert_ends(&e, 0, 0, false);
	e = look(w, there(), 0);
	assert_ends(&e, 0, 0, false);
	e = look(w, arp, CLIENT);
	assert_ends(&e, 0, 0, false);
	assert_int_equal(e.conn, 0);
	packet_who_free(w);
	packet_who_free(NULL);
	tracker_free(t);
}

TEST(each_link)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet p = there();
	struct packet_ends e = look(w, p, CLIENT);

	assert_true(e.news);
	packet_who_look(w, LINK + 1, &p, CLIENT, &e);
	assert_ends(&e, CLIENT, 0, true);
	packet_who_look(w, LINK + 1, &p, CLIENT, &e);
	assert_ends(&e, CLIENT, 0, false);
	packet_who_free(w);
	tracker_free(t);
}

TEST(forgotten)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e = look(w, there(), CLIENT);

	assert_true(e.news);
	packet_who_forget(w);
	e = look(w, there(), 0);
	assert_ends(&e, 0, 0, false);
	e = look(w, there(), CLIENT);
	assert_ends(&e, CLIENT, 0, true);
	packet_who_free(w);
	tracker_free(t);
}

/* All from one socket. */
static struct packet flow(uint32_t number)
{
	return tcp("10.77.0.2", CLIENTS, number & 0x10000 ? "10.77.0.4" : "10.77.0.3",
		   (uint16_t)number);
}

TEST(bounded)
{
	struct tracker *t = two_sockets();
	struct packet_who *w = new_who(t);
	struct packet_ends e;

	/* Twice as many as there is room for; the first is in use all the time. */
	for (uint32_t i = 0; i < 2 * PACKET_WHO_MAX; i++) {
		e = look(w, flow(i), CLIENT);
		assert_true(e.news);
		e = look(w, flow(0), CLIENT);
		assert_false(e.news);
	}
	/* The last half of what there is room for is there… */
	for (uint32_t i = 1; i < PACKET_WHO_MAX / 2; i += 1000) {
		e = look(w, flow(2 * PACKET_WHO_MAX - i), CLIENT);
		assert_false(e.news);
	}
	/* …and what was not in use for so long is not. */
	for (uint32_t i = 1; i < PACKET_WHO_MAX; i += 1000) {
		e = look(w, flow(i), CLIENT);
		assert_true(e.news);
	}
	packet_who_forget(w);
	e = look(w, flow(0), CLIENT);
	assert_true(e.news);
	packet_who_free(w);
	tracker_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("the sender is known by the socket that the packet came with", by_cookie),
		IT("the receiver is known by what it sends itself", by_reverse),
		IT("the other end is known by the connection", by_peer),
		IT("a conn id that comes later is news", conn_is_news),
		IT("an owner that comes later is news", owner_is_news),
		IT("another socket with the same ports is news", ports_again),
		IT("a datagram socket that is gone is still known", datagram_gone),
		IT("of sockets that nobody told of nothing is said", nobody),
		IT("what was said on one link is news on another", each_link),
		IT("what is forgotten is said again", forgotten),
		IT("of more than PACKET_WHO_MAX the longest unseen are forgotten", bounded),
	};

	return RUN(tests);
}
