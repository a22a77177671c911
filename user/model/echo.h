/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an echo server and an echo client have counted: the ground truth that a tracer's view of the
 * same connections is compared with.
 */
#ifndef FLOWNER_MODEL_ECHO_H
#define FLOWNER_MODEL_ECHO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/latency.h"

/* One accepting thread of a server. Written by that thread alone, a cache line of its own. */
struct echo_stats {
	pid_t pid, tid;
	uint64_t connections; /* accepted */
	uint64_t bytes;       /* echoed */
	uint64_t resets;      /* connections that ended with the client's RST */
	uint64_t errors;      /* connections that ended with any other error */
} __attribute__((aligned(64)));

/* The counts of all rows. */
struct echo_stats echo_stats_sum(const struct echo_stats *rows, size_t n);

/* One connection a client made, or tried to. */
struct ping_conn {
	union {
		struct in_addr v4; /* in a result of family AF_INET */
		struct in6_addr v6;
	} local;
	uint32_t us;         /* connect(2) until the whole echo was there */
	uint32_t connect_us; /* connect(2) until the connection was established */
	uint16_t port;       /* local, host byte order; 0: it never got one */
	uint8_t error;       /* errno, 0: all was well */
	bool connected;      /* it was established; connect_us counts */
};

/*
 * Errors that are no system call's: the echo differs from what was sent (or is longer); the server
 * closed before all was echoed; the user ended the run.
 */
#define PING_MISMATCH    EBADMSG
#define PING_CLOSED      ECONNABORTED
#define PING_INTERRUPTED EINTR

struct ping_result {
	int family;
	uint64_t requested;   /* connections asked for */
	uint64_t connections; /* begun; conns[] has as many, in that order */
	uint64_t ok, failed;
	uint64_t errors[256]; /* failed ones by errno */
	uint64_t bytes_sent, bytes_received;
	uint64_t duration_ns;    /* first connect to last close */
	struct latency latency;  /* of those that were ok */
	struct latency connect;  /* of those that were established */
	struct ping_conn *conns; /* owned; ping_result_free() */
};

void ping_result_free(struct ping_result *r);

/* Counts and latencies from conns[]; 0 or -ENOMEM. */
int ping_result_summarize(struct ping_result *r);

#endif
