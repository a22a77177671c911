// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/tracker_internal.h"

#include <arpa/inet.h>
#include <string.h>

void tracker_set_tuple(struct party *p, const struct fl_sock *s)
{
	p->local.addr = addr_make(s->family, s->local_addr);
	p->local.port = ntohs(s->local_port_be);
	p->remote.addr = addr_make(s->family, s->remote_addr);
	p->remote.port = ntohs(s->remote_port_be);
}

static const struct netns *netns_of(struct tracker *t, const struct fl_sock *s)
{
	return t->opt.resolver.netns(t->opt.resolver.ctx, s->netns_inum, s->netns_cookie);
}

static void set_netns(struct tracker *t, struct party *p, const struct fl_sock *s)
{
	p->netns = netns_of(t, s);
}

/* What the socket alone tells of its owner: the container, where it was made in one. */
void tracker_set_owner_of_sock(struct tracker *t, struct owner *o, const struct fl_sock *s)
{
	if (o->source == OWNER_UNKNOWN && !o->cgroup)
		o->cgroup = t->opt.resolver.cgroup(t->opt.resolver.ctx, netns_of(t, s), s->cgroup,
						   0, 0);
}

void tracker_set_owner(struct tracker *t, struct owner *o, enum owner_source source,
		       const struct fl_sock *s, const struct fl_task *task)
{
	o->source = source;
	o->pid = task->pid;
	o->tid = task->tid;
	o->ppid = task->ppid;
	o->uid = task->uid;
	memcpy(o->comm, task->comm, OWNER_COMM_LEN);
	o->comm[OWNER_COMM_LEN] = '\0';
	o->cgroup = t->opt.resolver.cgroup(t->opt.resolver.ctx, netns_of(t, s), s->cgroup,
					   task->cgroup, task->pid);
}

static struct endpoint *new_endpoint(struct tracker *t, struct endpoints *into,
				     const struct fl_sock *s)
{
	struct endpoint *ep = endpoint_add(into, s->cookie);

	if (!ep)
		return NULL;
	ep->netns_cookie = s->netns_cookie;
	set_netns(t, &ep->self, s);
	tracker_set_tuple(&ep->self, s);
	return ep;
}

struct endpoint *tracker_new_endpoint(struct tracker *t, const struct fl_sock *s)
{
	return new_endpoint(t, &t->endpoints, s);
}

struct endpoint *tracker_new_datagram(struct tracker *t, const struct fl_sock *s)
{
	return new_endpoint(t, &t->datagrams, s);
}

void tracker_set_peer(struct event *e, const struct endpoint *peer)
{
	e->peer = peer->self;
	e->has_peer = true;
}

/*
 * An event about a socket; its endpoint tells who, where it is known, and otherwise the socket
 * itself. The tuple of a record is newer than the endpoint's: connect(2) chooses the local port
 * after SYN_SENT.
 */
struct event *tracker_new_event(struct tracker *t, enum event_type type, uint64_t time,
				const struct fl_sock *s, const struct endpoint *ep)
{
	struct event *e;

	if (t->opt.quiet)
		return NULL;
	e = queue_new(&t->queue);
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
			tracker_set_peer(e, ep->peer);
	} else {
		set_netns(t, &e->self, s);
	}
	tracker_set_tuple(&e->self, s);
	tracker_set_owner_of_sock(t, &e->self.owner, s);
	return e;
}

void tracker_add_state_event(struct tracker *t, const struct fl_header *hdr,
			     const struct fl_sock *s, const struct endpoint *ep)
{
	struct event *e;

	if (!t->opt.states || s->old_state == s->state)
		return;
	e = tracker_new_event(t, EVENT_STATE, hdr->time, s, ep);
	if (!e)
		return;
	e->u.state.from = s->old_state;
	e->u.state.to = s->state;
	queue_insert(&t->queue, e);
}
