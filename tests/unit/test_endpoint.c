// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "model/endpoint.h"

static struct endpoint *add(struct endpoints *t, uint64_t cookie, enum role role)
{
	struct endpoint *ep = endpoint_add(t, cookie);

	assert_non_null(ep);
	ep->role = role;
	return ep;
}

static struct endpoint *listener(struct endpoints *t, uint64_t cookie, const char *addr,
				 uint16_t port, uint32_t pid)
{
	struct endpoint *ep = endpoint_add(t, cookie);

	assert_non_null(ep);
	assert_int_equal(addr_parse(addr, &ep->self.local.addr), 0);
	ep->self.local.port = port;
	ep->netns_cookie = 1;
	ep->self.owner = (struct owner){.source = OWNER_LISTEN, .pid = pid};
	endpoint_set_listener(t, ep);
	return ep;
}

static struct endpoint *taken_by(struct endpoints *t, uint64_t netns, const char *addr,
				 uint16_t port)
{
	struct addr_port ap = {.port = port};

	assert_int_equal(addr_parse(addr, &ap.addr), 0);
	return endpoint_listener(t, netns, &ap);
}

static size_t count(const struct endpoints *t)
{
	return t->by_cookie.n;
}

TEST(found_by_cookie)
{
	struct endpoints t = {0};
	struct endpoint *a = endpoint_add(&t, 1), *b = endpoint_add(&t, UINT64_MAX);

	assert_ptr_equal(endpoint_find(&t, 1), a);
	assert_ptr_equal(endpoint_find(&t, UINT64_MAX), b);
	assert_null(endpoint_find(&t, 2));
	assert_null(endpoint_find(&t, 0));
	endpoint_free(&t, a);
	assert_null(endpoint_find(&t, 1));
	endpoints_free(&t);
}

TEST(no_cookie)
{
	struct endpoints t = {0};

	assert_null(endpoint_add(&t, 0));
	assert_int_equal(t.untracked, 1);
	endpoints_free(&t);
}

TEST(replaced)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT), *b = add(&t, 2, ROLE_SERVER);

	endpoint_set_conn(&t, a, 99);
	endpoint_set_conn(&t, b, 99);
	endpoint_linger(&t, a, 5);
	a = endpoint_add(&t, 1);
	assert_int_equal(count(&t), 2);
	assert_ptr_equal(endpoint_find(&t, 1), a);
	assert_true(!a->key.conn && !a->peer && !a->closed && !a->fifo && a->role == ROLE_UNKNOWN);
	assert_null(b->peer);
	assert_int_equal(t.lingering.len, 0);
	endpoints_free(&t);
}

TEST(listener_replaced)
{
	struct endpoints t = {0};
	struct endpoint *l = listener(&t, 1, "0.0.0.0", 80, 10);

	l = listener(&t, 1, "0.0.0.0", 81, 10);
	assert_null(taken_by(&t, 1, "10.0.0.1", 80));
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 81), l);
	endpoint_free(&t, l);
	assert_null(taken_by(&t, 1, "10.0.0.1", 81));
	assert_null(t.listeners);
	endpoints_free(&t);
}

TEST(exact_before_wildcard)
{
	struct endpoints t = {0};
	struct endpoint *any = listener(&t, 1, "0.0.0.0", 80, 10),
			*one = listener(&t, 2, "10.0.0.1", 80, 11);
	struct endpoint *any6 = listener(&t, 3, "::", 80, 12),
			*one6 = listener(&t, 4, "fd77::1", 80, 13);

	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), one);
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.2", 80), any);
	assert_ptr_equal(taken_by(&t, 1, "fd77::1", 80), one6);
	assert_ptr_equal(taken_by(&t, 1, "fd77::2", 80), any6);
	endpoint_free(&t, one);
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), any);
	endpoints_free(&t);
}

TEST(not_others)
{
	struct endpoints t = {0};

	listener(&t, 1, "10.0.0.1", 80, 10);
	assert_null(taken_by(&t, 1, "10.0.0.1", 81));
	assert_null(taken_by(&t, 2, "10.0.0.1", 80));
	assert_null(taken_by(&t, 1, "10.0.0.2", 80));
	assert_null(taken_by(&t, 1, "fd77::1", 80));
	endpoints_free(&t);
}

