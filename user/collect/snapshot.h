/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP sockets that there are now, in all network namespaces.
 */
#ifndef FLOWNER_COLLECT_SNAPSHOT_H
#define FLOWNER_COLLECT_SNAPSHOT_H

#include "flowner_abi.h"

enum snapshot_kind {
	SNAPSHOT_TCP, /* neither listening nor connected: left out */
	SNAPSHOT_ALL, /* UDP, ICMP, raw, SCTP… too */
};

/* The entry is valid during the call. */
typedef void snapshot_fn(void *ctx, const struct fl_snapshot *s);

/*
 * Call `each` for every socket of every process, a socket that several hold once for each, in order
 * of pids. Returns how many, or -errno (-EPERM; -EOPNOTSUPP: the kernel cannot).
 */
long snapshot_sockets(enum snapshot_kind kind, snapshot_fn *each, void *ctx);

/* The same again and again, without loading programs each time, which takes most of it. */
struct snapshot;

/* 0 or -errno. Owned by the caller. */
int snapshot_open(struct snapshot **out, enum snapshot_kind kind);
void snapshot_close(struct snapshot *s); /* NULL is fine */
/* As snapshot_sockets(). */
long snapshot_read(const struct snapshot *s, snapshot_fn *each, void *ctx);

/*
 * The same, then all TCP sockets, and with SNAPSHOT_ALL all UDP sockets, once more, namespace by
 * namespace, whoever holds them: those that no process does are among these only, and the counters
 * of the others are read under the socket's lock. A namespace that has neither a name nor a process
 * is left out. *namespaces: how many were looked at.
 */
long snapshot_everything(enum snapshot_kind kind, snapshot_fn *each, void *ctx,
			 unsigned int *namespaces);

/* What a jiffy is, in nanoseconds: the unit of fl_snapshot.idle. */
__u64 snapshot_jiffy_ns(void);

#endif
