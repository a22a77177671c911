// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	struct queue queue;
	struct event *current;	/* handed out by tracker_next() */
	uint64_t records, lost, oom;
	uint64_t last;		/* time of the newest record */
	uint64_t lost_of_cpu[];
};

int tracker_new(struct tracker **out, const struct tracker_options *options)
{
	struct tracker *t = calloc(1, sizeof(*t) + options->max_cpus * sizeof(t->lost_of_cpu[0]));

	if (!t)
		return -ENOMEM;
	t->opt = *options;
	*out = t;
	return 0;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	free(t->current);
	endpoints_free(&t->endpoints);
	queue_free(&t->queue);
	free(t);
}

/* --- filling in --------------------------------------------------------------------------------- */

static void set_tuple(struct party *p, const struct fl_sock *s)
{
	p->local.addr = addr_make(s->family, s->local_addr);
	p->local.port = ntohs(s->local_port_be);
	p->remote.addr = addr_make(s->family, s->remote_addr);
	p->remote.port = ntohs(s->remote_port_be);
}

static void set_netns(struct tracker *t, struct party *p, const struct fl_sock *s)
{
	p->netns = t->opt.resolver.netns(t->opt.resolver.ctx, s->netns_inum, s->netns_cookie);
}

/* What the socket alone tells of its owner: the container, where it was made in one. */
static void set_owner_of_sock(struct tracker *t, struct owner *o, const struct fl_sock *s)
{
	if (o->source == OWNER_UNKNOWN && !o->cgroup)
		o->cgroup = t->opt.resolver.cgroup(t->opt.resolver.ctx, s->cgroup, 0, 0);
}

static void set_owner(struct tracker *t, struct owner *o, enum owner_source source, const struct fl_sock *s,
		      const struct fl_task *task)
{
	o->source = source;
	o->pid = task->pid;
	o->tid = task->tid;
	o->ppid = task->ppid;
	o->uid = task->uid;
	memcpy(o->comm, task->comm, OWNER_COMM_LEN);
	o->comm[OWNER_COMM_LEN] = '\0';
	o->cgroup = t->opt.resolver.cgroup(t->opt.resolver.ctx, s->cgroup, task->cgroup, task->pid);
}

static struct endpoint *new_endpoint(struct tracker *t, const struct fl_sock *s)
{
	struct endpoint *ep = endpoint_add(&t->endpoints, s->cookie);

	if (!ep)
		return NULL;
	ep->netns_cookie = s->netns_cookie;
	set_netns(t, &ep->self, s);
	set_tuple(&ep->self, s);
	return ep;
}

static void set_peer(struct event *e, const struct endpoint *peer)
{
	e->peer = peer->self;
	e->has_peer = true;
}

/*
 * An event about a socket; its endpoint tells who, where it is known, and otherwise the socket itself. The
 * tuple of a record is newer than the endpoint's: connect(2) chooses the local port after SYN_SENT.
 */
static struct event *new_event(struct tracker *t, enum event_type type, uint64_t time, const struct fl_sock *s,
			       const struct endpoint *ep)
{
	struct event *e = queue_new(&t->queue);

	if (!e) {
		t->oom++;
		return NULL;
	}
	e->type = type;
	e->time = time;
	e->cookie = s->cookie;
	if (ep) {
		e->self = ep->self;
		e->role = ep->role;
		e->conn = ep->key.conn;
		if (ep->peer)
			set_peer(e, ep->peer);
	} else {
		set_netns(t, &e->self, s);
	}
	set_tuple(&e->self, s);
	set_owner_of_sock(t, &e->self.owner, s);
	return e;
}

static void add_state_event(struct tracker *t, const struct fl_header *hdr, const struct fl_sock *s,
			    const struct endpoint *ep)
{
	struct event *e;

	if (!t->opt.states || s->old_state == s->state)
		return;
	e = new_event(t, EVENT_STATE, hdr->time, s, ep);
	if (!e)
		return;
	e->u.state.from = s->old_state;
	e->u.state.to = s->state;
	queue_insert(&t->queue, e);
}

/* --- one record each ---------------------------------------------------------------------------- */

