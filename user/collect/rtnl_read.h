/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What messages of rtnetlink say: bytes in, facts out, no socket. A message is there as far as its
 * header says, which is no less than a header; nothing else of it is relied on. False: it is of
 * another kind, says nothing that is wanted, or is not as it should be.
 */
#ifndef FLOWNER_COLLECT_RTNL_READ_H
#define FLOWNER_COLLECT_RTNL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/rtnetlink.h>

#include "collect/rtnl_addr.h"
#include "collect/rtnl_query.h"
#include "model/net_map.h"

bool rtnl_read_link(struct nlmsghdr *h, struct rtnl_link *out);
/* *nsid: of the namespace that it is about; RTNL_NO_NSID where that is not said. */
bool rtnl_read_addr(struct nlmsghdr *h, struct rtnl_addr *out, int32_t *nsid);
/* RTNL_NO_NSID: it tells none. */
int32_t rtnl_read_nsid(struct nlmsghdr *h);

/* As collect/rtnl_tables.h wants them. */
typedef void rtnl_route_fn(void *ctx, const struct map_route *r);
void rtnl_read_route(struct nlmsghdr *h, rtnl_route_fn *fn, void *ctx); /* once for each hop */
bool rtnl_read_fdb(struct nlmsghdr *h, struct map_fdb *out);
bool rtnl_read_neigh(struct nlmsghdr *h, struct map_neigh *out);

struct rtnl_event {
	enum { RTNL_LINK_CHANGED, RTNL_LINK_GONE, RTNL_NSID_NEW, RTNL_NSID_GONE } type;
	uint32_t ifindex; /* RTNL_LINK_… */
	int32_t nsid;     /* RTNL_NSID_…; RTNL_NO_NSID: it is not told */
};

/* Of the groups of collect/rtnl_events.h. */
bool rtnl_read_event(struct nlmsghdr *h, struct rtnl_event *out);

#endif
