// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From link to link: beyond the first router or bridge a packet has no socket any more, and without
 * a SYN a link tells no conn id. But what enters a namespace by one link and leaves it by another
 * with the same tuple is the same flow, if nothing else there could be it. So the sender, and a
 * conn id, are handed on along the way of the packets, and the receiver against it.
 *
 * Only within a namespace, and only where there is one candidate: the same addresses in two
 * unrelated networks, two bridges of one namespace, or two VLANs, are never taken for one; nor are
 * two connections that had the same ports one after the other.
 */
#include "model/flow_table_internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* More hops than that, and it is known with the next settling. Beyond any sane network's. */
#define HOPS_MAX 64

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
	size_t n;
	UT_hash_handle hh;
};

/* A tuple's flow over one pair: as one of its ends sees it, or as both do. */
struct hop {
	struct entry *e[2]; /* what one knows the other does; [1] may be NULL */
	struct hop *before; /* the one hop that goes on as this one; NULL: none, or who knows */
	struct hop *after, *sibling; /* all those that this one goes on as */
	bool sender_sought, receiver_sought;
};

struct way {
	struct entry **entries; /* in the order of compare() */
	struct hop *hops;       /* in that order too */
	size_t nhops, room;
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

static bool is_tcp(const struct flow *f)
{
	return f->proto == IPPROTO_TCP;
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
	return !is_known(&f->sender) || !is_known(&f->receiver) || (is_tcp(f) && !f->conn);
}

/* --- which flows there are --- */

static struct same *find_same(struct same *all, const struct entry *e)
{
	struct tuple tuple = tuple_of(e);
	struct same *s;