static void on_listen(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = new_endpoint(t, &r->sock);
	struct event *e;

	if (ep) {
		set_owner(t, &ep->self.owner, OWNER_LISTEN, &r->sock, &r->task);
		endpoint_set_listener(&t->endpoints, ep);
	}
	e = new_event(t, EVENT_LISTEN, r->hdr.time, &r->sock, ep);
	if (e) {
		if (!ep)
			set_owner(t, &e->self.owner, OWNER_LISTEN, &r->sock, &r->task);
		e->u.backlog = r->backlog;
		queue_insert(&t->queue, e);
	}
	add_state_event(t, &r->hdr, &r->sock, ep);
}

static void on_syn_sent(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = new_endpoint(t, &r->sock);

	if (ep) {
		ep->role = ROLE_CLIENT;
		ep->syn_time = r->hdr.time;
		set_owner(t, &ep->self.owner, OWNER_CONNECT, &r->sock, &r->task);
		if (t->opt.undecided)
			endpoint_set_tentative(&t->endpoints, ep, true);
	}
	add_state_event(t, &r->hdr, &r->sock, ep);
}

/* The far end of a waiting connect has become known, or better known. */
static void tell_waiting_connect(struct endpoint *ep, bool settled)
{
	struct endpoint *client = ep->peer;
	struct event *e = client ? client->connect_event : NULL;

	if (!e)
		return;
	set_peer(e, ep);
	if (settled) {
		e->waiting_for = NULL;
		client->connect_event = NULL;
	}
}

/*
 * Is it the connect that has now succeeded? A socket can connect again after it failed, was disconnected or
 * listened; if its SYN_SENT was lost, what is known is of its life before.
 */
static bool is_connecting(const struct endpoint *ep)
{
	return (ep->role == ROLE_CLIENT || ep->role == ROLE_UNKNOWN) && !ep->closed && !ep->est_time;
}

static void on_established_client(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	if (!ep || !is_connecting(ep))
		ep = new_endpoint(t, &r->sock);
	if (ep) {
		endpoint_set_tentative(&t->endpoints, ep, false);
		set_tuple(&ep->self, &r->sock);
		set_owner_of_sock(t, &ep->self.owner, &r->sock);
		ep->role = ROLE_CLIENT;
		ep->established = true;
		ep->est_time = r->hdr.time;
		endpoint_set_conn(&t->endpoints, ep,
				  conn_id(ROLE_CLIENT, r->sock.isn_own, r->sock.isn_other));
	}
	e = new_event(t, EVENT_CONNECT, r->hdr.time, &r->sock, ep);
	if (e) {
		e->role = ROLE_CLIENT;
		e->latency_ns = ep && ep->syn_time ? r->hdr.time - ep->syn_time : 0;
		if (ep) {
			ep->connect_event = e;
			e->waiting_for = ep;
		}
		queue_insert(&t->queue, e);
	}
	add_state_event(t, &r->hdr, &r->sock, ep);
}

/* Who accepts is not known yet; until then it belongs to whoever listens. */
static void borrow_listener(struct tracker *t, struct endpoint *ep)
{
	struct endpoint *l = endpoint_listener(&t->endpoints, ep->netns_cookie, &ep->self.local);

	if (l && l->self.owner.source != OWNER_UNKNOWN) {
		ep->self.owner = l->self.owner;
		ep->self.owner.source = OWNER_LISTEN;
	}
}

static struct endpoint *new_server(struct tracker *t, const struct fl_sock *s)
{
	struct endpoint *ep = new_endpoint(t, s);

	if (!ep)
		return NULL;
	ep->role = ROLE_SERVER;
	ep->established = true;
	endpoint_set_conn(&t->endpoints, ep, conn_id(ROLE_SERVER, s->isn_own, s->isn_other));
	return ep;
}

static void on_established(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);

	/* From SYN_SENT, or by way of SYN_RECV where both ends opened at once (RFC 9293, 3.5). */
	if (r->sock.old_state == ST_SYN_SENT || (ep && ep->role == ROLE_CLIENT && !ep->closed && !ep->established)) {
		on_established_client(t, r);
		return;
	}
	/* With TCP Fast Open (RFC 7413) it was accepted, and perhaps served, before its handshake was complete. */
	if (ep && ep->role == ROLE_SERVER && !ep->closed && ep->self.owner.source == OWNER_ACCEPT) {
		ep->est_time = r->hdr.time;
		add_state_event(t, &r->hdr, &r->sock, ep);
		return;
	}
	ep = new_server(t, &r->sock);
	if (ep) {
		ep->est_time = r->hdr.time;
		borrow_listener(t, ep);
		set_owner_of_sock(t, &ep->self.owner, &r->sock);
		tell_waiting_connect(ep, false);
		if (t->opt.undecided)
			endpoint_set_tentative(&t->endpoints, ep, true);
	}
	add_state_event(t, &r->hdr, &r->sock, ep);
}

