/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows and their sums as tables for people and JSON for programs. All append to a buf; writing it
 * is the caller's (out/screen.h).
 */
#ifndef FLOWNER_OUT_FLOW_VIEW_H
#define FLOWNER_OUT_FLOW_VIEW_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/flow_group.h"
#include "model/flow_paths.h"
#include "out/table.h"

struct flow_view {
	struct wall_clock *clock;
	uint64_t now;         /* CLOCK_BOOTTIME, ns: the "time" of the records */
	uint64_t interval_ns; /* that the *_before of flows are back; 0: there are no rates */
	bool no_header;
	struct flow_paths *paths; /* of what is shown; NULL: they are not */
};

/* --- flows --- */

/* One line of JSON. Absent means unknown. */
void flow_json(const struct flow_view *v, const struct flow *f, struct buf *b);

int flow_columns_parse(const char *list, struct table_columns *out, const char **bad);
void flow_columns_names(struct buf *b);
void flow_columns_describe(struct buf *b);
/* Is there a column that needs v->paths? */
bool flow_columns_want_path(const struct table_columns *c);

void flow_table_show(const struct flow_view *v, const struct table_columns *c,
		     struct flow *const *rows, size_t n, struct buf *b);

/* --- sums --- */

/* A line of JSON for each of the first n groups. */
void group_json(const struct flow_view *v, const struct flow_groups *g, size_t n, struct buf *b);
/* The first n groups. */
void group_table_show(const struct flow_view *v, const struct flow_groups *g, size_t n,
		      struct buf *b);

#endif