	HASH_FIND_BYHASHVALUE(hh, all, &tuple, sizeof(tuple), e->tuple_hash, s);
	return s;
}

void flow_follow_prepare(struct entry *e)
{
	struct tuple tuple = tuple_of(e);

	HASH_JEN(&tuple, sizeof(tuple), e->tuple_hash);
}

/* What is known of the flows with a tuple of the same hash: two bits. */
enum {
	WANTING = 1, /* some end of one is not known */
	ALONE,       /* … which is the only one */
	SEVERAL,
};

struct hashes {
	uint8_t *known;
	unsigned int shift;
};

static uint8_t *known_of(const struct hashes *h, const struct entry *e)
{
	return &h->known[e->tuple_hash >> h->shift];
}

static bool is_asked_for(const struct entry *e, uint64_t young_since)
{
	return (e->touched || e->flow.first >= young_since) && is_wanting(e);
}

/*
 * Which flows have to be looked at at all: those of a tuple that one is wanting of, and that more
 * than one link has seen. NULL: none, or no memory.
 */
static uint8_t *find_hashes(const struct flow_table *t, uint64_t young_since, struct hashes *h)
{
	unsigned int bits;

	h->known = NULL;
	for (bits = 10; bits < 24 && 1u << bits < 4 * t->nawake; bits++)
		;
	h->shift = 32 - bits;
	for (size_t i = 0; i < t->nawake; i++) {
		const struct entry *e = (const struct entry *)t->rows[i];

		if (!is_asked_for(e, young_since))
			continue;
		if (!h->known && !(h->known = calloc(1u << bits, 1)))
			return NULL;
		*known_of(h, e) = WANTING;
	}
	for (size_t i = 0; h->known && i < t->nawake; i++) {
		const struct entry *e = (const struct entry *)t->rows[i];
		uint8_t *known = known_of(h, e);

		if (!e->rest && *known && *known < SEVERAL)
			++*known;
	}
	return h->known;
}

static struct same *tuples_of_wanting(struct flow_table *t, const struct hashes *h,
				      uint64_t young_since)
{
	struct same *all = NULL, *s;

	for (size_t i = 0; i < t->nawake; i++) {
		struct entry *e = (struct entry *)t->rows[i];

		if (*known_of(h, e) != SEVERAL || !is_asked_for(e, young_since) ||
		    find_same(all, e))
			continue;
		s = calloc(1, sizeof(*s));
		if (!s)
			break;
		s->tuple = tuple_of(e);
		HASH_ADD_BYHASHVALUE(hh, all, tuple, sizeof(s->tuple), e->tuple_hash, s);
	}
	return all;
}

static void gather(struct flow_table *t, const struct hashes *h, struct same *all)
{
	for (size_t i = 0; i < t->nawake; i++) {
		struct entry *e = (struct entry *)t->rows[i];
		struct same *s;

		if (*known_of(h, e) != SEVERAL || e->rest || e->newer || e->flow.fragments)
			continue;
		s = find_same(all, e);
		if (!s)
			continue;
		e->same = s->first;
		s->first = e;
		s->n++;
	}
}

/* --- the hops --- */

static const struct netns *leads_into(const struct flow *f)
{
	return f->egress ? f->link->peer_netns : f->link->netns;
}

static const struct netns *comes_from(const struct flow *f)
{
	return f->egress ? f->link->netns : f->link->peer_netns;
}

static const struct link *pair_of(const struct link *l)
{
	return l->peer && l->peer < l ? l->peer : l;
}

/* Both ends of a pair see the same way through it, one as egress and one as ingress. */
static bool is_forth(const struct flow *f)
{
	return (f->link == pair_of(f->link)) == f->egress;
}

static uint64_t tags_of(const struct entry *e)
{
	return e->key.bits &
	       (FL_BITS_PUT(~0ULL, FL_BITS_TAGGED) | FL_BITS_PUT(~0ULL, FL_BITS_TAGGED2) |
		FL_BITS_PUT(~0ULL, FL_BITS_VLAN) | FL_BITS_PUT(~0ULL, FL_BITS_VLAN2));
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* First by where they lead, so that what arrives in a namespace is found. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	const struct flow *f = &x->flow, *g = &y->flow;
	int c = order((uintptr_t)leads_into(f), (uintptr_t)leads_into(g));

	if (!c)
		c = order((uintptr_t)pair_of(f->link), (uintptr_t)pair_of(g->link));
	if (!c)
		c = order(is_forth(f), is_forth(g));
	return c ? c : order(tags_of(x), tags_of(y));
}

static bool is_same_pair(const struct link *a, const struct link *b)
{
	return a == b || a->peer == b;
}

static bool is_same_connection(const struct entry *a, const struct entry *b)
{
	if (!is_tcp(&a->flow))
		return true;
	if (a->flow.conn && b->flow.conn)
		return a->flow.conn == b->flow.conn;
	if (a->isn_known && b->isn_known)
		return a->isn == b->isn;
	/* What had ended before the SYN was another one. */
	if (a->isn_known)
		return b->flow.last >= a->flow.first;
	if (b->isn_known)
		return a->flow.last >= b->flow.first;
	return true;
}

/* A bridge may add a tag, or take it off, but makes no other of it. */
static bool may_be_same_vlan(const struct flow *a, const struct flow *b)
{
	return !(a->tagged && b->tagged && a->vlan != b->vlan) &&
	       !(a->tagged2 && b->tagged2 && a->vlan2 != b->vlan2);
}

/* Does what `x` brings into a namespace leave it as `y`? */
static bool goes_on_as(const struct entry *x, const struct entry *y)
{
	const struct flow *a = &x->flow, *b = &y->flow;
	const struct netns *there = leads_into(a);
	const struct link *in, *out;

	if (!there || there != comes_from(b) || is_same_pair(a->link, b->link) ||
	    !may_be_same_vlan(a, b) || !is_same_connection(x, y))
		return false;
	in = a->egress ? a->link->peer : a->link;
	out = b->egress ? b->link : b->link->peer;
	/* Two bridges in one namespace are two networks. */
	return !in || !out || !in->master || !out->master || in->master == out->master;
}

static bool is_one_hop(const struct hop *h, const struct entry *e)
{
	return !h->e[1] && h->e[0]->flow.link != e->flow.link &&
	       is_same_pair(h->e[0]->flow.link, e->flow.link) && !compare(&h->e[0], &e) &&
	       is_same_connection(h->e[0], e);
}

static struct hop *first_that_leads_into(const struct way *w, const struct netns *ns)
{
	size_t from = 0, to = w->nhops;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if ((uintptr_t)leads_into(&w->hops[mid].e[0]->flow) < (uintptr_t)ns)
			from = mid + 1;
		else
			to = mid;
	}
	return &w->hops[from];
}

static struct hop *find_before(const struct way *w, const struct hop *h)
{
	const struct netns *ns = comes_from(&h->e[0]->flow);
	struct hop *found = NULL, *end = w->hops + w->nhops;

	if (!ns)
		return NULL;
	for (struct hop *o = first_that_leads_into(w, ns);
	     o < end && leads_into(&o->e[0]->flow) == ns; o++) {
		if (!goes_on_as(o->e[0], h->e[0]))
			continue;
		if (found)
			return NULL;
		found = o;
	}
	return found;
}

