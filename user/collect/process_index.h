/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes that there are, by network namespace, and the containers among them: as of the last
 * look through /proc.
 */
#ifndef FLOWNER_COLLECT_PROCESS_INDEX_H
#define FLOWNER_COLLECT_PROCESS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/container.h"

struct process_index;
struct container_store;

struct process_netns {
	uint32_t inode;
	unsigned int processes;
	uint32_t pid; /* of the one that has run longest */
	bool host;    /* pid 1's, or the kernel's first */
	/*
	 * Whose it is: the container of the process that has run longest of all that are in one;
	 * NULL: of none, or the host's.
	 */
	const struct container *container;
	/* All that have processes in it. */
	const struct container **containers;
	size_t ncontainers;
};

/* Empty so far. `store` knows the containers; borrowed. 0 or -ENOMEM. */
int process_index_new(struct process_index **out, struct container_store *store);
void process_index_free(struct process_index *x); /* NULL is fine */

/*
 * Look again: some 15 µs a process. Processes that come or go meanwhile may be left out. 0 or
 * -errno, with what there was before.
 */
int process_index_scan(struct process_index *x);

/* Both until the next scan. NULL: no process was in it. */
const struct process_netns *process_index_netns(const struct process_index *x, uint32_t inode);
void process_index_each(const struct process_index *x,
			void (*fn)(void *ctx, const struct process_netns *n), void *ctx);

#endif
