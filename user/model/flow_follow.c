// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From link to link: beyond the first router or bridge a packet has no socket any more, and without
 * a SYN a link tells no conn id. But what enters a namespace by one link and leaves it by another
 * with the same tuple is the same flow, if nothing else there could be it. So the sender, and a
 * conn id, are handed on along the way of the packets, and the receiver against it.
 *
 * Only within a namespace, and only where there is one candidate: the same addresses in two
 * unrelated networks, or two bridges of one namespace, are never taken for one.
 */
#include "model/flow_table_internal.h"

#include <stdlib.h>
#include <string.h>

/* A packet that has gone so far has gone in a circle. */
#define HOPS_MAX 16

struct tuple {
	uint8_t src[16], dst[16];
	uint16_t sport_be, dport_be;
	uint8_t kind, proto;
	uint8_t pad[2];
};

/* Flows of one tuple, on all links. */
struct same {
	struct tuple tuple;
	struct entry *first;
	UT_hash_handle hh;
};

static struct tuple tuple_of(const struct entry *e)
{
	struct tuple t = {.sport_be = e->key.sport_be,
			  .dport_be = e->key.dport_be,
			  .kind = e->flow.kind,
			  .proto = e->flow.proto};

	memcpy(t.src, e->key.src, sizeof(t.src));
	memcpy(t.dst, e->key.dst, sizeof(t.dst));
	return t;
}

static bool is_known(const struct flow_end *end)
{
	return end->owner.source != OWNER_UNKNOWN;
}

/* Without a process, the container at least. */
static bool is_better(const struct flow_end *end, const struct flow_end *than)
{
	if (is_known(end))
		return !is_known(than);
	return end->owner.cgroup && !is_known(than) && !than->owner.cgroup;
}

static bool is_wanting(const struct entry *e)
{
	const struct flow *f = &e->flow;

	if (e->rest || f->fragments || (f->kind != FL_FLOW_IPV4 && f->kind != FL_FLOW_IPV6))
		return false;
	return !is_known(&f->sender) || !is_known(&f->receiver);
}

/* --- which flows there are --- */

static struct same *find_same(struct same *all, const struct entry *e)
{
	struct tuple tuple = tuple_of(e);
	struct same *s;

	HASH_FIND (hh, all, &tuple, sizeof(tuple), s)
		;
	return s;
}

static struct same *tuples_of_wanting(struct flow_table *t, uint64_t young_since)
{
	struct same *all = NULL, *s;

	for (size_t i = 0; i < t->nrows; i++) {
		struct entry *e = (struct entry *)t->rows[i];

		if ((!e->touched && e->flow.first < young_since) || !is_wanting(e) ||
		    find_same(all, e))
			continue;
		s = calloc(1, sizeof(*s));
		if (!s)
			break;
		s->tuple = tuple_of(e);
		HASH_ADD(hh, all, tuple, sizeof(s->tuple), s);
	}
	return all;
}

static void gather(struct flow_table *t, struct same *all)
{
	for (size_t i = 0; i < t->nrows; i++) {
		struct entry *e = (struct entry *)t->rows[i];
		struct same *s = e->rest || e->newer ? NULL : find_same(all, e);

		if (!s)
			continue;
		e->same = s->first;
		s->first = e;
	}
}

/* --- the way --- */

static const struct netns *leads_into(const struct flow *f)
{
	return f->egress ? f->link->peer_netns : f->link->netns;
}

static const struct netns *comes_from(const struct flow *f)
{
	return f->egress ? f->link->netns : f->link->peer_netns;
}

static bool is_same_pair(const struct link *a, const struct link *b)
{
	return a == b || a->peer == b;
}

/* Does what `a` brings into a namespace leave it as `b`? */
static bool goes_on_as(const struct flow *a, const struct flow *b)
{
	const struct netns *there = leads_into(a);
	const struct link *in, *out;

	if (!there || there != comes_from(b) || is_same_pair(a->link, b->link))
		return false;
	in = a->egress ? a->link->peer : a->link;
	out = b->egress ? b->link : b->link->peer;
	/* Two bridges in one namespace are two networks. */
	return !in || !out || !in->master || !out->master || in->master == out->master;
}

/* The one flow that goes on as `e`; NULL: none, or who knows. */
static struct entry *before(const struct same *s, const struct entry *e)
{
	struct entry *found = NULL;

	for (struct entry *o = s->first; o; o = o->same) {
		if (o == e || !goes_on_as(&o->flow, &e->flow))
			continue;
		if (found && !is_same_pair(found->flow.link, o->flow.link))
			return NULL;
		if (!found || !is_known(&found->flow.sender))
			found = o;
	}
	return found;
}

static void hand_conn(struct flow *to, const struct flow *from)
{
	if (to->conn || !from->conn)
		return;
	to->conn = from->conn;
	to->from_client = from->from_client;
	to->by_tuple = true;
}

static void find_sender(const struct same *s, struct entry *e, unsigned int hops)
{
	struct entry *o;

	if (is_known(&e->flow.sender) || hops == HOPS_MAX)
		return;
	o = before(s, e);
	if (!o)
		return;
	find_sender(s, o, hops + 1);
	hand_conn(&e->flow, &o->flow);
	if (is_better(&o->flow.sender, &e->flow.sender)) {
		e->flow.sender = o->flow.sender;
		e->flow.by_tuple = true;
	}
}

/* A switch may flood: of several ways on, the one that arrives. */
static void find_receiver(const struct same *s, struct entry *e, unsigned int hops)
{
	const struct flow *found = NULL;

	if (is_known(&e->flow.receiver) || hops == HOPS_MAX)
		return;
	for (struct entry *o = s->first; o; o = o->same) {
		if (o == e || !goes_on_as(&e->flow, &o->flow) || before(s, o) == NULL)
			continue;
		find_receiver(s, o, hops + 1);
		if (!is_better(&o->flow.receiver, &e->flow.receiver))
			continue;
		if (found && !is_same_pair(found->link, o->flow.link))
			return;
		found = &o->flow;
	}
	if (!found)
		return;
	e->flow.receiver = found->receiver;
	e->flow.by_tuple = true;
	hand_conn(&e->flow, found);
}

void flow_follow(struct flow_table *t, uint64_t young_since)
{
	struct same *all = tuples_of_wanting(t, young_since), *s, *tmp;

	if (!all)
		return;
	gather(t, all);
	HASH_ITER (hh, all, s, tmp) {
		for (struct entry *e = s->first; e; e = e->same) {
			find_sender(s, e, 0);
			find_receiver(s, e, 0);
		}
		HASH_DEL(all, s);
		free(s);
	}
}
