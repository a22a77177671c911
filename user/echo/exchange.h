/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection of the echo client, from connect(2) to close(2), never blocking. Who calls decides
 * when: exchange_start(), then exchange_event() for each event of its epoll entry while the state
 * is EXCHANGE_BUSY or EXCHANGE_ECHOED (all has returned; only held open), then exchange_end().
 */
#ifndef FLOWNER_ECHO_EXCHANGE_H
#define FLOWNER_ECHO_EXCHANGE_H

#include "echo/client.h"

#define EXCHANGE_CHUNK 65536

enum exchange_state { EXCHANGE_BUSY, EXCHANGE_ECHOED };

struct exchange {
	struct exchange *prev, *next; /* the caller's list */
	uint64_t deadline;            /* the caller's, for its list */
	uint64_t started;             /* CLOCK_MONOTONIC, ns */
	uint64_t sent, received;      /* bytes, over all round trips */
	uint64_t index;               /* which connection; the payload's seed */
	struct ping_conn *conn;
	enum exchange_state state;
	int fd;
	uint32_t events; /* what its epoll entry waits for; 0: has none yet */
};

/* What all exchanges of a run share. */
struct exchange_run {
	const struct client_config *cfg;
	int epoll;
	bool no_ports; /* said that there are no more */
	bool differed; /* said where an echo differed */
	uint8_t chunk[EXCHANGE_CHUNK];
};

/* 0 or -errno: it failed and holds nothing. Fills x->conn as things become known. */
int exchange_start(struct exchange_run *run, struct exchange *x, uint64_t index,
		   struct ping_conn *conn);

/* 0 or -errno: it failed. */
int exchange_event(struct exchange_run *run, struct exchange *x, uint32_t events);

/* Close it. error: an errno, or 0. */
void exchange_end(const struct exchange_run *run, struct exchange *x, int error);

uint64_t exchange_now(void);

#endif
