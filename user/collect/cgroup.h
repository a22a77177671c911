/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups by id: an id is the inode of the cgroup's folder, which the kernel opens by file handle,
 * so finding a path takes no walk over the hierarchy and no process that is still alive.
 */
#ifndef FLOWNER_COLLECT_CGROUP_H
#define FLOWNER_COLLECT_CGROUP_H

#include <stddef.h>
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
 * Those of containers that have gone gather. When there are many, tell which are still pointed to,
 * then forget all others that were not asked for since `before` (the time that cgroups_tick() told
 * last).
 */
size_t cgroups_count(const struct cgroups *c);
void cgroups_tick(struct cgroups *c, uint64_t now);
void cgroups_keep(struct cgroups *c, const struct cgroup *cg);
void cgroups_forget(struct cgroups *c, uint64_t before);
/* All that are known. */
void cgroups_each(const struct cgroups *c, void (*fn)(void *ctx, const struct cgroup *cg),
		  void *ctx);

/*
 * As resolver.cgroup (model/owner.h): the task's own cgroup before the socket's; of the two, one
 * that a container is found in. The answer lives until cgroups_forget() at
 * least.
 */
const struct cgroup *cgroups_get(struct cgroups *c, uint64_t sock_cgroup, uint64_t task_cgroup,
				 uint32_t pid);

#endif
