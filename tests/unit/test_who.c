// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets of a snapshot, and which two of them are one connection. */
#include "who.h"

#include <errno.h>

#include "model/who_sort.h"

TEST(two_ends)
{
	struct who *w = new_who();
	const struct who_row *r;

	ADD(w, of_server());
	ADD(w, of_client());
	r = rows_of(w, 1)[0];
	assert_int_equal(r->kind, WHO_CONNECTION);
	assert_int_equal(r->conn, conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1));
	assert_int_equal(r->client->cookie, CLIENT);
	assert_int_equal(r->server->cookie, SERVER);
	assert_null(r->end);
	assert_false(r->nat);
	assert_false(r->by_tuple);
	assert_ptr_equal(r->client->self.netns, &blue);
	assert_ptr_equal(r->server->self.netns, &red);
	assert_owner(&r->client->self.owner, OWNER_SNAPSHOT, 10, "curl");
	assert_int_equal(r->client->tx_bytes, 100);
	assert_int_equal(r->client->rx_bytes, 7);
	assert_int_equal(r->client->srtt_us, 57);
	assert_int_equal(r->client->idle_ms, 12);
	who_free(w);
}

TEST(nat)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client();
	const struct who_row *r;
	struct who_tuple t;

	c.sock.remote_addr[3] = 99;
	c.sock.remote_port_be = htons(80);
	ADD(w, c);
	ADD(w, of_server());
	r = rows_of(w, 1)[0];
	assert_true(r->nat);
	assert_false(r->by_tuple);
	who_tuple(r, &t);
	assert_int_equal(t.server_seen.port, 80);
	assert_int_equal(t.server.port, 443);
	assert_int_equal(t.client.port, 40000);
	assert_int_equal(t.client_seen.port, 40000);
	who_free(w);
}

TEST(one_end)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_server();
	struct who_row **rows;

	/* Of another connection: nothing about its tuple matters. */
	s.sock.isn_own++;
	ADD(w, of_client());
	ADD(w, s);
	rows = rows_of(w, 2);
	for (int i = 0; i < 2; i++)
		assert_true(!rows[i]->client != !rows[i]->server);
	who_free(w);
}

TEST(unknown_role)
{
	struct who *w = new_who();
	const struct who_row *r;
	struct who_tuple t;

	ADD(w, left_of(of_client(), TIME_WAIT));
	r = rows_of(w, 1)[0];
	assert_null(r->client);
	assert_null(r->server);
	assert_int_equal(r->end->state, TIME_WAIT);
	assert_int_equal(r->conn, 0);
	assert_false(r->end->counted);
	assert_int_equal(r->end->idle_ms, WHO_IDLE_UNKNOWN);
	who_tuple(r, &t);
	assert_int_equal(t.client.port, 40000);
	assert_int_equal(t.server.port, 443);
	who_free(w);
}

TEST(at_a_listener)
{
	struct who *w = new_who();
	struct who_row **rows;
	unsigned int servers = 0;

	ADD(w, of_listener());
	ADD(w, left_of(of_server(), TIME_WAIT));
	rows = rows_of(w, 2);
	for (int i = 0; i < 2; i++) {
		if (rows[i]->kind == WHO_LISTEN) {
			assert_int_equal(rows[i]->end->queued, 3);
			assert_int_equal(rows[i]->end->backlog, 128);
			continue;
		}
		/* It was accepted there; who held it is not known any more. */
		assert_non_null(rows[i]->server);
		assert_int_equal(rows[i]->server->self.owner.source, OWNER_UNKNOWN);
		servers++;
	}
	assert_int_equal(servers, 1);
	who_free(w);
}

TEST(queued)
{
	struct who *w = new_who();
	struct who_row **rows;

	ADD(w, of_client());
	ADD(w, of_listener());
	ADD(w, unheld(of_server(), FL_HELD_QUEUE));
	rows = rows_of(w, 2);
	if (rows[0]->kind == WHO_LISTEN)
		rows++;
	assert_owner(&rows[0]->server->self.owner, OWNER_LISTEN, 20, "nginx");
	assert_int_equal(rows[0]->server->held, FL_HELD_QUEUE);
	assert_int_equal(rows[0]->server->npids, 0);
	who_free(w);
}

