// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/endpoint.h"

#include <stdlib.h>

static void fifo_push(struct endpoint_fifo *f, struct endpoint *ep, uint64_t now)
{
	ep->fifo_time = now;
	ep->fifo_prev = f->tail;
	ep->fifo_next = NULL;
	if (f->tail)
		f->tail->fifo_next = ep;
	else
		f->head = ep;
	f->tail = ep;
	f->len++;
	ep->fifo = f;
}

static void fifo_remove(struct endpoint *ep)
{
	struct endpoint_fifo *f = ep->fifo;

	if (!f)
		return;
	if (ep->fifo_prev)
		ep->fifo_prev->fifo_next = ep->fifo_next;
	else
		f->head = ep->fifo_next;
	if (ep->fifo_next)
		ep->fifo_next->fifo_prev = ep->fifo_prev;
	else
		f->tail = ep->fifo_prev;
	ep->fifo_prev = ep->fifo_next = NULL;
	ep->fifo = NULL;
	f->len--;
}

struct endpoint *endpoint_find(const struct endpoints *t, uint64_t cookie)
{
	uint32_t hash = hash_u64(&cookie);
	struct endpoint *ep;
	size_t at;

	for (ep = index_first(&t->by_cookie, hash, &at); ep && ep->cookie != cookie;
	     ep = index_next(&t->by_cookie, hash, &at))
		;
	return ep;
}

/* A conn id is a hash already. */
static uint32_t hash_conn(const struct conn_key *key)
{
	return (uint32_t)key->conn + (uint32_t)key->role;
}

static struct endpoint *find_conn(const struct endpoints *t, const struct conn_key *key)
{
	uint32_t hash = hash_conn(key);
	struct endpoint *ep;
	size_t at;

	for (ep = index_first(&t->by_conn, hash, &at);
	     ep && (ep->key.conn != key->conn || ep->key.role != key->role);
	     ep = index_next(&t->by_conn, hash, &at))
		;
	return ep;
}

struct endpoint *endpoint_of_conn(const struct endpoints *t, uint64_t conn, enum role role)
{
	struct conn_key key = {conn, role};

	return find_conn(t, &key);
}

struct endpoint *endpoint_add(struct endpoints *t, uint64_t cookie)
{
	struct endpoint *ep = endpoint_find(t, cookie);

	if (ep)
		endpoint_free(t, ep);
	ep = t->by_cookie.n < ENDPOINTS_MAX && cookie ? calloc(1, sizeof(*ep)) : NULL;
	if (!ep || !index_add(&t->by_cookie, hash_u64(&cookie), ep)) {
		free(ep);
		t->untracked++;
		return NULL;
	}
	ep->cookie = cookie;
	return ep;
}

static void unset_listener(struct endpoints *t, struct endpoint *ep)
{
	struct listener_key key = {ep->netns_cookie, ep->self.local.port};
	struct listener_bucket *b;
	struct endpoint **link;

	HASH_FIND (hh, t->listeners, &key, sizeof(key), b)
		;
	if (!b)
		return;
	for (link = &b->first; *link && *link != ep; link = &(*link)->next_listener)
		;
	if (*link)
		*link = ep->next_listener;
	if (!b->first) {
		HASH_DEL(t->listeners, b);
		free(b);
	}
}

void endpoint_free(struct endpoints *t, struct endpoint *ep)
{
	struct endpoint *peer = ep->peer;

	if (ep->role == ROLE_LISTENER)
		unset_listener(t, ep);
	fifo_remove(ep);
	if (ep->connect_event)
		ep->connect_event->waiting_for = NULL;
	if (ep->key.conn)
		index_remove(&t->by_conn, hash_conn(&ep->key), ep);
	index_remove(&t->by_cookie, hash_u64(&ep->cookie), ep);
	if (peer) {
		peer->peer = NULL;
		if (peer->guest)
			endpoint_free(t, peer);
	}
	free(ep);
}

void endpoint_set_conn(struct endpoints *t, struct endpoint *ep, uint64_t conn)
{
	struct conn_key other = {conn, ep->role == ROLE_CLIENT ? ROLE_SERVER : ROLE_CLIENT};
	struct endpoint *same, *peer;

	if (ep->key.conn)
		return;
	ep->key = (struct conn_key){conn, ep->role};
	same = find_conn(t, &ep->key);
	if (same) {
		/*
		 * Another connection with these sequence numbers: the same tuple, opened in another
		 * network within 64 ns (secure_tcp_seq() has one key for all namespaces). A client
		 * is known before its server, so a pair found already is one; else the id tells
		 * nothing.
		 */
		ep->key.conn = 0;
		if (!same->peer) {
			index_remove(&t->by_conn, hash_conn(&same->key), same);
			same->key.conn = 0;
		}
		return;
	}
	if (!index_add(&t->by_conn, hash_conn(&ep->key), ep)) {
		ep->key.conn = 0;
		return;
	}
	peer = find_conn(t, &other);
	if (peer && !peer->peer) {
		ep->peer = peer;
		peer->peer = ep;
		/* A far end, kept in case its peer comes: here it is. */
		if (peer->guest)
			endpoint_settle(t, peer);
	}
}

