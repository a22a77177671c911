/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The echo server: listeners, worker processes and threads around echo/loop.h.
 */
#ifndef FLOWNER_ECHO_SERVER_H
#define FLOWNER_ECHO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "echo/addr.h"
#include "model/echo.h"

struct server_config {
	struct echo_addr addr; /* len 0: every address; its port counts */
	uint64_t workers;      /* processes; 0: this one serves */
	uint64_t threads;      /* accepting threads in each, from 1 */
	bool reuseport;        /* each thread a listener of its own */
	/* Called once when clients are served from now on; an error ends the server. */
	int (*ready)(const struct echo_addr *addr, void *arg);
	void *arg;
};

struct server_report {
	struct echo_stats *stats; /* a row for each thread of each worker; server_report_free() */
	size_t rows;
};

/* Serve until SIGINT or SIGTERM. 0 or -errno after saying why. */
int server_run(const struct server_config *cfg, struct server_report *report);

void server_report_free(struct server_report *report);

#endif
