/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Something that happened to an endpoint, with all that is known of it at that time: what `trace`
 * prints. Unknown things are absent: NULL, 0 where 0 cannot be, or a has_ flag.
 */
#ifndef FLOWNER_MODEL_EVENT_H
#define FLOWNER_MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/addr.h"
#include "model/conn_id.h"
#include "model/owner.h"

enum event_type {
	EVENT_LISTEN,
	EVENT_CONNECT,
	EVENT_CONNECT_FAILED,
	EVENT_ACCEPT,
	EVENT_STATE,
	EVENT_RETRANSMIT,
	EVENT_RESET,
	EVENT_CLOSE,
	EVENT_LOST,
	EVENT_TYPES,
};

/* "connect-failed" …: the JSON's "type" and the table's EVENT. */
const char *event_type_name(enum event_type type);

/* The kernel's name of a TCP_* state, "?" for a number it does not use. */
const char *event_state_name(uint8_t state);

/* "ECONNREFUSED"; NULL for 0 and for numbers libc does not know. */
const char *event_errno_name(int error);

struct party {
	const struct netns *netns;
	struct addr_port local, remote;
	struct owner owner;
};

/*
 * Does it speak IPv4? Told by the remote address where there is one: connect(2) of an IPv6 socket
 * to a v4-mapped address sets its own address last, so that it is :: until then and when it fails.
 */
bool party_is_v4(const struct party *p);

enum close_reason {
	CLOSE_FIN,
	CLOSE_RESET,
	CLOSE_TIMEOUT,
	CLOSE_UNREACHABLE,
	CLOSE_ABORTED,
	CLOSE_REASONS
};

const char *event_close_reason_name(enum close_reason reason);

struct event_close {
	uint64_t duration_ns; /* 0: unknown, the connection is older than the tracer */
	uint64_t tx_bytes, rx_bytes;
	uint32_t tx_segments, rx_segments, retransmits;
	uint32_t srtt_us, min_rtt_us; /* 0: never measured */
	enum close_reason reason;
};

struct endpoint;

struct event {
	enum event_type type;
	uint64_t time;   /* CLOCK_BOOTTIME, ns */
	uint64_t conn;   /* 0: none */
	uint64_t cookie; /* 0: unknown */
	enum role role;
	struct party self, peer;
	bool has_peer;
	uint64_t latency_ns; /* CONNECT, CONNECT_FAILED, ACCEPT; 0: unknown */
	union {
		uint32_t backlog; /* LISTEN */
		int error;        /* CONNECT_FAILED; 0: unknown */
		struct event_close close;
		struct {
			uint8_t from, to;
		} state; /* STATE */
		struct {
			uint8_t state;
			uint32_t retransmits;
		} retransmit;
		struct {
			bool by_local;
			int32_t reason; /* enum sk_rst_reason; -1: unknown */
		} reset;
		uint64_t lost; /* LOST: records */
	} u;

	/* Of the queue (model/queue.h) and the tracker. */
	struct event *prev, *next;
	struct endpoint *waiting_for; /* the endpoint whose peer's record is awaited */
};

#endif
