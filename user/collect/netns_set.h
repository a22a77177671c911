/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network namespaces that can be found: those with a name, and those of processes.
 *
 * None is kept open. An open namespace, or a socket in it, would keep it alive, and its devices,
 * and their peers, after `ip netns del`. What is kept is a path, and what tells whether the same
 * namespace is still there: its inode and its cookie.
 */
#ifndef FLOWNER_COLLECT_NETNS_SET_H
#define FLOWNER_COLLECT_NETNS_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "net/netns.h"

struct netns_set;
struct stat;
struct rtnl_query;

struct netns_member {
	struct netns_id id;
	/*
	 * The number under which rtnetlink, asked from our own namespace, knows this one. The
	 * kernel never takes it back before the namespace dies.
	 */
	int32_t nsid;
	bool self; /* the one we are in */
};

/*
 * Holds our own namespace only; netns_set_scan() finds the others. `q` is a query socket in our own
 * namespace; borrowed. 0 or -errno. Owned by the caller.
 */
int netns_set_new(struct netns_set **out, struct rtnl_query *q);
void netns_set_free(struct netns_set *s); /* NULL is fine */

enum netns_scan {
	NETNS_SCAN_NAMES,     /* the directories that hold names */
	NETNS_SCAN_PROCESSES, /* these, and every process's */
};

/*
 * Look for namespaces not known yet, number them and call `found` for each. Returns how many, or
 * -errno. What cannot be looked into is left out.
 */
int netns_set_scan(struct netns_set *s, enum netns_scan what,
		   void (*found)(void *ctx, const struct netns_member *m), void *ctx);

/* NULL: not known. Valid until it is dropped. */
const struct netns_member *netns_set_by_nsid(const struct netns_set *s, int32_t nsid);
const struct netns_member *netns_set_by_cookie(const struct netns_set *s, uint64_t cookie);
const struct netns_member *netns_set_self(const struct netns_set *s);
unsigned int netns_set_count(const struct netns_set *s);
/* What stat(2) says of a file: is it a namespace (of whatever kind)? */
bool netns_set_is_netns(const struct netns_set *s, const struct stat *st);
/* fn drops none. */
void netns_set_each(const struct netns_set *s, void (*fn)(void *ctx, const struct netns_member *m),
		    void *ctx);

/* By the way it was reached last. Looks for no other. */
bool netns_set_is_reachable(const struct netns_member *m);

/* The namespace is no more, or its number is not to be relied on any longer. */
void netns_set_drop(struct netns_set *s, const struct netns_member *m);

/*
 * After events were lost: look whether those known are still what they were. Calls `dropped` for
 * each that is not found again, then `found` for all that there are now. 0 or -errno, with nothing
 * dropped.
 */
int netns_set_rescan(struct netns_set *s, void (*dropped)(void *ctx, const struct netns_member *m),
		     void (*found)(void *ctx, const struct netns_member *m), void *ctx);

/*
 * Run fn(arg) inside. -ENOENT: no way into that namespace is left (it may live on, by a socket).
 * Else what fn returned, or -errno.
 */
int netns_set_within(struct netns_set *s, uint64_t cookie, int (*fn)(void *arg), void *arg);

#endif
