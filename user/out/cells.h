/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cells of tables. Each function appends one, or a part of one, and returns the columns that it
 * takes on the screen.
 */
#ifndef FLOWNER_OUT_CELLS_H
#define FLOWNER_OUT_CELLS_H

#include "base/buf.h"
#include "model/addr.h"
#include "model/owner.h"

size_t cell_lit(struct buf *b, const char *s); /* ASCII of ours */
size_t cell_unknown(struct buf *b);            /* "-" */
size_t cell_u64(struct buf *b, uint64_t v);
/* 999, 1.2k, 34M, 5.6G: at most four columns below 10^18 */
size_t cell_human(struct buf *b, uint64_t v);
size_t cell_conn(struct buf *b, uint64_t conn); /* its first half; 0: unknown */
size_t cell_netns(struct buf *b,
		  const struct netns *n); /* its pod's or container's name, its own, or inode */
size_t cell_process(struct buf *b, const struct owner *o); /* comm[pid] */
/* its name, else runtime:id, of 64 hex digits the first 12; NULL: unknown */
size_t cell_container(struct buf *b, const struct container *c);
size_t cell_container_of(struct buf *b, const struct owner *o);
size_t cell_end(struct buf *b, const struct addr_port *ap); /* port 0: "*" */

/* Spaces up to `wanted`, and the two between columns. */
void cell_pad(struct buf *b, size_t width, size_t wanted);

#endif
