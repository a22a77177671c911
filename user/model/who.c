// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/who_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/tracker_internal.h"

#define ST_NEW_SYN_RECV 12

int who_new(struct who **out, const struct who_options *o)
{
	struct who *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->opt = *o;
	*out = w;
	return 0;
}

void who_free(struct who *w)
{
	struct who_socket *s, *tmp;

	if (!w)
		return;
	HASH_CLEAR(hh_tuple, w->by_tuple);
	HASH_CLEAR(hh_conn, w->by_conn);
	HASH_ITER (hh, w->sockets, s, tmp) {
		HASH_DEL(w->sockets, s);
		free(s->pids);
		free(s);
	}
	endpoints_free(&w->listeners);
	for (size_t i = 0; i < w->n; i++)
		free(w->rows[i]);
	free(w->rows);
	free(w);
}

size_t who_count(const struct who *w)
{
	return HASH_COUNT(w->sockets);
}

/* --- one socket --- */

static void set_counts(struct who_socket *k, const struct fl_counts *c)
{
	k->counted = true;
	tracker_payload(c, k->state, k->role, &k->tx_bytes, &k->rx_bytes);
	k->srtt_us = c->srtt_us;
	k->min_rtt_us = c->min_rtt_us;
	k->retransmits = c->retransmits;
}

static void identify(struct who_socket *k, const struct fl_snapshot *s)
{
	k->role = ROLE_UNKNOWN;
	k->conn = 0;
	if (s->sock.state == ST_LISTEN) {
		k->role = ROLE_LISTENER;
	} else if (s->sock.state == ST_SYN_SENT) {
		k->role = ROLE_CLIENT;
	} else if (s->sock.state == ST_NEW_SYN_RECV) {
		k->role = ROLE_SERVER;
		k->conn = conn_id(ROLE_SERVER, s->sock.isn_own, s->sock.isn_other);
	} else if (!s->mini) {
		k->role = tracker_identify(&s->sock, &s->counts, s->sock.state, &k->conn);
	}
}

/* All that may change while the socket lives. */
static void set_facts(struct who *w, struct who_socket *k, const struct fl_snapshot *s)
{
	tracker_set_tuple(&k->self, &s->sock);
	k->state = s->sock.state == ST_NEW_SYN_RECV ? ST_SYN_RECV : s->sock.state;
	k->held = s->held;
	if (s->protocol != IPPROTO_TCP)
		return;
	identify(k, s);
	if (s->sock.state == ST_LISTEN) {
		k->queued = s->queued;
		k->backlog = s->backlog;
	} else if (!s->mini && s->sock.state != ST_SYN_SENT) {
		set_counts(k, &s->counts);
	}
	k->idle_ms =
		s->idle == FL_IDLE_UNKNOWN ? WHO_IDLE_UNKNOWN : s->idle * w->opt.jiffy_ns / 1000000;
}

static void set_owner(struct who *w, struct who_socket *k, const struct fl_snapshot *s)
{
	const struct resolver *r = &w->opt.resolver;
	struct owner *o = &k->self.owner;

	o->cgroup = r->cgroup(r->ctx, k->self.netns, s->sock.cgroup, s->task.cgroup, s->task.pid);
	if (!s->task.pid)
		return;
	o->source = OWNER_SNAPSHOT;
	o->pid = s->task.pid;
	o->tid = s->task.tid;
	o->ppid = s->task.ppid;
	o->uid = s->task.uid;
	memcpy(o->comm, s->task.comm, OWNER_COMM_LEN);
	o->comm[OWNER_COMM_LEN] = '\0';
}

/* Processes come in the order of their pids, so that the first is mostly the parent. */
static int add_holder(struct who_socket *k, uint32_t pid)
{
	uint32_t *grown;

	for (unsigned int i = k->npids; i > 0; i--)
		if (k->pids[i - 1] == pid) /* by another descriptor */
			return 0;
	grown = reallocarray(k->pids, k->npids + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	k->pids = grown;
	k->pids[k->npids++] = pid;
	return 0;
}

static struct who_socket *new_socket(struct who *w, const struct fl_snapshot *s)
{
	const struct resolver *r = &w->opt.resolver;
	struct who_socket *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->cookie = s->sock.cookie;
	k->netns_cookie = s->sock.netns_cookie;
	k->self.netns = r->netns(r->ctx, s->sock.netns_inum, s->sock.netns_cookie);
	k->protocol = (uint8_t)s->protocol;
	k->idle_ms = WHO_IDLE_UNKNOWN;
	HASH_ADD(hh, w->sockets, cookie, sizeof(k->cookie), k);
	return k;
}

int who_add(struct who *w, const struct fl_snapshot *s)
{
	uint64_t cookie = s->sock.cookie;
	struct who_socket *k;

	if (s->protocol != IPPROTO_TCP && s->protocol != IPPROTO_UDP)
		return 0;
	if (s->protocol == IPPROTO_TCP && s->sock.state == ST_CLOSE)
		return 0;
	/* Neither bound nor connected: nobody can talk to it. */
	if (s->protocol == IPPROTO_UDP && !s->sock.local_port_be)
		return 0;
	HASH_FIND (hh, w->sockets, &cookie, sizeof(cookie), k)
		;
	if (!k) {
		k = new_socket(w, s);
		if (!k)
			return -ENOMEM;
		set_facts(w, k, s);
		set_owner(w, k, s);
	} else if (!s->task.pid) {
		set_facts(w, k, s);
	}
	return s->task.pid ? add_holder(k, s->task.pid) : 0;
}

/* --- of rows --- */

struct who_row **who_rows(struct who *w, size_t *n)
{
	*n = w->n;
	return w->rows;
}

unsigned int who_ends(const struct who_row *r, const struct who_socket *out[WHO_ENDS_MAX])
{
	const struct who_socket *all[] = {r->client, r->front, r->back, r->server, r->end};
	unsigned int n = 0;

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			out[n++] = all[i];
	return n;
}

void who_tuple(const struct who_row *r, struct who_tuple *out)
{
	/* Whoever talks to the client, and to the server; the same two unless there is a proxy. */
	const struct who_socket *c = r->client, *s = r->server;
	const struct who_socket *to_client = r->front ? r->front : s;
	const struct who_socket *to_server = r->back ? r->back : c;

	*out = (struct who_tuple){0};
	if (r->end) {
		out->client = out->client_seen = r->end->self.local;
		out->server = out->server_seen = r->end->self.remote;
		return;
	}
	out->client_seen = to_client ? to_client->self.remote : c->self.local;
	out->client = c ? c->self.local : out->client_seen;
	out->server = s ? s->self.local : to_server->self.remote;
	out->server_seen = c ? c->self.remote : (r->front ? r->front->self.local : out->server);
}

bool who_is_proxy(const struct owner *o)
{
	return o->source != OWNER_UNKNOWN &&
	       (!strcmp(o->comm, "docker-proxy") || !strcmp(o->comm, "rootlessport") ||
		!strcmp(o->comm, "rootlessport-ch")); /* "rootlessport-child", cut */
}
