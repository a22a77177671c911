/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The order in which connections and sockets are shown.
 */
#ifndef FLOWNER_MODEL_WHO_SORT_H
#define FLOWNER_MODEL_WHO_SORT_H

#include "base/buf.h"
#include "model/who.h"

/* Numbers: the largest first, but the least idle; all else by its name. */
enum who_sort_key {
	WHO_SORT_SERVER, /* by namespace, port and address: the default */
	WHO_SORT_CLIENT,
	WHO_SORT_STATE,
	WHO_SORT_TX,
	WHO_SORT_RX,
	WHO_SORT_BYTES, /* both */
	WHO_SORT_RTT,
	WHO_SORT_IDLE,
	WHO_SORT_RETRANSMITS,
	WHO_SORT_QUEUE, /* that waits to be accepted */
	WHO_SORT_KEYS,
};

/* "server", "client", …: 0, or -EINVAL. */
int who_sort_parse(const char *name, enum who_sort_key *out);
/* "server, client, …" for messages; appends. */
void who_sort_names(struct buf *b);

void who_sort(struct who_row **rows, size_t n, enum who_sort_key key);

/*
 * What a row tells in numbers, from the client's side where it is there, else from the server's:
 * `tx` is what the client sent. False: nothing is known.
 */
struct who_numbers {
	uint64_t tx_bytes, rx_bytes;
	uint32_t srtt_us, retransmits; /* the larger RTT; retransmits of both */
	uint64_t idle_ms;              /* of the end that was used last; or WHO_IDLE_UNKNOWN */
};

bool who_numbers(const struct who_row *r, struct who_numbers *out);

#endif
