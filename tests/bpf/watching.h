/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A watcher at work in a test (tests/bpf/sandbox.h), and what the kernel says of its programs.
 */
#ifndef FLOWNER_TESTS_WATCHING_H
#define FLOWNER_TESTS_WATCHING_H

#include <poll.h>

#include <bpf/bpf.h>

#include "base/clock.h"
#include "collect/netns_names.h"
#include "collect/watcher.h"
#include "tests_watcher.skel.h"

#include "sandbox.h"

#define SEC_NS   1000000000ULL
#define PATIENCE (10 * SEC_NS)

struct watch {
	struct watcher *w;
	struct netns_names *names;
	struct tests_watcher_bpf *skel;
	unsigned int attached, detached, gone;
	uint64_t last_attached;
	int refuse; /* programs() says this for the next link */
};

static inline int programs(void *ctx, const struct link *l, int *in_fd, int *out_fd)
{
	struct watch *s = ctx;
	int err = s->refuse;

	assert_true(l->ethernet);
	s->refuse = 0;
	*in_fd = bpf_program__fd(s->skel->progs.flowner_in);
	*out_fd = bpf_program__fd(s->skel->progs.flowner_out);
	return err;
}

static inline void attached(void *ctx, struct link *l)
{
	struct watch *s = ctx;

	assert_false(l->gone);
	assert_true(l->attached > 0);
	s->attached++;
	s->last_attached = l->attached;
}

static inline void detached(void *ctx, struct link *l)
{
	struct watch *s = ctx;

	assert_true(l->attached > 0);
	s->detached++;
	s->gone += l->gone;
}

static inline const struct netns *intern(void *ctx, uint32_t inode, uint64_t cookie)
{
	struct watch *s = ctx;
	bool made;

	return netns_names_get(s->names, inode, cookie, &made);
}

static inline void start(struct watch *s, const struct watcher_options *o)
{
	const struct watcher_ops ops = {programs, attached, detached, intern, s};

	memset(s, 0, sizeof(*s));
	s->skel = tests_watcher_bpf__open_and_load();
	assert_non_null(s->skel);
	assert_int_equal(netns_names_new(&s->names), 0);
	assert_int_equal(watcher_new(&s->w, o, &ops), 0);
}

static inline void stop(struct watch *s)
{
	watcher_free(s->w);
	netns_names_free(s->names);
	tests_watcher_bpf__destroy(s->skel);
}

/* Let it work until nothing has been to do for `quiet` ms. */
static inline void settle(struct watch *s, int quiet)
{
	struct pollfd p = {.fd = watcher_fd(s->w), .events = POLLIN};

	while (poll(&p, 1, quiet) > 0)
		assert_int_equal(watcher_dispatch(s->w), 0);
}

/* …until there are so many links watched and as many have been given up. */
static inline bool comes_to(struct watch *s, unsigned int links, unsigned int detaches)
{
	struct pollfd p = {.fd = watcher_fd(s->w), .events = POLLIN};
	uint64_t end = clock_boot_ns() + PATIENCE;

	while (watcher_links(s->w) != links || s->detached < detaches) {
		if (clock_boot_ns() > end)
			return false;
		if (poll(&p, 1, 100) > 0)
			assert_int_equal(watcher_dispatch(s->w), 0);
	}
	return true;
}

struct sought {
	uint32_t netns;
	const char *name;
	struct link *found;
};

static inline void seek(void *ctx, struct link *l)
{
	struct sought *s = ctx;

	if (!strcmp(l->name, s->name) && l->netns->inode == s->netns)
		s->found = l;
}

static inline struct link *find(const struct watch *s, const char *netns, const char *name)
{
	struct sought sought = {ns_inode(netns), name, NULL};

	topology_each(watcher_topology(s->w), seek, &sought);
	return sought.found;
}

static inline bool is_watched(const struct watch *s, const char *netns, const char *name)
{
	const struct link *l = find(s, netns, name);

	return l && l->attached;
}

static inline uint32_t prog_id(const struct watch *s)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(
		bpf_obj_get_info_by_fd(bpf_program__fd(s->skel->progs.flowner_in), &info, &len), 0);
	return info.id;
}

struct count_call {
	const char *dev;
	uint32_t prog;
};

/* Before 6.6 (e420bed02507) programs are filters, which tc lists. */
static inline int count_programs(void *arg)
{
	const struct count_call *c = arg;
	uint32_t ids[64], n = 64;
	int count = 0;

	if (!has_tcx())
		return if_nametoindex(c->dev)
			       ? WEXITSTATUS(sh(
					 "exit $(tc filter show dev %s ingress | grep -c ' id %u ')",
					 c->dev, c->prog))
			       : -ENODEV;
	if (bpf_prog_query((int)if_nametoindex(c->dev), TCX_IN, 0, NULL, ids, &n))
		return -errno;
	for (uint32_t i = 0; i < n; i++)
		count += ids[i] == c->prog;
	return count;
}

/* How often the kernel has our program on the device's ingress; -ENODEV. */
static inline int programs_on(const struct watch *s, const char *ns, const char *dev)
{
	struct count_call call = {dev, prog_id(s)};

	return ns_within(ns, count_programs, &call);
}

/* All BPF links there are of these programs. */
static inline unsigned int bpf_links(const struct watch *s)
{
	uint32_t prog = prog_id(s), id = 0, len;
	unsigned int count = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info info = {0};

		len = sizeof(info);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			count += info.prog_id == prog;
	}
	return count;
}

#endif
