/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * --container in the kernel: of every namespace and cgroup that records mention, whether it belongs
 * to a wanted container. Verdicts go out through a callback when they are made, and again when they
 * change: a container gets a name, or another one.
 */
#ifndef FLOWNER_MODEL_CONTAINER_FILTER_H
#define FLOWNER_MODEL_CONTAINER_FILTER_H

#include "flowner_abi.h"
#include "model/filter.h"

struct container_filter;

/* So long a namespace may be without an owner, and a container without a name, before that counts.
 */
#define CONTAINER_FILTER_PATIENCE_NS 2000000000ULL
/* Verdicts are looked over so often, while some are still to come; else once a second. */
#define CONTAINER_FILTER_AGAIN_NS 50000000ULL

struct container_filter_options {
	const struct filter *filter; /* of it: containers; borrowed */
	struct resolver resolver;
	/* FL_VERDICT_NONE: the one given before is taken back. */
	void (*verdict)(void *ctx, const struct fl_verdict_key *key, enum fl_verdict verdict);
	void *ctx;
};

/* 0 or -ENOMEM. Owned by the caller. */
int container_filter_new(struct container_filter **out, const struct container_filter_options *o);
void container_filter_free(struct container_filter *cf); /* NULL is fine */

/*
 * A socket was mentioned, and a task with it, or NULL. `old`: both have been there for a while, so
 * that there is nothing to wait for.
 */
void container_filter_see(struct container_filter *cf, const struct fl_sock *s,
			  const struct fl_task *task, bool old, uint64_t now);

/* Look over the verdicts, if it is time. `now`: CLOCK_BOOTTIME, ns. */
void container_filter_refresh(struct container_filter *cf, uint64_t now);

/*
 * Take all verdicts back, and point to no namespace any more. Most are about the dead; what lives
 * will be mentioned again.
 */
void container_filter_forget(struct container_filter *cf);

#endif
