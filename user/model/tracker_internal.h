/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the tracker share among themselves:
 *
 *	tracker.c	records in, events out
 *	tracker_fill.c	endpoints and events from what a record says
 *	tracker_open.c	how connections begin: listen, SYN_SENT, ESTABLISHED, accept
 *	tracker_end.c	how they end, and what goes wrong: CLOSE, resets, retransmits
 *	tracker_far.c	sockets outside the filter, told because their peer is inside
 */
#ifndef FLOWNER_MODEL_TRACKER_INTERNAL_H
#define FLOWNER_MODEL_TRACKER_INTERNAL_H

#include "model/tracker.h"

/* include/net/tcp_states.h */
enum {
	ST_ESTABLISHED = 1,
	ST_SYN_SENT = 2,
	ST_SYN_RECV = 3,
	ST_FIN_WAIT1 = 4,
	ST_FIN_WAIT2 = 5,
	ST_CLOSE = 7,
	ST_CLOSE_WAIT = 8,
	ST_LAST_ACK = 9,
	ST_LISTEN = 10,
	ST_CLOSING = 11,
};

struct tracker {
	struct tracker_options opt;
	struct endpoints endpoints;
	struct endpoints datagrams; /* of the last snapshot; UDP ones as listeners */
	struct queue queue;
	struct event *current; /* handed out by tracker_next() */
	uint64_t records, lost, oom;
	uint64_t last; /* time of the newest record */
	uint64_t lost_of_cpu[];
};

/* How long it is since `then`; 0: unknown, also where clocks of two CPUs disagree which is first.
 */
static inline uint64_t tracker_since(uint64_t now, uint64_t then)
{
	return then && then < now ? now - then : 0;
}

/* --- tracker_fill.c --- */

void tracker_set_tuple(struct party *p, const struct fl_sock *s);
void tracker_set_owner_of_sock(struct tracker *t, struct owner *o, const struct fl_sock *s);
void tracker_set_owner(struct tracker *t, struct owner *o, enum owner_source source,
		       const struct fl_sock *s, const struct fl_task *task);
struct endpoint *tracker_new_endpoint(struct tracker *t, const struct fl_sock *s);
struct endpoint *tracker_new_datagram(struct tracker *t, const struct fl_sock *s);
void tracker_set_peer(struct event *e, const struct endpoint *peer);
struct event *tracker_new_event(struct tracker *t, enum event_type type, uint64_t time,
				const struct fl_sock *s, const struct endpoint *ep);
void tracker_add_state_event(struct tracker *t, const struct fl_header *hdr,
			     const struct fl_sock *s, const struct endpoint *ep);

/* --- tracker_open.c --- */

void tracker_on_listen(struct tracker *t, const struct fl_owned *r);
void tracker_on_syn_sent(struct tracker *t, const struct fl_owned *r);
void tracker_on_established(struct tracker *t, const struct fl_state *r);
void tracker_on_accept(struct tracker *t, const struct fl_owned *r);
struct endpoint *tracker_new_server(struct tracker *t, const struct fl_sock *s);

/* The far end of a waiting connect has become known, or (settled) as well known as it will be. */
void tracker_tell_waiting_connect(struct endpoint *ep, bool settled);

/* Who accepts is not known yet; until then it belongs to whoever listens. */
void tracker_borrow_listener(struct tracker *t, struct endpoint *ep);

/* --- tracker_end.c --- */

void tracker_on_close(struct tracker *t, const struct fl_close *r);
void tracker_on_state(struct tracker *t, const struct fl_state *r);
void tracker_on_retransmit(struct tracker *t, const struct fl_trouble *r);
void tracker_on_reset(struct tracker *t, const struct fl_trouble *r);

/* Of a socket whose beginning was not seen: its role and, in *conn, its id; 0 where it cannot be
 * told. */
enum role tracker_identify(const struct fl_sock *s, const struct fl_counts *c, uint8_t state,
			   uint64_t *conn);

/* The payload sent and received, each byte once and without a FIN. */
void tracker_payload(const struct fl_counts *c, uint8_t state, enum role role, uint64_t *tx,
		     uint64_t *rx);

/* --- tracker_far.c --- */

void tracker_on_far(struct tracker *t, const struct fl_header *hdr);

#endif
