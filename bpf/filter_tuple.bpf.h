/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of the filter that a tuple alone decides: ports, hosts, family. For sockets
 * (filter.bpf.h) and packets alike.
 */
#ifndef FLOWNER_FILTER_TUPLE_BPF_H
#define FLOWNER_FILTER_TUPLE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flowner_abi.h"

#define AF_INET  2
#define AF_INET6 10

const volatile struct fl_filter filter = {};

/* Is one of the two in a filter that has ports? */
static __always_inline bool filter_port_listed(__be16 one, __be16 other)
{
	__u16 a = bpf_ntohs(one), b = bpf_ntohs(other);

	for (__u32 i = 0; i < FL_PORTS_MAX; i++) {
		if (i >= filter.nports)
			break;
		if (filter.ports[i] == a || filter.ports[i] == b)
			return true;
	}
	return false;
}

/* A local port of 0 is one that connect(2) has not chosen yet. */
static __always_inline bool filter_port(__be16 local, __be16 remote)
{
	return !filter.nports || !local || filter_port_listed(local, remote);
}

/* Addresses as v6 words, v4 mapped into ::ffff:0:0/96. */
struct filter_addr {
	__u32 w[4];
};

static __always_inline void filter_addr_of(struct filter_addr *out, const struct in6_addr *v6,
					   __u32 v4, __u16 family)
{
	if (family == AF_INET6) {
		out->w[0] = v6->in6_u.u6_addr32[0];
		out->w[1] = v6->in6_u.u6_addr32[1];
		out->w[2] = v6->in6_u.u6_addr32[2];
		out->w[3] = v6->in6_u.u6_addr32[3];
	} else {
		out->w[0] = out->w[1] = 0;
		out->w[2] = bpf_htonl(0xffff);
		out->w[3] = v4;
	}
}

static __always_inline bool filter_addr_is_v4(const struct filter_addr *a)
{
	return a->w[0] == 0 && a->w[1] == 0 && a->w[2] == bpf_htonl(0xffff);
}

static __always_inline bool filter_host_match(const volatile struct fl_host *h,
					      const struct filter_addr *a)
{
	const volatile __u32 *addr = (const volatile __u32 *)h->addr;
	const volatile __u32 *mask = (const volatile __u32 *)h->mask;

	return (a->w[0] & mask[0]) == addr[0] && (a->w[1] & mask[1]) == addr[1] &&
	       (a->w[2] & mask[2]) == addr[2] && (a->w[3] & mask[3]) == addr[3];
}

static __always_inline bool filter_hosts(const struct filter_addr *local,
					 const struct filter_addr *remote)
{
	if (!filter.nhosts)
		return true;
	for (__u32 i = 0; i < FL_HOSTS_MAX; i++) {
		if (i >= filter.nhosts)
			break;
		if (filter_host_match(&filter.hosts[i], local) ||
		    filter_host_match(&filter.hosts[i], remote))
			return true;
	}
	return false;
}

#endif