TEST(wildcard_families)
{
	struct endpoints t = {0};
	struct endpoint *v4 = listener(&t, 1, "0.0.0.0", 80, 10), *v6;

	assert_null(taken_by(&t, 1, "fd77::1", 80));
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), v4);
	/* Beside it one on [::], which then must be V6ONLY; in either order of creation. */
	v6 = listener(&t, 2, "::", 80, 11);
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), v4);
	assert_ptr_equal(taken_by(&t, 1, "fd77::1", 80), v6);
	endpoint_free(&t, v4);
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), v6); /* dual stack */
	v4 = listener(&t, 3, "0.0.0.0", 80, 12);
	assert_ptr_equal(taken_by(&t, 1, "10.0.0.1", 80), v4);
	assert_ptr_equal(taken_by(&t, 1, "fd77::1", 80), v6);
	endpoints_free(&t);
}

TEST(reuseport)
{
	struct endpoints t = {0};
	struct endpoint *other;

	/* One process with several sockets is no riddle. */
	listener(&t, 1, "0.0.0.0", 80, 10);
	listener(&t, 2, "0.0.0.0", 80, 10);
	assert_int_equal(taken_by(&t, 1, "10.0.0.1", 80)->self.owner.pid, 10);
	other = listener(&t, 3, "0.0.0.0", 80, 11);
	assert_null(taken_by(&t, 1, "10.0.0.1", 80));
	/* A better one settles it. */
	listener(&t, 4, "10.0.0.1", 80, 12);
	assert_int_equal(taken_by(&t, 1, "10.0.0.1", 80)->self.owner.pid, 12);
	assert_null(taken_by(&t, 1, "10.0.0.2", 80));
	endpoint_free(&t, other);
	assert_int_equal(taken_by(&t, 1, "10.0.0.2", 80)->self.owner.pid, 10);
	endpoints_free(&t);
}

TEST(reuseport_of_the_other_family)
{
	struct endpoints t = {0};

	/* Two on 0.0.0.0 share IPv4; the one on [::] has IPv6 for itself, wherever it stands in the
	 * list. */
	listener(&t, 1, "0.0.0.0", 80, 10);
	listener(&t, 2, "::", 80, 12);
	listener(&t, 3, "0.0.0.0", 80, 11);
	assert_null(taken_by(&t, 1, "10.0.0.1", 80));
	assert_int_equal(taken_by(&t, 1, "fd77::1", 80)->self.owner.pid, 12);
	endpoints_free(&t);

	/* Two on [::] share IPv6; the one on 0.0.0.0 has IPv4 for itself. */
	listener(&t, 1, "0.0.0.0", 80, 10);
	listener(&t, 2, "::", 80, 11);
	listener(&t, 3, "::", 80, 12);
	assert_null(taken_by(&t, 1, "fd77::1", 80));
	assert_int_equal(taken_by(&t, 1, "10.0.0.1", 80)->self.owner.pid, 10);
	endpoints_free(&t);
}

TEST(peers)
{
	struct endpoints t = {0};
	struct endpoint *c = add(&t, 1, ROLE_CLIENT), *s = add(&t, 2, ROLE_SERVER),
			*x = add(&t, 3, ROLE_SERVER);

	endpoint_set_conn(&t, c, 99);
	assert_null(c->peer);
	endpoint_set_conn(&t, x, 98);
	assert_null(x->peer);
	endpoint_set_conn(&t, s, 99);
	assert_ptr_equal(c->peer, s);
	assert_ptr_equal(s->peer, c);
	endpoint_free(&t, c);
	assert_null(s->peer);
	endpoints_free(&t);
}

TEST(same_id)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT), *b = add(&t, 2, ROLE_CLIENT),
			*s = add(&t, 3, ROLE_SERVER), *r = add(&t, 4, ROLE_SERVER);

	endpoint_set_conn(&t, a, 99);
	endpoint_set_conn(&t, b, 99);
	assert_int_equal(a->key.conn, 0);
	assert_int_equal(b->key.conn, 0);
	endpoint_set_conn(&t, s, 99);
	endpoint_set_conn(&t, r, 99);
	assert_null(a->peer);
	assert_null(b->peer);
	assert_null(s->peer);
	assert_null(r->peer);
	endpoints_free(&t);
}

