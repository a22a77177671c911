// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/rtnl.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/nlsock.h"

static void cleanup_link(struct rtnl_link **l)
{
	rtnl_link_put(*l);
}

static void cleanup_addr(struct rtnl_addr **a)
{
	rtnl_addr_put(*a);
}

static void cleanup_route(struct rtnl_route **r)
{
	rtnl_route_put(*r);
}

static void cleanup_nladdr(struct nl_addr **a)
{
	nl_addr_put(*a);
}

static void cleanup_cache(struct nl_cache **c)
{
	if (*c)
		nl_cache_free(*c);
}

int rtnl_set_up(struct nl_sock *sk, unsigned int ifindex)
{
	_cleanup_(cleanup_link) struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *msg;
	int err;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_ifindex(link, (int)ifindex);
	rtnl_link_set_flags(link, IFF_UP);
	err = rtnl_link_build_change_request(link, link, 0, &msg);
	return err ? nlsock_errno(err) : nlsock_talk(sk, msg);
}

/* libnl 3.7 knows bridges, but not these of their attributes. */
static int put_bridge(struct nl_msg *msg, const char *name)
{
	struct ifinfomsg ifi = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nlattr *info, *data;

	if (nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) ||
	    nla_put_string(msg, IFLA_IFNAME, name))
		return -ENOMEM;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "bridge"))
		return -ENOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data || nla_put_u32(msg, IFLA_BR_STP_STATE, 0) ||
	    nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 0) ||
	    nla_put_u8(msg, IFLA_BR_MCAST_SNOOPING, 0))
		return -ENOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return 0;
}

int rtnl_add_bridge(struct nl_sock *sk, const char *name, unsigned int *ifindex)
{
	struct nl_msg *msg;
	int err;

	msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	if (!msg)
		return -ENOMEM;
	err = put_bridge(msg, name);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	err = nlsock_talk(sk, msg);
	return err ? err : rtnl_ifindex(sk, name, ifindex);
}

int rtnl_add_veth(struct nl_sock *sk, const char *name, unsigned int master, const char *peer_name,
		  int peer_ns)
{
	_cleanup_(cleanup_link) struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer;
	struct nl_msg *msg;
	int err;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(link, IFF_UP);
	if (master)
		rtnl_link_set_master(link, (int)master);
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(peer, peer_name);
	rtnl_link_set_ns_fd(peer, peer_ns);
	rtnl_link_put(peer);
	err = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
	return err ? nlsock_errno(err) : nlsock_talk(sk, msg);
}

int rtnl_ifindex(struct nl_sock *sk, const char *name, unsigned int *ifindex)
{
	_cleanup_(cleanup_link) struct rtnl_link *link = NULL;
	int err = rtnl_link_get_kernel(sk, 0, name, &link);

	if (err)
		return nlsock_errno(err);
	*ifindex = (unsigned int)rtnl_link_get_ifindex(link);
	return 0;
}

static struct nl_addr *address(int family, const void *bytes, unsigned int prefix)
{
	struct nl_addr *a = nl_addr_build(family, bytes, family == AF_INET ? 4 : 16);

	if (a)
		nl_addr_set_prefixlen(a, (int)prefix);
	return a;
}

int rtnl_add_address(struct nl_sock *sk, unsigned int ifindex, int family, const void *bytes,
		     unsigned int prefix)
{
	_cleanup_(cleanup_nladdr) struct nl_addr *local = address(family, bytes, prefix);
	_cleanup_(cleanup_addr) struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_msg *msg;
	int err;

	if (!addr || !local || rtnl_addr_set_local(addr, local))
		return -ENOMEM;
	rtnl_addr_set_ifindex(addr, (int)ifindex);
	if (family == AF_INET6)
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
	err = rtnl_addr_build_add_request(addr, NLM_F_CREATE | NLM_F_EXCL, &msg);
	return err ? nlsock_errno(err) : nlsock_talk(sk, msg);
}

int rtnl_add_default_route(struct nl_sock *sk, unsigned int ifindex, int family,
			   const void *gateway)
{
	static const uint8_t any[16];
	_cleanup_(cleanup_nladdr) struct nl_addr *dst = address(family, any, 0);
	_cleanup_(cleanup_nladdr) struct nl_addr *via =
		nl_addr_build(family, gateway, family == AF_INET ? 4 : 16);
	_cleanup_(cleanup_route) struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop;
	struct nl_msg *msg;
	int err;

	if (!dst || !via || !route)
		return -ENOMEM;
	rtnl_route_set_family(route, (uint8_t)family);
	rtnl_route_set_table(route, RT_TABLE_MAIN);
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
	err = rtnl_route_set_dst(route, dst);
	hop = rtnl_route_nh_alloc();
	if (err || !hop) {
		if (hop)
			rtnl_route_nh_free(hop);
		return -ENOMEM;
	}
	rtnl_route_nh_set_gateway(hop, via);
	rtnl_route_nh_set_ifindex(hop, (int)ifindex);
	rtnl_route_add_nexthop(route, hop);
	err = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &msg);
	return err ? nlsock_errno(err) : nlsock_talk(sk, msg);
}

