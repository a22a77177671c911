/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One process of the echo server: threads that accept from one listener and serve what they accepted.
 */
#ifndef FLOWNER_ECHO_ACCEPTOR_H
#define FLOWNER_ECHO_ACCEPTOR_H

#include "echo/server.h"

/*
 * Until SIGINT or SIGTERM, which are blocked in the caller. The listener is non-blocking and stays the caller's.
 * 0 or -errno, logged.
 */
int acceptor_run(int listener, unsigned int threads, struct server_stats *stats);

#endif
