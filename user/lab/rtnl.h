/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few things a lab asks of rtnetlink (net/nlsock.h). All return 0 or the kernel's -errno,
 * and log nothing.
 */
#ifndef FLOWNER_LAB_RTNL_H
#define FLOWNER_LAB_RTNL_H

#include <stdbool.h>
#include <stddef.h>

#include "model/lab.h"

struct nl_sock;

int rtnl_set_up(struct nl_sock *sk, unsigned int ifindex);

/* A bridge that forwards at once: no STP, no multicast snooping; up. */
int rtnl_add_bridge(struct nl_sock *sk, const char *name, unsigned int *ifindex);

/*
 * A veth pair: `name` here, up, enslaved to `master` if not 0; `peer_name` in the namespace
 * peer_ns. The peer is born there, so its name cannot clash with any here. It is down: the kernel
 * will not bring it up (ENOTCONN) before both ends exist.
 */
int rtnl_add_veth(struct nl_sock *sk, const char *name, unsigned int master, const char *peer_name,
		  int peer_ns);

int rtnl_ifindex(struct nl_sock *sk, const char *name, unsigned int *ifindex);

/* family and bytes as in inet_ntop. The address is usable at once: no duplicate address detection.
 */
int rtnl_add_address(struct nl_sock *sk, unsigned int ifindex, int family, const void *bytes,
		     unsigned int prefix);
int rtnl_add_default_route(struct nl_sock *sk, unsigned int ifindex, int family,
			   const void *gateway);

/* All links but lo with their addresses (not the link-local ones): arrays to be freed. */
int rtnl_dump(struct nl_sock *sk, struct lab_live_link **links, size_t *n);

/* Are all links but lo up, plugged in, and all addresses usable? 1, 0 or -errno. */
int rtnl_ready(struct nl_sock *sk);

#endif
