// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pieces of flows, as they are read: which flow is each one's? Of several connections between the
 * same ports that is told by the numbers of their SYNs, and else by time.
 */
#include "model/flow_table_internal.h"

#include <netinet/in.h>
#include <stdlib.h>

static bool is_tcp(const struct fl_flow_key *k)
{
	uint64_t kind = FL_BITS_GET(k->bits, FL_BITS_KIND);

	return (kind == FL_FLOW_IPV4 || kind == FL_FLOW_IPV6) &&
	       FL_BITS_GET(k->bits, FL_BITS_PROTO) == IPPROTO_TCP;
}

static struct entry *new_row(struct flow_table *t, struct watched *w)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e || !flow_rows_add(t, e)) {
		free(e);
		return NULL;
	}
	e->w = w;
	w->entries++;
	e->flow.link = link_get(w->link);
	return e;
}

/* What finds no room of its own: one flow for each link and direction, so that totals stay right.
 */
static struct entry *rest_of(struct flow_table *t, struct watched *w, bool egress)
{
	struct entry *e = w->rest[egress];

	if (e)
		return e;
	e = new_row(t, w);
	if (!e)
		return NULL;
	e->rest = true;
	e->flow.egress = egress;
	e->flow.kind = FLOW_REST;
	w->rest[egress] = e;
	t->nrests++;
	return e;
}

static struct entry *new_entry(struct flow_table *t, struct watched *w,
			       const struct fl_flow_key *key)
{
	struct entry *e = t->nrows - t->nrests < t->opt.max ? new_row(t, w) : NULL;

	if (!e)
		return NULL;
	e->key = *key;
	flow_describe(&e->flow, key);
	flow_follow_prepare(e);
	return e;
}

/* Another connection between the same ports, between an earlier and a later one; not both NULL. */
static struct entry *insert(struct flow_table *t, struct watched *w, struct entry *older,
			    struct entry *newer)
{
	struct entry *n = new_entry(t, w, newer ? &newer->key : &older->key);

	if (!n)
		return NULL;
	n->older = older;
	n->newer = newer;
	if (older) {
		older->newer = n;
		flow_rows_wake(t, older); /* it has ended */
	}
	if (newer) {
		newer->older = n;
		return n;
	}
	flow_table_replace(t, older, n);
	return n;
}

/*
 * Which of the connections between these ports does a piece with a SYN belong to? `e` is the
 * newest. Pieces of one reading, from several CPUs, come in any order.
 */
static struct entry *choose(struct flow_table *t, struct watched *w, struct entry *e,
			    const struct fl_flow_count *c)
{
	struct entry *o, *newer = NULL;

	for (o = e; o; o = o->older)
		if (o->isn_known && o->isn == c->isn)
			return o;
	for (o = e; o && c->first <= o->flow.first; o = o->older)
		newer = o;
	/* Its SYN was still missing. */
	if (newer && !newer->isn_known)
		return newer;
	return insert(t, w, o, newer);
}

/* What passes the link, as a packet socket on it sees. */
static struct amount amount_on(const struct link *l, const struct fl_flow_key *k,
			       const struct fl_flow_count *c)
{
	if (l->cuts_segments && FL_BITS_GET(k->bits, FL_BITS_EGRESS) && is_tcp(k))
		return (struct amount){c->segments, c->bytes + c->header_bytes};
	return (struct amount){c->packets, c->bytes};
}

static void add(struct flow_table *t, struct entry *e, const struct fl_flow_count *c,
		const struct amount *a)
{
	struct flow *f = &e->flow;

	/* A connection begins with its SYN: what has none may have begun in the one before. */
	if (!f->first || (c->first < f->first && (c->isn_known || !e->isn_known)))
		f->first = c->first;
	if (c->last > f->last)
		f->last = c->last;
	f->packets += a->packets;
	f->bytes += a->bytes;
	f->segments += c->segments;
	f->tcp_flags |= c->tcp_flags;
	if (c->isn_known > e->isn_known) {
		e->isn = c->isn;
		e->isn_other = c->isn_other;
		e->isn_known = c->isn_known;
	}
	/* A stray answer (RST, TIME_WAIT) comes from a socket of the kernel's own. */
	if (c->cookie && c->cookie != e->cookie &&
	    (!e->cookie || !tracker_endpoint(t->opt.tracker, e->cookie)))
		e->cookie = c->cookie;
	if (c->cgroup && !e->cgroup)
		e->cgroup = c->cgroup;
	e->touched = true;
	flow_rows_wake(t, e);
}

