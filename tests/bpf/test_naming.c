// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is remembered of cgroups and containers that have gone, and for how long. Needs root: makes
 * cgroups. */
#include "../unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/cgroup.h"
#include "collect/container_store.h"
#include "collect/netns_names.h"

#define GROUPS 40
#define SECOND 1000000000ULL

struct world {
	char dir[128]; /* a cgroup of ours in the hierarchy that tasks are looked up in */
	struct container_store *store;
	struct cgroups *cgroups;
	uint64_t id[GROUPS];
};

/* The pids controller's, else v2: as collect/cgroup.c has it. */
static bool find_hierarchy(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024], mount[512], options[512], type[64];
	bool pids = false, found = false;

	while (f && fgets(line, sizeof(line), f)) {
		const char *rest = strstr(line, " - ");

		if (pids || !rest || sscanf(line, "%*s %*s %*s %*s %511s", mount) != 1 ||
		    sscanf(rest, " - %63s %*s %511s", type, options) != 2)
			continue;
		pids = !strcmp(type, "cgroup") && strstr(options, "pids");
		if (!pids && strcmp(type, "cgroup2") != 0)
			continue;
		snprintf(out, size, "%.100s", mount);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

static void group_path(const struct world *w, int i, char path[static 512])
{
	snprintf(path, 512, "%s/docker-%064x.scope", w->dir, i);
}

static int setup(void **state)
{
	static struct world w;
	char mount[128];

	*state = NULL;
	w = (struct world){0};
	if (!find_hierarchy(mount, sizeof(mount)))
		return 0;
	snprintf(w.dir, sizeof(w.dir), "%.90s/flowner-test-%d", mount, getpid());
	if (mkdir(w.dir, 0755))
		return 0;
	for (int i = 0; i < GROUPS; i++) {
		char path[512];
		struct stat st;

		group_path(&w, i, path);
		if (mkdir(path, 0755) || stat(path, &st))
			return -1;
		w.id[i] = st.st_ino;
	}
	if (container_store_new(&w.store, NULL, 0) || cgroups_new(&w.cgroups, w.store))
		return -1;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (!w)
		return 0;
	for (int i = 0; i < GROUPS; i++) {
		char path[512];

		group_path(w, i, path);
		rmdir(path);
	}
	rmdir(w->dir);
	cgroups_free(w->cgroups);
	container_store_free(w->store);
	return 0;
}

static const struct cgroup *ask(struct world *w, int i)
{
	return cgroups_get(w->cgroups, 0, w->id[i], 0);
}

static void keep_container(void *ctx, const struct cgroup *cg)
{
	container_store_keep(ctx, cg->container);
}

TEST(forgets)
{
	struct world *w = *state;
	const struct cgroup *first, *kept;
	char id[65];

	if (!w)
		skip();
	cgroups_tick(w->cgroups, 100 * SECOND);
	for (int i = 0; i < GROUPS; i++) {
		const struct cgroup *cg = ask(w, i);

		snprintf(id, sizeof(id), "%064x", i);
		assert_non_null(cg);
		assert_non_null(cg->container);
		assert_string_equal(cg->container->id, id);
	}
	assert_int_equal(cgroups_count(w->cgroups), GROUPS);
	assert_int_equal(container_store_count(w->store), GROUPS);
	/* One is asked for later, one is pointed to. */
	cgroups_tick(w->cgroups, 150 * SECOND);
	first = ask(w, 1);
	kept = ask(w, 2);
	cgroups_tick(w->cgroups, 100 * SECOND);
	assert_ptr_equal(ask(w, 2), kept);
	cgroups_keep(w->cgroups, kept);
	cgroups_forget(w->cgroups, 120 * SECOND);
	assert_int_equal(cgroups_count(w->cgroups), 2);
	assert_ptr_equal(ask(w, 1), first);
	assert_ptr_equal(ask(w, 2), kept);
	/* Containers go when no cgroup has them any more and nobody asked. */
	container_store_refresh(w->store);
	cgroups_each(w->cgroups, keep_container, w->store);
	container_store_forget(w->store, UINT64_MAX);
	assert_int_equal(container_store_count(w->store), 2);
	snprintf(id, sizeof(id), "%064x", 2);
	assert_string_equal(ask(w, 2)->container->id, id);
	/* A mark holds once. */
	cgroups_forget(w->cgroups, 200 * SECOND);
	assert_int_equal(cgroups_count(w->cgroups), 0);
	assert_non_null(ask(w, 7)->container);
}

TEST(namespaces)
{
	enum { N = 5000 };
	const struct netns *first, *kept, *asked;
	struct netns_names *n;
	bool made;

	assert_int_equal(netns_names_new(&n), 0);
	netns_names_tick(n, 100 * SECOND);
	/* Inodes that no namespace has. */
	for (uint32_t i = 1; i <= N; i++) {
		const struct netns *ns = netns_names_get(n, i, 1000000 + i, &made);

		assert_non_null(ns);
		assert_true(made);
		assert_int_equal(ns->cookie, 1000000 + i);
	}
	assert_int_equal(netns_names_count(n), N);
	kept = netns_names_get(n, 1, 1000001, &made);
	assert_false(made);
	netns_names_tick(n, 150 * SECOND);
	asked = netns_names_get(n, 2, 1000002, &made);
	netns_names_keep(n, kept);
	netns_names_forget(n, 120 * SECOND);
	assert_int_equal(netns_names_count(n), 2);
	assert_ptr_equal(netns_names_get(n, 1, 1000001, &made), kept);
	assert_ptr_equal(netns_names_get(n, 2, 1000002, &made), asked);
	assert_false(made);
	/* A mark holds once; the one that comes again is a new one. */
	netns_names_forget(n, 200 * SECOND);
	assert_int_equal(netns_names_count(n), 0);
	first = netns_names_get(n, 1, 1000001, &made);
	assert_true(made);
	assert_int_equal(first->inode, 1);
	netns_names_free(n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{"what is pointed to, or was asked for, stays; the rest is forgotten", forgets,
		 setup, teardown, NULL},
		{"the same of namespaces", namespaces, NULL, NULL, NULL},
	};

	return RUN(tests);
}
