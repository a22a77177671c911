// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

int tracker_new(struct tracker **out, const struct tracker_options *options)
{
	struct tracker *t = calloc(1, sizeof(*t) + options->max_cpus * sizeof(t->lost_of_cpu[0]));

	if (!t)
		return -ENOMEM;
	t->opt = *options;
	t->endpoints.linger_ns = options->linger_ns;
	t->datagrams.linger_ns = options->linger_ns;
	t->endpoints.linger_many_ns = options->linger_many_ns;
	*out = t;
	return 0;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	free(t->current);
	endpoints_free(&t->endpoints);
	endpoints_free(&t->datagrams);
	queue_free(&t->queue);
	free(t);
}

static void add_lost(struct tracker *t, uint64_t count, uint64_t time)
{
	struct event *e;

	t->lost += count;
	if (t->opt.quiet)
		return;
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
		tracker_on_far(t, hdr);
		return;
	}
	switch (hdr->type) {
	case FL_LISTEN:
		tracker_on_listen(t, (const struct fl_owned *)hdr);
		break;
	case FL_SYN_SENT:
		tracker_on_syn_sent(t, (const struct fl_owned *)hdr);
		break;
	case FL_ESTABLISHED:
		tracker_on_established(t, (const struct fl_state *)hdr);
		break;
	case FL_STATE:
		tracker_on_state(t, (const struct fl_state *)hdr);
		break;
	case FL_CLOSE:
		tracker_on_close(t, (const struct fl_close *)hdr);
		break;
	case FL_ACCEPT:
		tracker_on_accept(t, (const struct fl_owned *)hdr);
		break;
	case FL_RETRANSMIT:
		tracker_on_retransmit(t, (const struct fl_trouble *)hdr);
		break;
	case FL_RESET_SENT:
	case FL_RESET_RECEIVED:
		tracker_on_reset(t, (const struct fl_trouble *)hdr);
		break;
	}
}

static void snapshot_tcp(struct tracker *t, const struct fl_snapshot *s)
{
	struct endpoint *ep = endpoint_find(&t->endpoints, s->sock.cookie);
	uint64_t conn;

	/* A socket that several processes hold: the first in order of pids, mostly the parent. */
	if (ep)
		return;
	ep = tracker_new_endpoint(t, &s->sock);
	if (!ep)
		return;
	tracker_set_owner(t, &ep->self.owner, OWNER_SNAPSHOT, &s->sock, &s->task);
	if (s->sock.state == ST_LISTEN) {
		endpoint_set_listener(&t->endpoints, ep);
		return;
	}
	if (s->sock.state == ST_SYN_SENT) {
		ep->role = ROLE_CLIENT;
		return;
	}
	ep->established = true;
	ep->role = tracker_identify(&s->sock, &s->counts, s->sock.state, &conn);
	if (conn)
		endpoint_set_conn(&t->endpoints, ep, conn);
}

static void snapshot_datagram(struct tracker *t, const struct fl_snapshot *s)
{
	struct endpoint *ep;

	ep = endpoint_find(&t->datagrams, s->sock.cookie);
	if (ep && !ep->closed)
		return;
	ep = tracker_new_datagram(t, &s->sock);
	if (!ep)
		return;
	tracker_set_owner(t, &ep->self.owner, OWNER_SNAPSHOT, &s->sock, &s->task);
	if (s->protocol == IPPROTO_UDP && ep->self.local.port)
		endpoint_set_listener(&t->datagrams, ep);
}

void tracker_forget_datagrams(struct tracker *t)
{
	endpoints_free(&t->datagrams);
}

void tracker_retire_datagrams(struct tracker *t, uint64_t now)
{
	struct endpoint *ep;
	size_t at = 0;

	endpoint_expire(&t->datagrams, now);
	while ((ep = index_any(&t->datagrams.by_cookie, &at)))
		endpoint_retire(&t->datagrams, ep, now);
}

const struct endpoint *tracker_endpoint(const struct tracker *t, uint64_t cookie)
{
	const struct endpoint *ep = endpoint_find(&t->endpoints, cookie);

	return ep ? ep : endpoint_find(&t->datagrams, cookie);
}

const struct endpoint *tracker_connection(const struct tracker *t, uint64_t conn, enum role role)
{
	return endpoint_of_conn(&t->endpoints, conn, role);
}

const struct endpoint *tracker_udp(const struct tracker *t, uint64_t netns_cookie,
				   const struct addr_port *local)
{
	return endpoint_listener(&t->datagrams, netns_cookie, local);
}

void tracker_snapshot(struct tracker *t, const struct fl_snapshot *s)
{
	if (s->protocol != IPPROTO_TCP) {
		snapshot_datagram(t, s);
		return;
	}
	snapshot_tcp(t, s);
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

static void keep_party(const struct keeper *k, const struct party *p)
{
	keeper_netns(k, p->netns);
	keeper_cgroup(k, p->owner.cgroup);
}

static void keep_endpoints(const struct endpoints *e, const struct keeper *k)
{
	const struct endpoint *ep;
	size_t at = 0;

	while ((ep = index_any(&e->by_cookie, &at)))
		keep_party(k, &ep->self);
}

static void keep_event(const struct event *e, const struct keeper *k)
{
	keep_party(k, &e->self);
	keep_party(k, &e->peer);
}

void tracker_keep(const struct tracker *t, const struct keeper *k)
{
	keep_endpoints(&t->endpoints, k);
	keep_endpoints(&t->datagrams, k);
	if (t->current)
		keep_event(t->current, k);
	for (const struct event *e = t->queue.head; e; e = e->next)
		keep_event(e, k);
}

void tracker_get_stats(const struct tracker *t, struct tracker_stats *out)
{
	*out = (struct tracker_stats){
		.records = t->records,
		.lost = t->lost,
		.untracked = t->endpoints.untracked + t->oom,
		.endpoints = t->endpoints.by_cookie.n,
	};
}
