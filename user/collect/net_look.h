/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One look at all network namespaces there are, into a map. Nothing is kept open.
 */
#ifndef FLOWNER_COLLECT_NET_LOOK_H
#define FLOWNER_COLLECT_NET_LOOK_H

#include <stdbool.h>

#include "model/net_map.h"

struct naming;

/*
 * What the map is to have beyond namespaces, devices and addresses. Namespaces that are not
 * `wanted` (NULL: all are) are marked as left out and not entered for that.
 */
struct net_look {
	bool routes, fdb, neigh;
	bool (*wanted)(void *ctx, const struct map_netns *n);
	void *ctx;
};

/*
 * `names` is open and outlives the map. Namespaces that vanish meanwhile are not in it. 0 or
 * -errno, logged. Owned by the caller (net_map_free()).
 */
int net_look_around(struct net_map **out, struct naming *names, const struct net_look *l);

#endif
