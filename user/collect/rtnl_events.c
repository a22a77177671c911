// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/rtnl_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "collect/rtnl_query.h"

/* Some ten thousand notifications. */
#define BUFFER (16 << 20)

int rtnl_events_open(bool *all)
{
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	const int groups[] = {RTNLGRP_LINK, RTNLGRP_NSID};
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int size = BUFFER, yes = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return -errno;
	/* A smaller one overflows sooner, and that is seen. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*all = !setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &yes, sizeof(yes));
	if (!*all && errno != EPERM)
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])))
			return -errno;
	return take_fd(&fd);
}

/* The namespace that a notification comes from; none stands there if it is ours. */
static int32_t event_nsid(struct msghdr *msg)
{
	int32_t nsid = RTNL_NO_NSID;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
	return nsid;
}

ssize_t rtnl_events_read(int fd, char *buf, int32_t *nsid)
{
	union {
		char room[CMSG_SPACE(sizeof(int32_t))];
		struct cmsghdr align;
	} control;
	struct sockaddr_nl from;
	struct iovec iov = {buf, RTNL_EVENT_MAX};
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*nsid = event_nsid(&msg);
	return len;
}
