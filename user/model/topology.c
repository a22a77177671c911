// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/hash.h"

/* Hashed as bytes: no padding that is not ours. */
struct key {
	uint64_t netns;
	uint32_t ifindex, zero;
};

struct entry {
	struct key key;
	struct link *link; /* a reference */
	uint32_t master_ifindex;
	bool stale;  /* not set since topology_sweep_begin() */
	bool queued; /* in topology.changed */
	UT_hash_handle hh;
	struct entry *prev, *next;   /* in its namespace */
	struct entry *qprev, *qnext; /* in topology.changed */
};

struct space {
	uint64_t cookie;
	struct entry *entries;
	UT_hash_handle hh;
};

struct topology {
	uint32_t host_inode;
	struct entry *entries; /* by key */
	struct space *spaces;  /* by cookie */
	struct entry *changed; /* those whose link is gone are here and nowhere else */
};

static bool is_pair(const struct link *l)
{
	return !strcmp(l->kind, "veth");
}

static struct entry *find_entry(const struct topology *t, uint64_t netns, uint32_t ifindex)
{
	struct key key = {.netns = netns, .ifindex = ifindex};
	struct entry *e;

	HASH_FIND (hh, t->entries, &key, sizeof(key), e)
		;
	return e;
}

static struct space *find_space(const struct topology *t, uint64_t cookie)
{
	struct space *s;

	HASH_FIND (hh, t->spaces, &cookie, sizeof(cookie), s)
		;
	return s;
}

static struct entry *entry_of(const struct topology *t, const struct link *l)
{
	return find_entry(t, l->netns->cookie, l->ifindex);
}

static void queue(struct topology *t, struct entry *e)
{
	if (!e || e->queued)
		return;
	e->queued = true;
	DL_APPEND2(t->changed, e, qprev, qnext);
}

/* What a link is bears upon its peer too. */
static void mark_changed(struct topology *t, struct entry *e)
{
	queue(t, e);
	if (e->link->peer)
		queue(t, entry_of(t, e->link->peer));
}

/* --- pairs --- */

static void unpair(struct topology *t, struct link *l)
{
	struct link *peer = l->peer;

	if (!peer)
		return;
	l->peer = NULL;
	peer->peer = NULL;
	queue(t, entry_of(t, l));
	queue(t, entry_of(t, peer));
}

static void set_peer(struct topology *t, struct entry *e, const struct link_facts *f)
{
	struct link *l = e->link;
	struct entry *other = NULL;

	l->peer_ifindex = is_pair(l) ? f->peer_ifindex : 0;
	if (is_pair(l) && f->peer_ifindex && f->peer_netns)
		other = find_entry(t, f->peer_netns, f->peer_ifindex);
	/* Only until what is known of that ifindex is brought up to date. */
	if (other && (other == e || !is_pair(other->link)))
		other = NULL;
	if (other && other->link == l->peer)
		return;
	unpair(t, l);
	if (!other) {
		/* It is somewhere else than it was, and not only about to go with this one. */
		if (!l->peer_netns || l->peer_netns->cookie != f->peer_netns)
			l->peer_netns = NULL;
		return;
	}
	unpair(t, other->link);
	/* This is newer than what the other end said: it may have been asked before this one moved.
	 */
	link_pair(l, other->link);
	mark_changed(t, e);
}

/* --- masters --- */

static void set_master(struct topology *t, struct entry *e, struct link *master)
{
	if (e->link->master == master)
		return;
	e->link->master = master;
	mark_changed(t, e);
}

/* There may be thousands of veths, and none is ever a master: they need no search for ports. */
static void find_ports(struct topology *t, const struct entry *master)
{
	struct space *s = find_space(t, master->key.netns);
	struct entry *e;

	if (is_pair(master->link))
		return;
	DL_FOREACH (s->entries, e)
		if (e->master_ifindex == master->key.ifindex)
			set_master(t, e, master->link);
}