TEST(same_id_later)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT), *s = add(&t, 3, ROLE_SERVER),
			*b = add(&t, 2, ROLE_CLIENT);

	endpoint_set_conn(&t, a, 99);
	endpoint_set_conn(&t, s, 99);
	endpoint_set_conn(&t, b, 99);
	assert_ptr_equal(s->peer, a);
	assert_null(b->peer);
	assert_int_equal(b->key.conn, 0);
	endpoint_free(&t, b);
	assert_ptr_equal(s->peer, a);
	endpoints_free(&t);
}

TEST(lingers)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT), *b = add(&t, 2, ROLE_CLIENT);

	endpoint_linger(&t, a, 1000);
	endpoint_linger(&t, a, 5000); /* once is enough */
	endpoint_linger(&t, b, 2000);
	endpoint_expire(&t, 1000 + ENDPOINT_LINGER_NS - 1);
	assert_int_equal(count(&t), 2);
	endpoint_expire(&t, 1000 + ENDPOINT_LINGER_NS);
	assert_null(endpoint_find(&t, 1));
	assert_ptr_equal(endpoint_find(&t, 2), b);
	endpoint_expire(&t, 2000 + ENDPOINT_LINGER_NS);
	assert_int_equal(count(&t), 0);
	endpoints_free(&t);
}

/* Of very many closed ones the oldest go sooner. */
TEST(lingers_many)
{
	enum { MORE = 100 };
	struct endpoints t = {.linger_ns = 10000, .linger_many_ns = 1000};

	for (uint64_t i = 1; i <= ENDPOINTS_LINGER_MANY + MORE; i++)
		endpoint_linger(&t, add(&t, i, ROLE_CLIENT), 5000 + (i > MORE / 2));
	endpoint_expire(&t, 5999);
	assert_int_equal(count(&t), ENDPOINTS_LINGER_MANY + MORE);
	endpoint_expire(&t, 6000);
	assert_int_equal(count(&t), ENDPOINTS_LINGER_MANY + MORE / 2);
	endpoint_expire(&t, 14999);
	assert_int_equal(count(&t), ENDPOINTS_LINGER_MANY);
	assert_null(endpoint_find(&t, MORE));
	assert_non_null(endpoint_find(&t, MORE + 1));
	endpoint_expire(&t, 15001);
	assert_int_equal(count(&t), 0);
	endpoints_free(&t);
}

TEST(unaccepted)
{
	struct endpoints t = {0};
	struct endpoint *accepted = add(&t, 1, ROLE_SERVER), *waits = add(&t, 2, ROLE_SERVER);

	accepted->self.owner.source = OWNER_ACCEPT;
	waits->self.owner.source = OWNER_LISTEN;
	endpoint_linger(&t, accepted, 1000);
	endpoint_linger(&t, waits, 1000);
	endpoint_expire(&t, 1000 + ENDPOINT_LINGER_NS);
	assert_null(endpoint_find(&t, 1));
	endpoint_expire(&t, 1000 + ENDPOINT_UNACCEPTED_NS - 1);
	assert_ptr_equal(endpoint_find(&t, 2), waits);
	endpoint_expire(&t, 1000 + ENDPOINT_UNACCEPTED_NS);
	assert_int_equal(count(&t), 0);
	endpoints_free(&t);
}

TEST(guest)
{
	struct endpoints t = {0};
	struct endpoint *c = add(&t, 1, ROLE_CLIENT), *s = add(&t, 2, ROLE_SERVER);

	s->self.owner.source = OWNER_ACCEPT;
	endpoint_set_conn(&t, c, 99);
	endpoint_set_conn(&t, s, 99);
	endpoint_linger(&t, c, 1000);
	/* The server is half closed for a long time: its peer stays known. */
	endpoint_expire(&t, 1000 + 100 * ENDPOINT_LINGER_NS);
	assert_ptr_equal(s->peer, c);
	assert_int_equal(t.lingering.len, 0);
	endpoint_linger(&t, s, 1000 + 200 * ENDPOINT_LINGER_NS);
	endpoint_expire(&t, 1000 + 201 * ENDPOINT_LINGER_NS);
	assert_int_equal(count(&t), 0);
	assert_int_equal(t.by_conn.n, 0);
	endpoints_free(&t);
}

