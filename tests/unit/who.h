/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entries of a snapshot of the connection of records.h, and the rows made of them.
 */
#ifndef FLOWNER_TESTS_WHO_H
#define FLOWNER_TESTS_WHO_H

#include "flows.h"

#include <netinet/in.h>

#include "model/who.h"
#include "records.h"

#define JIFFY_NS 4000000ULL /* HZ 250 */

static inline struct fl_snapshot entry(struct fl_sock sock, struct fl_task task)
{
	struct fl_snapshot s = {.sock = sock, .task = task, .protocol = IPPROTO_TCP};

	s.idle = FL_IDLE_UNKNOWN;
	return s;
}

/* 100 bytes there and 7 back; an active opener counts its SYN among the bytes acknowledged. */
static inline struct fl_snapshot of_client(void)
{
	struct fl_snapshot s = entry(client_sock(EST, EST), curl());

	s.counts = (struct fl_counts){.tx_bytes = 100,
				      .acked_bytes = 101,
				      .rx_bytes = 7,
				      .srtt_us = 57,
				      .min_rtt_us = 20};
	s.idle = 3;
	return s;
}

static inline struct fl_snapshot of_server(void)
{
	struct fl_snapshot s = entry(server_sock(EST, EST), nginx());

	s.counts = (struct fl_counts){.tx_bytes = 7, .acked_bytes = 7, .rx_bytes = 100};
	s.idle = 2;
	return s;
}

static inline struct fl_snapshot of_listener(void)
{
	struct fl_owned r = rec_listen(0);
	struct fl_snapshot s = entry(r.sock, r.task);

	s.backlog = 128;
	s.queued = 3;
	return s;
}

/* What TIME_WAIT, or FIN_WAIT2 that nobody holds, has kept of it. */
static inline struct fl_snapshot left_of(struct fl_snapshot s, uint8_t state)
{
	s.sock.cookie += 1000;
	s.sock.state = s.sock.old_state = state;
	s.sock.isn_own = s.sock.isn_other = 0;
	s.sock.cgroup = 0;
	s.task = (struct fl_task){0};
	s.counts = (struct fl_counts){0};
	s.idle = FL_IDLE_UNKNOWN;
	s.held = FL_HELD_NOBODY;
	s.mini = 1;
	return s;
}

/* The same socket as its own namespace tells of it. */
static inline struct fl_snapshot unheld(struct fl_snapshot s, enum fl_held held)
{
	s.task = (struct fl_task){0};
	s.held = held;
	return s;
}

static inline struct fl_snapshot in_netns(struct fl_snapshot s, const struct netns *ns)
{
	s.sock.netns_cookie = ns->cookie;
	s.sock.netns_inum = ns->inode;
	return s;
}

static inline struct fl_snapshot with_cookie(struct fl_snapshot s, uint64_t cookie)
{
	s.sock.cookie = cookie;
	return s;
}

static inline struct who *new_who(void)
{
	const struct who_options o = {.resolver = {.netns = find_netns, .cgroup = find_cgroup},
				      .jiffy_ns = JIFFY_NS};
	struct who *w;

	assert_int_equal(who_new(&w, &o), 0);
	return w;
}

#define ADD(w, s)                                     \
	({                                            \
		struct fl_snapshot s_ = s;            \
		assert_int_equal(who_add(w, &s_), 0); \
	})

static inline struct who_row **rows_of(struct who *w, size_t want)
{
	struct who_row **rows;
	size_t n;

	assert_int_equal(who_join(w, NULL, NULL), 0);
	rows = who_rows(w, &n);
	assert_int_equal(n, want);
	return rows;
}

#endif
