/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Labs, shown on stdout. All return 0 or -errno of writing.
 */
#ifndef FLOWNER_OUT_LAB_VIEW_H
#define FLOWNER_OUT_LAB_VIEW_H

#include "base/buf.h"
#include "model/lab.h"

/* What `up` has made, in a few lines, with a command to try. */
int lab_view_summary(const struct lab_topology *t);

/* One lab; `first`: nothing has been printed before it. */
int lab_view_table(const struct lab_report *r, bool first);

/* One lab, one line. */
int lab_view_json(const struct lab_report *r);

/* The same into a buffer. */
void lab_view_summary_to(struct buf *b, const struct lab_topology *t);
void lab_view_table_to(struct buf *b, const struct lab_report *r);
void lab_view_json_to(struct buf *b, const struct lab_report *r);

#endif
