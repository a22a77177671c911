/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TCP echo server: every byte comes back, in order. Memory per client is bounded: nothing is read from a
 * client while something is still to be sent to it.
 */
#ifndef FLOWNER_ECHO_SERVER_H
#define FLOWNER_ECHO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "echo/target.h"

struct server_stats {
	uint64_t connections, bytes, errors;
};

struct server_options {
	struct target bind;		/* len 0: all addresses, both families */
	uint16_t port;			/* with bind.len 0; 0: the kernel picks one */
	unsigned int workers;		/* forked processes that accept; 0: this one does */
	unsigned int threads;		/* threads that accept, at least 1 */
	bool reuseport;			/* each worker has a listener of its own */
	/* Called once everything listens, with where. */
	void (*listening)(const char *addr, uint16_t port);
};

/* Serve until SIGINT or SIGTERM. 0, with *stats; or -errno, logged. */
int server_run(const struct server_options *options, struct server_stats *stats);

#endif
