// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_addr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "collect/rtnl_query.h"
#include "collect/rtnl_read.h"

struct each {
	void (*fn)(void *ctx, const struct rtnl_addr *a);
	void *ctx;
	int32_t nsid;
	bool foreign; /* an answer was not about that namespace */
};

static int on_addr(struct nl_msg *msg, void *arg)
{
	int32_t nsid = RTNL_NO_NSID;
	struct each *each = arg;
	struct rtnl_addr out;

	if (!rtnl_read_addr(nlmsg_hdr(msg), &out, &nsid))
		return NL_OK;
	/* A kernel that does not know the attribute answers with our own namespace's. */
	if (nsid != each->nsid)
		each->foreign = true;
	else
		each->fn(each->ctx, &out);
	return NL_OK;
}

/* A family each: of AF_UNSPEC those are asked too that do not know of other namespaces. */
static int ask_family(struct rtnl_query *q, int family, struct each *each)
{
	struct ifaddrmsg i = {.ifa_family = (uint8_t)family};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);

	if (msg && !nlmsg_append(msg, &i, sizeof(i), NLMSG_ALIGNTO) &&
	    !nla_put_s32(msg, IFA_TARGET_NETNSID, each->nsid))
		return rtnl_query_ask(q, msg, on_addr, each);
	nlmsg_free(msg);
	return -ENOMEM;
}

int rtnl_query_addrs(struct rtnl_query *q, int32_t nsid,
		     void (*fn)(void *ctx, const struct rtnl_addr *a), void *ctx)
{
	struct each each = {fn, ctx, nsid, false};
	int err = ask_family(q, AF_INET, &each), err6;

	if (err && err != -EINTR)
		return err;
	err6 = ask_family(q, AF_INET6, &each);
	/* Without IPv6 in the kernel there is nobody to answer. */
	if (err6 && err6 != -EOPNOTSUPP)
		err = err6;
	return err ? err : each.foreign ? -EOPNOTSUPP : 0;
}