static void on_accept(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	/* Established before the tracer came, or that record was lost. */
	if (!ep)
		ep = new_server(t, &r->sock);
	if (ep) {
		endpoint_set_tentative(&t->endpoints, ep, false);
		set_owner(t, &ep->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
		tell_waiting_connect(ep, true);
	}
	e = new_event(t, EVENT_ACCEPT, r->hdr.time, &r->sock, ep);
	if (!e)
		return;
	if (!ep) {
		set_owner(t, &e->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
		e->conn = conn_id(ROLE_SERVER, r->sock.isn_own, r->sock.isn_other);
		e->role = ROLE_SERVER;
	}
	e->latency_ns = ep && ep->est_time ? r->hdr.time - ep->est_time : 0;
	queue_insert(&t->queue, e);
}

static enum close_reason close_reason(const struct fl_close *r)
{
	switch (r->counts.error) {
	case 0:
		break;
	case ECONNRESET:
	case EPIPE:	/* tcp_reset() in CLOSE_WAIT */
		return CLOSE_RESET;
	case ETIMEDOUT:
		return CLOSE_TIMEOUT;
	case ECONNABORTED:	/* tcp_abort(): `ss -K`, a device or address that went away */
		return CLOSE_ABORTED;
	default:
		return CLOSE_UNREACHABLE;	/* an ICMP error, EHOSTUNREACH and its like */
	}
	/*
	 * Before any FIN of ours: closed with data unread, or with SO_LINGER 0, which sends a reset. The
	 * reset's own record comes after this one and confirms it.
	 */
	if (r->sock.old_state == ST_ESTABLISHED || r->sock.old_state == ST_CLOSE_WAIT)
		return CLOSE_RESET;
	return CLOSE_FIN;
}

/* Our FIN is out, or at least decided on. */
static bool fin_sent(uint8_t state)
{
	return state == ST_FIN_WAIT1 || state == ST_FIN_WAIT2 || state == ST_CLOSING || state == ST_LAST_ACK;
}

/* Of a socket whose beginning was not seen: its role and conn id, where they can be told. */
static enum role identify(const struct fl_sock *s, const struct fl_counts *c, uint8_t state, uint64_t *conn)
{
	enum role role = conn_role(c->acked_bytes, c->in_flight, c->tx_bytes, fin_sent(state));

	*conn = role == ROLE_UNKNOWN ? 0 : conn_id(role, s->isn_own, s->isn_other);
	return role;
}

static void fill_close(struct event *e, const struct fl_close *r, const struct endpoint *ep)
{
	struct event_close *c = &e->u.close;

	c->duration_ns = ep && ep->est_time ? r->hdr.time - ep->est_time : 0;
	c->tx_bytes = r->counts.tx_bytes;
	c->rx_bytes = r->counts.rx_bytes;
	if (r->counts.flags & FL_FIN_RECEIVED && c->rx_bytes)
		c->rx_bytes--;
	c->tx_segments = r->counts.tx_segments;
	c->rx_segments = r->counts.rx_segments;
	c->retransmits = r->counts.retransmits;
	c->srtt_us = r->counts.srtt_us;
	c->min_rtt_us = r->counts.min_rtt_us;
	c->reason = close_reason(r);
}

static void add_connect_failed(struct tracker *t, const struct fl_close *r, struct endpoint *ep)
{
	struct event *e = new_event(t, EVENT_CONNECT_FAILED, r->hdr.time, &r->sock, ep);

	if (!e)
		return;
	e->role = ROLE_CLIENT;
	e->conn = 0;
	e->u.error = r->counts.error;
	/*
	 * connect(2) itself failed before it sent anything: it found no free local port, the one way to come
	 * here without one. Otherwise no error means that the process gave up.
	 */
	if (!e->u.error && r->sock.local_port_be == 0)
		e->u.error = EADDRNOTAVAIL;
	e->latency_ns = ep && ep->syn_time ? r->hdr.time - ep->syn_time : 0;
	queue_insert(&t->queue, e);
}

static void on_close(struct tracker *t, const struct fl_close *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	if (r->sock.old_state == ST_LISTEN) {
		add_state_event(t, &r->hdr, &r->sock, ep);
		if (ep)
			endpoint_free(&t->endpoints, ep);
		return;
	}
	if (r->sock.old_state == ST_SYN_SENT) {
		add_connect_failed(t, r, ep);
	} else if (r->sock.old_state != ST_SYN_RECV) {	/* which never became a connection */
		e = new_event(t, EVENT_CLOSE, r->hdr.time, &r->sock, ep);
		if (e) {
			fill_close(e, r, ep);
			if (!ep)
				e->role = identify(&r->sock, &r->counts, r->sock.old_state, &e->conn);
			queue_insert(&t->queue, e);
			if (ep)
				ep->close_event = e;
		}
	}
	add_state_event(t, &r->hdr, &r->sock, ep);
	if (ep)
		endpoint_linger(&t->endpoints, ep, r->hdr.time);
}

static void on_state(struct tracker *t, const struct fl_state *r)
{
	add_state_event(t, &r->hdr, &r->sock, endpoint_find(&t->endpoints, r->sock.cookie));
}

static void on_retransmit(struct tracker *t, const struct fl_trouble *r)
{
	struct event *e = new_event(t, EVENT_RETRANSMIT, r->hdr.time, &r->sock,
				    endpoint_find(&t->endpoints, r->sock.cookie));

	if (!e)
		return;
	e->u.retransmit.state = r->sock.state;
	e->u.retransmit.retransmits = r->retransmits;
	queue_insert(&t->queue, e);
}

static void on_reset(struct tracker *t, const struct fl_trouble *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);
	struct event *e;

	/* The answer to a SYN: connect-failed tells it. A listener sends them for strangers' segments. */
	if (r->sock.state == ST_SYN_SENT || r->sock.state == ST_LISTEN)
		return;
	/*
	 * FIN_WAIT to CLOSE looks like an ordinary end; a reset right behind it says that data came for a
	 * socket that nobody would read from.
	 */
	if (ep && ep->close_event)
		ep->close_event->u.close.reason = CLOSE_RESET;
	e = new_event(t, EVENT_RESET, r->hdr.time, &r->sock, ep);
	if (!e)
		return;
	e->u.reset.by_local = r->hdr.type == FL_RESET_SENT;
	e->u.reset.reason = r->reason;
	queue_insert(&t->queue, e);
}

/* --- far ends: sockets outside the filter, told because their peer is inside --------------------- */

static void on_far_client(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = new_endpoint(t, &r->sock);

	if (!ep)
		return;
	ep->role = ROLE_CLIENT;
	ep->guest = true;
	if (r->task.pid)
		set_owner(t, &ep->self.owner, OWNER_CONNECT, &r->sock, &r->task);
	set_owner_of_sock(t, &ep->self.owner, &r->sock);
	/* Should the server's own record, which follows, get lost. */
	endpoint_set_tentative(&t->endpoints, ep, true);
	endpoint_set_conn(&t->endpoints, ep, conn_id(ROLE_CLIENT, r->sock.isn_own, r->sock.isn_other));
}

static void on_far_server(struct tracker *t, const struct fl_state *r)
{
	struct endpoint *ep = new_server(t, &r->sock);

	if (!ep)
		return;
	ep->guest = true;
	borrow_listener(t, ep);
	set_owner_of_sock(t, &ep->self.owner, &r->sock);
	tell_waiting_connect(ep, false);
	if (!ep->peer)
		endpoint_set_tentative(&t->endpoints, ep, true);
}

static void on_far_accept(struct tracker *t, const struct fl_owned *r)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, r->sock.cookie);

	if (!ep)
		return;
	set_owner(t, &ep->self.owner, OWNER_ACCEPT, &r->sock, &r->task);
	tell_waiting_connect(ep, true);
}

