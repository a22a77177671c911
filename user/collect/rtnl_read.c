// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_read.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* nla_get_u32() does not look whether there are so many bytes. */
static uint32_t number(const struct nlattr *a, uint32_t otherwise)
{
	return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : otherwise;
}

static bool read_ip(const struct nlattr *a, int family, struct addr *out)
{
	if (!a || nla_len(a) != (family == AF_INET ? 4 : 16))
		return false;
	*out = addr_make(family, nla_data(a));
	return true;
}

/* --- devices and their addresses --- */

static void read_kind(struct nlattr *info, char kind[LINK_NAME_MAX])
{
	struct nlattr *a = info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND) : NULL;

	if (a)
		nla_strlcpy(kind, a, LINK_NAME_MAX);
}

static uint64_t read_packets(const struct nlattr *a)
{
	struct rtnl_link_stats64 s = {0};

	if (!a)
		return 0;
	nla_memcpy(&s, a, sizeof(s));
	return s.rx_packets + s.tx_packets;
}

static void read_mac(const struct nlattr *a, struct rtnl_link *l)
{
	if (a && nla_len(a) == sizeof(l->mac)) {
		l->mac_len = sizeof(l->mac);
		nla_memcpy(l->mac, a, sizeof(l->mac));
	}
}

bool rtnl_read_link(struct nlmsghdr *h, struct rtnl_link *l)
{
	struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *i;

	if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof(*i), a, IFLA_MAX, NULL) < 0)
		return false;
	i = nlmsg_data(h);
	*l = (struct rtnl_link){
		.ifindex = (uint32_t)i->ifi_index,
		.link_nsid = RTNL_NO_NSID,
		/* A loopback device has one too, all zeros. */
		.ethernet = i->ifi_type == ARPHRD_ETHER || i->ifi_type == ARPHRD_LOOPBACK,
		.up = i->ifi_flags & IFF_UP,
		.loopback = i->ifi_type == ARPHRD_LOOPBACK,
		.carrier = i->ifi_flags & IFF_LOWER_UP,
		.packets = read_packets(a[IFLA_STATS64]),
	};
	if (a[IFLA_IFNAME])
		nla_strlcpy(l->name, a[IFLA_IFNAME], sizeof(l->name));
	l->mtu = number(a[IFLA_MTU], 0);
	if (!l->loopback)
		read_mac(a[IFLA_ADDRESS], l);
	l->master = number(a[IFLA_MASTER], 0);
	l->link = number(a[IFLA_LINK], 0);
	l->link_nsid = (int32_t)number(a[IFLA_LINK_NETNSID], (uint32_t)RTNL_NO_NSID);
	read_kind(a[IFLA_LINKINFO], l->kind);
	return true;
}

bool rtnl_read_addr(struct nlmsghdr *h, struct rtnl_addr *out, int32_t *nsid)
{
	struct nlattr *a[IFA_MAX + 1];
	const struct ifaddrmsg *i;
	struct addr own;

	if (h->nlmsg_type != RTM_NEWADDR || nlmsg_parse(h, sizeof(*i), a, IFA_MAX, NULL) < 0)
		return false;
	i = nlmsg_data(h);
	*nsid = (int32_t)number(a[IFA_TARGET_NETNSID], (uint32_t)RTNL_NO_NSID);
	/* A point-to-point device's IFA_ADDRESS is its peer's. */
	if ((i->ifa_family != AF_INET && i->ifa_family != AF_INET6) ||
	    !read_ip(a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS], i->ifa_family, &own))
		return false;
	*out = (struct rtnl_addr){
		.ifindex = i->ifa_index,
		.addr = own,
		.prefix_len = i->ifa_prefixlen,
		.link_local = i->ifa_scope == RT_SCOPE_LINK,
	};
	return true;
}

int32_t rtnl_read_nsid(struct nlmsghdr *h)
{
	if (!nlmsg_valid_hdr(h, sizeof(struct rtgenmsg)))
		return RTNL_NO_NSID;
	return (int32_t)number(nlmsg_find_attr(h, sizeof(struct rtgenmsg), NETNSA_NSID),
			       (uint32_t)RTNL_NO_NSID);
}

/* --- routes --- */

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

static void each_hop(const struct nlattr *multipath, int family, struct map_route *r,
		     rtnl_route_fn *fn, void *ctx)
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
		fn(ctx, r);
		left -= len;
		h = (struct rtnexthop *)((char *)h + len);
	}
}

