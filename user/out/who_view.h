/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections and sockets that there are, as a table for people and JSON for programs. All append
 * to a buf; writing it is the caller's.
 */
#ifndef FLOWNER_OUT_WHO_VIEW_H
#define FLOWNER_OUT_WHO_VIEW_H

#include "base/buf.h"
#include "model/path.h"
#include "model/who.h"
#include "out/table.h"

struct who_view {
	bool no_header;
	/* The links between two ends; false: not known. NULL: they are not shown. */
	bool (*path)(void *ctx, const struct who_socket *from, const struct who_socket *to,
		     struct path *out);
	void *ctx;
};

/* One line of JSON. Absent means unknown. */
void who_json(const struct who_view *v, const struct who_row *r, struct buf *b);

/* There are two tables: of connections, and of what listens. */
int who_columns_parse(bool listening, const char *list, struct table_columns *out,
		      const char **bad);
void who_columns_names(bool listening, struct buf *b);
void who_columns_describe(bool listening, struct buf *b);
/* Is there a column that needs v->path? */
bool who_columns_want_path(const struct table_columns *c);

void who_table_show(const struct who_view *v, const struct table_columns *c,
		    struct who_row *const *rows, size_t n, struct buf *b);

/* The way from the client to the server, through a proxy that is between. False: not known. */
bool who_view_path(const struct who_view *v, const struct who_row *r, struct path *out);

#endif
