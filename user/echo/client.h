/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The echo client: makes connections, checks every byte that returns, and remembers each
 * connection.
 */
#ifndef FLOWNER_ECHO_CLIENT_H
#define FLOWNER_ECHO_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "echo/addr.h"
#include "model/echo.h"

#define CLIENT_CONNECTIONS_MAX 16777216 /* 32 bytes of memory each */
#define CLIENT_SIZE_MAX        (64u << 20)

struct client_config {
	struct echo_addr to;
	struct echo_addr source; /* len 0: the kernel chooses */
	uint64_t connections, concurrency;
	uint64_t size;                /* bytes of one round trip; 0: connect and close */
	uint64_t repeat;              /* round trips on each connection */
	uint64_t rate;                /* new connections a second; 0: no limit */
	uint64_t hold_ns, timeout_ns; /* hold 0: close at once */
	bool reset;                   /* close with RST */
};

/*
 * Until all is done, or SIGINT or SIGTERM. 0, whatever became of the connections; or -errno after
 * saying why. The result is the caller's to free.
 */
int client_run(const struct client_config *cfg, struct ping_result *result);

#endif