static void describe(struct rtnl_link *l, struct lab_live_link *out)
{
	const char *kind = rtnl_link_get_type(l);

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", rtnl_link_get_name(l));
	snprintf(out->kind, sizeof(out->kind), "%s", kind ? kind : "");
	out->ifindex = (unsigned int)rtnl_link_get_ifindex(l);
	out->master = (unsigned int)rtnl_link_get_master(l);
	out->iflink = (unsigned int)rtnl_link_get_link(l);
	out->up = (rtnl_link_get_flags(l) & IFF_UP) && rtnl_link_get_operstate(l) == IF_OPER_UP;
}

static int add_live_address(struct rtnl_addr *a, struct lab_live_link *links, size_t n)
{
	struct nl_addr *local = rtnl_addr_get_local(a);
	struct lab_live_addr *more;

	if (!local || rtnl_addr_get_scope(a) == RT_SCOPE_LINK ||
	    nl_addr_get_len(local) > sizeof(more->bytes))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if ((int)links[i].ifindex != rtnl_addr_get_ifindex(a))
			continue;
		more = reallocarray(links[i].addrs, links[i].n_addrs + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		links[i].addrs = more;
		more += links[i].n_addrs++;
		memset(more, 0, sizeof(*more));
		more->family = rtnl_addr_get_family(a);
		more->prefix = (uint8_t)rtnl_addr_get_prefixlen(a);
		memcpy(more->bytes, nl_addr_get_binary_addr(local), nl_addr_get_len(local));
		return 0;
	}
	return 0;
}

int rtnl_dump(struct nl_sock *sk, struct lab_live_link **out, size_t *n_out)
{
	_cleanup_(cleanup_cache) struct nl_cache *links = NULL, *addrs = NULL;
	struct lab_live_link *list;
	size_t n = 0;
	int err;

	err = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);
	if (!err)
		err = rtnl_addr_alloc_cache(sk, &addrs);
	if (err)
		return nlsock_errno(err);
	list = calloc((size_t)nl_cache_nitems(links) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *l = (struct rtnl_link *)o;

		if (!(rtnl_link_get_flags(l) & IFF_LOOPBACK))
			describe(l, &list[n++]);
	}
	*out = list;
	*n_out = n;
	for (struct nl_object *o = nl_cache_get_first(addrs); o && !err; o = nl_cache_get_next(o))
		err = add_live_address((struct rtnl_addr *)o, list, n);
	return err;
}

/*
 * The kernel settles a carrier that came up from a work queue, and may take its time: a second, for
 * a veth whose two ends have the same ifindex. Asking for the one device settles it at once (since
 * 6.9; a dump does not).
 */
static int link_ready(struct nl_sock *sk, struct rtnl_link *l)
{
	_cleanup_(cleanup_link) struct rtnl_link *now = NULL;
	int err;

	/* Devices that are not ours (tunl0, sit0: modules put them into every namespace) stay down.
	 */
	if (!(rtnl_link_get_flags(l) & IFF_UP) || (rtnl_link_get_flags(l) & IFF_LOOPBACK) ||
	    rtnl_link_get_operstate(l) == IF_OPER_UP)
		return 1;
	err = rtnl_link_get_kernel(sk, rtnl_link_get_ifindex(l), NULL, &now);
	return err ? nlsock_errno(err) : rtnl_link_get_operstate(now) == IF_OPER_UP;
}

int rtnl_ready(struct nl_sock *sk)
{
	_cleanup_(cleanup_cache) struct nl_cache *links = NULL, *addrs = NULL;
	int err;

	err = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);
	if (!err)
		err = rtnl_addr_alloc_cache(sk, &addrs);
	if (err)
		return nlsock_errno(err);
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
		int ready = link_ready(sk, (struct rtnl_link *)o);

		if (ready != 1)
			return ready;
	}
	for (struct nl_object *o = nl_cache_get_first(addrs); o; o = nl_cache_get_next(o))
		if (rtnl_addr_get_flags((struct rtnl_addr *)o) & IFA_F_TENTATIVE)
			return 0;
	return 1;
}
