/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which namespace's which device has which addresses, of all namespaces.
 */
#ifndef FLOWNER_COLLECT_ADDR_LIST_H
#define FLOWNER_COLLECT_ADDR_LIST_H

#include <stdint.h>

#include "collect/rtnl_addr.h"

struct netns_set;

/*
 * As they are now, by namespace. Those of namespaces that went meanwhile are left out. 0, or -errno
 * when some could not be asked for; the others have been handed out.
 */
int addr_list(struct netns_set *s, struct rtnl_query *q,
	      void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a), void *ctx);

#endif
