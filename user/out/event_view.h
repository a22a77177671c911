/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events as lines: a table for people, JSON for programs. Appends to a buf; writing it is the
 * caller's.
 */
#ifndef FLOWNER_OUT_EVENT_VIEW_H
#define FLOWNER_OUT_EVENT_VIEW_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/event.h"

struct event_view {
	struct wall_clock *clock;
	/* Names for enum sk_rst_reason, from the kernel; may be NULL. */
	const char *(*reset_reason)(void *ctx, int32_t reason);
	void *ctx;
};

/* One line of JSON, as DESIGN.md §3 has it: absent means unknown. */
void event_json(const struct event_view *v, const struct event *e, struct buf *b);

/* --- the table
 * ------------------------------------------------------------------------------------- */

#define EVENT_COLUMNS_MAX 24

struct event_column;

struct event_columns {
	const struct event_column *col[EVENT_COLUMNS_MAX];
	unsigned int n;
};

/*
 * "time,event,local" to columns; NULL: the usual ones. 0, or -EINVAL with the first unknown name at
 * *bad (up to the next comma).
 */
int event_columns_parse(const char *list, struct event_columns *out, const char **bad);
/* "time, event, …" for messages; appends. */
void event_columns_names(struct buf *b);
/* "time       when it happened, local time\n…" for help; appends. */
void event_columns_describe(struct buf *b);

void event_table_header(const struct event_columns *c, struct buf *b);
void event_table_line(const struct event_view *v, const struct event_columns *c,
		      const struct event *e, struct buf *b);

#endif
