/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the flow table share among themselves:
 *
 *	flow_table.c	pieces in, flows out; which ones are there
 *	flow_join.c	the other direction, the connection, the sockets at both ends
 *	flow_follow.c	the same flow on other links
 */
#ifndef FLOWNER_MODEL_FLOW_TABLE_INTERNAL_H
#define FLOWNER_MODEL_FLOW_TABLE_INTERNAL_H

#include "base/hash.h"
#include "model/flow_table.h"


/*
 * Adding a piece costs what is not in the CPU's cache, mostly the chain on the way to its flow:
 * half of the usual length saves 40 % (200,000 flows), for some 20 bytes a flow.
 */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 5U

struct watched_key {
	uint64_t netns_cookie;
	uint64_t ifindex;
};

struct entry {
	struct flow flow; /* first: a row is its entry */
	/* What is looked at for each piece, or for each row, stands together. */
	struct watched *w;
	size_t row;
	struct entry *reverse; /* the other direction on the same link; each other's */
	struct entry *same;    /* the next of the same tuple, on another link: of flow_follow() */
	struct entry *older;   /* an earlier connection between the same ports */
	struct entry *newer;   /* of which this is an earlier one */
	UT_hash_handle hh;
	struct fl_flow_key key; /* ifindex: the watched link's number, which is never used again */
	uint64_t cookie, cgroup;
	uint32_t isn, isn_other;
	uint32_t tuple_hash; /* of flow_follow() */
	uint8_t isn_known;
	bool touched; /* in this reading */
	bool asked;   /* for its socket */
	bool rest;    /* of a link: what no flow was kept for */
};

struct watched {
	struct watched_key key;
	struct link *link;
	uint32_t number;
	/* The link's, which forgets them when it is no longer watched. */
	uint64_t attached;
	bool had_traffic;
	bool going;  /* no longer watched: with the next settling its flows end */
	bool closed; /* they have ended; out of the hash, and goes with the last of them */
	size_t entries;
	struct entry *rest[2]; /* [egress] */
	UT_hash_handle hh;
};

/* What one piece adds, as a packet socket on the link counts. */
struct amount {
	uint64_t packets, bytes;
};

/* A piece of a TCP flow without a SYN: which connection's it is, is known when all are read. */
struct loose {
	struct entry *e; /* one between these ports */
	struct fl_flow_count count;
	struct amount amount;
};

struct flow_table {
	struct flow_table_options opt;
	struct entry
		*entries; /* by key; of several connections between the same ports the newest */
	struct watched *links; /* by netns and ifindex */
	struct loose *loose;
	size_t nloose, loose_room;
	struct flow **rows;
	size_t nrows, room;
	size_t nrests; /* of the rows */
	uint32_t next_number;
	bool asks;
	struct flow_table_stats stats;
};

/* --- flow_follow.c --- */

/* Ends that are known on one link for those where they are not: of flows that were touched, or
 * began since `young_since`. */
void flow_follow(struct flow_table *t, uint64_t young_since);
/* Of a new entry, whose key is set. */
void flow_follow_prepare(struct entry *e);

/* --- flow_join.c --- */

/* What is known of the entry's reverse, connection, ends and state; whenever one of them may have
 * changed. */
void flow_join(struct flow_table *t, struct entry *e);
void flow_join_forget(struct entry *e);

#endif
