// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Of a map that has all: in which order it is shown, and who is whose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/net_map_internal.h"

/* --- order --- */

static const char *title(const struct map_netns *n)
{
	const struct container *c = n->id->container;

	return c && c->name ? c->name : n->id->name;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_netns(const void *pa, const void *pb)
{
	const struct map_netns *a = *(struct map_netns *const *)pa;
	const struct map_netns *b = *(struct map_netns *const *)pb;
	const char *s = title(a), *t = title(b);
	int order;

	if (a->host != b->host)
		return a->host ? -1 : 1;
	if (!s != !t) /* those without a name last */
		return s ? -1 : 1;
	order = s ? strverscmp(s, t) : 0;
	if (!order)
		order = compare_u64(a->id->inode, b->id->inode);
	return order ? order : compare_u64(a->id->cookie, b->id->cookie);
}

static int compare_links(const void *pa, const void *pb)
{
	const struct map_link *a = *(struct map_link *const *)pa;
	const struct map_link *b = *(struct map_link *const *)pb;

	return compare_u64(a->ifindex, b->ifindex);
}

static int compare_names(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(array, n, size, compare);
}

static void sort_all(struct net_map *m)
{
	sort(m->netns, m->nnetns, sizeof(*m->netns), compare_netns);
	for (size_t i = 0; i < m->nnetns; i++) {
		struct map_netns *n = m->netns[i];

		sort(n->links, n->nlinks, sizeof(*n->links), compare_links);
		sort(n->names, n->nnames, sizeof(*n->names), compare_names);
	}
}

/* --- who is connected to whom --- */

static int connect_link(struct net_map *m, struct map_link *l)
{
	const struct map_netns *there = net_map_netns(m, l->other_netns);
	struct map_link *other =
		l->other_ifindex && there ? net_map_link(there, l->other_ifindex) : NULL;

	if (strcmp(l->kind, "veth") != 0)
		l->lower = other;
	/* It may have come to be another one's since that was asked, and none is its own. */
	else if (other && other != l && !strcmp(other->kind, "veth") &&
		 other->other_ifindex == l->ifindex && other->other_netns == l->netns->id->cookie)
		l->peer = other;
	l->master = l->master_ifindex ? net_map_link(l->netns, l->master_ifindex) : NULL;
	return l->master ? net_map_add_port(l->master, l) : 0;
}

static int connect_all(struct net_map *m)
{
	int err = 0;

	for (size_t i = 0; i < m->nnetns; i++)
		for (size_t k = 0; !err && k < m->netns[i]->nlinks; k++)
			err = connect_link(m, m->netns[i]->links[k]);
	return err;
}

/* --- who reaches whom --- */

static struct map_link *segment_of(struct map_link *l)
{
	while (l->segment != l) {
		l->segment = l->segment->segment;
		l = l->segment;
	}
	return l;
}

static void join(struct map_link *a, struct map_link *b)
{
	if (b)
		segment_of(a)->segment = segment_of(b);
}

/* A VLAN is a segment of its own: what is on it is tagged. */
static bool shares_segment(const struct map_link *upper)
{
	return !strcmp(upper->kind, "macvlan") || !strcmp(upper->kind, "macvtap") ||
	       !strcmp(upper->kind, "ipvlan");
}

static void join_link(struct map_link *l)
{
	join(l, l->peer);
	/* Bonds and teams too; a VRF's members do not hear each other. */
	if (l->master && (!strcmp(l->master->kind, "bridge") || !strcmp(l->master->kind, "bond") ||
			  !strcmp(l->master->kind, "team")))
		join(l, l->master);
	if (shares_segment(l))
		join(l, l->lower);
}

static void find_segments(struct net_map *m)
{
	for (size_t i = 0; i < m->nnetns; i++)
		for (size_t k = 0; k < m->netns[i]->nlinks; k++)
			m->netns[i]->links[k]->segment = m->netns[i]->links[k];
	for (size_t i = 0; i < m->nnetns; i++)
		for (size_t k = 0; k < m->netns[i]->nlinks; k++)
			join_link(m->netns[i]->links[k]);
	for (size_t i = 0; i < m->nnetns; i++)
		for (size_t k = 0; k < m->netns[i]->nlinks; k++)
			m->netns[i]->links[k]->segment = segment_of(m->netns[i]->links[k]);
}

/* --- who has an address --- */

static int compare_addrs(const void *pa, const void *pb)
{
	const struct addr_entry *a = pa, *b = pb;

	return memcmp(a->addr->b, b->addr->b, sizeof(a->addr->b));
}

static int compare_macs(const void *pa, const void *pb)
{
	const struct mac_entry *a = pa, *b = pb;

	return memcmp(a->mac->b, b->mac->b, sizeof(a->mac->b));
}

static void index_link(struct net_map_index *x, const struct map_link *l)
{
	for (size_t i = 0; i < l->naddrs; i++)
		x->addrs[x->naddrs++] = (struct addr_entry){&l->addrs[i].addr, l};
	if (l->has_mac)
		x->macs[x->nmacs++] = (struct mac_entry){&l->mac, l};
}

static int index_all(struct net_map *m)
{
	struct net_map_index *x = m->index;
	size_t addrs = 0, links = 0;

	for (size_t i = 0; i < m->nnetns; i++) {
		links += m->netns[i]->nlinks;
		for (size_t k = 0; k < m->netns[i]->nlinks; k++)
			addrs += m->netns[i]->links[k]->naddrs;
	}
	x->addrs = calloc(addrs + 1, sizeof(*x->addrs));
	x->macs = calloc(links + 1, sizeof(*x->macs));
	if (!x->addrs || !x->macs)
		return -ENOMEM;
	for (size_t i = 0; i < m->nnetns; i++)
		for (size_t k = 0; k < m->netns[i]->nlinks; k++)
			index_link(x, m->netns[i]->links[k]);
	sort(x->addrs, x->naddrs, sizeof(*x->addrs), compare_addrs);
	sort(x->macs, x->nmacs, sizeof(*x->macs), compare_macs);
	return 0;
}

/* The first that is not lower than `key`. */
static size_t lower_bound(const void *array, size_t n, size_t size, const void *key,
			  int (*compare)(const void *, const void *))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare((const char *)array + mid * size, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool has_addr(const struct map_link *l, const struct addr *a)
{
	for (size_t i = 0; a && i < l->naddrs; i++)
		if (addr_equal(&l->addrs[i].addr, a))
			return true;
	return false;
}

/* Networks that have nothing to do with each other use the same addresses. */
static const struct map_link *addr_holder(const struct net_map *m, const struct addr *a,
					  const struct map_link *dev)
{
	const struct addr_entry key = {a, NULL};
	const struct net_map_index *x = m->index;
	const struct map_link *found = NULL;

	for (size_t i = lower_bound(x->addrs, x->naddrs, sizeof(key), &key, compare_addrs);
	     i < x->naddrs && !compare_addrs(&x->addrs[i], &key); i++) {
		const struct map_link *l = x->addrs[i].link;

		if (!dev || l->segment != dev->segment || l == found)
			continue;
		if (found)
			return NULL;
		found = l;
	}
	return found;
}

/*
 * One of the n that have a MAC address: a bridge and its lowest port share one, as do a device and
 * the VLANs on it. So: the only one that has `a` too; else the only one; else the only one that is
 * not a port. Of `segment` only, if that is not NULL. *any: there was one.
 */
static const struct map_link *pick(const struct mac_entry *e, size_t n, const struct addr *a,
				   const struct map_link *segment, bool *any)
{
	const struct map_link *all = NULL, *own = NULL, *free = NULL;
	size_t nall = 0, nown = 0, nfree = 0;

	for (size_t i = 0; i < n; i++) {
		const struct map_link *l = e[i].link;

		if (segment && l->segment != segment)
			continue;
		all = l;
		nall++;
		if (has_addr(l, a)) {
			own = l;
			nown++;
		}
		if (!l->master) {
			free = l;
			nfree++;
		}
	}
	*any = nall > 0;
	return nown == 1 ? own : nall == 1 ? all : nfree == 1 ? free : NULL;
}

/*
 * Who has this MAC address, as seen from `dev`: the device at the other end of the cable; else one
 * that it reaches; else one of all there are, for there are cables that we do not see.
 */
static const struct map_link *mac_holder(const struct net_map *m, const struct mac *mac,
					 const struct map_link *dev, const struct addr *a)
{
	const struct mac_entry key = {mac, NULL};
	const struct net_map_index *x = m->index;
	size_t from = lower_bound(x->macs, x->nmacs, sizeof(key), &key, compare_macs), to = from;
	const struct map_link *found = NULL;
	bool any = false;

	for (; to < x->nmacs && !compare_macs(&x->macs[to], &key); to++)
		if (dev && x->macs[to].link == dev->peer)
			return dev->peer;
	if (dev)
		found = pick(&x->macs[from], to - from, a, dev->segment, &any);
	return any ? found : pick(&x->macs[from], to - from, a, NULL, &any);
}

static void look_up_tables(struct net_map *m, struct map_netns *n)
{
	for (size_t i = 0; i < n->nroutes; i++) {
		struct map_route *r = &n->routes[i];

		r->dev = net_map_link(n, r->ifindex);
		r->gateway = r->has_via ? addr_holder(m, &r->via, r->dev) : NULL;
	}
	for (size_t i = 0; i < n->nfdb; i++) {
		struct map_fdb *f = &n->fdb[i];

		f->dev = net_map_link(n, f->ifindex);
		f->master = net_map_link(n, f->master_ifindex);
		f->holder = mac_holder(m, &f->mac, f->dev, NULL);
	}
	for (size_t i = 0; i < n->nneigh; i++) {
		struct map_neigh *e = &n->neigh[i];

		e->dev = net_map_link(n, e->ifindex);
		e->holder = e->has_mac ? mac_holder(m, &e->mac, e->dev, &e->addr) : NULL;
	}
}

int net_map_finish(struct net_map *m)
{
	int err;

	sort_all(m);
	err = connect_all(m);
	if (!err)
		err = index_all(m);
	if (!err)
		find_segments(m);
	for (size_t i = 0; !err && i < m->nnetns; i++)
		look_up_tables(m, m->netns[i]);
	return err;
}
