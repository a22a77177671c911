/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Has a pair of programs on every link that is wanted, in all network namespaces, as links come and
 * go.
 */
#ifndef FLOWNER_COLLECT_WATCHER_H
#define FLOWNER_COLLECT_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/link.h"
#include "model/topology.h"

struct watcher;
struct rtnl_addr;

struct watcher_ops {
	/*
	 * The programs for this link, by its netns and whether its packets begin with an Ethernet
	 * header; their descriptors stay the callee's. 0 or -errno, which is logged
	 * with the link that is left out.
	 */
	int (*programs)(void *ctx, const struct link *l, int *in_fd, int *out_fd);
	/* l->attached and l->had_traffic are set. */
	void (*attached)(void *ctx, struct link *l);
	/*
	 * No longer watched: the device is no more, or has moved (l->gone), or is not wanted any
	 * more. l->attached is still set. Not called by watcher_free().
	 */
	void (*detached)(void *ctx, struct link *l);
	/* Interns a namespace (collect/netns_names.h); links point to it. NULL: no memory. */
	const struct netns *(*netns)(void *ctx, uint32_t inode, uint64_t cookie);
	void *ctx;
};

#define WATCHER_TCX_MAX 64

struct watcher_options {
	struct watch_options links; /* what it points to outlives the watcher */
	bool no_tcx;                /* filters of clsact qdiscs everywhere */
	/*
	 * How many links may have tcx links, which are slow to come and go (collect/tc_attach.h);
	 * the others have filters. 0: WATCHER_TCX_MAX.
	 */
	unsigned int tcx_max;
};

/*
 * On return the links that are there are watched. That one cannot be is logged and does not stop
 * the rest. 0 or -errno, logged. Owned by the caller.
 */
int watcher_new(struct watcher **out, const struct watcher_options *o,
		const struct watcher_ops *ops);
void watcher_free(struct watcher *w); /* detaches all; NULL is fine */

/* Detach all for good; links and topology can still be looked at. */
void watcher_detach(struct watcher *w);

/* Readable when there is something to do. */
int watcher_fd(const struct watcher *w);
/* Do it, or as much of it as fits into a tenth of a second. 0 or -errno, logged. */
int watcher_dispatch(struct watcher *w);

/* What options.links.wants() says has changed. */
void watcher_reconsider(struct watcher *w);

/*
 * Run fn(arg) in the namespace of that link and come back. What fn returned, or -errno: -ENOENT, no
 * way in.
 */
int watcher_within(struct watcher *w, const struct link *l, int (*fn)(void *arg), void *arg);

/* As link_monitor_addrs(). */
int watcher_addrs(struct watcher *w,
		  void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a),
		  void *ctx);

const struct topology *watcher_topology(const struct watcher *w);
unsigned int watcher_links(const struct watcher *w); /* watched now */

#endif
