// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_tables.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include "collect/rtnl_query.h"
#include "collect/rtnl_read.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int dump(struct rtnl_query *q, int type, const void *header, size_t len,
		int (*fn)(struct nl_msg *msg, void *arg), void *arg)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_DUMP);

	if (msg && !nlmsg_append(msg, (void *)header, len, NLMSG_ALIGNTO))
		return rtnl_query_ask(q, msg, fn, arg);
	nlmsg_free(msg);
	return -ENOMEM;
}

/* --- routes --- */

struct routes {
	void (*fn)(void *ctx, const struct map_route *r);
	void *ctx;
};

static int on_route(struct nl_msg *msg, void *arg)
{
	const struct routes *to = arg;

	rtnl_read_route(nlmsg_hdr(msg), to->fn, to->ctx);
	return NL_OK;
}

int rtnl_tables_routes(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_route *r),
		       void *ctx)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct routes to = {fn, ctx};
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(families); i++) {
		const struct rtmsg r = {.rtm_family = (uint8_t)families[i]};

		err = dump(q, RTM_GETROUTE, &r, sizeof(r), on_route, &to);
		/* Without IPv6 in the kernel there is nobody to answer. */
		if (err == -EOPNOTSUPP && i > 0)
			err = 0;
	}
	return err;
}

/* --- forwarding tables --- */

struct fdb {
	void (*fn)(void *ctx, const struct map_fdb *f);
	void *ctx;
};

static int on_fdb(struct nl_msg *msg, void *arg)
{
	const struct fdb *to = arg;
	struct map_fdb f;

	if (rtnl_read_fdb(nlmsg_hdr(msg), &f))
		to->fn(to->ctx, &f);
	return NL_OK;
}

int rtnl_tables_fdb(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_fdb *f), void *ctx)
{
	const struct ndmsg n = {.ndm_family = PF_BRIDGE};
	struct fdb to = {fn, ctx};

	return dump(q, RTM_GETNEIGH, &n, sizeof(n), on_fdb, &to);
}

/* --- neighbours --- */

struct neigh {
	void (*fn)(void *ctx, const struct map_neigh *n);
	void *ctx;
};

static int on_neigh(struct nl_msg *msg, void *arg)
{
	const struct neigh *to = arg;
	struct map_neigh n;

	if (rtnl_read_neigh(nlmsg_hdr(msg), &n))
		to->fn(to->ctx, &n);
	return NL_OK;
}

int rtnl_tables_neigh(struct rtnl_query *q, void (*fn)(void *ctx, const struct map_neigh *n),
		      void *ctx)
{
	const struct ndmsg n = {.ndm_family = AF_UNSPEC};
	struct neigh to = {fn, ctx};

	return dump(q, RTM_GETNEIGH, &n, sizeof(n), on_neigh, &to);
}
