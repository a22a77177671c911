/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sent a packet and who it is for: by the socket that it came with, by the one that answers
 * come with, and by the connection that either is of.
 */
#ifndef FLOWNER_MODEL_PACKET_WHO_H
#define FLOWNER_MODEL_PACKET_WHO_H

#include <stdbool.h>
#include <stdint.h>

#include "model/packet.h"
#include "model/tracker.h"

/* Connections remembered; one that was not seen while half as many new ones were is told of anew.
 */
#define PACKET_WHO_MAX 65536u

struct packet_who;

struct packet_ends {
	const struct endpoint *from, *to; /* NULL: not known (yet); the tracker's */
	uint64_t conn;                    /* 0: none */
	bool news;                        /* it has not been said of this flow before */
};

/* `tracker` is borrowed. 0 or -ENOMEM. Owned by the caller. */
int packet_who_new(struct packet_who **out, const struct tracker *tracker);
void packet_who_free(struct packet_who *w); /* NULL is fine */

/* A packet of that link; `cookie` is the sending socket's, or 0. */
void packet_who_look(struct packet_who *w, uint32_t link, const struct packet *p, uint64_t cookie,
		     struct packet_ends *out);
/* What has been said was said elsewhere: say it again. */
void packet_who_forget(struct packet_who *w);

#endif