static void far_record(struct tracker *t, const struct fl_header *hdr)
{
	if (hdr->type == FL_FAR_CLIENT)
		on_far_client(t, (const struct fl_owned *)hdr);
	else if (hdr->type == FL_ESTABLISHED)
		on_far_server(t, (const struct fl_state *)hdr);
	else if (hdr->type == FL_ACCEPT)
		on_far_accept(t, (const struct fl_owned *)hdr);
}

/* --- in and out --------------------------------------------------------------------------------- */

static void add_lost(struct tracker *t, uint64_t count, uint64_t time)
{
	struct event *e;

	t->lost += count;
	e = queue_new(&t->queue);
	if (!e)
		return;
	e->type = EVENT_LOST;
	e->time = time;
	e->u.lost = count;
	queue_insert(&t->queue, e);
}

void tracker_record(struct tracker *t, const struct fl_header *hdr)
{
	t->records++;
	if (hdr->time > t->last)
		t->last = hdr->time;
	if (hdr->cpu < t->opt.max_cpus && hdr->lost > t->lost_of_cpu[hdr->cpu]) {
		add_lost(t, hdr->lost - t->lost_of_cpu[hdr->cpu], hdr->time);
		t->lost_of_cpu[hdr->cpu] = hdr->lost;
	}
	if (hdr->flags & FL_FAR) {
		far_record(t, hdr);
		return;
	}
	switch (hdr->type) {
	case FL_LISTEN:
		on_listen(t, (const struct fl_owned *)hdr);
		break;
	case FL_SYN_SENT:
		on_syn_sent(t, (const struct fl_owned *)hdr);
		break;
	case FL_ESTABLISHED:
		on_established(t, (const struct fl_state *)hdr);
		break;
	case FL_STATE:
		on_state(t, (const struct fl_state *)hdr);
		break;
	case FL_CLOSE:
		on_close(t, (const struct fl_close *)hdr);
		break;
	case FL_ACCEPT:
		on_accept(t, (const struct fl_owned *)hdr);
		break;
	case FL_RETRANSMIT:
		on_retransmit(t, (const struct fl_trouble *)hdr);
		break;
	case FL_RESET_SENT:
	case FL_RESET_RECEIVED:
		on_reset(t, (const struct fl_trouble *)hdr);
		break;
	}
}

