/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One process of the echo server: its threads, a loop (echo/loop.h) in each.
 */
#ifndef FLOWNER_ECHO_WORKER_H
#define FLOWNER_ECHO_WORKER_H

#include "echo/server.h"

/* A shared listener is closed by whoever made it; -1: every thread makes one of its own. */
struct worker {
	const struct server_config *cfg;
	struct echo_addr addr; /* with the port the kernel chose */
	int listener;
	int stop;                 /* a signalfd: readable in all threads while nobody reads it */
	struct echo_stats *stats; /* cfg->threads rows */
	int (*ready)(void *arg);
	void *arg;
};

/* 0 when stopped, or -errno after saying why. */
int worker_run(const struct worker *w);

#endif
