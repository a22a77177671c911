/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The echo client: connections to an echo server, every returned byte checked, and an exact account of what was
 * done, against which tests and benchmarks hold a tracer.
 */
#ifndef FLOWNER_ECHO_CLIENT_H
#define FLOWNER_ECHO_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "echo/target.h"

#define CLIENT_ERRORS_MAX 16

struct client_options {
	struct target target, source;	/* source.len 0: the kernel picks */
	uint64_t connections, concurrency;
	uint64_t size;			/* bytes a round trip */
	uint64_t repeat;		/* round trips a connection */
	uint64_t hold_ns;		/* stay open so long after the last */
	uint64_t rate;			/* new connections a second at most; 0: no limit */
	uint64_t timeout_ns;		/* of one connection */
	bool reset;			/* close by RST */
};

struct client_connect {
	uint16_t port;			/* local; 0: it never had one */
	int error;			/* 0: every byte came back */
	uint32_t connect_us, total_us;
	char addr[46];			/* local */
};

struct client_result {
	uint64_t ok, failed;
	uint64_t bytes_sent, bytes_received, duration_ns;
	struct client_connect *each;	/* in the order they ended; ok + failed of them */
	struct {
		int error;
		uint64_t count;
	} errors[CLIENT_ERRORS_MAX];
	unsigned int nerrors;
};

/* A reply that is not what was sent. */
#define CLIENT_EMISMATCH EBADMSG

/* 0, with *result to be freed by client_result_free(), also when connections failed; or -errno, logged. */
int client_run(const struct client_options *options, struct client_result *result);
void client_result_free(struct client_result *result);

struct client_latency {
	uint32_t min, p50, p99, max;
};

/* Of the connections that were ok, by nearest rank; false if there are none. `connect`: of connect(2) alone. */
bool client_latency(const struct client_result *r, bool connect, struct client_latency *out);

#endif