void tracker_snapshot(struct tracker *t, const struct fl_snapshot *s)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, s->sock.cookie);
	uint64_t conn;

	/* A socket that several processes hold: the first in order of pids, mostly the parent. */
	if (ep)
		return;
	ep = new_endpoint(t, &s->sock);
	if (!ep)
		return;
	set_owner(t, &ep->self.owner, OWNER_SNAPSHOT, &s->sock, &s->task);
	if (s->sock.state == ST_LISTEN) {
		endpoint_set_listener(&t->endpoints, ep);
		return;
	}
	if (s->sock.state == ST_SYN_SENT) {
		ep->role = ROLE_CLIENT;
		return;
	}
	ep->established = true;
	ep->role = identify(&s->sock, &s->counts, s->sock.state, &conn);
	if (conn)
		endpoint_set_conn(&t->endpoints, ep, conn);
}

void tracker_lost_total(struct tracker *t, uint64_t lost, uint64_t now)
{
	if (lost > t->lost)
		add_lost(t, lost - t->lost, now);
}

static void forget_event(struct tracker *t, struct event *e)
{
	struct endpoint *ep;

	if (e->waiting_for) {
		e->waiting_for->connect_event = NULL;
		e->waiting_for = NULL;
	}
	if (e->type == EVENT_CLOSE) {
		ep = endpoint_find(&t->endpoints, e->cookie);
		if (ep && ep->close_event == e)
			ep->close_event = NULL;
	}
}

const struct event *tracker_next(struct tracker *t, uint64_t now)
{
	struct event *e;

	if (t->current)
		queue_recycle(&t->queue, t->current);
	t->current = NULL;
	e = queue_pop(&t->queue, now);
	if (!e) {
		endpoint_expire(&t->endpoints, now);
		return NULL;
	}
	forget_event(t, e);
	t->current = e;
	return e;
}

uint64_t tracker_last(const struct tracker *t)
{
	return t->last;
}

bool tracker_pending(const struct tracker *t)
{
	return t->queue.head != NULL;
}

void tracker_get_stats(const struct tracker *t, struct tracker_stats *out)
{
	*out = (struct tracker_stats){
		.records = t->records,
		.lost = t->lost,
		.untracked = t->endpoints.untracked + t->oom,
		.endpoints = HASH_CNT(hh, t->endpoints.by_cookie),
	};
}