void endpoint_set_listener(struct endpoints *t, struct endpoint *ep)
{
	struct listener_key key = {ep->netns_cookie, ep->self.local.port};
	struct listener_bucket *b;

	HASH_FIND (hh, t->listeners, &key, sizeof(key), b)
		;
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return;
		b->key = key;
		HASH_ADD(hh, t->listeners, key, sizeof(b->key), b);
	}
	ep->role = ROLE_LISTENER;
	ep->next_listener = b->first;
	b->first = ep;
}

/*
 * 3: bound to the address, 2: to all of its family, 1: to all of both families, 0: cannot have
 * taken it. 0.0.0.0 beside [::], which then is V6ONLY, takes the IPv4 connection.
 */
static int listener_fits(const struct endpoint *l, const struct addr *local)
{
	const struct addr *bound = &l->self.local.addr;

	if (addr_equal(bound, local))
		return 3;
	if (!addr_is_any(bound))
		return 0;
	if (addr_is_v4(bound) == addr_is_v4(local))
		return 2;
	/* [::] takes both, unless it is IPV6_V6ONLY, which is not recorded. */
	return addr_is_v4(local) ? 1 : 0;
}

struct endpoint *endpoint_listener(const struct endpoints *t, uint64_t netns_cookie,
				   const struct addr_port *local)
{
	struct listener_key key = {netns_cookie, local->port};
	struct endpoint *best = NULL;
	struct listener_bucket *b;
	bool ambiguous = false;
	int rank = 0;

	HASH_FIND (hh, t->listeners, &key, sizeof(key), b)
		;
	for (struct endpoint *l = b ? b->first : NULL; l; l = l->next_listener) {
		int fits = listener_fits(l, &local->addr);

		if (fits == 0 || fits < rank)
			continue;
		if (fits > rank) {
			rank = fits;
			best = l;
			ambiguous = false;
		} else if (l->self.owner.pid != best->self.owner.pid) {
			/* SO_REUSEPORT: the kernel's choice is not known before accept(2). */
			ambiguous = true;
		}
	}
	return ambiguous ? NULL : best;
}

void endpoint_set_tentative(struct endpoints *t, struct endpoint *ep, uint64_t now)
{
	if (ep->fifo || ep->closed)
		return;
	if (t->tentative.len >= ENDPOINTS_TENTATIVE_MAX)
		endpoint_free(t, t->tentative.head);
	fifo_push(&t->tentative, ep, now);
}

void endpoint_settle(struct endpoints *t, struct endpoint *ep)
{
	if (ep->fifo == &t->tentative)
		fifo_remove(ep);
}

void endpoint_linger(struct endpoints *t, struct endpoint *ep, uint64_t now)
{
	bool unaccepted;

	if (ep->closed)
		return;
	fifo_remove(ep);
	ep->closed = true;
	unaccepted = ep->role == ROLE_SERVER && ep->self.owner.source != OWNER_ACCEPT;
	fifo_push(unaccepted ? &t->unaccepted : &t->lingering, ep, now);
}

void endpoint_retire(struct endpoints *t, struct endpoint *ep, uint64_t now)
{
	if (ep->role == ROLE_LISTENER && !ep->closed)
		unset_listener(t, ep);
	endpoint_linger(t, ep, now);
}

static void expire(struct endpoints *t, struct endpoint *ep)
{
	if (ep->peer && !ep->peer->closed && !ep->peer->guest) {
		/* The peer goes on, half closed perhaps for hours: stay until it goes. */
		fifo_remove(ep);
		ep->guest = true;
	} else {
		endpoint_free(t, ep);
	}
}

static void expire_older(struct endpoints *t, const struct endpoint_fifo *f, unsigned int rest,
			 uint64_t age, uint64_t now)
{
	while (f->len > rest && f->head->fifo_time + age <= now)
		expire(t, f->head);
}

void endpoint_expire(struct endpoints *t, uint64_t now)
{
	expire_older(t, &t->tentative, 0, ENDPOINT_TENTATIVE_NS, now);
	expire_older(t, &t->lingering, 0, t->linger_ns ? t->linger_ns : ENDPOINT_LINGER_NS, now);
	if (t->linger_many_ns)
		expire_older(t, &t->lingering, ENDPOINTS_LINGER_MANY, t->linger_many_ns, now);
	expire_older(t, &t->unaccepted, 0, t->linger_ns ? t->linger_ns : ENDPOINT_UNACCEPTED_NS,
		     now);
}

void endpoints_free(struct endpoints *t)
{
	/* One may take its peer with it, and what stood behind either moves up. */
	while (t->by_cookie.n)
		for (size_t i = 0; i < t->by_cookie.room;)
			if (t->by_cookie.slots[i].thing)
				endpoint_free(t, t->by_cookie.slots[i].thing);
			else
				i++;
	index_free(&t->by_cookie);
	index_free(&t->by_conn);
}
