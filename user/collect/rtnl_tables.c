// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_tables.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include "collect/rtnl_query.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool read_ip(const struct nlattr *a, int family, struct addr *out)
{
	if (!a || nla_len(a) != (family == AF_INET ? 4 : 16))
		return false;
	*out = addr_make(family, nla_data(a));
	return true;
}

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

static const char *route_type(unsigned int type)
{
	static const char *const names[] = {
		[RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast",
		[RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast",
		[RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw",
		[RTN_NAT] = "nat",
	};

	return type < COUNT(names) ? names[type] : NULL;
}

static const char *route_protocol(unsigned int protocol)
{
	static const char *const names[] = {
		[RTPROT_REDIRECT] = "redirect",
		[RTPROT_KERNEL] = "kernel",
		[RTPROT_BOOT] = "boot",
		[RTPROT_STATIC] = "static",
		[RTPROT_RA] = "ra",
		[RTPROT_ZEBRA] = "zebra",
		[RTPROT_BIRD] = "bird",
		[RTPROT_DHCP] = "dhcp",
		[RTPROT_KEEPALIVED] = "keepalived",
		[RTPROT_BGP] = "bgp",
		[RTPROT_ISIS] = "isis",
		[RTPROT_OSPF] = "ospf",
		[RTPROT_RIP] = "rip",
		[RTPROT_EIGRP] = "eigrp",
	};

	return protocol < COUNT(names) ? names[protocol] : NULL;
}

/* An IPv4 route may go by an IPv6 gateway (RTA_VIA). */
static void read_gateway(struct nlattr **a, int family, struct map_route *r)
{
	const struct nlattr *via = a[RTA_VIA];

	r->has_via = read_ip(a[RTA_GATEWAY], family, &r->via);
	if (!r->has_via && via && nla_len(via) == 2 + 16) {
		const struct rtvia *v = nla_data(via);

		if (v->rtvia_family == AF_INET6) {
			r->via = addr_make(AF_INET6, v->rtvia_addr);
			r->has_via = true;
		}
	}
}

static void each_hop(const struct routes *to, const struct nlattr *multipath, int family,
		     struct map_route *r)
{
	struct rtnexthop *h = nla_data(multipath);
	int left = nla_len(multipath);

	while (left >= (int)sizeof(*h) && h->rtnh_len >= sizeof(*h) && (int)h->rtnh_len <= left) {
		struct nlattr *a[RTA_MAX + 1];
		int len = NLMSG_ALIGN(h->rtnh_len);

		if (nla_parse(a, RTA_MAX, (struct nlattr *)RTNH_DATA(h),
			      (int)(h->rtnh_len - RTNH_LENGTH(0)), NULL) < 0)
			return;
		r->ifindex = (uint32_t)h->rtnh_ifindex;
		r->weight = h->rtnh_hops + 1U;
		read_gateway(a, family, r);
		to->fn(to->ctx, r);
		left -= len;
		h = (struct rtnexthop *)((char *)h + len);
	}
}

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	static const uint8_t zero[16];
	const struct routes *to = arg;
	struct nlattr *a[RTA_MAX + 1];
	struct map_route r = {0};
	const struct rtmsg *i;

	if (h->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(h, sizeof(*i), a, RTA_MAX, NULL) < 0)
		return NL_OK;
	i = nlmsg_data(h);
	r.table = a[RTA_TABLE] ? nla_get_u32(a[RTA_TABLE]) : i->rtm_table;
	if (r.table == RT_TABLE_LOCAL || (i->rtm_flags & RTM_F_CLONED) ||
	    (i->rtm_family != AF_INET && i->rtm_family != AF_INET6))
		return NL_OK;
	if (!read_ip(a[RTA_DST], i->rtm_family, &r.dst))
		r.dst = addr_make(i->rtm_family, zero);
	r.prefix_len = i->rtm_dst_len;
	r.has_src = read_ip(a[RTA_PREFSRC], i->rtm_family, &r.src);
	r.metric = a[RTA_PRIORITY] ? nla_get_u32(a[RTA_PRIORITY]) : 0;
	r.type = route_type(i->rtm_type);
	r.protocol = route_protocol(i->rtm_protocol);
	if (a[RTA_MULTIPATH]) {
		each_hop(to, a[RTA_MULTIPATH], i->rtm_family, &r);
		return NL_OK;
	}
	r.ifindex = a[RTA_OIF] ? nla_get_u32(a[RTA_OIF]) : 0;
	read_gateway(a, i->rtm_family, &r);
	to->fn(to->ctx, &r);
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

static const char *fdb_state(const struct ndmsg *i)
{
	return i->ndm_state & NUD_PERMANENT ? "permanent"
	       : i->ndm_state & NUD_NOARP   ? "static"
					    : NULL;
}

static int on_fdb(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *a[NDA_MAX + 1];
	const struct fdb *to = arg;
	const struct ndmsg *i;
	struct map_fdb f;

	if (h->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(h, sizeof(*i), a, NDA_MAX, NULL) < 0)
		return NL_OK;
	i = nlmsg_data(h);
	if (!a[NDA_LLADDR] || nla_len(a[NDA_LLADDR]) != sizeof(f.mac))
		return NL_OK;
	f = (struct map_fdb){
		.ifindex = (uint32_t)i->ndm_ifindex,
		.master_ifindex = a[NDA_MASTER] ? nla_get_u32(a[NDA_MASTER]) : 0,
		.vlan = a[NDA_VLAN] ? nla_get_u16(a[NDA_VLAN]) : 0,
		.state = fdb_state(i),
	};
	nla_memcpy(&f.mac, a[NDA_LLADDR], sizeof(f.mac));
	f.has_dst = a[NDA_DST] &&
		    read_ip(a[NDA_DST], nla_len(a[NDA_DST]) == 4 ? AF_INET : AF_INET6, &f.dst);
	if (f.master_ifindex || f.has_dst)
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

static const char *neigh_state(unsigned int state)
{
	return state & NUD_REACHABLE    ? "reachable"
	       : state & NUD_STALE      ? "stale"
	       : state & NUD_DELAY      ? "delay"
	       : state & NUD_PROBE      ? "probe"
	       : state & NUD_FAILED     ? "failed"
	       : state & NUD_INCOMPLETE ? "incomplete"
	       : state & NUD_PERMANENT  ? "permanent"
					: NULL;
}

static int on_neigh(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *a[NDA_MAX + 1];
	const struct neigh *to = arg;
	const struct ndmsg *i;
	struct map_neigh n;

	if (h->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(h, sizeof(*i), a, NDA_MAX, NULL) < 0)
		return NL_OK;
	i = nlmsg_data(h);
	n = (struct map_neigh){
		.ifindex = (uint32_t)i->ndm_ifindex,
		.state = neigh_state(i->ndm_state),
		.router = i->ndm_flags & NTF_ROUTER,
	};
	/* NUD_NOARP: multicast and the like; NUD_NONE: not asked for yet. */
	if (!n.state || (i->ndm_family != AF_INET && i->ndm_family != AF_INET6) ||
	    !read_ip(a[NDA_DST], i->ndm_family, &n.addr))
		return NL_OK;
	n.has_mac = a[NDA_LLADDR] && nla_len(a[NDA_LLADDR]) == sizeof(n.mac);
	if (n.has_mac)
		nla_memcpy(&n.mac, a[NDA_LLADDR], sizeof(n.mac));
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
