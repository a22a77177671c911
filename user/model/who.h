/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What there is now: the sockets of all namespaces, and which two of them are one connection.
 *
 *	who_add() each entry of the snapshot, who_join(), who_rows()
 */
#ifndef FLOWNER_MODEL_WHO_H
#define FLOWNER_MODEL_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "flowner_abi.h"
#include "model/event.h"

#define WHO_IDLE_UNKNOWN UINT64_MAX

struct who_socket {
	uint64_t cookie; /* of a half-open one, TIME_WAIT or SYN_RECV, as `ss -e` shows it too */
	uint64_t netns_cookie;
	uint64_t conn; /* 0: cannot be told */
	enum role role;
	struct party self;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t state;    /* the kernel's TCP_* values; SYN_RECV for NEW_SYN_RECV */
	enum fl_held held;
	bool counted; /* bytes, RTT and retransmits are known */
	uint64_t tx_bytes, rx_bytes;
	uint32_t srtt_us, min_rtt_us, retransmits; /* RTT 0: never measured */
	uint64_t idle_ms;                          /* or WHO_IDLE_UNKNOWN */
	uint32_t queued, backlog;                  /* LISTEN */
	/* All processes that hold it, in the order in which they were found; owned. */
	uint32_t *pids;
	unsigned int npids;

	struct who_socket *next_same; /* with the same tuple, when joining */
	bool taken;                   /* it is in a row */
	UT_hash_handle hh, hh_tuple, hh_conn;
};

enum who_kind { WHO_CONNECTION, WHO_LISTEN, WHO_UDP };

struct who_row {
	enum who_kind kind;
	uint64_t conn; /* 0: unknown. Of a proxied one: its front's */
	/*
	 * A connection has a client, a server or both; or one end whose role is unknown. A listener
	 * and a UDP socket are an end.
	 */
	const struct who_socket *client, *server, *end;
	/*
	 * Through a process in the middle: the socket on which it has accepted the client and the
	 * one by which it talks to the server. The client or the server may be on another host.
	 */
	const struct who_socket *front, *back;
	uint64_t back_conn;
	bool nat;                       /* the ends do not see the same addresses */
	bool by_tuple, by_tuple_behind; /* joined by their tuples; behind: of the back */
};

struct who_options {
	struct resolver resolver;
	uint64_t jiffy_ns;
};

struct who;

/* Owned by the caller. 0 or -ENOMEM. */
int who_new(struct who **out, const struct who_options *o);
void who_free(struct who *w); /* NULL is fine */

/*
 * One entry. A socket may come several times: for each process that holds it, and from its
 * namespace, which is the newer and better account of its state. Neither TCP nor UDP: left out. 0
 * or -ENOMEM.
 */
int who_add(struct who *w, const struct fl_snapshot *s);

size_t who_count(const struct who *w);
/* Is there a pair in different namespaces of which only a joined network tells that it is one? */
bool who_wants_topology(struct who *w);

/*
 * Are these two namespaces, by these addresses, on one network, with nothing between that could
 * translate addresses? NULL: nothing is known of that.
 */
typedef bool who_joined_fn(void *ctx, const struct who_socket *a, const struct who_socket *b);

/* Make the rows, once. 0 or -ENOMEM. */
int who_join(struct who *w, who_joined_fn *joined, void *ctx);
/* They and what they point to are `w`'s. In no order. */
struct who_row **who_rows(struct who *w, size_t *n);

/* The row's ends as far as they are on this host: client, server, front, back, or the one. */
#define WHO_ENDS_MAX 4
unsigned int who_ends(const struct who_row *r, const struct who_socket *out[WHO_ENDS_MAX]);

/*
 * The addresses between which it is: the client's as the client and as the server has it, and the
 * server's likewise; what only one side tells is both. NULL: not a connection.
 */
struct who_tuple {
	struct addr_port client, client_seen; /* seen by the server */
	struct addr_port server, server_seen; /* seen by the client */
};

void who_tuple(const struct who_row *r, struct who_tuple *out);

/* A process that stands between two connections: docker-proxy, rootlessport. */
bool who_is_proxy(const struct owner *o);

#endif
