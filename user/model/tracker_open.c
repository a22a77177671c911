// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker_internal.h"

void tracker_on_listen(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = tracker_new_endpoint(t, &r->sock);
	struct event *e;

	if (ep) {
		tracker_set_owner(t, &ep->self.owner, OWNER_LISTEN, &r->sock, &r->task);
		endpoint_set_listener(&t->endpoints, ep);
	}
	e = tracker_new_event(t, EVENT_LISTEN, r->hdr.time, &r->sock, ep);
	if (e) {
		if (!ep)
			tracker_set_owner(t, &e->self.owner, OWNER_LISTEN, &r->sock, &r->task);
		e->u.backlog = r->backlog;
		queue_insert(&t->queue, e);
	}
	tracker_add_state_event(t, &r->hdr, &r->sock, ep);
}

void tracker_on_syn_sent(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = tracker_new_endpoint(t, &r->sock);

	if (ep) {
		ep->role = ROLE_CLIENT;
		ep->syn_time = r->hdr.time;
		tracker_set_owner(t, &ep->self.owner, OWNER_CONNECT, &r->sock, &r->task);
		if (t->opt.undecided_clients)
			endpoint_set_tentative(&t->endpoints, ep, r->hdr.time);
	}
	tracker_add_state_event(t, &r->hdr, &r->sock, ep);
}

/* The far end of a waiting connect has become known, or better known. */
void tracker_tell_waiting_connect(struct endpoint *ep, bool settled)
{
	struct endpoint *client = ep->peer;
	struct event *e = client ? client->connect_event : NULL;

	if (!e)
		return;
	tracker_set_peer(e, ep);
	if (settled) {
		e->waiting_for = NULL;
		client->connect_event = NULL;
	}
}

/*
 * Is it the connect that has now succeeded? A socket can connect again after it failed, was
 * disconnected or listened; if its SYN_SENT was lost, what is known is of its life before.
 */
static bool is_connecting(const struct endpoint *ep)
{
	return (ep->role == ROLE_CLIENT || ep->role == ROLE_UNKNOWN) && !ep->closed &&
	       !ep->est_time;
}

static void on_established_client(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	if (!ep || !is_connecting(ep))
		ep = tracker_new_endpoint(t, &r->sock);
	if (ep) {
		endpoint_settle(&t->endpoints, ep);
		tracker_set_tuple(&ep->self, &r->sock);
		tracker_set_owner_of_sock(t, &ep->self.owner, &r->sock);
		ep->role = ROLE_CLIENT;
		ep->established = true;
		ep->est_time = r->hdr.time;
		endpoint_set_conn(&t->endpoints, ep,
				  conn_id(ROLE_CLIENT, r->sock.isn_own, r->sock.isn_other));
	}
	e = tracker_new_event(t, EVENT_CONNECT, r->hdr.time, &r->sock, ep);
	if (e) {
		e->role = ROLE_CLIENT;
		e->latency_ns = ep ? tracker_since(r->hdr.time, ep->syn_time) : 0;
		if (ep) {
			ep->connect_event = e;
			e->waiting_for = ep;
		}
		queue_insert(&t->queue, e);
	}
	tracker_add_state_event(t, &r->hdr, &r->sock, ep);
}

/* Who accepts is not known yet; until then it belongs to whoever listens. */
void tracker_borrow_listener(struct tracker *t, struct endpoint *ep)
{
	struct endpoint *l = endpoint_listener(&t->endpoints, ep->netns_cookie, &ep->self.local);

	if (l && l->self.owner.source != OWNER_UNKNOWN) {
		ep->self.owner = l->self.owner;
		ep->self.owner.source = OWNER_LISTEN;
	}
}

struct endpoint *tracker_new_server(struct tracker *t, const struct fl_sock *s)
{
	struct endpoint *ep = tracker_new_endpoint(t, s);

	if (!ep)
		return NULL;
	ep->role = ROLE_SERVER;
	ep->established = true;
	endpoint_set_conn(&t->endpoints, ep, conn_id(ROLE_SERVER, s->isn_own, s->isn_other));
	return ep;
}

void tracker_on_established(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);

	/* From SYN_SENT, or by way of SYN_RECV where both ends opened at once (RFC 9293, 3.5). */
	if (r->sock.old_state == ST_SYN_SENT ||
	    (ep && ep->role == ROLE_CLIENT && !ep->closed && !ep->established)) {
		on_established_client(t, r);
		return;
	}
	/* With TCP Fast Open (RFC 7413) it was accepted, and perhaps served, before its handshake
	 * was complete. */
	if (ep && ep->role == ROLE_SERVER && !ep->closed && ep->self.owner.source == OWNER_ACCEPT) {
		ep->est_time = r->hdr.time;
		tracker_add_state_event(t, &r->hdr, &r->sock, ep);
		return;
	}
	ep = tracker_new_server(t, &r->sock);
	if (ep) {
		ep->est_time = r->hdr.time;
		tracker_borrow_listener(t, ep);
		tracker_set_owner_of_sock(t, &ep->self.owner, &r->sock);
		tracker_tell_waiting_connect(ep, false);
		if (t->opt.undecided_servers)
			endpoint_set_tentative(&t->endpoints, ep, r->hdr.time);
	}
	tracker_add_state_event(t, &r->hdr, &r->sock, ep);
}

void tracker_on_accept(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	/* Established before the tracer came, or that record was lost. */
	if (!ep)
		ep = tracker_new_server(t, &r->sock);
	if (ep) {
		endpoint_settle(&t->endpoints, ep);
		tracker_set_owner(t, &ep->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
		tracker_tell_waiting_connect(ep, true);
		/* Reset while it waited to be accepted: its end has been told, if at all. */
		if (r->sock.state == ST_CLOSE)
			endpoint_linger(&t->endpoints, ep, r->hdr.time);
	}
	e = tracker_new_event(t, EVENT_ACCEPT, r->hdr.time, &r->sock, ep);
	if (!e)
		return;
	if (!ep) {
		tracker_set_owner(t, &e->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
		e->conn = conn_id(ROLE_SERVER, r->sock.isn_own, r->sock.isn_other);
		e->role = ROLE_SERVER;
	}
	e->latency_ns = ep ? tracker_since(r->hdr.time, ep->est_time) : 0;
	queue_insert(&t->queue, e);
}
