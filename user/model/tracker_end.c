// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker_internal.h"

#include <errno.h>

static enum close_reason close_reason(const struct fl_close *r)
{
	switch (r->counts.error) {
	case 0:
		break;
	case ECONNRESET:
	case EPIPE: /* tcp_reset() in CLOSE_WAIT */
		return CLOSE_RESET;
	case ETIMEDOUT:
		return CLOSE_TIMEOUT;
	case ECONNABORTED: /* tcp_abort(): `ss -K`, a device or address that went away */
		return CLOSE_ABORTED;
	default:
		return CLOSE_UNREACHABLE; /* an ICMP error, EHOSTUNREACH and its like */
	}
	/*
	 * Before any FIN of ours: closed with data unread, or with SO_LINGER 0, which sends a
	 * reset. The reset's own record comes after this one and confirms it.
	 */
	if (r->sock.old_state == ST_ESTABLISHED || r->sock.old_state == ST_CLOSE_WAIT)
		return CLOSE_RESET;
	return CLOSE_FIN;
}

/* Our FIN is out; it goes behind all data, which may have to wait for the peer's window. */
static bool fin_sent(const struct fl_counts *c, uint8_t state)
{
	if (c->flags & FL_SEND_QUEUE)
		return false;
	return state == ST_FIN_WAIT1 || state == ST_FIN_WAIT2 || state == ST_CLOSING ||
	       state == ST_LAST_ACK;
}

static struct conn_sent sent(const struct fl_counts *c, uint8_t state)
{
	return (struct conn_sent){
		.acked = c->acked_bytes,
		.in_flight = c->in_flight,
		.once = c->tx_bytes,
		.fin = fin_sent(c, state),
		.of_listener = c->flags & FL_OF_LISTENER,
	};
}

/* Of a socket whose beginning was not seen: its role and conn id, where they can be told. */
enum role tracker_identify(const struct fl_sock *s, const struct fl_counts *c, uint8_t state,
			   uint64_t *conn)
{
	struct conn_sent by_counts = sent(c, state);
	enum role role = conn_role(&by_counts);

	*conn = role == ROLE_UNKNOWN ? 0 : conn_id(role, s->isn_own, s->isn_other);
	return role;
}

void tracker_payload(const struct fl_counts *c, uint8_t state, enum role role, uint64_t *tx,
		     uint64_t *rx)
{
	struct conn_sent by_counts = sent(c, state);

	*tx = conn_payload(&by_counts, role);
	*rx = c->rx_bytes - (c->flags & FL_FIN_RECEIVED && c->rx_bytes);
}

/* `e` has its role. */
static void fill_close(struct event *e, const struct fl_close *r, const struct endpoint *ep)
{
	struct event_close *c = &e->u.close;

	c->duration_ns = ep ? tracker_since(r->hdr.time, ep->est_time) : 0;
	tracker_payload(&r->counts, r->sock.old_state, e->role, &c->tx_bytes, &c->rx_bytes);
	c->tx_segments = r->counts.tx_segments;
	c->rx_segments = r->counts.rx_segments;
	c->retransmits = r->counts.retransmits;
	c->srtt_us = r->counts.srtt_us;
	c->min_rtt_us = r->counts.min_rtt_us;
	c->reason = close_reason(r);
}

static void add_connect_failed(struct tracker *t, const struct fl_close *r, struct endpoint *ep)
{
	struct event *e = tracker_new_event(t, EVENT_CONNECT_FAILED, r->hdr.time, &r->sock, ep);

	if (!e)
		return;
	e->role = ROLE_CLIENT;
	e->conn = 0;
	e->u.error = r->counts.error;
	/*
	 * connect(2) itself failed before it sent anything: it found no free local port, the one
	 * way to come here without one. Otherwise no error means that the process gave up.
	 */
	if (!e->u.error && r->sock.local_port_be == 0)
		e->u.error = EADDRNOTAVAIL;
	e->latency_ns = ep ? tracker_since(r->hdr.time, ep->syn_time) : 0;
	queue_insert(&t->queue, e);
}

void tracker_on_close(struct tracker *t, const struct fl_close *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	if (r->sock.old_state == ST_LISTEN) {
		tracker_add_state_event(t, &r->hdr, &r->sock, ep);
		if (ep)
			endpoint_free(&t->endpoints, ep);
		return;
	}
	if (r->sock.old_state == ST_SYN_SENT) {
		add_connect_failed(t, r, ep);
	} else if (r->sock.old_state != ST_SYN_RECV) { /* which never became a connection */
		e = tracker_new_event(t, EVENT_CLOSE, r->hdr.time, &r->sock, ep);
		if (e) {
			if (!ep)
				e->role = tracker_identify(&r->sock, &r->counts, r->sock.old_state,
							   &e->conn);
			fill_close(e, r, ep);
			queue_insert(&t->queue, e);
			if (ep)
				ep->close_event = e;
		}
	}
	tracker_add_state_event(t, &r->hdr, &r->sock, ep);
	if (ep)
		endpoint_linger(&t->endpoints, ep, r->hdr.time);
}

void tracker_on_state(struct tracker *t, const struct fl_state *r)
{
	tracker_add_state_event(t, &r->hdr, &r->sock, endpoint_find(&t->endpoints, r->sock.cookie));
}

void tracker_on_retransmit(struct tracker *t, const struct fl_trouble *r)
{
	struct event *e = tracker_new_event(t, EVENT_RETRANSMIT, r->hdr.time, &r->sock,
					    endpoint_find(&t->endpoints, r->sock.cookie));

	if (!e)
		return;
	e->u.retransmit.state = r->sock.state;
	e->u.retransmit.retransmits = r->retransmits;
	queue_insert(&t->queue, e);
}

void tracker_on_reset(struct tracker *t, const struct fl_trouble *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	/* The answer to a SYN: connect-failed tells it. A listener sends them for strangers'
	 * segments. */
	if (r->sock.state == ST_SYN_SENT || r->sock.state == ST_LISTEN)
		return;
	/*
	 * FIN_WAIT to CLOSE looks like an ordinary end; a reset right behind it says that data came
	 * for a socket that nobody would read from.
	 */
	if (ep && ep->close_event)
		ep->close_event->u.close.reason = CLOSE_RESET;
	e = tracker_new_event(t, EVENT_RESET, r->hdr.time, &r->sock, ep);
	if (!e)
		return;
	e->u.reset.by_local = r->hdr.type == FL_RESET_SENT;
	e->u.reset.reason = r->reason;
	queue_insert(&t->queue, e);
}
