/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps a topology true: finds the network namespaces and their devices, and follows them as they
 * come and go. All is asked from our own namespace; no other is kept open (collect/netns_set.h).
 */
#ifndef FLOWNER_COLLECT_LINK_MONITOR_H
#define FLOWNER_COLLECT_LINK_MONITOR_H

#include <stdint.h>

#include "model/link.h"
#include "model/topology.h"

struct link_monitor;

/* Interns a namespace (collect/netns_names.h). NULL when memory runs out. */
typedef const struct netns *link_monitor_netns(void *ctx, uint32_t inode, uint64_t cookie);

/* All that is there now is in the topology then. 0 or -errno, logged. Owned by the caller. */
int link_monitor_new(struct link_monitor **out, link_monitor_netns *netns, void *ctx);
void link_monitor_free(struct link_monitor *m); /* the topology too; NULL is fine */

/* Readable when there is something to do. */
int link_monitor_fd(const struct link_monitor *m);
/* Bring the topology up to date. Never waits. 0 or -errno, logged. */
int link_monitor_dispatch(struct link_monitor *m);

/* Be readable at once. */
void link_monitor_wake(struct link_monitor *m);

/* The caller reads its changes (topology_next_changed()). */
struct topology *link_monitor_topology(const struct link_monitor *m);
unsigned int link_monitor_namespaces(const struct link_monitor *m);

/* How many packets the device has received and sent so far. 0; -ENODEV: it is no more. */
int link_monitor_packets(struct link_monitor *m, const struct link *l, uint64_t *packets);

/*
 * Run fn(arg) in the link's namespace. -ENOENT: there is no way into it: no name, no process. Else
 * what fn returned, or -errno.
 */
int link_monitor_within(struct link_monitor *m, const struct link *l, int (*fn)(void *arg),
			void *arg);

/* All namespaces that are known, those without devices of note too. */
void link_monitor_each_netns(struct link_monitor *m, void (*fn)(void *ctx, const struct netns *n),
			     void *ctx);

struct rtnl_addr;

/*
 * The addresses of all devices, as they are now, by namespace. Those of namespaces that went
 * meanwhile are left out. 0 or -errno.
 */
int link_monitor_addrs(struct link_monitor *m,
		       void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a),
		       void *ctx);

/* As link_monitor_within(), for a namespace. */
int link_monitor_within_netns(struct link_monitor *m, uint64_t netns_cookie, int (*fn)(void *arg),
			      void *arg);

#endif
