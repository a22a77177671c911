/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the views of a map share. What returns nothing appends.
 */
#ifndef FLOWNER_OUT_MAP_PARTS_H
#define FLOWNER_OUT_MAP_PARTS_H

#include "base/buf.h"
#include "model/net_map.h"

/* The columns that what was appended since `start` takes. */
size_t map_parts_width(const struct buf *b, size_t start);

/* "host", its container's name, its own, "docker:3f2a9c0d1e2f", or "netns 4026532607". */
void map_parts_netns(const struct map_netns *n, struct buf *b);
bool map_parts_by_id(const struct map_netns *n);    /* it is the last but one of these */
bool map_parts_by_inode(const struct map_netns *n); /* it is the last */
/* "docker 3f2a9c0d1e2f" */
void map_parts_container_id(const struct container *c, struct buf *b);
/* "eth0 of echo-server"; with_master: "veth0 of host (port of br0)", if it is one's port */
void map_parts_link(const struct map_link *l, bool with_master, struct buf *b);
/* "10.0.0.2/24" */
void map_parts_addr(const struct map_addr *a, struct buf *b);
void map_parts_ip(const struct addr *a, struct buf *b);
void map_parts_mac(const struct mac *m, struct buf *b);
/* "up", "down", "no-carrier": up, but nobody at the other end */
const char *map_parts_state(const struct map_link *l);
/*
 * What it is, and to whom connected, but for its master: "bridge, 2 ports", "<-> eth0 of web",
 * "vlan on eth0"; nothing for a plain device.
 */
void map_parts_relation(const struct map_link *l, struct buf *b);

/* Is this shown without --all? */
bool map_parts_shows_link(const struct map_link *l, bool all);
bool map_parts_shows_addr(const struct map_addr *a, bool all);

#endif
