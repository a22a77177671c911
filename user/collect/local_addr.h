/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an address one of a namespace's own? Asked of the namespace itself, by bind(2), and remembered
 * for a while.
 */
#ifndef FLOWNER_COLLECT_LOCAL_ADDR_H
#define FLOWNER_COLLECT_LOCAL_ADDR_H

#include <stdbool.h>

#include "collect/watcher.h"
#include "model/addr.h"

struct local_addrs;

/* The watcher is borrowed: it knows the ways in. 0 or -ENOMEM. Owned by the caller. */
int local_addrs_new(struct local_addrs **out, struct watcher *w);
void local_addrs_free(struct local_addrs *l); /* NULL is fine */

/* In the namespace of that link. False too where that cannot be found out. */
bool local_addrs_has(struct local_addrs *l, const struct link *link, const struct addr *addr);

#endif
