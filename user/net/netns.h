/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Named network namespaces, as iproute2 keeps them: a file under /run/netns with the namespace
 * mounted over it.
 *
 * A namespace is known again by its inode and its cookie. The kernel hands an inode number out anew
 * once its namespace has gone; a cookie (SO_NETNS_COOKIE, Linux 5.14) never.
 */
#ifndef FLOWNER_NET_NETNS_H
#define FLOWNER_NET_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NETNS_DIR "/run/netns"

struct netns_id {
	uint64_t inode, cookie;
};

/*
 * Run fn(arg) inside the namespace `fd`, or, where fd is NETNS_NEW, inside a new one, and come
 * back. Returns what fn returned, or -errno. Should the way back fail the program aborts: nothing
 * may go on in the wrong namespace. That coming back is allowed is made sure of before leaving.
 */
#define NETNS_NEW (-1)
int netns_within(int fd, int (*fn)(void *arg), void *arg);

/* Of the calling thread's own namespace. *fd is the caller's to close. */
int netns_self(int *fd, struct netns_id *id);

/* Make NETNS_DIR what `ip netns` makes of it: a mount point of its own, shared. Logs. */
int netns_prepare_dir(void);

/* Give the namespace `fd` a name. -EEXIST: the name is taken (not logged; all else is). */
int netns_bind(const char *name, int fd);

/* Is there anything under this name? */
bool netns_name_taken(const char *name);

enum netns_found {
	NETNS_NOTHING, /* nothing has that name */
	NETNS_BARE,    /* an empty file that no namespace is mounted on */
	NETNS_MATCH,   /* the namespace asked for */
	NETNS_OTHER,   /* something else */
};

/*
 * What is under this name: enum netns_found or -errno. With NETNS_MATCH *fd, if not NULL, is the
 * namespace, the caller's to close.
 */
int netns_find(const char *name, const struct netns_id *id, int *fd);

/* Unmount and remove the name. Logs. */
int netns_unbind(const char *name);

/*
 * Call fn for each process that is in one of the n namespaces (`inodes` in ascending order).
 * Processes that end meanwhile are left out.
 */
int netns_users(const uint64_t *inodes, size_t n, void (*fn)(void *arg, size_t index, pid_t pid),
		void *arg);

#endif
