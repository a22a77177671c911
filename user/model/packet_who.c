// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/index.h"

/* A connection: both directions are found by one search. */
struct key {
	struct addr_port end[2]; /* in the order of their bytes */
	uint32_t link;
	uint32_t proto;
};

/* What was said of an end: the same ports may be another socket's next, and owners come later. */
struct told {
	uint64_t cookie;
	uint32_t pid;
};

/* Packets of one direction. */
struct flow {
	uint64_t cookie; /* of the socket that sends them; 0: none was seen */
	struct told from, to;
	uint64_t conn;
};

struct entry {
	struct key key;
	struct flow flows[2]; /* from key.end[0], from key.end[1] */
};

/*
 * Entries live in one of two tables. The young one takes those that are new or used; when it is
 * full the old one, of what was not used all that time, is dropped whole and they change places. So
 * the memory stays where it is, and nothing has to be sorted by age.
 */
struct table {
	struct entry *entries; /* PACKET_WHO_MAX / 2 of them */
	unsigned int n;
	struct index by_key;
};

struct packet_who {
	const struct tracker *tracker;
	struct table young, old;
};

static void clear(struct table *t)
{
	index_clear(&t->by_key);
	t->n = 0;
}

void packet_who_forget(struct packet_who *w)
{
	clear(&w->young);
	clear(&w->old);
}

void packet_who_free(struct packet_who *w)
{
	if (!w)
		return;
	index_free(&w->young.by_key);
	index_free(&w->old.by_key);
	free(w->young.entries);
	free(w->old.entries);
	free(w);
}

int packet_who_new(struct packet_who **out, const struct tracker *tracker)
{
	struct packet_who *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->tracker = tracker;
	/* Pages of it come when they are used. */
	w->young.entries = calloc(PACKET_WHO_MAX / 2, sizeof(struct entry));
	w->old.entries = calloc(PACKET_WHO_MAX / 2, sizeof(struct entry));
	if (!w->young.entries || !w->old.entries) {
		packet_who_free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

/* Which of the flows the packet is of: 0 or 1. */
static unsigned int key_of(struct key *k, uint32_t link, const struct packet *p)
{
	unsigned int from;

	memset(k, 0, sizeof(*k)); /* it is hashed whole */
	k->link = link;
	k->proto = p->proto;
	from = memcmp(&p->src, &p->dst, sizeof(p->src)) > 0;
	if (p->src_port != p->dst_port && addr_equal(&p->src, &p->dst))
		from = p->src_port > p->dst_port;
	k->end[from].addr = p->src;
	k->end[from].port = p->src_port;
	k->end[!from].addr = p->dst;
	k->end[!from].port = p->dst_port;
	return from;
}

static void grow_older(struct packet_who *w)
{
	struct table t = w->old;

	clear(&t);
	w->old = w->young;
	w->young = t;
}

static struct entry *find(const struct table *t, const struct key *key, uint32_t hash)
{
	struct entry *e;
	size_t at;

	for (e = index_first(&t->by_key, hash, &at); e && memcmp(&e->key, key, sizeof(*key));
	     e = index_next(&t->by_key, hash, &at))
		;
	return e;
}

/* NULL: no memory. */
static struct entry *entry_of(struct packet_who *w, const struct key *key)
{
	uint32_t hash = hash_bytes(key, sizeof(*key));
	struct entry *e = find(&w->young, key, hash), *before;

	if (e)
		return e;
	if (w->young.n == PACKET_WHO_MAX / 2)
		grow_older(w);
	before = find(&w->old, key, hash);
	e = &w->young.entries[w->young.n];
	if (!index_add(&w->young.by_key, hash, e))
		return NULL;
	w->young.n++;
	*e = (struct entry){.key = *key};
	if (before)
		memcpy(e->flows, before->flows, sizeof(e->flows));
	return e;
}

static const struct endpoint *sender_of(const struct packet_who *w, const struct flow *f)
{
	return f->cookie ? tracker_endpoint(w->tracker, f->cookie) : NULL;
}

static bool is_new(struct told *t, const struct endpoint *ep)
{
	struct told now;

	if (!ep)
		return false;
	now.cookie = ep->cookie;
	now.pid = ep->self.owner.source == OWNER_UNKNOWN ? 0 : ep->self.owner.pid;
	if (t->cookie == now.cookie && t->pid == now.pid)
		return false;
	*t = now;
	return true;
}

static bool tell(struct flow *f, const struct packet_ends *ends)
{
	bool from = is_new(&f->from, ends->from);
	bool to = is_new(&f->to, ends->to);
	bool conn = ends->conn && ends->conn != f->conn;

	if (conn)
		f->conn = ends->conn;
	return from || to || conn;
}

void packet_who_look(struct packet_who *w, uint32_t link, const struct packet *p, uint64_t cookie,
		     struct packet_ends *out)
{
	struct flow *flow, *answers;
	struct entry *e;
	unsigned int from;
	struct key key;

	*out = (struct packet_ends){0};
	if (!p->ip_version)
		return;
	from = key_of(&key, link, p);
	e = entry_of(w, &key);
	if (!e)
		return;
	flow = &e->flows[from];
	/* From an address and port to the same: each answers itself. */
	answers = addr_equal(&p->src, &p->dst) && p->src_port == p->dst_port ? flow
									     : &e->flows[!from];
	if (cookie)
		flow->cookie = cookie;
	out->from = sender_of(w, flow);
	out->to = sender_of(w, answers);
	if (!out->to && out->from)
		out->to = out->from->peer;
	if (!out->from && out->to)
		out->from = out->to->peer;
	if (out->from)
		out->conn = out->from->key.conn;
	else if (out->to)
		out->conn = out->to->key.conn;
	out->news = tell(flow, out);
}
