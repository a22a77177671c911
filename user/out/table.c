// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "out/cells.h"

int table_columns_parse(const struct table_column *of, unsigned int n, const char *list,
			struct table_columns *out, const char **bad)
{
	out->n = 0;
	for (unsigned int i = 0; !list && i < n; i++)
		if (of[i].usual)
			out->col[out->n++] = &of[i];
	while (list) {
		size_t len = strcspn(list, ",");
		unsigned int i = 0;

		while (i < n && (strlen(of[i].name) != len || memcmp(of[i].name, list, len)))
			i++;
		if (i == n || out->n == TABLE_COLUMNS_MAX) {
			*bad = list;
			return -EINVAL;
		}
		out->col[out->n++] = &of[i];
		list = list[len] ? list + len + 1 : NULL;
	}
	return 0;
}

void table_columns_names(const struct table_column *of, unsigned int n, struct buf *b)
{
	for (unsigned int i = 0; i < n; i++)
		buf_printf(b, "%s%s", i ? ", " : "", of[i].name);
}

void table_columns_describe(const struct table_column *of, unsigned int n, struct buf *b)
{
	for (unsigned int i = 0; i < n; i++)
		buf_printf(b, "  %-18s%s%s\n", of[i].name, of[i].help, of[i].usual ? "" : " *");
}

/* Where a cell ends in the text of all, and the columns it takes. */
struct cell {
	size_t end;
	size_t width;
};

static void put_spaces(struct buf *b, size_t n)
{
	while (n--)
		buf_putc(b, ' ');
}

static void put_cell(const struct table_columns *c, unsigned int i, const size_t *widths,
		     const char *text, size_t len, size_t width, struct buf *b)
{
	size_t room = widths[i] - width;

	if (c->col[i]->right)
		put_spaces(b, room);
	if (len)
		buf_put(b, text, len);
	if (i + 1 == c->n) {
		buf_putc(b, '\n');
		return;
	}
	if (!c->col[i]->right)
		put_spaces(b, room);
	buf_lit(b, "  ");
}

void table_show(const struct table_columns *c, const void *view, const void *const *rows, size_t n,
		bool header, struct buf *b)
{
	_cleanup_free_ struct cell *cells = calloc(n * c->n + 1, sizeof(*cells));
	_cleanup_buf_ struct buf text = {0};
	size_t widths[TABLE_COLUMNS_MAX] = {0}, at = 0;
	struct cell *cell = cells;

	if (!cells) {
		b->err = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; header && i < c->n; i++)
		widths[i] = strlen(c->col[i]->header);
	for (size_t r = 0; r < n; r++) {
		for (unsigned int i = 0; i < c->n; i++, cell++) {
			cell->width = c->col[i]->put(view, rows[r], &text);
			cell->end = text.len;
			if (cell->width > widths[i])
				widths[i] = cell->width;
		}
	}
	if (text.err) {
		b->err = text.err;
		return;
	}
	for (unsigned int i = 0; header && i < c->n; i++) {
		size_t len = strlen(c->col[i]->header);

		put_cell(c, i, widths, c->col[i]->header, len, len, b);
	}
	cell = cells;
	for (size_t r = 0; r < n; r++) {
		for (unsigned int i = 0; i < c->n; i++, cell++) {
			put_cell(c, i, widths, text.data + at, cell->end - at, cell->width, b);
			at = cell->end;
		}
	}
}
