/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Below a namespace of a map, what was asked for: nothing is appended for what it has none of.
 */
#ifndef FLOWNER_OUT_MAP_TABLES_H
#define FLOWNER_OUT_MAP_TABLES_H

#include "base/buf.h"
#include "model/net_map.h"

/* `all` as in out/map_view.h. */
void map_tables_routes(const struct map_netns *n, bool all, struct buf *b);
void map_tables_fdb(const struct map_netns *n, bool all, struct buf *b);
void map_tables_neigh(const struct map_netns *n, struct buf *b);

#endif
