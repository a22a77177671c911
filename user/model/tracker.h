/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the kernel side's records to events: joins the records of one socket by its cookie and those
 * of one connection by its conn id, and says of each event who is at both ends. No I/O: records
 * come in, checked by collect/decode.h, and events go out through tracker_next().
 */
#ifndef FLOWNER_MODEL_TRACKER_H
#define FLOWNER_MODEL_TRACKER_H

#include "flowner_abi.h"
#include "model/endpoint.h"
#include "model/event.h"
#include "model/keeper.h"
#include "model/queue.h"

struct tracker_options {
	struct resolver resolver;
	bool states; /* make `state` events */
	/*
	 * The kernel side lets pass what its filter cannot decide yet, which it may never mention
	 * again: connects, and what nobody has accepted. These are not remembered for ever.
	 */
	bool undecided_clients, undecided_servers;
	/* Make no events at all: the endpoints are all that is wanted. */
	bool quiet;
	/* How long a closed endpoint is remembered; 0: ENDPOINT_LINGER_NS. */
	uint64_t linger_ns;
	uint64_t linger_many_ns; /* …when there are many; 0: the same */
	uint16_t max_cpus;
};

struct tracker;

/* Owned by the caller, who frees it with tracker_free(). 0 or -ENOMEM. */
int tracker_new(struct tracker **out, const struct tracker_options *options);
void tracker_free(struct tracker *t);

/* One socket that existed at the start. TCP: before any record. */
void tracker_snapshot(struct tracker *t, const struct fl_snapshot *s);
/* Forget all sockets that are not TCP, for they tell no records: a new snapshot is to follow. */
void tracker_forget_datagrams(struct tracker *t);
/*
 * The same, but those that the new snapshot does not have are still known by their cookies for
 * linger_ns: packets of sockets that are gone may be on their way.
 */
void tracker_retire_datagrams(struct tracker *t, uint64_t now);

/* Endpoints, valid until the next record or tracker_next(); NULL: not known. */
const struct endpoint *tracker_endpoint(const struct tracker *t, uint64_t cookie);
const struct endpoint *tracker_connection(const struct tracker *t, uint64_t conn, enum role role);
/* The UDP socket that takes what is sent to `local` in that namespace; NULL: none or several. */
const struct endpoint *tracker_udp(const struct tracker *t, uint64_t netns_cookie,
				   const struct addr_port *local);
/* One record, in the order of the ring. */
void tracker_record(struct tracker *t, const struct fl_header *hdr);
/* Losses behind the last record: all that the kernel counted, so that the rest can be told. */
void tracker_lost_total(struct tracker *t, uint64_t lost, uint64_t now);

/*
 * The next event that is ripe at `now` (CLOCK_BOOTTIME, ns; UINT64_MAX: any), or NULL. Valid until
 * the next call of tracker_next().
 */
const struct event *tracker_next(struct tracker *t, uint64_t now);
/* The time of the newest record so far; 0: none. */
uint64_t tracker_last(const struct tracker *t);
/* True while events wait in the queue. */
bool tracker_pending(const struct tracker *t);

/* What endpoints and events still point to. */
void tracker_keep(const struct tracker *t, const struct keeper *k);

struct tracker_stats {
	uint64_t records, lost, untracked;
	uint64_t endpoints;
};

void tracker_get_stats(const struct tracker *t, struct tracker_stats *out);

#endif
