/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables that follow each other: on a terminal each is drawn over the one before, elsewhere an
 * empty line parts them.
 */
#ifndef FLOWNER_OUT_SCREEN_H
#define FLOWNER_OUT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct screen {
	int fd;
	bool terminal;
	unsigned int rows, columns; /* of the terminal, as of the last screen_rows() or show */
	bool shown;                 /* something has been */
	struct buf out;
};

void screen_init(struct screen *s, int fd);
void screen_free(struct screen *s);

/*
 * How many lines there is room for now, the one that tells of more included; UINT_MAX where this
 * is not a terminal. What is not shown needs not be sorted.
 */
unsigned int screen_rows(struct screen *s);

/*
 * Shows `block`, whole lines, and empties it. `more` lines that were left out of it already are
 * told along with those that have no room: "… and N more". Lines are cut at the right border. 0 or
 * -errno.
 */
int screen_show(struct screen *s, struct buf *block, size_t more);

/* The same into a buffer, for a terminal of s->rows and s->columns. */
void screen_compose(struct screen *s, const struct buf *block, size_t more, struct buf *out);

#endif
