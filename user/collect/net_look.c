// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/net_look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/addr_list.h"
#include "collect/naming.h"
#include "collect/netns_names.h"
#include "collect/netns_set.h"
#include "collect/process_index.h"
#include "collect/rtnl_query.h"
#include "collect/rtnl_tables.h"

#define DUMP_TRIES 5

struct look {
	const struct net_look *wish;
	struct naming *names;
	struct net_map *map;
	struct rtnl_query *query;
	struct netns_set *set;
	ino_t host;            /* pid 1's; 0: hidden from us */
	struct map_netns *now; /* which is being looked at */
	int err;
};

static void keep(struct look *l, int err)
{
	if (err && !l->err)
		l->err = err;
}

/* --- devices and addresses --- */

static void put_link(void *ctx, const struct rtnl_link *r)
{
	struct look *l = ctx;
	struct map_link link = {
		.ifindex = r->ifindex,
		.loopback = r->loopback,
		.up = r->up,
		.carrier = r->carrier,
		.mtu = r->mtu,
		.has_mac = r->mac_len == sizeof(link.mac.b),
		.master_ifindex = r->master,
		.other_ifindex = r->link,
	};
	const struct netns_member *there =
		r->link_nsid == RTNL_NO_NSID ? NULL : netns_set_by_nsid(l->set, r->link_nsid);

	if (r->link_nsid == RTNL_NO_NSID)
		link.other_netns = r->link ? l->now->id->cookie : 0;
	else
		link.other_netns = there ? there->id.cookie : 0;
	memcpy(link.name, r->name, sizeof(link.name));
	memcpy(link.kind, r->kind, sizeof(link.kind));
	memcpy(link.mac.b, r->mac, sizeof(link.mac.b));
	keep(l, net_map_add_link(l->now, &link));
}

struct links {
	struct rtnl_link *list;
	size_t n, cap;
	int err;
};

static void collect_link(void *ctx, const struct rtnl_link *r)
{
	struct links *all = ctx;

	if (all->n == all->cap) {
		size_t cap = all->cap ? 2 * all->cap : 16;
		struct rtnl_link *grown = reallocarray(all->list, cap, sizeof(*grown));

		if (!grown) {
			all->err = -ENOMEM;
			return;
		}
		all->list = grown;
		all->cap = cap;
	}
	all->list[all->n++] = *r;
}

static void put_netns(void *ctx, const struct netns_member *m)
{
	struct resolver *names;
	struct links all = {0};
	const struct netns *id;
	struct look *l = ctx;
	int err = -EINTR;

	for (int i = 0; err == -EINTR && i < DUMP_TRIES; i++) {
		all.n = 0;
		err = rtnl_query_links(l->query, m->nsid, collect_link, &all);
	}
	if (all.err)
		err = all.err;
	names = &l->names->resolver;
	id = names->netns(names->ctx, (uint32_t)m->id.inode, m->id.cookie);
	/* -EINVAL: the namespace is going. One that changes all the time may lack some. */
	if (!id || err == -ENOMEM) {
		keep(l, -ENOMEM);
	} else if (!err || err == -EINTR) {
		l->now = net_map_add_netns(l->map, id);
		keep(l, l->now ? 0 : -ENOMEM);
		for (size_t i = 0; l->now && i < all.n; i++)
			put_link(l, &all.list[i]);
	}
	free(all.list);
}

static void put_addr(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a)
{
	struct look *l = ctx;
	struct map_netns *n = net_map_netns(l->map, netns_cookie);
	const struct map_addr addr = {a->addr, a->prefix_len, a->link_local};

	if (n)
		keep(l, net_map_add_addr(n, a->ifindex, &addr));
}

/* --- whose it is --- */

/* One that has ended meanwhile is none. */
static void read_comm(struct map_netns *n)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[32];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%u/comm", n->pid);
	f = fopen(path, "re");
	len = f ? fread(n->comm, 1, sizeof(n->comm) - 1, f) : 0;
	/* The newline is the kernel's; the name may have some of its own. */
	if (len && n->comm[len - 1] == '\n')
		len--;
	n->comm[len] = '\0';
	if (!f)
		n->pid = 0;
}

static void put_processes(struct look *l, struct map_netns *n)
{
	const struct process_netns *p = process_index_netns(l->names->processes, n->id->inode);

	n->host = l->host ? n->id->inode == l->host : n->id->name && !strcmp(n->id->name, "host");
	if (!p)
		return;
	n->processes = p->processes;
	n->pid = n->host ? 0 : p->pid;
	if (n->pid)
		read_comm(n);
	for (size_t i = 0; i < p->ncontainers; i++)
		keep(l, net_map_add_container(n, p->containers[i]));
}

static struct map_netns *by_inode(const struct net_map *m, ino_t inode)
{
	for (size_t i = 0; i < m->nnetns; i++)
		if (m->netns[i]->id->inode == inode)
			return m->netns[i];
	return NULL;
}

