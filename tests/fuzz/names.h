/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Namespaces and containers whose names are what others might choose to be called, for targets that
 * show what they make of their input.
 */
#ifndef FLOWNER_TESTS_FUZZ_NAMES_H
#define FLOWNER_TESTS_FUZZ_NAMES_H

#include "fuzz.h"
#include "model/owner.h"

static const struct container_label names_labels[] = {{"a\"key\n", "\x1b]0;title\a"}};

static const struct container names_container = {
	.runtime = "docker",
	.id = "3f2a9c0d1e2f00000000000000000000000000000000000000000000000000ab",
	.name = "we\x1b[31mb\n\"\\",
	.image = "im\xff\xfe:1",
	.pod = "ns/\xe2\x80\xaepod",
	.labels = names_labels,
	.nlabels = 1,
};

static const struct netns names_netns[] = {
	{.inode = 4026531840, .cookie = 1, .name = "host"},
	{.inode = 4026532001, .cookie = 2, .name = "bl\xc2\x9bue\r", .container = &names_container},
	{.inode = 4026532002, .cookie = 3},
};

static const struct cgroup names_cgroups[] = {
	{.path = "/docker/3f2a\n\x7f", .unit = "a\x80.service", .container = &names_container},
	{.path = "/user.slice"},
};

static inline const struct netns *names_find_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	(void)ctx;
	(void)inode;
	return cookie && cookie <= COUNT(names_netns) ? &names_netns[cookie - 1] : NULL;
}

static inline const struct cgroup *names_find_cgroup(void *ctx, const struct netns *netns,
						     uint64_t sock, uint64_t task, uint32_t pid)
{
	uint64_t id = task ? task : sock;

	(void)ctx;
	(void)netns;
	(void)pid;
	return id && id <= COUNT(names_cgroups) ? &names_cgroups[id - 1] : NULL;
}

#define NAMES_RESOLVER                                                  \
	{                                                               \
		.netns = names_find_netns, .cgroup = names_find_cgroup, \
	}

#endif
