/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The containers known by now, with what their runtimes' own files say of them: name, image, pod,
 * labels. No daemon is asked.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_STORE_H
#define FLOWNER_COLLECT_CONTAINER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "model/container.h"

struct container_store;

/*
 * Where a runtime keeps its files, as the user has given it: docker's data root, podman's or
 * cri-o's graph root, containerd's state directory.
 */
struct runtime_root {
	const char *runtime, *dir;
};

/* Of a runtime that is not among the `n`, its configuration says where. 0 or -ENOMEM. */
int container_store_new(struct container_store **out, const struct runtime_root *roots, size_t n);
void container_store_free(struct container_store *s); /* NULL is fine */

/*
 * The innermost container that a cgroup lies in, by its path within its hierarchy. NULL: none. The
 * same pointer for the same container; it lives until container_store_forget() at least. Its
 * strings live until the next container_store_refresh(). What is not found is looked for again in
 * later calls, after 100 ms and then less and less often.
 */
const struct container *container_store_get(struct container_store *s, const char *cgroup_path);

/* Look whether files have changed: containers can be given other names. Some stat(2) calls for each
 * container that was asked for since the last time. */
void container_store_refresh(struct container_store *s);

/*
 * Those that have gone gather. When there are many, tell which are still pointed to, then forget
 * all others that were not asked for since `before` (CLOCK_BOOTTIME, ns).
 */
size_t container_store_count(const struct container_store *s);
void container_store_keep(struct container_store *s, const struct container *c);
void container_store_forget(struct container_store *s, uint64_t before);

#endif