TEST(two_guests)
{
	struct endpoints t = {0};
	struct endpoint *c = add(&t, 1, ROLE_CLIENT), *s = add(&t, 2, ROLE_SERVER);

	c->guest = s->guest = true;
	endpoint_set_conn(&t, c, 99);
	endpoint_set_conn(&t, s, 99);
	endpoint_free(&t, s);
	assert_int_equal(count(&t), 0);
	endpoints_free(&t);
}

TEST(tentative)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT), *b = add(&t, 2, ROLE_CLIENT);

	endpoint_set_tentative(&t, a, 1);
	endpoint_set_tentative(&t, a, 1);
	endpoint_set_tentative(&t, b, 1);
	assert_int_equal(t.tentative.len, 2);
	endpoint_settle(&t, a);
	assert_int_equal(t.tentative.len, 1);
	assert_ptr_equal(t.tentative.head, b);
	endpoint_linger(&t, b, 1);
	assert_int_equal(t.tentative.len, 0);
	endpoint_set_tentative(&t, b, 1); /* has its place in the other line */
	assert_int_equal(t.tentative.len, 0);
	assert_int_equal(t.lingering.len, 1);
	endpoints_free(&t);
}

TEST(tentative_cap)
{
	struct endpoints t = {0};
	const uint64_t more = ENDPOINTS_TENTATIVE_MAX + 1000;

	for (uint64_t i = 1; i <= more; i++)
		endpoint_set_tentative(&t, add(&t, i, ROLE_CLIENT), 1);
	assert_int_equal(t.tentative.len, ENDPOINTS_TENTATIVE_MAX);
	assert_int_equal(count(&t), ENDPOINTS_TENTATIVE_MAX);
	assert_null(endpoint_find(&t, 1000));
	assert_non_null(endpoint_find(&t, 1001));
	assert_non_null(endpoint_find(&t, more));
	assert_int_equal(t.untracked, 0);
	endpoints_free(&t);
}

TEST(event_forgotten)
{
	struct endpoints t = {0};
	struct endpoint *a = add(&t, 1, ROLE_CLIENT);
	struct event e = {.waiting_for = a};

	a->connect_event = &e;
	endpoint_free(&t, a);
	assert_null(e.waiting_for);
	endpoints_free(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("an endpoint is found by its cookie", found_by_cookie),
		IT("a socket without a cookie is not tracked, and counted", no_cookie),
		IT("a cookie that comes again replaces its endpoint", replaced),
		IT("a listener that comes again is found at its new port only", listener_replaced),
		IT("a listener bound to the address comes before one bound to all",
		   exact_before_wildcard),
		IT("a listener takes nothing of other ports, namespaces and addresses", not_others),
		IT("0.0.0.0 takes IPv4, [::] takes both unless the other is there",
		   wildcard_families),
		IT("listeners of several processes on one port are ambiguous", reuseport),
		IT("ambiguous listeners of one family leave the other's alone",
		   reuseport_of_the_other_family),
		IT("ends of one conn id are peers", peers),
		IT("two sockets with one id in one role: nobody knows whose peer is whose",
		   same_id),
		IT("a pair that stands stays when a third socket has its id", same_id_later),
		IT("a closed endpoint lingers", lingers),
		IT("of many closed ones the oldest go sooner", lingers_many),
		IT("… longer where nobody has accepted it yet", unaccepted),
		IT("a closed endpoint stays as long as its peer", guest),
		IT("two ends that are there only for each other go together", two_guests),
		IT("a tentative endpoint can be settled and can close", tentative),
		IT("of too many tentative endpoints the oldest go", tentative_cap),
		IT("an event does not wait for an endpoint that has gone", event_forgotten),
	};

	return RUN(tests);
}
