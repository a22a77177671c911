// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "collect/container_store.h"
#include "model/unit.h"

/* fs/kernfs: FILEID_KERNFS, an 8-byte id (5.5). */
#define FILEID_KERNFS 0xfe

struct key {
	uint64_t id;
	uint64_t hierarchy;
};

struct entry {
	struct key key;
	struct cgroup cgroup;
	char *path; /* NULL: it was gone when it was asked for */
	char *unit;
	uint64_t asked; /* struct cgroups.now, then */
	bool kept;
	UT_hash_handle hh;
};

struct hierarchy {
	int mount_fd; /* -1: not mounted */
	char mount[PATH_MAX];
};

enum { V2, PIDS, HIERARCHIES };

struct cgroups {
	struct container_store *store;
	struct hierarchy h[HIERARCHIES];
	struct entry *entries;
	uint64_t now;
};

/* In there a blank, tab, newline or backslash is \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* A mountinfo line: "36 35 98:0 / /sys/fs/cgroup rw,… shared:1 - cgroup2 cgroup2 rw,…" (proc(5)).
 */
static void read_mount(struct cgroups *c, char *line)
{
	char *sep = strstr(line, " - "), *type, *options, *save = NULL, *mount = NULL;
	int which;

	if (!sep)
		return;
	*sep = '\0';
	type = strtok_r(sep + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, "\n", &save);
	if (!type || !options)
		return;
	if (!strcmp(type, "cgroup2"))
		which = V2;
	else if (!strcmp(type, "cgroup") && strstr(options, "pids"))
		which = PIDS;
	else
		return;
	strtok_r(line, " ", &save);
	for (int i = 0; i < 4; i++)
		mount = strtok_r(NULL, " ", &save);
	if (!mount || c->h[which].mount_fd >= 0 || strlen(mount) >= sizeof(c->h[which].mount))
		return;
	unescape(mount);
	c->h[which].mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memcpy(c->h[which].mount, mount, strlen(mount) + 1);
}

int cgroups_new(struct cgroups **out, struct container_store *store)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	struct cgroups *c;
	size_t cap = 0;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->store = store;
	c->h[V2].mount_fd = c->h[PIDS].mount_fd = -1;
	f = fopen("/proc/self/mountinfo", "re");
	while (f && getline(&line, &cap, f) > 0)
		read_mount(c, line);
	*out = c;
	return 0;
}

static void free_entry(struct entry *e)
{
	free(e->path);
	free(e->unit);
	free(e);
}

void cgroups_free(struct cgroups *c)
{
	struct entry *e, *tmp;

	if (!c)
		return;
	HASH_ITER (hh, c->entries, e, tmp) {
		HASH_DEL(c->entries, e);
		free_entry(e);
	}
	for (int i = 0; i < HIERARCHIES; i++)
		cleanup_close(&c->h[i].mount_fd);
	free(c);
}

/* The path of a cgroup within its hierarchy, or NULL. */
static char *path_of_id(const struct hierarchy *h, uint64_t id)
{
	struct {
		struct file_handle fh;
		uint64_t id;
	} handle = {.fh = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}, .id = id};
	char link[64], path[PATH_MAX];
	size_t mount = strlen(h->mount);
	_cleanup_close_ int fd = -1;
	ssize_t n;

	memcpy(handle.fh.f_handle, &id, sizeof(id));
	if (h->mount_fd < 0)
		return NULL;
	fd = open_by_handle_at(h->mount_fd, &handle.fh, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	if (strncmp(path, h->mount, mount))
		return NULL;
	return strdup(path[mount] ? path + mount : "/");
}

/* The path that /proc/PID/cgroup gives for a hierarchy, or NULL. */
static char *path_of_pid(int which, uint32_t pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char name[32];
	size_t cap = 0;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	f = fopen(name, "re");
	while (f && getline(&line, &cap, f) > 0) {
		/* "0::/user.slice", "8:pids:/docker/…" */
		char *controllers = strchr(line, ':'),
		     *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (which == V2 ? !strcmp(controllers, ":") && line[0] == '0'
				: strstr(controllers, "pids") != NULL)
			return strdup(path);
	}
	return NULL;
}

static void fill(struct cgroups *c, struct entry *e)
{
	char unit[UNIT_NAME_MAX + 1];

	if (cgroup_unit(e->path, unit))
		e->unit = strdup(unit);
	e->cgroup.path = e->path;
	e->cgroup.unit = e->unit;
	e->cgroup.container = container_store_get(c->store, e->path);
}

static const struct cgroup *get(struct cgroups *c, int which, uint64_t id, uint32_t pid)
{
	struct key key = {id, (uint64_t)which};
	struct entry *e;

	if (!id)
		return NULL;
	HASH_FIND (hh, c->entries, &key, sizeof(key), e)
		;
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		e->key = key;
		e->path = path_of_id(&c->h[which], id);
		if (!e->path && pid)
			e->path = path_of_pid(which, pid);
		if (e->path)
			fill(c, e);
		HASH_ADD(hh, c->entries, key, sizeof(e->key), e);
	} else if (e->path && e->cgroup.container && !e->cgroup.container->name) {
		/* The runtime's file may come after the container's first process. */
		e->cgroup.container = container_store_get(c->store, e->path);
	}
	e->asked = c->now;
	return e->path ? &e->cgroup : NULL;
}

size_t cgroups_count(const struct cgroups *c)
{
	return HASH_COUNT(c->entries);
}

void cgroups_tick(struct cgroups *c, uint64_t now)
{
	c->now = now;
}

void cgroups_keep(struct cgroups *c, const struct cgroup *cg)
{
	struct entry *e = (struct entry *)((char *)(uintptr_t)cg - offsetof(struct entry, cgroup));

	(void)c;
	e->kept = true;
}

void cgroups_forget(struct cgroups *c, uint64_t before)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, c->entries, e, tmp) {
		if (!e->kept && e->asked < before) {
			HASH_DEL(c->entries, e);
			free_entry(e);
		} else {
			e->kept = false;
		}
	}
}

void cgroups_each(const struct cgroups *c, void (*fn)(void *ctx, const struct cgroup *cg),
		  void *ctx)
{
	for (struct entry *e = c->entries; e; e = e->hh.next)
		if (e->path)
			fn(ctx, &e->cgroup);
}

const struct cgroup *cgroups_get(struct cgroups *c, uint64_t sock_cgroup, uint64_t task_cgroup,
				 uint32_t pid)
{
	int task_hierarchy = c->h[PIDS].mount_fd >= 0 ? PIDS : V2;
	const struct cgroup *task = get(c, task_hierarchy, task_cgroup, pid);
	const struct cgroup *sock = get(c, V2, sock_cgroup, 0);

	if (task && (task->container || !sock || !sock->container))
		return task;
	return sock;
}
