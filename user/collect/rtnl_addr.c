// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_addr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "collect/rtnl_query.h"

struct each {
	void (*fn)(void *ctx, const struct rtnl_addr *a);
	void *ctx;
	int32_t nsid;
	bool foreign; /* an answer was not about that namespace */
};

static bool read_addr(const struct nlmsghdr *h, struct nlattr **a, struct rtnl_addr *out)
{
	const struct ifaddrmsg *i = nlmsg_data(h);
	/* A point-to-point device's IFA_ADDRESS is its peer's. */
	const struct nlattr *own = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
	int len = i->ifa_family == AF_INET ? 4 : 16;

	if ((i->ifa_family != AF_INET && i->ifa_family != AF_INET6) || !own || nla_len(own) != len)
		return false;
	*out = (struct rtnl_addr){
		.ifindex = i->ifa_index,
		.addr = addr_make(i->ifa_family, nla_data(own)),
		.prefix_len = i->ifa_prefixlen,
		.link_local = i->ifa_scope == RT_SCOPE_LINK,
	};
	return true;
}

static int on_addr(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *a[IFA_MAX + 1];
	struct each *each = arg;
	struct rtnl_addr out;

	if (h->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(h, sizeof(struct ifaddrmsg), a, IFA_MAX, NULL) < 0)
		return NL_OK;
	/* A kernel that does not know the attribute answers with our own namespace's. */
	if (!a[IFA_TARGET_NETNSID] || nla_get_s32(a[IFA_TARGET_NETNSID]) != each->nsid) {
		each->foreign = true;
		return NL_OK;
	}
	if (read_addr(h, a, &out))
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