static void leave_ports(struct topology *t, const struct entry *master)
{
	struct space *s = find_space(t, master->key.netns);
	struct entry *e;

	if (is_pair(master->link))
		return;
	DL_FOREACH (s->entries, e)
		if (e->link->master == master->link)
			set_master(t, e, NULL);
}

/* --- coming and going --- */

static struct entry *add(struct topology *t, const struct netns *netns, uint32_t ifindex)
{
	struct space *s = find_space(t, netns->cookie);
	struct entry *e = calloc(1, sizeof(*e));
	struct link *l = calloc(1, sizeof(*l));

	if (!s) {
		s = calloc(1, sizeof(*s));
		if (s) {
			s->cookie = netns->cookie;
			HASH_ADD(hh, t->spaces, cookie, sizeof(s->cookie), s);
		}
	}
	if (!e || !l || !s) {
		free(e);
		free(l);
		return NULL;
	}
	l->refs = 1;
	l->netns = netns;
	l->ifindex = ifindex;
	e->link = l;
	e->key = (struct key){.netns = netns->cookie, .ifindex = ifindex};
	HASH_ADD(hh, t->entries, key, sizeof(e->key), e);
	DL_APPEND(s->entries, e);
	return e;
}

static void remove_entry(struct topology *t, struct entry *e)
{
	struct space *s = find_space(t, e->key.netns);

	unpair(t, e->link);
	leave_ports(t, e);
	e->link->master = NULL;
	e->link->gone = true;
	queue(t, e);
	DL_DELETE(s->entries, e);
	HASH_DEL(t->entries, e);
}

int topology_set(struct topology *t, const struct netns *netns, const struct link_facts *f)
{
	struct entry *e = find_entry(t, netns->cookie, f->ifindex), *master = NULL;
	char name[LINK_NAME_MAX], kind[LINK_NAME_MAX];
	bool added;

	snprintf(name, sizeof(name), "%s", f->name);
	snprintf(kind, sizeof(kind), "%s", f->kind);
	/* A device's kind does not change: this is another one, with the ifindex of one gone. */
	if (e && strcmp(e->link->kind, kind)) {
		remove_entry(t, e);
		e = NULL;
	}
	added = !e;
	if (added)
		e = add(t, netns, f->ifindex);
	if (!e)
		return -ENOMEM;
	e->stale = false;
	e->link->ethernet = f->ethernet;
	e->link->up = f->up;
	memcpy(e->link->kind, kind, sizeof(kind));
	if (added || strcmp(e->link->name, name)) {
		memcpy(e->link->name, name, sizeof(name));
		if (e->link->peer)
			link_pair(e->link, e->link->peer);
		mark_changed(t, e);
	}
	set_peer(t, e, f);
	e->master_ifindex = f->master_ifindex;
	if (f->master_ifindex && f->master_ifindex != f->ifindex)
		master = find_entry(t, netns->cookie, f->master_ifindex);
	set_master(t, e, master ? master->link : NULL);
	if (added)
		find_ports(t, e);
	/* What does not stand in the facts may have changed: what the device leaves to the stack.
	 */
	if (e->link->attached)
		queue(t, e);
	return 0;
}

void topology_remove(struct topology *t, uint64_t netns_cookie, uint32_t ifindex)
{
	struct entry *e = find_entry(t, netns_cookie, ifindex);

	if (e)
		remove_entry(t, e);
}

static void drop_space(struct topology *t, struct space *s)
{
	HASH_DEL(t->spaces, s);
	free(s);
}

void topology_remove_netns(struct topology *t, uint64_t netns_cookie)
{
	struct space *s = find_space(t, netns_cookie);
	struct entry *e, *tmp;

	if (!s)
		return;
	DL_FOREACH_SAFE(s->entries, e, tmp)
	remove_entry(t, e);
	drop_space(t, s);
}

void topology_sweep_begin(struct topology *t, uint64_t netns_cookie)
{
	struct space *s = find_space(t, netns_cookie);
	struct entry *e;

	if (!s)
		return;
	DL_FOREACH (s->entries, e)
		e->stale = true;
}

