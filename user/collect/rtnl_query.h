/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions to rtnetlink about devices of other namespaces, asked from our own.
 *
 * A namespace goes by the number (nsid) that it has in ours. In answers the peer's nsid is one of
 * ours too, whichever namespace was asked about; in notifications it is one of the device's own
 * namespace's, and so means nothing to us.
 */
#ifndef FLOWNER_COLLECT_RTNL_QUERY_H
#define FLOWNER_COLLECT_RTNL_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/link.h"

struct nl_msg;
struct rtnl_query;

#define RTNL_NO_NSID (-1)

struct rtnl_link {
	uint32_t ifindex, master, link; /* 0: none */
	int32_t link_nsid;              /* RTNL_NO_NSID: `link` is in the same namespace */
	char name[LINK_NAME_MAX], kind[LINK_NAME_MAX];
	bool ethernet, up;
	uint64_t packets; /* received and sent; only from rtnl_query_link() */
};

/* A socket in the calling thread's namespace. 0 or -errno. Owned by the caller. */
int rtnl_query_open(struct rtnl_query **out);
void rtnl_query_close(struct rtnl_query *q); /* NULL is fine */

/* The nsid of the open namespace, given to it if it had none. 0 or -errno. */
int rtnl_query_nsid(struct rtnl_query *q, int netns_fd, int32_t *nsid);

/* -ENODEV: no such device; -EINVAL: no such namespace (any more); or another -errno. */
int rtnl_query_link(struct rtnl_query *q, int32_t nsid, uint32_t ifindex, struct rtnl_link *out);

/*
 * All devices. 0; -EINTR: the list changed meanwhile, and some may have been left out; -EINVAL: no
 * such namespace; or another -errno.
 */
int rtnl_query_links(struct rtnl_query *q, int32_t nsid,
		     void (*fn)(void *ctx, const struct rtnl_link *l), void *ctx);

/*
 * Any other question: send, and hand each message of the answer to fn, which returns NL_OK. Frees
 * msg. 0; -EINTR: a dump that was not consistent; or what the kernel answered.
 */
int rtnl_query_ask(struct rtnl_query *q, struct nl_msg *msg,
		   int (*fn)(struct nl_msg *msg, void *arg), void *arg);

#endif
