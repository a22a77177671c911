// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_table_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* Ends may become known a moment after the first packets: connect(2), then accept(2). */
#define YOUNG_NS 3000000000ULL

static void free_watched(struct watched *w)
{
	link_put(w->link);
	free(w);
}

/* --- by key --- */

struct entry *flow_table_find_hashed(const struct flow_table *t, const struct fl_flow_key *key,
				     uint32_t hash)
{
	struct entry *e;
	size_t at;

	for (e = index_first(&t->entries, hash, &at); e && memcmp(&e->key, key, sizeof(*key));
	     e = index_next(&t->entries, hash, &at))
		;
	return e;
}

struct entry *flow_table_find(const struct flow_table *t, const struct fl_flow_key *key)
{
	return flow_table_find_hashed(t, key, flow_table_hash(key));
}

void flow_table_replace(struct flow_table *t, struct entry *gone, struct entry *e)
{
	uint32_t hash = flow_table_hash(&e->key);

	index_remove(&t->entries, hash, gone);
	index_add(&t->entries, hash, e);
}

/* --- entries --- */

void flow_table_free_entry(struct flow_table *t, struct entry *e)
{
	flow_rows_remove(t, e);
	if (--e->w->entries == 0 && e->w->closed)
		free_watched(e->w);
	link_put(e->flow.link);
	free(e);
}

static void remove_entry(struct flow_table *t, struct entry *e)
{
	flow_join_forget(e);
	if (e->newer)
		e->newer->older = e->older;
	else if (e->older)
		/* An earlier connection that outlives a later one has its tuple for itself again.
		 */
		flow_table_replace(t, e, e->older);
	else if (!e->rest)
		index_remove(&t->entries, flow_table_hash(&e->key), e);
	if (e->older)
		e->older->newer = e->newer;
	if (e->rest) {
		e->w->rest[e->flow.egress] = NULL;
		t->nrests--;
	}
	flow_table_free_entry(t, e);
}

/* --- links --- */

int flow_table_new(struct flow_table **out, const struct flow_table_options *options)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->opt = *options;
	*out = t;
	return 0;
}

void flow_table_free(struct flow_table *t)
{
	struct watched *w, *tmp;

	if (!t)
		return;
	while (t->nrows)
		remove_entry(t, (struct entry *)t->rows[t->nrows - 1]);
	HASH_ITER (hh, t->links, w, tmp) {
		HASH_DEL(t->links, w);
		free_watched(w);
	}
	flow_rows_free(t);
	index_free(&t->entries);
	free(t->loose.piece);
	free(t->early.piece);
	free(t);
}

struct watched *flow_table_watched(const struct flow_table *t, uint64_t netns_cookie,
				   uint32_t ifindex)
{
	struct watched_key key = {netns_cookie, ifindex};
	struct watched *w;

	HASH_FIND (hh, t->links, &key, sizeof(key), w)
		;
	return w;
}

static void close_watched(struct flow_table *t, struct watched *w)
{
	flow_pieces_flush(t, w);
	HASH_DEL(t->links, w);
	w->closed = true;
	t->lost_links = true;
	if (!w->entries)
		free_watched(w);
}

static void set_watched(struct watched *w, const struct link *l)
{
	w->going = false;
	w->attached = l->attached;
	w->had_traffic = l->had_traffic;
}

int flow_table_watch(struct flow_table *t, struct link *l)
{
	struct watched *w = flow_table_watched(t, l->netns->cookie, l->ifindex);

	if (w && w->link == l) {
		set_watched(w, l);
		return 0;
	}
	/* The same ifindex again, asked for by number: what the old device carried has ended. */
	if (w)
		close_watched(t, w);
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->key = (struct watched_key){l->netns->cookie, l->ifindex};
	w->link = link_get(l);
	w->number = ++t->next_number;
	set_watched(w, l);
	HASH_ADD(hh, t->links, key, sizeof(w->key), w);
	return 0;
}

void flow_table_unwatch(struct flow_table *t, struct link *l)
{
	struct watched *w = flow_table_watched(t, l->netns->cookie, l->ifindex);

	if (w && w->link == l)
		w->going = true;
}

/* --- settling --- */

static bool is_tcp(const struct flow *f)
{
	return (f->kind == FL_FLOW_IPV4 || f->kind == FL_FLOW_IPV6) && f->proto == IPPROTO_TCP;
}

static bool may_be_older(const struct flow_table *t, const struct entry *e)
{
	const struct flow *f = &e->flow;

	/* A refusal has no SYN, but answers one. */
	if (is_tcp(f))
		return !(f->tcp_flags & TH_SYN) &&
		       !(e->reverse && e->reverse->isn_known == FL_ISN_SYN &&
			 e->reverse->flow.first <= f->first);
	/* Silent for longer than that, it would be another flow. */
	return e->w->had_traffic && f->first < e->w->attached + t->opt.idle_ns;
}

