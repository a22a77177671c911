/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where runtimes keep their files: as the user says, else as their configuration and the arguments
 * of those that run say, and where they do by default.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_ROOTS_H
#define FLOWNER_COLLECT_CONTAINER_ROOTS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/container_store.h"

enum root_kind { ROOT_DOCKER, ROOT_PODMAN, ROOT_CONTAINERD, ROOT_CRIO, ROOT_KINDS };

struct container_roots;

/*
 * `host` stands before the paths of files that are read for this ("" but in tests); borrowed. Of a
 * runtime that is among the `n` given, nothing else is looked at. 0 or -ENOMEM.
 */
int container_roots_new(struct container_roots **out, const struct runtime_root *roots, size_t n,
			const char *host);
void container_roots_free(struct container_roots *r); /* NULL is fine */

/* -1: no such runtime. */
int container_roots_kind(const char *runtime);

/* Folders, the most trusted first. */
const char *const *container_roots_get(const struct container_roots *r, enum root_kind kind,
				       size_t *n);

/* Look again for runtimes that run, if the last time was a second ago (`now`: CLOCK_BOOTTIME, ns).
 */
void container_roots_scan(struct container_roots *r, uint64_t now);

/*
 * What a user's own, rootless runtime keeps its files in. 0 or -ENOENT.
 */
int container_roots_of_user(const struct container_roots *r, enum root_kind kind, unsigned uid,
			    char out[static PATH_MAX]);

/* The graph root of podman's container, as its running conmon was told. 0 or -ENOENT. */
int container_roots_of_conmon(const struct container_roots *r, const char *id,
			      char out[static PATH_MAX]);

#endif
