/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which namespaces and cgroups, of those that a resolver gave out, are still pointed to: whoever
 * does tells a keeper of each, again and again if need be, and what it was not told of can be
 * forgotten. Only of what stays: whatever a function holds for itself is gone by then.
 */
#ifndef FLOWNER_MODEL_KEEPER_H
#define FLOWNER_MODEL_KEEPER_H

#include "model/link.h"
#include "model/owner.h"

struct keeper {
	void (*netns)(void *ctx, const struct netns *n);
	void (*cgroup)(void *ctx, const struct cgroup *cg);
	void *ctx;
};

/* NULL is fine. */
void keeper_netns(const struct keeper *k, const struct netns *n);
void keeper_cgroup(const struct keeper *k, const struct cgroup *cg);
/* The namespaces of its two ends. */
void keeper_link(const struct keeper *k, const struct link *l);

#endif
