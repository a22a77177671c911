/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is behind a socket: process, cgroup, container, and how we know; and the network namespace it
 * lives in. Namespaces and cgroups are interned by whoever resolves them (collect/), so a pointer
 * is an identity; they live as long as the resolver.
 */
#ifndef FLOWNER_MODEL_OWNER_H
#define FLOWNER_MODEL_OWNER_H

#include <stdint.h>

#include "model/container.h"

#define OWNER_COMM_LEN 16

enum owner_source {
	OWNER_UNKNOWN,  /* no process known; the cgroup may be */
	OWNER_SNAPSHOT, /* held the socket when the tracer started */
	OWNER_LISTEN,   /* called listen(2): on an accepted socket, the listener's owner */
	OWNER_CONNECT,  /* called connect(2) */
	OWNER_ACCEPT,   /* called accept(2) */
};

/* "connect", …; NULL for OWNER_UNKNOWN. */
const char *owner_source_name(enum owner_source source);

struct cgroup {
	const char *path;                  /* within its hierarchy, "/…" */
	const char *unit;                  /* systemd's, "nginx.service"; NULL: none */
	const struct container *container; /* NULL: none */
};

struct owner {
	enum owner_source source;
	uint32_t pid, tid, ppid, uid; /* meaningless with OWNER_UNKNOWN */
	char comm[OWNER_COMM_LEN + 1];
	const struct cgroup *cgroup; /* NULL: unknown */
};

struct netns {
	uint32_t inode;   /* what `ls -l /proc/PID/ns/net` shows */
	uint64_t cookie;  /* never reused */
	const char *name; /* NULL: has none */
	/* Whose it is, as far as is known by now; NULL: nobody's, as the host's. */
	const struct container *container;
};

/* How the model asks for names; collect/ answers. Either may return NULL. */
struct resolver {
	const struct netns *(*netns)(void *ctx, uint32_t inode, uint64_t cookie);
	/*
	 * Of a socket in `netns` (NULL: unknown): `sock_cgroup` is a v2 cgroup id, `task_cgroup`
	 * one in the pids controller's hierarchy, `pid` a process that may be gone; each 0 where
	 * unknown.
	 */
	const struct cgroup *(*cgroup)(void *ctx, const struct netns *netns, uint64_t sock_cgroup,
				       uint64_t task_cgroup, uint32_t pid);
	void *ctx;
};

#endif