static void add_rest(struct flow_table *t, struct watched *w, const struct fl_flow_key *key,
		     const struct fl_flow_count *c, const struct amount *a)
{
	struct entry *e = rest_of(t, w, FL_BITS_GET(key->bits, FL_BITS_EGRESS));

	t->stats.rest += a->packets;
	if (e)
		add(t, e, c, a);
}

/* False: there is no memory for it. */
static bool set_aside(struct loose_pieces *p, const struct loose *l)
{
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 256;
		struct loose *grown = reallocarray(p->piece, room, sizeof(*grown));

		if (!grown)
			return false;
		p->piece = grown;
		p->room = room;
	}
	p->piece[p->n++] = *l;
	return true;
}

/* The newest between these ports, or a new one; NULL: there is no room. */
static struct entry *find_or_add(struct flow_table *t, struct watched *w,
				 const struct fl_flow_key *key, bool *is_new)
{
	uint32_t hash = flow_table_hash(key);
	struct entry *e = flow_table_find_hashed(t, key, hash);

	*is_new = !e;
	if (e)
		return e;
	e = new_entry(t, w, key);
	if (e && !index_add(&t->entries, hash, e)) {
		flow_table_free_entry(t, e);
		return NULL;
	}
	return e;
}

/*
 * The connection that was between these ports at that time. A piece from before the first SYN that
 * was seen is of one before it.
 */
static struct entry *at_time(struct flow_table *t, struct entry *e, const struct fl_flow_count *c)
{
	while (e && e->isn_known && c->last < e->flow.first)
		e = e->older ? e->older : insert(t, e->w, NULL, e);
	return e;
}

static void place(struct flow_table *t, const struct loose *l)
{
	const struct fl_flow_count *c = &l->count;
	bool is_new;
	struct entry *e = find_or_add(t, l->w, &l->key, &is_new);

	if (e && !is_new && c->isn_known)
		e = choose(t, l->w, e, c);
	else if (e && !is_new && is_tcp(&l->key))
		e = at_time(t, e, c);
	if (e)
		add(t, e, c, &l->amount);
	else
		add_rest(t, l->w, &l->key, c, &l->amount);
}

void flow_table_add(struct flow_table *t, const struct netns *netns, const struct fl_flow_key *key,
		    const struct fl_flow_count *c)
{
	struct loose l = {flow_table_watched(t, netns->cookie, key->ifindex), *key, *c, {0, 0}};

	if (!l.w) {
		t->stats.stray += c->packets;
		return;
	}
	l.amount = amount_on(l.w->link, key, c);
	t->stats.packets += l.amount.packets;
	t->stats.bytes += l.amount.bytes;
	l.key.ifindex = l.w->number;
	if (!is_tcp(key) || c->isn_known || !set_aside(&t->loose, &l))
		place(t, &l);
}

static void place_all(struct flow_table *t, struct loose_pieces *p, const struct watched *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!w || p->piece[i].w == w)
			place(t, &p->piece[i]);
		else
			p->piece[kept++] = p->piece[i];
	}
	p->n = kept;
}

void flow_pieces_settle(struct flow_table *t, uint64_t now)
{
	place_all(t, &t->early, NULL);
	for (size_t i = 0; i < t->loose.n; i++) {
		const struct loose *l = &t->loose.piece[i];

		if (l->count.first < now || l->w->going || !set_aside(&t->early, l))
			place(t, l);
	}
	t->loose.n = 0;
}

void flow_pieces_place(struct flow_table *t)
{
	place_all(t, &t->loose, NULL);
}

void flow_pieces_flush(struct flow_table *t, const struct watched *w)
{
	place_all(t, &t->early, w);
	place_all(t, &t->loose, w);
}