TEST(request)
{
	struct who *w = new_who();
	struct fl_snapshot s = left_of(of_server(), 12);
	const struct who_row *r;

	s.sock.isn_own = S_ISN + 1;
	s.sock.isn_other = C_ISN + 1;
	ADD(w, of_client()); /* its last ACK was lost */
	ADD(w, s);
	r = rows_of(w, 1)[0];
	assert_int_equal(r->server->state, SYN_RECV);
	assert_int_equal(r->conn, conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1));
	who_free(w);
}

TEST(waiting_fin)
{
	struct who *w = new_who();
	struct fl_snapshot c = unheld(of_client(), FL_HELD_NOBODY);
	const struct who_row *r;

	/* 500 bytes more are to go first. */
	c.sock.state = FIN_WAIT1;
	c.counts.flags = FL_SEND_QUEUE;
	ADD(w, c);
	ADD(w, of_server());
	r = rows_of(w, 1)[0];
	assert_int_equal(r->client->state, FIN_WAIT1);
	assert_int_equal(r->conn, conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1));
	who_free(w);
}

TEST(refused)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client(), s = of_server();
	const struct who_row *r;

	c.counts.tx_bytes += 5000; /* counted, but dropped by a rule of this host's firewall */
	s.counts.tx_bytes += 1000;
	s.counts.flags = FL_OF_LISTENER;
	ADD(w, c);
	ADD(w, s);
	r = rows_of(w, 1)[0];
	assert_false(r->by_tuple);
	assert_int_equal(r->conn, conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1));
	assert_int_equal(r->client->tx_bytes, 100);
	assert_int_equal(r->server->tx_bytes, 7);
	who_free(w);
}

TEST(shared)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_server();
	const struct who_row *r;

	ADD(w, s);
	ADD(w, s); /* another descriptor */
	s.task.pid = 21;
	ADD(w, s);
	s.task.pid = 22;
	ADD(w, s);
	s.task.pid = 21;
	ADD(w, s);
	r = rows_of(w, 1)[0];
	assert_owner(&r->server->self.owner, OWNER_SNAPSHOT, 20, "nginx");
	assert_int_equal(r->server->npids, 3);
	assert_int_equal(r->server->pids[0], 20);
	assert_int_equal(r->server->pids[1], 21);
	assert_int_equal(r->server->pids[2], 22);
	who_free(w);
}

TEST(newer)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_server();
	const struct who_row *r;

	ADD(w, s);
	s.sock.state = CLOSE_WAIT;
	s.counts.rx_bytes = 101;
	s.counts.flags = FL_FIN_RECEIVED;
	ADD(w, unheld(s, FL_HELD_FILE));
	r = rows_of(w, 1)[0];
	assert_int_equal(r->server->state, CLOSE_WAIT);
	assert_int_equal(r->server->rx_bytes, 100); /* the FIN is no byte */
	assert_owner(&r->server->self.owner, OWNER_SNAPSHOT, 20, "nginx");
	who_free(w);
}

TEST(closed_meanwhile)
{
	struct who *w = new_who();
	const struct who_row *r;

	ADD(w, of_client());
	ADD(w, left_of(of_client(), TIME_WAIT));
	r = rows_of(w, 1)[0];
	assert_int_equal(r->end->state, TIME_WAIT);
	who_free(w);
}

TEST(neither_tcp_nor_udp)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_client();

	s.protocol = IPPROTO_ICMP;
	ADD(w, s);
	s.protocol = IPPROTO_UDP;
	s.sock.local_port_be = 0;
	ADD(w, s);
	assert_int_equal(who_count(w), 0);
	s.sock.local_port_be = htons(53);
	ADD(w, s);
	assert_int_equal(rows_of(w, 1)[0]->kind, WHO_UDP);
	who_free(w);
}

