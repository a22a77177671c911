/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of network namespaces: a namespace has the names under which it is mounted in /run/netns
 * (ip netns) and /run/docker/netns; the one of pid 1 is "host" if it has no other.
 */
#ifndef FLOWNER_COLLECT_NETNS_NAMES_H
#define FLOWNER_COLLECT_NETNS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/owner.h"

struct netns_names;

/* NET_NS_INIT_INO (6.18): the kernel's first one. */
#define NETNS_INITIAL_INODE 0xeffffff9u

/* Where names are looked for, in order of preference; NULL: no more. */
const char *netns_names_dir(size_t i);

/* Reads the directories. Owned by the caller. 0 or -ENOMEM. */
int netns_names_new(struct netns_names **out);
void netns_names_free(struct netns_names *n);

/*
 * The namespace with that inode and cookie; made when first asked for, with the name it has then,
 * and with a later name once it gets one. *made: it was made by this call. NULL only when memory
 * runs out. Lives until netns_names_forget() at least.
 */
const struct netns *netns_names_get(struct netns_names *n, uint32_t inode, uint64_t cookie,
				    bool *made);

/*
 * Those that have gone gather. When there are many, tell which are still pointed to, then forget
 * all others that were not asked for since `before` (the time that netns_names_tick() told last).
 */
size_t netns_names_count(const struct netns_names *n);
void netns_names_tick(struct netns_names *n, uint64_t now);
void netns_names_keep(struct netns_names *n, const struct netns *netns);
void netns_names_forget(struct netns_names *n, uint64_t before);

/*
 * Whose it is, by what one of its sockets tells, unless that is known or it is the host's: to hold
 * until netns_names_ask().
 */
void netns_names_guess(struct netns_names *n, uint64_t cookie, const struct container *container);
/*
 * Ask of each whose it is, unless that has been answered: an inode is used again after its
 * namespace has gone. NULL: it is not known. What `whose` goes by was read at `seen`
 * (CLOCK_BOOTTIME, ns): of a namespace with a used inode, met later, it would tell the owner
 * before.
 */
void netns_names_ask(struct netns_names *n, uint64_t seen,
		     const struct container *(*whose)(void *ctx, uint32_t inode), void *ctx);
/*
 * Forget whose those are that have not been found to be so since `before` (CLOCK_BOOTTIME, ns), and
 * tell of the others.
 */
void netns_names_disown(struct netns_names *n, uint64_t before,
			void (*owner)(void *ctx, const struct container *c), void *ctx);

/*
 * NAME, INODE, PATH or pid:N of a namespace that exists, to its inode. 0; -ENOENT: no such
 * namespace or process; -EINVAL: a path that is no network namespace; -EACCES.
 */
int netns_names_find(const char *spec, uint32_t *inode);

#endif