void topology_sweep_end(struct topology *t, uint64_t netns_cookie)
{
	struct space *s = find_space(t, netns_cookie);
	struct entry *e, *tmp;

	if (!s)
		return;
	DL_FOREACH_SAFE(s->entries, e, tmp)
	if (e->stale)
		remove_entry(t, e);
}

struct link *topology_next_changed(struct topology *t)
{
	struct entry *e = t->changed;
	struct link *l;

	if (!e)
		return NULL;
	DL_DELETE2(t->changed, e, qprev, qnext);
	e->queued = false;
	l = e->link;
	if (!l->gone)
		return link_get(l);
	free(e); /* its reference is now the caller's */
	return l;
}

struct topology *topology_new(uint32_t host_inode)
{
	struct topology *t = calloc(1, sizeof(*t));

	if (t)
		t->host_inode = host_inode;
	return t;
}

void topology_free(struct topology *t)
{
	struct space *s, *tmp;
	struct link *l;

	if (!t)
		return;
	HASH_ITER (hh, t->spaces, s, tmp)
		topology_remove_netns(t, s->cookie);
	while ((l = topology_next_changed(t)))
		link_put(l);
	free(t);
}

struct link *topology_find(const struct topology *t, uint64_t netns_cookie, uint32_t ifindex)
{
	struct entry *e = find_entry(t, netns_cookie, ifindex);

	return e ? e->link : NULL;
}

size_t topology_count(const struct topology *t)
{
	return HASH_COUNT(t->entries);
}

void topology_each(const struct topology *t, void (*fn)(void *ctx, struct link *l), void *ctx)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, t->entries, e, tmp)
		fn(ctx, e->link);
}

void topology_keep(const struct topology *t, const struct keeper *k)
{
	const struct entry *e;

	for (e = t->entries; e; e = e->hh.next)
		keeper_link(k, e->link);
	DL_FOREACH2(t->changed, e, qnext)
	keeper_link(k, e->link);
}

void topology_reconsider(struct topology *t)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, t->entries, e, tmp)
		mark_changed(t, e);
}

/* --- which are to be watched --- */

const struct link *topology_watched_end(const struct topology *t, const struct link *l)
{
	const struct link *peer = l->peer;
	bool l_host, peer_host;

	if (!peer)
		return l;
	if (!l->attached != !peer->attached)
		return l->attached ? l : peer;
	if (!l->master != !peer->master)
		return l->master ? l : peer;
	l_host = l->netns->inode == t->host_inode;
	peer_host = peer->netns->inode == t->host_inode;
	if (l_host != peer_host)
		return l_host ? l : peer;
	if (l->netns->cookie != peer->netns->cookie)
		return l->netns->cookie < peer->netns->cookie ? l : peer;
	return l->ifindex < peer->ifindex ? l : peer;
}

static bool in_netns(const struct watch_options *o, const struct link *l)
{
	bool listed = o->nnetns == 0;

	for (size_t i = 0; i < o->nnetns; i++)
		listed = listed || o->netns[i] == l->netns->inode;
	return listed && (!o->wants || o->wants(o->ctx, l->netns));
}

bool topology_wants(const struct topology *t, const struct watch_options *o, const struct link *l)
{
	if (l->gone)
		return false;
	if (o->ndevs) {
		for (size_t i = 0; i < o->ndevs; i++)
			if (!strcmp(o->devs[i], l->name))
				return in_netns(o, l);
		return false;
	}
	if (o->all)
		return in_netns(o, l);
	/* The kernel makes a pair one end after the other (or unmakes it): not yet, or no more. */
	if (is_pair(l) && !l->peer_ifindex)
		return false;
	if (!is_pair(l) || (!in_netns(o, l) && !(l->peer && in_netns(o, l->peer))))
		return false;
	if (o->far_ends)
		return l->peer && in_netns(o, l->peer);
	return o->both_ends || topology_watched_end(t, l) == l;
}