/* --- by tuple --- */

TEST(loopback_tuple)
{
	struct who *w = new_who();
	const struct who_row *r;

	ADD(w, in_netns(left_of(of_client(), FIN_WAIT2), &red));
	ADD(w, of_server());
	r = rows_of(w, 1)[0];
	assert_true(r->by_tuple);
	assert_false(r->nat);
	assert_int_equal(r->client->state, FIN_WAIT2);
	assert_int_equal(r->conn, conn_id(ROLE_CLIENT, C_ISN, S_ISN + 1));
	who_free(w);
}

struct network {
	bool joined;
	unsigned int asked;
};

static bool is_joined(void *ctx, const struct who_socket *a, const struct who_socket *b)
{
	struct network *n = ctx;

	assert_true(a->netns_cookie != b->netns_cookie);
	n->asked++;
	return n->joined;
}

static size_t joined_rows(struct who *w, struct network *n, const struct who_row **first)
{
	struct who_row **rows;
	size_t count;

	assert_int_equal(who_join(w, is_joined, n), 0);
	rows = who_rows(w, &count);
	*first = rows[0];
	return count;
}

TEST(tuple_across)
{
	for (int joined = 0; joined < 2; joined++) {
		struct who *w = new_who();
		struct network n = {.joined = joined};
		const struct who_row *r;

		ADD(w, left_of(of_client(), FIN_WAIT2));
		ADD(w, of_server());
		assert_true(who_wants_topology(w));
		assert_int_equal(joined_rows(w, &n, &r), joined ? 1 : 2);
		assert_int_equal(r->by_tuple, joined);
		assert_true(n.asked > 0);
		who_free(w);
	}
}

TEST(tuple_not_asked)
{
	struct who *w = new_who();

	ADD(w, of_client());
	ADD(w, of_server());
	assert_false(who_wants_topology(w));
	rows_of(w, 1);
	who_free(w);
}

TEST(tuple_of_two)
{
	struct who *w = new_who();
	struct network n = {.joined = true};
	struct fl_snapshot s = of_server();
	const struct who_row *r;

	/* The same addresses twice, and both networks within reach. */
	ADD(w, left_of(of_client(), FIN_WAIT2));
	ADD(w, s);
	s.sock.netns_cookie = 3;
	s.sock.netns_inum = 300;
	s.sock.isn_own++;
	ADD(w, with_cookie(s, 77));
	assert_int_equal(joined_rows(w, &n, &r), 3);
	who_free(w);
}

/* blue to red (cookies 1 and 2 as records.h has them), 33 to 44. */
static bool is_joined_pairwise(void *ctx, const struct who_socket *a, const struct who_socket *b)
{
	(void)ctx;
	return (a->netns_cookie == 33 || a->netns_cookie == 44) ==
	       (b->netns_cookie == 33 || b->netns_cookie == 44);
}

static struct fl_snapshot in_other(struct fl_snapshot s, uint64_t netns_cookie)
{
	s.sock.cookie += 500;
	s.sock.netns_cookie = netns_cookie;
	s.sock.netns_inum = (uint32_t)netns_cookie * 100;
	return s;
}

static struct who *two_of_one_id(void)
{
	struct who *w = new_who();

	ADD(w, of_client());
	ADD(w, in_other(of_client(), 33));
	ADD(w, in_other(of_server(), 44));
	ADD(w, of_server());
	return w;
}

TEST(one_id_of_two)
{
	struct who *w = two_of_one_id();
	struct who_row **rows;
	size_t n;

	rows_of(w, 4);
	who_free(w);
	w = two_of_one_id();
	assert_int_equal(who_join(w, is_joined_pairwise, NULL), 0);
	rows = who_rows(w, &n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i]->conn, 0);
		assert_true(rows[i]->by_tuple);
		assert_int_equal(rows[i]->client->netns_cookie == 33,
				 rows[i]->server->netns_cookie == 44);
	}
	who_free(w);
}