static bool has_ended(const struct flow_table *t, const struct entry *e, uint64_t now)
{
	const struct flow *f = &e->flow;
	uint64_t last = f->last;

	if (e->newer || e->w->closed)
		return true;
	if (e->rest)
		return false;
	if (f->state != FLOW_STATE_CLOSED && f->state != FLOW_STATE_RESET)
		return last + t->opt.idle_ns <= now;
	if (e->reverse && e->reverse->flow.last > last)
		last = e->reverse->flow.last;
	if (!e->over)
		return last + t->opt.closed_ns <= now;
	/* On all links at once, so that none misses another in its path. */
	return (e->over > last ? e->over : last) + t->opt.over_ns <= now;
}

/* That the sockets have closed is known when what they sent last is read, or one reading later. */
static bool may_be_over(const struct flow_table *t, const struct entry *e)
{
	return t->opt.over_ns && !e->over && e->flow.state == FLOW_STATE_CLOSED &&
	       t->joins - e->joined <= 1 && flow_join_is_complete(e);
}

/* Those whose time has come, or whose link has gone. */
static void wake(struct flow_table *t, uint64_t now)
{
	while (t->first_asleep && t->first_asleep->flow.last + t->opt.closed_ns <= now)
		flow_rows_wake(t, t->first_asleep);
	for (size_t i = t->nawake; t->lost_links && i < t->nrows; i++) {
		struct entry *e = (struct entry *)t->rows[i];

		/* It changes places with one that this loop has gone by. */
		if (e->w->closed)
			flow_rows_wake(t, e);
	}
	t->lost_links = false;
}

static void join(struct flow_table *t, struct entry *e)
{
	flow_join(t, e);
	t->conns[e->row] = e->flow.conn;
	e->joined = t->joins;
	if (!e->reverse)
		return;
	t->conns[e->reverse->row] = e->reverse->flow.conn;
	e->reverse->joined = t->joins;
}

void flow_table_settle(struct flow_table *t, uint64_t now)
{
	struct watched *w, *tmp;

	flow_pieces_settle(t, now);
	/* All that there was for them has been read. */
	HASH_ITER (hh, t->links, w, tmp)
		if (w->going)
			close_watched(t, w);
	t->settled = now;
	t->joins++;
	wake(t, now);
	for (size_t i = 0; i < t->nawake; i++) {
		struct entry *e = (struct entry *)t->rows[i];
		struct flow *f = t->rows[i];

		if (e->rest)
			continue;
		if (e->joined != t->joins &&
		    (e->touched || (f->first + YOUNG_NS > now && !flow_join_is_complete(e))))
			join(t, e);
		if (e->touched)
			f->partial = may_be_older(t, e);
	}
	flow_follow(t, now > YOUNG_NS ? now - YOUNG_NS : 0);
	for (size_t i = 0; i < t->nawake; i++) {
		struct entry *e = (struct entry *)t->rows[i];

		t->conns[i] = e->flow.conn;
		e->touched = false;
		if (may_be_over(t, e))
			flow_join_over(t, e);
		e->flow.ended = has_ended(t, e, now);
	}
}

static void keep_end(const struct keeper *k, const struct flow_end *end)
{
	keeper_netns(k, end->netns);
	keeper_cgroup(k, end->owner.cgroup);
}

void flow_table_keep(const struct flow_table *t, const struct keeper *k)
{
	for (const struct watched *w = t->links; w; w = w->hh.next)
		keeper_link(k, w->link);
	for (size_t i = 0; i < t->nrows; i++) {
		keeper_link(k, t->rows[i]->link);
		keep_end(k, &t->rows[i]->sender);
		keep_end(k, &t->rows[i]->receiver);
	}
}

bool flow_table_asks(struct flow_table *t)
{
	bool asks = t->asks;

	t->asks = false;
	return asks;
}

struct flow *const *flow_table_rows(struct flow_table *t, size_t *n)
{
	flow_pieces_place(t);
	*n = t->nrows;
	return t->rows;
}

struct flow *const *flow_table_awake(struct flow_table *t, size_t *n)
{
	flow_pieces_place(t);
	*n = t->nawake;
	return t->rows;
}

const uint64_t *flow_table_conns(const struct flow_table *t)
{
	return t->conns;
}

void flow_table_end(struct flow_table *t)
{
	flow_pieces_flush(t, NULL);
	while (t->first_asleep)
		flow_rows_wake(t, t->first_asleep);
	for (size_t i = 0; i < t->nrows; i++)
		t->rows[i]->ended = true;
}

/* All is known that ever will be, and has been told. */
static bool may_sleep(const struct flow_table *t, const struct entry *e)
{
	const struct flow *f = &e->flow;

	if (e->over || e->touched)
		return false;
	return (f->state == FLOW_STATE_CLOSED || f->state == FLOW_STATE_RESET) &&
	       (f->first + YOUNG_NS <= t->settled || flow_join_is_complete(e));
}

void flow_table_advance(struct flow_table *t)
{
	flow_pieces_place(t); /* before those go that they are put down to */
	for (size_t i = t->nawake; i-- > 0;) {
		struct flow *f = t->rows[i];
		struct entry *e = (struct entry *)f;

		f->packets_before = f->packets;
		f->bytes_before = f->bytes;
		if (f->ended)
			remove_entry(t, e);
		else if (may_sleep(t, e))
			flow_rows_sleep(t, e);
	}
}

void flow_table_get_stats(const struct flow_table *t, struct flow_table_stats *out)
{
	*out = t->stats;
	out->flows = t->nrows;
}
