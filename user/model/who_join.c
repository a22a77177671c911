// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two sockets are one connection if their conn ids agree. Where one of them has none (TIME_WAIT
 * keeps no sequence numbers, SYN_SENT knows one of two) the tuple has to do, the one being the
 * other's reversed, and that only where no other network can be meant.
 */
#include "model/who_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/tracker_internal.h"

struct who_row *who_new_row(struct who *w, enum who_kind kind)
{
	struct who_row *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (w->n == w->room) {
		size_t room = w->room ? w->room * 2 : 64;
		struct who_row **grown = reallocarray(w->rows, room, sizeof(struct who_row *));

		if (!grown) {
			free(r);
			return NULL;
		}
		w->rows = grown;
		w->room = room;
	}
	r->kind = kind;
	w->rows[w->n++] = r;
	return r;
}

static bool is_end(const struct who_socket *s)
{
	return s->protocol == IPPROTO_TCP && s->state != ST_LISTEN;
}

static bool same_end(const struct addr_port *a, const struct addr_port *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* --- listeners --- */

static int index_listener(struct who *w, const struct who_socket *s)
{
	struct endpoint *ep = endpoint_add(&w->listeners, s->cookie);

	if (!ep)
		return -ENOMEM;
	ep->netns_cookie = s->netns_cookie;
	ep->self = s->self;
	endpoint_set_listener(&w->listeners, ep);
	return 0;
}

/*
 * Nobody has accepted it: it is the listener's. And whatever else was at a listener's address was
 * accepted there.
 */
static void ask_listener(struct who *w, struct who_socket *s)
{
	const struct endpoint *l;

	if (s->held != FL_HELD_QUEUE && s->role != ROLE_UNKNOWN)
		return;
	l = endpoint_listener(&w->listeners, s->netns_cookie, &s->self.local);
	if (!l)
		return;
	if (s->role == ROLE_UNKNOWN)
		s->role = ROLE_SERVER;
	if (s->held == FL_HELD_QUEUE && l->self.owner.source != OWNER_UNKNOWN) {
		s->self.owner = l->self.owner;
		s->self.owner.source = OWNER_LISTEN;
	}
}

/* --- by conn id --- */

static void index_conn(struct who *w, struct who_socket *s)
{
	struct who_socket *first;

	HASH_FIND (hh_conn, w->by_conn, &s->conn, sizeof(s->conn), first)
		;
	if (first) {
		s->next_same = first->next_same;
		first->next_same = s;
	} else {
		HASH_ADD(hh_conn, w->by_conn, conn, sizeof(s->conn), s);
	}
}

/*
 * Sockets of the same tuple, opened in two networks within 64 ns, get the same sequence numbers
 * (secure_tcp_seq() has one key for all namespaces). The id tells nothing then.
 */
static void forget_conn(struct who *w, struct who_socket *first)
{
	HASH_DELETE(hh_conn, w->by_conn, first);
	for (struct who_socket *s = first; s; s = s->next_same)
		s->conn = 0;
}

static int add_pair(struct who *w, struct who_socket *client, struct who_socket *server,
		    bool by_tuple)
{
	struct who_row *r = who_new_row(w, WHO_CONNECTION);

	if (!r)
		return -ENOMEM;
	client->taken = server->taken = true;
	r->client = client;
	r->server = server;
	r->conn = client->conn ? client->conn : server->conn;
	r->by_tuple = by_tuple;
	r->nat = !same_end(&client->self.remote, &server->self.local) ||
		 !same_end(&client->self.local, &server->self.remote);
	return 0;
}

static int join_by_conn(struct who *w)
{
	struct who_socket *s, *tmp;
	int err = 0;

	HASH_ITER (hh, w->sockets, s, tmp) {
		s->next_same = NULL;
		if (is_end(s) && s->conn)
			index_conn(w, s);
	}
	HASH_ITER (hh_conn, w->by_conn, s, tmp) {
		struct who_socket *client = NULL, *server = NULL;
		bool ambiguous = false;

		for (struct who_socket *end = s; end; end = end->next_same) {
			struct who_socket **role = end->role == ROLE_CLIENT ? &client : &server;

			ambiguous |= *role != NULL;
			*role = end;
		}
		if (ambiguous)
			forget_conn(w, s);
		else if (client && server && !err)
			err = add_pair(w, client, server, false);
	}
	return err;
}

/* --- by tuple --- */

struct tuple {
	struct addr_port local, remote;
};

/* Their padding is hashed too. */
static void tuple_of(const struct addr_port *local, const struct addr_port *remote,
		     struct tuple *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->local.addr.b, local->addr.b, 16);
	out->local.port = local->port;
	memcpy(out->remote.addr.b, remote->addr.b, 16);
	out->remote.port = remote->port;
}

_Static_assert(sizeof(struct tuple) == 36, "no padding in what is compared");

static struct who_socket *find_tuple(const struct who *w, const struct addr_port *local,
				     const struct addr_port *remote)
{
	struct who_socket *s;
	struct tuple t;

	tuple_of(local, remote, &t);
	HASH_FIND (hh_tuple, w->by_tuple, &t, sizeof(t), s)
		;
	return s;
}

static void index_tuple(struct who *w, struct who_socket *s)
{
	struct who_socket *first = find_tuple(w, &s->self.local, &s->self.remote);

	s->next_same = NULL;
	if (first) {
		s->next_same = first->next_same;
		first->next_same = s;
	} else {
		/* local and remote stand next to each other, as in struct tuple. */
		HASH_ADD_KEYPTR(hh_tuple, w->by_tuple, &s->self.local, sizeof(struct tuple), s);
	}
}