TEST(tuple_with_ids)
{
	struct who *w = new_who();
	struct network n = {.joined = true};
	struct fl_snapshot s = of_server();
	const struct who_row *r;

	s.sock.isn_own++;
	ADD(w, of_client());
	ADD(w, s);
	assert_int_equal(joined_rows(w, &n, &r), 2);
	assert_int_equal(n.asked, 0);
	who_free(w);
}

TEST(tuple_without_roles)
{
	struct who *w = new_who();

	ADD(w, in_netns(left_of(of_client(), TIME_WAIT), &red));
	ADD(w, left_of(of_server(), TIME_WAIT));
	rows_of(w, 2);
	who_free(w);
}

/* --- in order --- */

TEST(sorted)
{
	struct who *w = new_who();
	struct fl_snapshot a = of_client(), b = of_client();
	enum who_sort_key key;
	struct who_row **rows;
	struct who_numbers n;

	b.sock.cookie = 99;
	b.sock.isn_own--;
	b.sock.local_port_be = htons(39000);
	b.counts.rx_bytes = 5000;
	b.idle = 1000;
	ADD(w, a);
	ADD(w, b);
	rows = rows_of(w, 2);
	assert_int_equal(who_sort_parse("idle", &key), 0);
	who_sort(rows, 2, key);
	assert_int_equal(rows[0]->client->cookie, CLIENT);
	assert_int_equal(who_sort_parse("bytes", &key), 0);
	who_sort(rows, 2, key);
	assert_int_equal(rows[0]->client->cookie, 99);
	assert_int_equal(who_sort_parse("tx", &key), 0); /* equal: by server, then client */
	who_sort(rows, 2, key);
	assert_int_equal(rows[0]->client->cookie, 99);
	assert_true(who_numbers(rows[0], &n));
	assert_int_equal(n.rx_bytes, 5000);
	assert_int_equal(n.idle_ms, 4000);
	assert_int_equal(who_sort_parse("size", &key), -EINVAL);
	who_free(w);
}

TEST(numbers_of_server)
{
	struct who *w = new_who();
	struct who_numbers n;

	ADD(w, of_server());
	assert_true(who_numbers(rows_of(w, 1)[0], &n));
	assert_int_equal(n.tx_bytes, 100);
	assert_int_equal(n.rx_bytes, 7);
	who_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("two sockets with one conn id are a connection", two_ends),
		IT("addresses that were translated on the way are told from both sides", nat),
		IT("ends of two connections stay apart, whatever their tuples", one_end),
		IT("what nothing is known of is an end", unknown_role),
		IT("what is at a listener's address was accepted there", at_a_listener),
		IT("what nobody has accepted is the listener's", queued),
		IT("a connection that is being opened has its id already", request),
		IT("a FIN that waits behind data does not make a server of a client", waiting_fin),
		IT("bytes that this host refused and sent again count once, and do not hide the role",
		   refused),
		IT("the first process owns a socket, all others are counted once", shared),
		IT("the later account of a socket counts, and its owner stays", newer),
		IT("a socket closed while we look is shown once", closed_meanwhile),
		IT("only TCP and bound UDP sockets are shown", neither_tcp_nor_udp),
		IT("in one namespace reversed tuples are a connection", loopback_tuple),
		IT("in two only where one network joins them", tuple_across),
		IT("the topology is not needed where ids tell all", tuple_not_asked),
		IT("one of two that fit is not chosen", tuple_of_two),
		IT("an id that two connections have joins nothing, the network does",
		   one_id_of_two),
		IT("different ids are different connections, whatever the tuples", tuple_with_ids),
		IT("of two TIME_WAITs neither is the client", tuple_without_roles),
		IT("rows are in the order that is asked for", sorted),
		IT("a server alone tells what its client sent", numbers_of_server),
	};

	return RUN(tests);
}
