/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP addresses of another namespace's devices, asked from our own (collect/rtnl_query.h).
 */
#ifndef FLOWNER_COLLECT_RTNL_ADDR_H
#define FLOWNER_COLLECT_RTNL_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "model/addr.h"

struct rtnl_query;

struct rtnl_addr {
	uint32_t ifindex;
	struct addr addr;        /* the device's own, also where it has a peer's (IFA_ADDRESS) */
	unsigned int prefix_len; /* of the address's own family: up to 32 or 128 */
	bool link_local;         /* scope link: 169.254.0.0/16 and fe80::/64, usually */
};

/*
 * All of them, IPv4 first. 0; -EINTR: the list changed meanwhile, and some may have been left out;
 * -EINVAL: no such namespace; -EOPNOTSUPP: a kernel before 4.20; or another -errno.
 */
int rtnl_query_addrs(struct rtnl_query *q, int32_t nsid,
		     void (*fn)(void *ctx, const struct rtnl_addr *a), void *ctx);

#endif