static bool make_room(struct way *w, size_t n)
{
	struct entry **entries;
	struct hop *hops;

	if (n <= w->room)
		return true;
	entries = reallocarray(w->entries, n, sizeof(*entries));
	if (entries)
		w->entries = entries;
	hops = reallocarray(w->hops, n, sizeof(*hops));
	if (hops)
		w->hops = hops;
	if (!entries || !hops)
		return false;
	w->room = n;
	return true;
}

static bool make_way(struct way *w, const struct same *s)
{
	size_t n = 0;

	if (!make_room(w, s->n))
		return false;
	for (struct entry *e = s->first; e; e = e->same)
		w->entries[n++] = e;
	qsort(w->entries, n, sizeof(*w->entries), compare);
	w->nhops = 0;
	for (size_t i = 0; i < n; i++) {
		if (w->nhops && is_one_hop(&w->hops[w->nhops - 1], w->entries[i]))
			w->hops[w->nhops - 1].e[1] = w->entries[i];
		else
			w->hops[w->nhops++] = (struct hop){.e = {w->entries[i]}};
	}
	for (size_t i = 0; i < w->nhops; i++) {
		struct hop *h = &w->hops[i], *before = find_before(w, h);

		if (!before)
			continue;
		h->before = before;
		h->sibling = before->after;
		before->after = h;
	}
	return true;
}

/* --- handing on --- */

static void hand_conn(struct flow *to, const struct flow *from)
{
	if (to->conn || !from->conn)
		return;
	to->conn = from->conn;
	to->from_client = from->from_client;
	to->by_tuple = true;
}

static void hand_sender(struct flow *to, const struct flow *from)
{
	if (!is_better(&from->sender, &to->sender))
		return;
	to->sender = from->sender;
	to->by_tuple = true;
}

static void hand_receiver(struct flow *to, const struct flow *from)
{
	if (!is_better(&from->receiver, &to->receiver))
		return;
	to->receiver = from->receiver;
	to->by_tuple = true;
}

static void hand_across(struct hop *h)
{
	for (size_t i = 0; h->e[1] && i < 2; i++) {
		hand_conn(&h->e[i]->flow, &h->e[!i]->flow);
		hand_sender(&h->e[i]->flow, &h->e[!i]->flow);
		hand_receiver(&h->e[i]->flow, &h->e[!i]->flow);
	}
}

static void find_sender(struct hop *h, unsigned int hops)
{
	if (h->sender_sought || hops == HOPS_MAX)
		return;
	h->sender_sought = true;
	if (!h->before)
		return;
	find_sender(h->before, hops + 1);
	for (size_t i = 0; i < 2 && h->e[i]; i++) {
		hand_conn(&h->e[i]->flow, &h->before->e[0]->flow);
		hand_sender(&h->e[i]->flow, &h->before->e[0]->flow);
	}
}

/* A switch may flood: of several ways on, the one that arrives. */
static void find_receiver(struct hop *h, unsigned int hops)
{
	bool one_way = h->after && !h->after->sibling;
	const struct flow *found = NULL;

	if (h->receiver_sought || hops == HOPS_MAX)
		return;
	h->receiver_sought = true;
	for (struct hop *o = h->after; o; o = o->sibling) {
		find_receiver(o, hops + 1);
		if (!one_way && !is_better(&o->e[0]->flow.receiver, &h->e[0]->flow.receiver))
			continue;
		if (found)
			return;
		found = &o->e[0]->flow;
	}
	for (size_t i = 0; found && i < 2 && h->e[i]; i++) {
		hand_conn(&h->e[i]->flow, found);
		hand_receiver(&h->e[i]->flow, found);
	}
}

void flow_follow(struct flow_table *t, uint64_t young_since)
{
	struct hashes h;
	_cleanup_free_ uint8_t *known = find_hashes(t, young_since, &h);
	struct same *all, *s, *tmp;
	struct way w = {0};

	if (!known)
		return;
	all = tuples_of_wanting(t, &h, young_since);
	gather(t, &h, all);
	HASH_ITER (hh, all, s, tmp) {
		if (s->n > 1 && make_way(&w, s)) {
			for (size_t i = 0; i < w.nhops; i++)
				hand_across(&w.hops[i]);
			for (size_t i = 0; i < w.nhops; i++)
				find_sender(&w.hops[i], 0);
			for (size_t i = 0; i < w.nhops; i++)
				find_receiver(&w.hops[i], 0);
		}
		HASH_DEL(all, s);
		free(s);
	}
	free(w.entries);
	free(w.hops);
}
