// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/naming.h"

#include <string.h>

#include "base/clock.h"
#include "base/fdlimit.h"
#include "base/log.h"
#include "collect/cgroup.h"
#include "collect/netns_names.h"
#include "collect/process_index.h"

#define SECOND_NS 1000000000ULL
/* A namespace that is new to us, and those who move in. */
#define SCAN_NEW_NS (20 * 1000000ULL)
#define NEW_NS      (2 * SECOND_NS)
#define NEW_GAP_NS  (50 * 1000000ULL)
/* Going through all processes may take this part of the time. */
#define SCAN_SHARE 50

/* How long the dead are remembered, and how many of them are no matter. */
#define REMEMBER_NS (60 * SECOND_NS)
#define CROWD_MIN   4096

static const struct container *whose(void *ctx, uint32_t inode)
{
	const struct process_netns *p = process_index_netns(ctx, inode);

	return p ? p->container : NULL;
}

static void name_owners(struct naming *n)
{
	netns_names_ask(n->names, n->scanned, whose, n->processes);
}

void naming_scan(struct naming *n)
{
	uint64_t before = clock_boot_ns(), took;
	int err = process_index_scan(n->processes);

	if (err)
		log_debug("looking through the processes: %s", strerror(-err));
	took = clock_boot_ns() - before;
	n->scanned = before;
	n->next_scan = before + took * SCAN_SHARE;
	name_owners(n);
}

static const struct netns *get_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	struct naming *n = ctx;
	bool new;
	const struct netns *ns = netns_names_get(n->names, inode, cookie, &new);

	if (new)
		n->newest = clock_boot_ns();
	if (new && !process_index_netns(n->processes, inode) &&
	    clock_boot_ns() >= n->next_scan + SCAN_NEW_NS)
		naming_scan(n);
	else if (new)
		name_owners(n);
	return ns;
}

/*
 * A process of a container may be the first that we see in a namespace.
 */
static const struct cgroup *get_cgroup(void *ctx, const struct netns *netns, uint64_t sock,
				       uint64_t task, uint32_t pid)
{
	struct naming *n = ctx;
	const struct cgroup *cg = cgroups_get(n->cgroups, sock, task, pid);

	if (cg && cg->container && netns && !netns->container)
		netns_names_guess(n->names, netns->cookie, cg->container);
	return cg;
}

static void tick(struct naming *n, uint64_t now)
{
	cgroups_tick(n->cgroups, now);
	netns_names_tick(n->names, now);
}

int naming_open(struct naming *n, const struct runtime_root *roots, size_t nroots)
{
	int err;

	/* A watched link takes some, a few dozen the maps: as many as are allowed. */
	fdlimit_raise();
	err = netns_names_new(&n->names);
	if (!err)
		err = container_store_new(&n->containers, roots, nroots);
	if (!err)
		err = cgroups_new(&n->cgroups, n->containers);
	if (!err)
		err = process_index_new(&n->processes, n->containers);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return err;
	}
	n->crowd = CROWD_MIN;
	tick(n, clock_boot_ns());
	n->resolver = (struct resolver){.netns = get_netns, .cgroup = get_cgroup, .ctx = n};
	naming_scan(n);
	return 0;
}

void naming_close(struct naming *n)
{
	process_index_free(n->processes);
	netns_names_free(n->names);
	cgroups_free(n->cgroups);
	container_store_free(n->containers);
	*n = (struct naming){0};
}

uint64_t naming_due(const struct naming *n)
{
	uint64_t due = n->refreshed +
		       (n->refreshed < n->newest + NEW_NS && n->newest ? NEW_GAP_NS : SECOND_NS);

	return due > n->next_scan ? due : n->next_scan;
}

void naming_refresh(struct naming *n)
{
	uint64_t now = clock_boot_ns();

	if (now < naming_due(n))
		return;
	n->refreshed = now;
	tick(n, now);
	container_store_refresh(n->containers);
	naming_scan(n);
}

static size_t count(const struct naming *n)
{
	return netns_names_count(n->names) + cgroups_count(n->cgroups) +
	       container_store_count(n->containers);
}

bool naming_is_crowded(const struct naming *n)
{
	return count(n) > n->crowd;
}

static void keep_netns(void *ctx, const struct netns *ns)
{
	netns_names_keep(((struct naming *)ctx)->names, ns);
}

static void keep_cgroup(void *ctx, const struct cgroup *cg)
{
	cgroups_keep(((struct naming *)ctx)->cgroups, cg);
}

static void keep_container(void *ctx, const struct container *c)
{
	container_store_keep(((struct naming *)ctx)->containers, c);
}

static void keep_container_of_cgroup(void *ctx, const struct cgroup *cg)
{
	if (cg->container)
		keep_container(ctx, cg->container);
}

static void keep_containers_of_processes(void *ctx, const struct process_netns *p)
{
	for (size_t i = 0; i < p->ncontainers; i++)
		keep_container(ctx, p->containers[i]);
}

void naming_forget(struct naming *n, void (*each)(void *ctx, const struct keeper *k), void *ctx)
{
	const struct keeper keeper = {.netns = keep_netns, .cgroup = keep_cgroup, .ctx = n};
	uint64_t now = clock_boot_ns(), before = now > REMEMBER_NS ? now - REMEMBER_NS : 0;
	size_t left;

	each(ctx, &keeper);
	netns_names_forget(n->names, before);
	cgroups_forget(n->cgroups, before);
	cgroups_each(n->cgroups, keep_container_of_cgroup, n);
	process_index_each(n->processes, keep_containers_of_processes, n);
	netns_names_disown(n->names, before, keep_container, n);
	container_store_forget(n->containers, before);
	left = count(n);
	n->crowd = left * 2 > CROWD_MIN ? left * 2 : CROWD_MIN;
}

static bool has_wanted(const struct process_netns *p, const struct filter *f)
{
	for (size_t i = 0; p && i < p->ncontainers; i++)
		if (filter_container(f, p->containers[i]))
			return true;
	return false;
}

bool naming_is_contained(const struct naming *n, const struct netns *ns, const struct filter *f)
{
	return filter_container(f, ns->container) ||
	       has_wanted(process_index_netns(n->processes, ns->inode), f);
}

struct sum {
	const struct filter *filter;
	uint64_t sum;
};

static void add_netns(void *ctx, const struct process_netns *p)
{
	struct sum *s = ctx;

	if (has_wanted(p, s->filter) || filter_container(s->filter, p->container))
		s->sum += p->inode * 0x9e3779b97f4a7c15ULL;
}

uint64_t naming_contained_sum(const struct naming *n, const struct filter *f)
{
	struct sum s = {f, 0};

	process_index_each(n->processes, add_netns, &s);
	return s.sum;
}
