// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "collect/link_monitor.h"
#include "collect/offload.h"
#include "collect/tc_attach.h"

/* A link that is to be watched. */
struct watched {
	struct link *link;                /* a reference */
	struct tc_attachment *attachment; /* NULL: it could not be, which has been told */
	UT_hash_handle hh;
};

struct watcher {
	struct link_monitor *monitor;
	struct watcher_options options;
	struct watcher_ops ops;
	struct watched *watched; /* by link */
	unsigned int links, tcx_links;
	unsigned int tcx_left; /* that may be made before the next dispatch */
};

/* A dispatch takes little more than this: there are flows to be read meanwhile. */
#define DISPATCH_NS 100000000ULL

/* --- one link --- */

struct attaching {
	struct link *link;
	struct tc_attachment *attachment;
	int in_fd, out_fd;
	enum tc_way way;
};

static int look_inside(void *arg)
{
	struct link *l = arg;

	l->cuts_segments = offload_cuts_segments(l->name);
	return 0;
}

static int attach_inside(void *arg)
{
	struct attaching *a = arg;

	look_inside(a->link);
	return tc_attach(&a->attachment, a->link->ifindex, a->in_fd, a->out_fd, a->way);
}

static int detach_inside(void *arg)
{
	tc_detach(arg);
	return 0;
}

static const char *advice(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return ": run as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN over that namespace";
	case -ENOENT:
		return ": no process is in that namespace and it has no name here: name it with "
		       "ip netns attach";
	case -ENOSPC:
		return ": links of too many namespaces are watched: narrow it with --netns";
	case -EBUSY:
		return ": its ingress qdisc is in the way: replace it by clsact";
	case -EMFILE:
	case -ENFILE:
		return ": raise ulimit -n";
	default:
		return "";
	}
}

static void tell_failure(const struct link *l, int err)
{
	log_warn("cannot watch %s in netns %s%s%u: %s%s", l->name, l->netns->name ?: "",
		 l->netns->name ? " " : "", l->netns->inode,
		 err == -ENOENT ? "no way in" : strerror(-err), advice(err));
}

static enum tc_way way(const struct watcher *w)
{
	if (w->options.no_tcx)
		return TC_FILTERS_ALWAYS;
	return w->tcx_links < w->options.tcx_max && w->tcx_left ? TC_TCX : TC_FILTERS;
}

static int attach(struct watcher *w, struct watched *e)
{
	struct attaching a = {.link = e->link, .way = way(w)};
	struct link *l = e->link;
	uint64_t packets;
	int err;

	/* Before: what passes meanwhile is counted twice rather than never. */
	err = link_monitor_packets(w->monitor, l, &packets);
	if (!err)
		err = w->ops.programs(w->ops.ctx, l, &a.in_fd, &a.out_fd);
	if (!err)
		err = link_monitor_within(w->monitor, l, attach_inside, &a);
	if (err)
		return err;
	e->attachment = a.attachment;
	l->attached = clock_boot_ns();
	l->had_traffic = packets > 0;
	w->links++;
	w->tcx_links += tc_is_tcx(e->attachment);
	if (tc_is_tcx(e->attachment) && w->tcx_left)
		w->tcx_left--;
	w->ops.attached(w->ops.ctx, l);
	return 0;
}

static void detach(struct watcher *w, struct watched *e)
{
	struct tc_attachment *a = e->attachment;

	if (!a)
		return;
	w->links--;
	w->tcx_links -= tc_is_tcx(a);
	e->attachment = NULL;
	if (e->link->gone)
		tc_detach_gone(a);
	else if (tc_is_tcx(a))
		tc_detach(a);
	else if (link_monitor_within(w->monitor, e->link, detach_inside, a))
		tc_detach_gone(a); /* there is no way in */
}

static struct watched *find(const struct watcher *w, const struct link *l)
{
	struct watched *e;

	HASH_FIND_PTR(w->watched, &l, e);
	return e;
}

