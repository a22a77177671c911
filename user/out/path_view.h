/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef FLOWNER_OUT_PATH_VIEW_H
#define FLOWNER_OUT_PATH_VIEW_H

#include "base/buf.h"
#include "model/path.h"

struct json;

/* "lab-client:eth0 → lab-c1 → br0 → lab-s1 → lab-server:eth0"; returns the columns it takes. */
size_t path_view_text(const struct path *p, struct buf *b);

/*
 * [{"netns":{…},"link":"eth0","ifindex":2},…]; a hop with "gap":true is not next to the one before
 * it. Nothing for a path without hops.
 */
void path_view_json(struct json *j, const char *key, const struct path *p);

#endif
