/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet in one line for a person, with who it belongs to:
 *
 *	03:10:11.123456  lab-server/web  eth0  In   IP 10.9.0.1.40000 > 10.9.0.2.80: Flags [S], …
 *
 * From "IP" on it is what `tcpdump -n -S` says of it. Everything is escaped: a packet cannot move
 *the cursor.
 */
#ifndef FLOWNER_OUT_PACKET_LINE_H
#define FLOWNER_OUT_PACKET_LINE_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/packet.h"

struct packet_line_who {
	const char *netns, *container; /* NULL or "": unknown */
	const char *interface;
	enum packet_direction direction;
};

/* Columns get wider with what has been shown in them, so that lines mostly stand in line. Begins as
 * {0}. */
struct packet_line_widths {
	size_t who, interface;
};

/* `time` is what wall_clock_local() takes: of the wall, if the clock's offset is 0. Ends with a
 * newline. */
void packet_line(struct buf *b, struct packet_line_widths *w, struct wall_clock *clock,
		 uint64_t time, const struct packet_line_who *who, const struct packet *p);

/* From "IP" on; without a newline. */
void packet_summary(struct buf *b, const struct packet *p);

/* What tcpdump -X and -A show below a line, of p->net for instance. */
void packet_hex(struct buf *b, const void *data, size_t len);
void packet_ascii(struct buf *b, const void *data, size_t len);

#endif
