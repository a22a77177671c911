/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Features of the kernel as lines.
 */
#ifndef FLOWNER_OUT_FEATURE_VIEW_H
#define FLOWNER_OUT_FEATURE_VIEW_H

#include "base/buf.h"
#include "model/feature.h"

void feature_table_header(struct buf *b);
void feature_table_line(const struct feature *f, struct buf *b);
/* {"type":"feature","name":…,"answer":"yes"|"no"|"unknown","required":…,"since":…,"why":…} */
void feature_json(const struct feature *f, struct buf *b);

#endif
