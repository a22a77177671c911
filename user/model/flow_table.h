/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flows known now: adds up what is read of the kernel's maps, joins the two directions of a
 * connection and the connection's flows with its sockets, and ends what has ended.
 *
 *	flow_table_add()	for each piece of a reading
 *	flow_table_settle()	once after it: conn ids, owners, states, ends
 *	flow_table_rows()	look; flow_table_awake(): where it may have changed
 *	flow_table_advance()	at the end of an interval: what has ended goes
 */
#ifndef FLOWNER_MODEL_FLOW_TABLE_H
#define FLOWNER_MODEL_FLOW_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "flow_abi.h"
#include "model/flow.h"
#include "model/keeper.h"
#include "model/owner.h"
#include "model/tracker.h"

struct flow_table;

struct flow_table_options {
	uint64_t idle_ns;   /* a flow without packets for so long has ended */
	uint64_t closed_ns; /* a TCP connection that was closed, or reset, for so long */
	/* … that both of its sockets, being on this host, have closed for so long; 0: the same */
	uint64_t over_ns;
	uint32_t max; /* flows; what is beyond is added up, link by link, as "rest" */
	const struct tracker *tracker;
	/*
	 * Is this an address of the namespace that the link is in? What is sent to any other
	 * address is only passing through. NULL: that is not known of any.
	 */
	bool (*is_local)(void *ctx, const struct link *l, const struct addr *addr);
	void *ctx;
	struct resolver resolver;
};

/* Owned by the caller. 0 or -ENOMEM. */
int flow_table_new(struct flow_table **out, const struct flow_table_options *options);
void flow_table_free(struct flow_table *t);

/*
 * A link's packets are counted from now on, or no longer: its flows end with the next settling.
 * Pieces for links that are not there are counted as stray. 0 or -ENOMEM.
 */
int flow_table_watch(struct flow_table *t, struct link *l);
void flow_table_unwatch(struct flow_table *t, struct link *l);

/* One piece, as flow_source_read() hands them out. */
void flow_table_add(struct flow_table *t, const struct netns *netns, const struct fl_flow_key *key,
		    const struct fl_flow_count *count);

void flow_table_settle(struct flow_table *t, uint64_t now);

/*
 * True, once, when packets came from sockets that the tracker does not know and is not told of:
 * datagram sockets made since it last looked.
 */
bool flow_table_asks(struct flow_table *t);

/* What flows and links still point to. */
void flow_table_keep(const struct flow_table *t, const struct keeper *k);

/* All flows, the ended ones included, in no order. Valid until the next add or advance. */
struct flow *const *flow_table_rows(struct flow_table *t, size_t *n);
/* The first of them: all of which there may be anything new to say. */
struct flow *const *flow_table_awake(struct flow_table *t, size_t *n);
/* Of each of flow_table_rows() its conn. */
const uint64_t *flow_table_conns(const struct flow_table *t);

/* Nothing more will come: each flow has ended. */
void flow_table_end(struct flow_table *t);

void flow_table_advance(struct flow_table *t);

struct flow_table_stats {
	uint64_t flows;          /* now */
	uint64_t packets, bytes; /* ever, over all links */
	uint64_t rest;           /* packets that no flow was kept for */
	uint64_t stray;          /* packets of links that are not watched (any more) */
};

void flow_table_get_stats(const struct flow_table *t, struct flow_table_stats *out);

#endif
