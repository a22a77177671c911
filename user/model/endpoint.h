/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The endpoints known now, by socket cookie, by {conn id, role}, and listeners by {netns, port}.
 * Kept in user space: the kernel side has no state of its own.
 *
 * An endpoint that was closed lingers: its peer's last records, and those of its own that come
 * after CLOSE, still want to know who it was.
 */
#ifndef FLOWNER_MODEL_ENDPOINT_H
#define FLOWNER_MODEL_ENDPOINT_H

#include "base/hash.h"
#include "base/index.h"
#include "model/event.h"

/* At most so many, some 500 bytes each; further ones are not tracked, and counted. */
#define ENDPOINTS_MAX (1u << 20)
/* Each connection that ends takes its room in the CPU's caches for so long. */
#define ENDPOINT_LINGER_NS 20000000ULL
/* So many closed ones (1 MB) are more than somebody reads of. */
#define ENDPOINTS_LINGER_MANY 4096u
/* One that its server has not accepted yet: it still may, and is told what it was. */
#define ENDPOINT_UNACCEPTED_NS 100000000ULL
/*
 * Endpoints that a filter may turn out not to want, so that they are never mentioned again: the
 * oldest go first, and all when they have waited for longer than a connect is tried for
 * (tcp_syn_retries of 6: 127 s).
 */
#define ENDPOINTS_TENTATIVE_MAX 65536u
#define ENDPOINT_TENTATIVE_NS   180000000000ULL

struct conn_key {
	uint64_t conn;
	uint64_t role;
};

struct listener_key {
	uint64_t netns_cookie;
	uint64_t port;
};

struct endpoint_fifo {
	struct endpoint *head, *tail;
	unsigned int len;
};

struct endpoint {
	/* What a search by cookie looks at stands together. */
	uint64_t cookie;
	struct conn_key key; /* conn 0: not in that index */
	enum role role;
	bool established, closed;
	bool guest; /* here only for its peer, and goes with it */
	struct party self;
	uint64_t netns_cookie;
	uint64_t syn_time, est_time; /* CLOCK_BOOTTIME, ns; 0: not seen */
	struct endpoint *peer;       /* the other end, where it is on this host */
	struct event *connect_event; /* in the queue, waiting for the peer */
	struct event *close_event;   /* in the queue */
	struct endpoint_fifo *fifo;  /* the one it stands in, or NULL */
	uint64_t fifo_time;          /* since when; CLOCK_BOOTTIME, ns */
	struct endpoint *fifo_prev, *fifo_next;
	struct endpoint *next_listener;
};

struct listener_bucket {
	struct listener_key key;
	struct endpoint *first;
	UT_hash_handle hh;
};

struct endpoints {
	struct index by_cookie, by_conn;
	struct listener_bucket *listeners;
	struct endpoint_fifo tentative, lingering,
		unaccepted;      /* the latter two are of closed ones */
	uint64_t linger_ns;      /* how long a closed one stays; 0: as above */
	uint64_t linger_many_ns; /* …when there are more than ENDPOINTS_LINGER_MANY; 0: the same */
	uint64_t untracked;      /* refused at ENDPOINTS_MAX, or for lack of memory */
};

/* When it closed (CLOCK_BOOTTIME, ns), or 0. */
static inline uint64_t endpoint_closed(const struct endpoint *ep)
{
	return ep->closed ? ep->fifo_time : 0;
}

struct endpoint *endpoint_find(const struct endpoints *t, uint64_t cookie);
struct endpoint *endpoint_of_conn(const struct endpoints *t, uint64_t conn, enum role role);
/* New, with `cookie`, replacing one of the same cookie; NULL when the table is full. */
struct endpoint *endpoint_add(struct endpoints *t, uint64_t cookie);
void endpoint_free(struct endpoints *t, struct endpoint *ep);

/* Give it its conn id and link it with its peer if that is known. Needs the role. */
void endpoint_set_conn(struct endpoints *t, struct endpoint *ep, uint64_t conn);

/* Index a listener by its netns and port, so that endpoint_listener() finds it. */
void endpoint_set_listener(struct endpoints *t, struct endpoint *ep);
/*
 * The listener that took a connection to `local` in that netns: one bound to the address before one
 * bound to all. NULL where there is none, or several of different processes (SO_REUSEPORT).
 */
struct endpoint *endpoint_listener(const struct endpoints *t, uint64_t netns_cookie,
				   const struct addr_port *local);

/* Mark as perhaps unwanted. */
void endpoint_set_tentative(struct endpoints *t, struct endpoint *ep, uint64_t now);
/* It is wanted. */
void endpoint_settle(struct endpoints *t, struct endpoint *ep);
/* It has closed; it goes some time later, when endpoint_expire() is called. */
void endpoint_linger(struct endpoints *t, struct endpoint *ep, uint64_t now);
void endpoint_expire(struct endpoints *t, uint64_t now);
/* The same, and endpoint_listener() does not find it any more. */
void endpoint_retire(struct endpoints *t, struct endpoint *ep, uint64_t now);

void endpoints_free(struct endpoints *t);

#endif