static void forget(struct watcher *w, struct watched *e)
{
	HASH_DEL(w->watched, e);
	link_put(e->link);
	free(e);
}

/* --- as they come and go --- */

static void begin(struct watcher *w, struct link *l)
{
	struct watched *e = calloc(1, sizeof(*e));
	int err = -ENOMEM;

	if (e) {
		e->link = link_get(l);
		HASH_ADD_PTR(w->watched, link, e);
		err = attach(w, e);
	}
	/* The news that it is gone is on its way. */
	if (err && err != -ENODEV)
		tell_failure(l, err);
}

static void end(struct watcher *w, struct watched *e)
{
	struct link *l = e->link;

	detach(w, e);
	if (l->attached)
		w->ops.detached(w->ops.ctx, l);
	if (!l->gone)
		l->attached = 0;
	forget(w, e);
}

static void decide(struct watcher *w, struct link *l)
{
	struct watched *e = find(w, l);
	bool wanted = topology_wants(link_monitor_topology(w->monitor), &w->options.links, l);

	if (wanted && !e)
		begin(w, l);
	else if (!wanted && e)
		end(w, e);
	else if (wanted && !e->attachment)
		attach(w, e); /* something is different now; that it failed has been told */
	else if (wanted)
		link_monitor_within(w->monitor, l, look_inside, l);
}

/* False: there is more to do than could be done by then. */
static bool decide_changed(struct watcher *w, uint64_t until)
{
	struct topology *t = link_monitor_topology(w->monitor);
	struct link *l;

	while ((l = topology_next_changed(t))) {
		decide(w, l);
		link_put(l);
		if (clock_boot_ns() > until)
			return false;
	}
	return true;
}

int watcher_dispatch(struct watcher *w)
{
	uint64_t until = clock_boot_ns() + DISPATCH_NS;
	int err = link_monitor_dispatch(w->monitor);

	/* Of links that come together one has tcx; the others would wait for it, 24 ms each. */
	w->tcx_left = 1;
	if (!err && !decide_changed(w, until))
		link_monitor_wake(w->monitor);
	return err;
}

int watcher_new(struct watcher **out, const struct watcher_options *o,
		const struct watcher_ops *ops)
{
	struct watcher *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->options = *o;
	w->ops = *ops;
	if (!w->options.tcx_max)
		w->options.tcx_max = WATCHER_TCX_MAX;
	err = link_monitor_new(&w->monitor, ops->netns, ops->ctx);
	if (err) {
		free(w);
		return err;
	}
	w->tcx_left = UINT32_MAX; /* nothing has come late yet */
	decide_changed(w, UINT64_MAX);
	*out = w;
	return 0;
}

void watcher_detach(struct watcher *w)
{
	struct watched *e, *tmp;

	HASH_ITER (hh, w->watched, e, tmp)
		detach(w, e);
}

void watcher_free(struct watcher *w)
{
	struct watched *e, *tmp;

	if (!w)
		return;
	HASH_ITER (hh, w->watched, e, tmp) {
		detach(w, e);
		forget(w, e);
	}
	link_monitor_free(w->monitor);
	free(w);
}

void watcher_reconsider(struct watcher *w)
{
	topology_reconsider(link_monitor_topology(w->monitor));
	link_monitor_wake(w->monitor);
}

int watcher_within(struct watcher *w, const struct link *l, int (*fn)(void *arg), void *arg)
{
	return link_monitor_within(w->monitor, l, fn, arg);
}

int watcher_addrs(struct watcher *w,
		  void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a),
		  void *ctx)
{
	return link_monitor_addrs(w->monitor, fn, ctx);
}

int watcher_fd(const struct watcher *w)
{
	return link_monitor_fd(w->monitor);
}

const struct topology *watcher_topology(const struct watcher *w)
{
	return link_monitor_topology(w->monitor);
}

unsigned int watcher_links(const struct watcher *w)
{
	return w->links;
}