_Static_assert(offsetof(struct party, remote) ==
		       offsetof(struct party, local) + sizeof(struct addr_port),
	       "a party's addresses are a tuple");

/* Nothing that is known of the two speaks against it. */
static bool may_be_one(const struct who_socket *a, const struct who_socket *b)
{
	if (a == b || b->taken)
		return false;
	if (a->conn && b->conn) /* they would be equal */
		return false;
	return a->role == ROLE_UNKNOWN || a->role != b->role;
}

struct finder {
	who_joined_fn *joined;
	void *ctx;
	bool far_wanted; /* it would have been asked */
};

/* The one other end in this namespace, else in one that is joined to it; NULL: none or several. */
static struct who_socket *other_end(const struct who *w, struct finder *f,
				    const struct who_socket *s)
{
	struct who_socket *here = NULL, *there = NULL, *o;
	unsigned int n_here = 0, n_there = 0;

	for (o = find_tuple(w, &s->self.remote, &s->self.local); o; o = o->next_same) {
		if (!may_be_one(s, o))
			continue;
		if (o->netns_cookie == s->netns_cookie) {
			here = o;
			n_here++;
			continue;
		}
		f->far_wanted = true;
		if (f->joined && f->joined(f->ctx, s, o)) {
			there = o;
			n_there++;
		}
	}
	if (n_here)
		return n_here == 1 ? here : NULL;
	return n_there == 1 ? there : NULL;
}

static bool is_client_of(const struct who_socket *a, const struct who_socket *b)
{
	if (a->role != ROLE_UNKNOWN)
		return a->role == ROLE_CLIENT;
	if (b->role != ROLE_UNKNOWN)
		return b->role == ROLE_SERVER;
	return true;
}

static int join_by_tuple(struct who *w, struct finder *f)
{
	struct who_socket *s, *tmp, *o;
	int err = 0;

	HASH_ITER (hh, w->sockets, s, tmp)
		if (is_end(s) && !s->taken)
			index_tuple(w, s);
	HASH_ITER (hh, w->sockets, s, tmp) {
		if (!is_end(s) || s->taken || !s->self.remote.port)
			continue;
		o = other_end(w, f, s);
		if (!o || other_end(w, f, o) != s)
			continue;
		/* Who of two that know nothing of their beginning is the client? */
		if (s->role == ROLE_UNKNOWN && o->role == ROLE_UNKNOWN)
			continue;
		err = is_client_of(s, o) ? add_pair(w, s, o, true) : add_pair(w, o, s, true);
		if (err)
			return err;
	}
	return 0;
}

/* --- the rest --- */

/*
 * The full socket was seen with its process, then it was closed, and what is left of it was seen in
 * its namespace: of the two the latter is there.
 */
static bool is_left_over(const struct who *w, const struct who_socket *s)
{
	const struct who_socket *o;

	if (s->held != FL_HELD_PROCESS)
		return false;
	for (o = find_tuple(w, &s->self.local, &s->self.remote); o; o = o->next_same)
		if (o != s && o->netns_cookie == s->netns_cookie && o->held == FL_HELD_NOBODY)
			return true;
	return false;
}

static int add_single(struct who *w, struct who_socket *s)
{
	enum who_kind kind = s->protocol == IPPROTO_UDP ? WHO_UDP
			     : s->state == ST_LISTEN    ? WHO_LISTEN
							: WHO_CONNECTION;
	struct who_row *r;

	if (kind == WHO_CONNECTION && is_left_over(w, s))
		return 0;
	r = who_new_row(w, kind);
	if (!r)
		return -ENOMEM;
	s->taken = true;
	r->conn = s->conn;
	if (kind == WHO_CONNECTION && s->role == ROLE_CLIENT)
		r->client = s;
	else if (kind == WHO_CONNECTION && s->role == ROLE_SERVER)
		r->server = s;
	else
		r->end = s;
	return 0;
}

/* What needs no topology, once. */
static int prepare(struct who *w)
{
	struct who_socket *s, *tmp;
	int err = 0;

	if (w->prepared)
		return 0;
	w->prepared = true;
	HASH_ITER (hh, w->sockets, s, tmp)
		if (s->protocol == IPPROTO_TCP && s->state == ST_LISTEN && !err)
			err = index_listener(w, s);
	HASH_ITER (hh, w->sockets, s, tmp)
		if (is_end(s))
			ask_listener(w, s);
	return err ? err : join_by_conn(w);
}

bool who_wants_topology(struct who *w)
{
	struct finder f = {0};
	struct who_socket *s, *tmp;

	if (prepare(w))
		return false;
	HASH_ITER (hh, w->sockets, s, tmp)
		if (is_end(s) && !s->taken)
			index_tuple(w, s);
	HASH_ITER (hh, w->sockets, s, tmp)
		if (is_end(s) && !s->taken && s->self.remote.port)
			other_end(w, &f, s);
	HASH_CLEAR(hh_tuple, w->by_tuple);
	return f.far_wanted;
}

int who_join(struct who *w, who_joined_fn *joined, void *ctx)
{
	struct finder f = {.joined = joined, .ctx = ctx};
	struct who_socket *s, *tmp;
	int err = prepare(w);

	if (!err)
		err = join_by_tuple(w, &f);
	HASH_ITER (hh, w->sockets, s, tmp)
		if (!s->taken && !err)
			err = add_single(w, s);
	return err ? err : who_join_proxies(w);
}
