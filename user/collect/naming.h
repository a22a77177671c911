/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that has a name: network namespaces, cgroups, containers; and whose namespace is
 * whose. What the model asks through its resolver.
 */
#ifndef FLOWNER_COLLECT_NAMING_H
#define FLOWNER_COLLECT_NAMING_H

#include <stddef.h>
#include <stdint.h>

#include "collect/container_store.h"
#include "model/owner.h"

struct naming {
	struct netns_names *names;
	struct container_store *containers;
	struct cgroups *cgroups;
	struct process_index *processes; /* naming_scan() has filled it */
	struct resolver resolver;        /* answers from these */
	uint64_t next_scan, refreshed;   /* CLOCK_BOOTTIME, ns */
};

/*
 * `n` is zeroed by the caller, and stays where it is. 0 or -errno, logged. naming_close() in any
 * case.
 */
int naming_open(struct naming *n, const struct runtime_root *roots, size_t nroots);
void naming_close(struct naming *n);

/*
 * Names can change and namespaces find an owner: look again, if it is time. At most once a second,
 * and for a small part of a CPU.
 */
void naming_refresh(struct naming *n);

/* Go through all processes, now. */
void naming_scan(struct naming *n);

#endif