static void put_names(struct look *l)
{
	const char *name;

	for (size_t i = 0; (name = netns_names_dir(i)); i++) {
		_cleanup_closedir_ DIR *d = opendir(name);
		struct dirent *e;

		while (d && (e = readdir(d))) {
			struct map_netns *n;
			struct stat st;

			/* Names that are on no namespace have inodes of another file system. */
			if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) ||
			    !netns_set_is_netns(l->set, &st))
				continue;
			n = by_inode(l->map, st.st_ino);
			if (n)
				keep(l, net_map_add_name(n, e->d_name));
		}
	}
}

/* --- tables --- */

static void put_route(void *ctx, const struct map_route *r)
{
	struct look *l = ctx;

	keep(l, net_map_add_route(l->now, r));
}

static void put_fdb(void *ctx, const struct map_fdb *f)
{
	struct look *l = ctx;

	keep(l, net_map_add_fdb(l->now, f));
}

static void put_neigh(void *ctx, const struct map_neigh *n)
{
	struct look *l = ctx;

	keep(l, net_map_add_neigh(l->now, n));
}

static int read_routes(struct look *l, struct rtnl_query *q)
{
	l->now->nroutes = 0;
	return rtnl_tables_routes(q, put_route, l);
}

static int read_fdb(struct look *l, struct rtnl_query *q)
{
	l->now->nfdb = 0;
	return rtnl_tables_fdb(q, put_fdb, l);
}

static int read_neigh(struct look *l, struct rtnl_query *q)
{
	l->now->nneigh = 0;
	return rtnl_tables_neigh(q, put_neigh, l);
}

/* A table that changes all the time may lack some. */
static int read_table(struct look *l, struct rtnl_query *q,
		      int (*fn)(struct look *l, struct rtnl_query *q))
{
	int err = -EINTR;

	for (int i = 0; err == -EINTR && i < DUMP_TRIES; i++)
		err = fn(l, q);
	return err == -EINTR ? 0 : err;
}

static int read_tables(struct look *l, struct rtnl_query *q)
{
	int err = 0;

	if (l->wish->routes)
		err = read_table(l, q, read_routes);
	if (!err && l->wish->fdb)
		err = read_table(l, q, read_fdb);
	if (!err && l->wish->neigh)
		err = read_table(l, q, read_neigh);
	return err;
}

static int look_inside(void *arg)
{
	struct rtnl_query *q;
	int err = rtnl_query_open(&q);

	if (err)
		return err;
	err = read_tables(arg, q);
	rtnl_query_close(q);
	return err;
}

static void put_tables(struct look *l)
{
	for (size_t i = 0; i < l->map->nnetns; i++) {
		int err;

		l->now = l->map->netns[i];
		if (l->now->left_out)
			continue;
		err = netns_set_within(l->set, l->now->id->cookie, look_inside, l);
		if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
			keep(l, err);
		else if (err) /* it has gone, or cannot be entered */
			log_debug("netns %u: cannot look into its tables: %s", l->now->id->inode,
				  strerror(-err));
	}
}

/* --- all --- */

static int open_all(struct look *l)
{
	struct stat st;
	int err;

	l->host = stat("/proc/1/ns/net", &st) ? 0 : st.st_ino;
	err = net_map_new(&l->map);
	if (!err)
		err = rtnl_query_open(&l->query);
	if (!err)
		err = netns_set_new(&l->set, l->query);
	return err;
}

static int look(struct look *l)
{
	int err = open_all(l);

	/* First all namespaces, so that peers in them are known. */
	if (!err)
		err = netns_set_scan(l->set, NETNS_SCAN_PROCESSES, NULL, NULL);
	if (err < 0)
		return err;
	netns_set_each(l->set, put_netns, l);
	keep(l, addr_list(l->set, l->query, put_addr, l));
	for (size_t i = 0; i < l->map->nnetns; i++)
		put_processes(l, l->map->netns[i]);
	put_names(l);
	for (size_t i = 0; l->wish->wanted && i < l->map->nnetns; i++)
		l->map->netns[i]->left_out = !l->wish->wanted(l->wish->ctx, l->map->netns[i]);
	if (l->wish->routes || l->wish->fdb || l->wish->neigh)
		put_tables(l);
	l->map->routes = l->wish->routes;
	l->map->fdb = l->wish->fdb;
	l->map->neigh = l->wish->neigh;
	return l->err ? l->err : net_map_finish(l->map);
}

int net_look_around(struct net_map **out, struct naming *names, const struct net_look *wish)
{
	struct look l = {.wish = wish, .names = names};
	int err = look(&l);

	netns_set_free(l.set);
	rtnl_query_close(l.query);
	if (err) {
		log_error("cannot look at the network namespaces: %s%s", strerror(-err),
			  err == -EPERM ? ": run as root" : "");
		net_map_free(l.map);
		return err;
	}
	*out = l.map;
	return 0;
}
