/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that has a name: network namespaces, cgroups, containers; and whose namespace is
 * whose. What the model asks through its resolver.
 */
#ifndef FLOWNER_COLLECT_NAMING_H
#define FLOWNER_COLLECT_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/container_store.h"
#include "model/filter.h"
#include "model/keeper.h"
#include "model/owner.h"

struct naming {
	struct netns_names *names;
	struct container_store *containers;
	struct cgroups *cgroups;
	struct process_index *processes; /* naming_scan() has filled it */
	struct resolver resolver;        /* answers from these */
	/* CLOCK_BOOTTIME, ns */
	uint64_t scanned, next_scan, refreshed, newest;
	size_t crowd; /* namespaces, cgroups and containers: so many are too many */
};

/*
 * `n` is zeroed by the caller, and stays where it is. 0 or -errno, logged. naming_close() in any
 * case.
 */
int naming_open(struct naming *n, const struct runtime_root *roots, size_t nroots);
void naming_close(struct naming *n);

/*
 * Names can change and namespaces find an owner: look again, if it is time. That is once a second,
 * while a namespace is new more often, but for a small part of a CPU only.
 */
void naming_refresh(struct naming *n);
uint64_t naming_due(const struct naming *n); /* CLOCK_BOOTTIME, ns: when it will be */

/*
 * What has gone is remembered for a minute at least, and then for as long as there is not too much
 * of it. True: it is time to forget. `each` is to tell the keeper of everything that anyone still
 * points to.
 */
bool naming_is_crowded(const struct naming *n);
void naming_forget(struct naming *n, void (*each)(void *ctx, const struct keeper *k), void *ctx);

/* Has a container that passes the filter a process in that namespace, or is it one's? */
bool naming_is_contained(const struct naming *n, const struct netns *ns, const struct filter *f);
/* A number that is another one when the answer is another one for any namespace. */
uint64_t naming_contained_sum(const struct naming *n, const struct filter *f);

/* Go through all processes, now. */
void naming_scan(struct naming *n);

#endif
