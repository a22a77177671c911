/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Containers that run now, by id: found by their processes' cgroups, without asking any engine.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_FIND_H
#define FLOWNER_COLLECT_CONTAINER_FIND_H

#include <stdint.h>

/*
 * Call fn with the network namespace of each process of the containers whose id begins with
 * `prefix`; the same namespace again for each process. Processes that end meanwhile are left out.
 * fn returns 0, or -errno to stop. Returns how many different containers there are (a prefix may
 * fit several: 2 stands for more than one), 0: none; or -errno.
 */
int container_find(const char *prefix, int (*fn)(void *ctx, uint32_t netns_inode), void *ctx);

#endif
