/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the flow table share among themselves:
 *
 *	flow_table.c	which links and flows there are, and when they end
 *	flow_pieces.c	pieces in: whose is each
 *	flow_describe.c	a key, read
 *	flow_rows.c	those awake, and those asleep
 *	flow_join.c	the other direction, the connection, the sockets at both ends
 *	flow_follow.c	the same flow on other links
 */
#ifndef FLOWNER_MODEL_FLOW_TABLE_INTERNAL_H
#define FLOWNER_MODEL_FLOW_TABLE_INTERNAL_H

#include "base/hash.h"
#include "base/index.h"
#include "model/flow_table.h"

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
	struct entry *newer;   /* of which this is an earlier one */
	uint32_t isn, isn_other;
	uint32_t tuple_hash; /* of flow_follow() */
	uint32_t joined;     /* when last, by flow_table.joins */
	uint8_t isn_known;
	bool touched;           /* in this reading */
	bool asked;             /* for its socket */
	bool rest;              /* of a link: what no flow was kept for */
	struct fl_flow_key key; /* ifindex: the watched link's number, which is never used again */
	uint64_t cookie, cgroup;
	uint64_t over;       /* when both sockets of its connection had closed; 0: who knows */
	struct entry *older; /* an earlier connection between the same ports */
	struct entry *before, *next; /* asleep: in the order in which they fell asleep */
	struct entry *same;          /* the next of the same tuple: of flow_follow() */
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

/*
 * A piece of a TCP flow without a SYN: which connection's it is, is known when all are read; of one
 * that began while they were being read, with the next reading, since its SYN may stand where this
 * one had been already.
 */
struct loose {
	struct watched *w;
	struct fl_flow_key key;
	struct fl_flow_count count;
	struct amount amount;
};

struct loose_pieces {
	struct loose *piece;
	size_t n, room;
};

struct flow_table {
	struct flow_table_options opt;
	struct index entries; /* by key; of several connections between the same ports the newest */
	struct watched *links;            /* by netns and ifindex */
	struct loose_pieces loose, early; /* of this reading; of the last one, begun during it */
	struct flow **rows;
	/* Of each row, so that what a path is made of is found without a look at each flow. */
	uint64_t *conns;
	size_t nawake, nrows, room;
	struct entry *first_asleep, *last_asleep;
	size_t nrests; /* of the rows */
	uint32_t next_number;
	uint64_t settled; /* when last; CLOCK_BOOTTIME, ns */
	uint32_t joins;   /* settlings, to tell this one from the last */
	bool lost_links;  /* in this reading: some have closed */
	bool asks;
	struct flow_table_stats stats;
};

/* --- flow_table.c --- */

static inline uint32_t flow_table_hash(const struct fl_flow_key *key)
{
	return hash_bytes(key, sizeof(*key));
}

/* The newest with that key, or NULL. */
struct entry *flow_table_find(const struct flow_table *t, const struct fl_flow_key *key);
struct entry *flow_table_find_hashed(const struct flow_table *t, const struct fl_flow_key *key,
				     uint32_t hash);
/* The newest is another one now, of the same key. */
void flow_table_replace(struct flow_table *t, struct entry *gone, struct entry *e);
/* One that is not found by its key, or not any more. */
void flow_table_free_entry(struct flow_table *t, struct entry *e);
struct watched *flow_table_watched(const struct flow_table *t, uint64_t netns_cookie,
				   uint32_t ifindex);

/* --- flow_pieces.c --- */

/* All pieces of a reading that began at `now` are there: those set aside find their flows. */
void flow_pieces_settle(struct flow_table *t, uint64_t now);
/* Those that came since. */
void flow_pieces_place(struct flow_table *t);
/* No other reading comes, or none of this link (NULL: any). */
void flow_pieces_flush(struct flow_table *t, const struct watched *w);

/* --- flow_describe.c --- */

/* What a key says of its flow. */
void flow_describe(struct flow *f, const struct fl_flow_key *k);

/* --- flow_rows.c --- */

/* New ones are awake. False: no memory. */
bool flow_rows_add(struct flow_table *t, struct entry *e);
void flow_rows_remove(struct flow_table *t, struct entry *e);
/* One that is awake. */
void flow_rows_sleep(struct flow_table *t, struct entry *e);
/* One that is awake already stays so. */
void flow_rows_wake(struct flow_table *t, struct entry *e);
/* When there is none any more. */
void flow_rows_free(struct flow_table *t);

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
/* Nothing is left to be found out: the connection, and the processes that opened and accepted it.
 */
bool flow_join_is_complete(const struct entry *e);
void flow_join_forget(struct entry *e);
/* Of one that is complete: have its sockets closed? To be asked in time: they are soon forgotten.
 */
void flow_join_over(const struct flow_table *t, struct entry *e);

#endif
