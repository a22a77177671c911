/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP sockets that processes hold now, in all network namespaces.
 */
#ifndef FLOWNER_COLLECT_SNAPSHOT_H
#define FLOWNER_COLLECT_SNAPSHOT_H

#include "flowner_abi.h"

enum snapshot_kind {
	SNAPSHOT_TCP, /* neither listening nor connected: left out */
	SNAPSHOT_ALL, /* UDP, ICMP, raw, SCTP… too */
};

/*
 * Call `each` for every socket of every process, a socket that several hold once for each, in order
 * of pids. The entry is valid during the call. Returns how many, or -errno (-EPERM; -EOPNOTSUPP:
 * the kernel cannot).
 */
long snapshot_sockets(enum snapshot_kind kind, void (*each)(void *ctx, const struct fl_snapshot *s),
		      void *ctx);

#endif
