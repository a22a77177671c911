/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A table that is shown as a whole: its columns are as wide as what is in them. A column is chosen
 * by its name and puts a cell for a row, whatever a row is.
 */
#ifndef FLOWNER_OUT_TABLE_H
#define FLOWNER_OUT_TABLE_H

#include <stdbool.h>

#include "base/buf.h"

#define TABLE_COLUMNS_MAX 32

struct table_column {
	const char *name, *header, *help;
	bool usual; /* shown unless others are asked for */
	bool right; /* numbers */
	/* Appends the cell and returns the columns it takes on the screen. */
	size_t (*put)(const void *view, const void *row, struct buf *b);
};

struct table_columns {
	const struct table_column *col[TABLE_COLUMNS_MAX];
	unsigned int n;
};

/*
 * "time,event" to columns of the `n` that there are; NULL: the usual ones. 0, or -EINVAL with the
 * first unknown name at *bad (up to the next comma).
 */
int table_columns_parse(const struct table_column *of, unsigned int n, const char *list,
			struct table_columns *out, const char **bad);
/* "time, event, …" for messages; appends. */
void table_columns_names(const struct table_column *of, unsigned int n, struct buf *b);
/* "time       when it happened\n…" for help, with * what is not usual; appends. */
void table_columns_describe(const struct table_column *of, unsigned int n, struct buf *b);

/* All of it, with a line of headers if `header`. Errors are b->err. */
void table_show(const struct table_columns *c, const void *view, const void *const *rows, size_t n,
		bool header, struct buf *b);

#endif
