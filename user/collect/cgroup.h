/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups by id: an id is the inode of the cgroup's folder, which the kernel opens by file handle,
 * so finding a path takes no walk over the hierarchy and no process that is still alive.
 */
#ifndef FLOWNER_COLLECT_CGROUP_H
#define FLOWNER_COLLECT_CGROUP_H

#include <stdint.h>

#include "model/owner.h"

struct cgroups;
struct container_store;

/*
 * Finds the mounts: v2, and v1's pids hierarchy on hosts that have it. `store` knows the
 * containers; borrowed. 0 or -errno. Owned by the caller.
 */
int cgroups_new(struct cgroups **out, struct container_store *store);
void cgroups_free(struct cgroups *c);

/*
 * As resolver.cgroup (model/owner.h): the task's own cgroup before the socket's; of the two, one
 * that a container is found in. The answer lives as long as `c`.
 */
const struct cgroup *cgroups_get(struct cgroups *c, uint64_t sock_cgroup, uint64_t task_cgroup,
				 uint32_t pid);

#endif
