/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routes, forwarding tables and neighbours of the namespace that a query socket is in: rtnetlink
 * does not tell of other namespaces' ones.
 *
 * Each: 0; -EINTR: the table changed meanwhile, and some may have been left out; or another -errno.
 */
#ifndef FLOWNER_COLLECT_RTNL_TABLES_H
#define FLOWNER_COLLECT_RTNL_TABLES_H

#include "model/net_map.h"

struct rtnl_query;

/* Of all tables but `local`; a route with several next hops comes once for each. */
int rtnl_tables_routes(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_route *r),
		       void *ctx);
/* Of bridges and VXLAN devices; not the devices' own filters of multicast addresses. */
int rtnl_tables_fdb(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_fdb *f),
		    void *ctx);
/* As `ip neigh` shows them: not those that never are asked for. */
int rtnl_tables_neigh(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_neigh *n),
		      void *ctx);

#endif