void rtnl_read_route(struct nlmsghdr *h, rtnl_route_fn *fn, void *ctx)
{
	static const uint8_t zero[16];
	struct nlattr *a[RTA_MAX + 1];
	struct map_route r = {0};
	const struct rtmsg *i;

	if (h->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(h, sizeof(*i), a, RTA_MAX, NULL) < 0)
		return;
	i = nlmsg_data(h);
	r.table = number(a[RTA_TABLE], i->rtm_table);
	if (r.table == RT_TABLE_LOCAL || (i->rtm_flags & RTM_F_CLONED) ||
	    (i->rtm_family != AF_INET && i->rtm_family != AF_INET6))
		return;
	if (!read_ip(a[RTA_DST], i->rtm_family, &r.dst))
		r.dst = addr_make(i->rtm_family, zero);
	r.prefix_len = i->rtm_dst_len;
	r.has_src = read_ip(a[RTA_PREFSRC], i->rtm_family, &r.src);
	r.metric = number(a[RTA_PRIORITY], 0);
	r.type = route_type(i->rtm_type);
	r.protocol = route_protocol(i->rtm_protocol);
	if (a[RTA_MULTIPATH]) {
		each_hop(a[RTA_MULTIPATH], i->rtm_family, &r, fn, ctx);
		return;
	}
	r.ifindex = number(a[RTA_OIF], 0);
	read_gateway(a, i->rtm_family, &r);
	fn(ctx, &r);
}

/* --- forwarding tables --- */

static const char *fdb_state(const struct ndmsg *i)
{
	return i->ndm_state & NUD_PERMANENT ? "permanent"
	       : i->ndm_state & NUD_NOARP   ? "static"
					    : NULL;
}

bool rtnl_read_fdb(struct nlmsghdr *h, struct map_fdb *f)
{
	struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *i;

	if (h->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(h, sizeof(*i), a, NDA_MAX, NULL) < 0)
		return false;
	i = nlmsg_data(h);
	if (!a[NDA_LLADDR] || nla_len(a[NDA_LLADDR]) != sizeof(f->mac))
		return false;
	*f = (struct map_fdb){
		.ifindex = (uint32_t)i->ndm_ifindex,
		.master_ifindex = number(a[NDA_MASTER], 0),
		.vlan = a[NDA_VLAN] && nla_len(a[NDA_VLAN]) >= 2 ? nla_get_u16(a[NDA_VLAN]) : 0,
		.state = fdb_state(i),
	};
	nla_memcpy(&f->mac, a[NDA_LLADDR], sizeof(f->mac));
	f->has_dst = a[NDA_DST] &&
		     read_ip(a[NDA_DST], nla_len(a[NDA_DST]) == 4 ? AF_INET : AF_INET6, &f->dst);
	return f->master_ifindex || f->has_dst;
}

/* --- neighbours --- */

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

bool rtnl_read_neigh(struct nlmsghdr *h, struct map_neigh *n)
{
	struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *i;

	if (h->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(h, sizeof(*i), a, NDA_MAX, NULL) < 0)
		return false;
	i = nlmsg_data(h);
	*n = (struct map_neigh){
		.ifindex = (uint32_t)i->ndm_ifindex,
		.state = neigh_state(i->ndm_state),
		.router = i->ndm_flags & NTF_ROUTER,
	};
	/* NUD_NOARP: multicast and the like; NUD_NONE: not asked for yet. */
	if (!n->state || (i->ndm_family != AF_INET && i->ndm_family != AF_INET6) ||
	    !read_ip(a[NDA_DST], i->ndm_family, &n->addr))
		return false;
	n->has_mac = a[NDA_LLADDR] && nla_len(a[NDA_LLADDR]) == sizeof(n->mac);
	if (n->has_mac)
		nla_memcpy(&n->mac, a[NDA_LLADDR], sizeof(n->mac));
	return true;
}

/* --- notifications --- */

bool rtnl_read_event(struct nlmsghdr *h, struct rtnl_event *out)
{
	const struct ifinfomsg *i;

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (!nlmsg_valid_hdr(h, sizeof(*i)))
			return false;
		i = nlmsg_data(h);
		out->ifindex = (uint32_t)i->ifi_index;
		/* AF_BRIDGE: the device has left a bridge. */
		out->type = h->nlmsg_type == RTM_DELLINK && i->ifi_family == AF_UNSPEC
				    ? RTNL_LINK_GONE
				    : RTNL_LINK_CHANGED;
		return true;
	case RTM_NEWNSID:
	case RTM_DELNSID:
		out->type = h->nlmsg_type == RTM_NEWNSID ? RTNL_NSID_NEW : RTNL_NSID_GONE;
		out->nsid = rtnl_read_nsid(h);
		return true;
	default:
		return false;
	}
}
