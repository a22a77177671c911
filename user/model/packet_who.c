// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct key {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t link;
	uint32_t proto;
};

/* What was said of an end: the same ports may be another socket's next, and owners come later. */
struct told {
	uint64_t cookie;
	uint32_t pid;
};

struct entry {
	struct key key;
	uint64_t cookie;
	struct told from, to;
	uint64_t conn;
	UT_hash_handle hh;
};

struct packet_who {
	const struct tracker *tracker;
	struct entry *entries;
};

int packet_who_new(struct packet_who **out, const struct tracker *tracker)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->tracker = tracker;
	return 0;
}

void packet_who_forget(struct packet_who *w)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, w->entries, e, tmp) {
		HASH_DEL(w->entries, e);
		free(e);
	}
}

void packet_who_free(struct packet_who *w)
{
	if (!w)
		return;
	packet_who_forget(w);
	free(w);
}

static struct entry *find(const struct packet_who *w, const struct key *key)
{
	struct entry *e;

	HASH_FIND (hh, w->entries, key, sizeof(*key), e)
		;
	return e;
}

static struct key key_of(uint32_t link, const struct packet *p, bool reversed)
{
	struct key k;

	memset(&k, 0, sizeof(k)); /* it is hashed whole */
	k.src = reversed ? p->dst : p->src;
	k.dst = reversed ? p->src : p->dst;
	k.sport = reversed ? p->dst_port : p->src_port;
	k.dport = reversed ? p->src_port : p->dst_port;
	k.link = link;
	k.proto = p->proto;
	return k;
}

static struct entry *entry_of(struct packet_who *w, uint32_t link, const struct packet *p)
{
	struct key key = key_of(link, p, false);
	struct entry *e = find(w, &key);

	if (e)
		return e;
	if (HASH_COUNT(w->entries) >= PACKET_WHO_MAX)
		packet_who_forget(w);
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = key;
	HASH_ADD(hh, w->entries, key, sizeof(e->key), e);
	return e;
}

static const struct endpoint *endpoint_of(const struct packet_who *w, const struct entry *e)
{
	return e && e->cookie ? tracker_endpoint(w->tracker, e->cookie) : NULL;
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

static bool tell(struct entry *e, const struct packet_ends *ends)
{
	bool from = is_new(&e->from, ends->from);
	bool to = is_new(&e->to, ends->to);
	bool conn = ends->conn && ends->conn != e->conn;

	if (conn)
		e->conn = ends->conn;
	return from || to || conn;
}

void packet_who_look(struct packet_who *w, uint32_t link, const struct packet *p, uint64_t cookie,
		     struct packet_ends *out)
{
	struct key reversed = key_of(link, p, true);
	struct entry *e;

	*out = (struct packet_ends){0};
	if (!p->ip_version)
		return;
	e = entry_of(w, link, p);
	if (!e)
		return;
	if (cookie)
		e->cookie = cookie;
	out->from = endpoint_of(w, e);
	out->to = endpoint_of(w, find(w, &reversed));
	if (!out->to && out->from)
		out->to = out->from->peer;
	if (!out->from && out->to)
		out->from = out->to->peer;
	if (out->from)
		out->conn = out->from->key.conn;
	else if (out->to)
		out->conn = out->to->key.conn;
	out->news = tell(e, out);
}
