// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/packet_who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

struct key {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t link;
	uint32_t proto;
};

enum { TOLD_FROM = 1, TOLD_TO = 2, TOLD_CONN = 4 };

struct entry {
	struct key key;
	uint64_t cookie;
	unsigned int told;
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

void packet_who_look(struct packet_who *w, uint32_t link, const struct packet *p, uint64_t cookie,
		     struct packet_ends *out)
{
	struct key reversed = key_of(link, p, true);
	unsigned int known;
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
	known = (out->from ? TOLD_FROM : 0) | (out->to ? TOLD_TO : 0) | (out->conn ? TOLD_CONN : 0);
	out->news = known & ~e->told;
	e->told |= known;
}
