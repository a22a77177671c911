/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A map (model/net_map.h), shown: all of it, or some devices. Each appends to b; errors are b->err.
 */
#ifndef FLOWNER_OUT_MAP_VIEW_H
#define FLOWNER_OUT_MAP_VIEW_H

#include "base/buf.h"
#include "model/net_map.h"

/*
 * The namespaces that are not left out, with their devices below. `all`: plain loopback devices,
 * link-local addresses, MAC addresses, routes of other tables than `main`, and bridge ports' own
 * entries too.
 */
void map_tree(const struct net_map *m, bool all, struct buf *b);
/* An object a line, one a namespace; all there is. */
void map_json(const struct net_map *m, struct buf *b);
/* For graphviz. */
void map_dot(const struct net_map *m, bool all, struct buf *b);

/* A line a device; a veth pair has one. */
void map_lines(const struct map_link *const *links, size_t n, struct buf *b);
/* An object a line, one a device. */
void map_json_links(const struct map_link *const *links, size_t n, struct buf *b);

#endif
