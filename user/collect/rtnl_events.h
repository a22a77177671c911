/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rtnetlink tells of devices and of namespaces' numbers, of all namespaces that have a number
 * in ours: so give it one first, then ask what is there.
 */
#ifndef FLOWNER_COLLECT_RTNL_EVENTS_H
#define FLOWNER_COLLECT_RTNL_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One notification: with the attributes of the largest device, VFs included. */
#define RTNL_EVENT_MAX (64 << 10)

/*
 * A socket in the calling thread's namespace, or -errno. *all: it hears of all namespaces; without
 * CAP_NET_BROADCAST only of its own.
 */
int rtnl_events_open(bool *all);

/*
 * Read messages (struct nlmsghdr) into `buf`, of RTNL_EVENT_MAX bytes aligned for 4. *nsid: the
 * number of the namespace they come from; RTNL_NO_NSID, if that is ours and has none. Never waits.
 * How many bytes; 0: there are none now; -ENOBUFS: some were lost; or another -errno.
 */
ssize_t rtnl_events_read(int fd, char *buf, int32_t *nsid);

#endif
