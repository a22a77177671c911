// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "model/container.h"

/* The innermost container of a process, from whichever hierarchy tells one. */
static bool container_of(const char *pid, struct container *c)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char path[64];
	size_t room = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
	f = fopen(path, "re");
	while (f && (n = getline(&line, &room, f)) > 0) {
		char *at = strchr(line, ':'); /* 4:pids:/path, 0::/path */

		at = at ? strchr(at + 1, ':') : NULL;
		if (!at)
			continue;
		line[n - (line[n - 1] == '\n')] = '\0';
		if (container_from_cgroup(at + 1, c))
			return true;
	}
	return false;
}

int container_find(const char *prefix, int (*fn)(void *ctx, uint32_t netns_inode), void *ctx)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	char first[CONTAINER_ID_MAX + 1] = "";
	int found = 0, err = 0;
	struct dirent *d;

	if (!proc)
		return -errno;
	while (!err && (d = readdir(proc))) {
		struct container c;
		char path[64];
		struct stat st;

		if (d->d_name[0] < '1' || d->d_name[0] > '9' || !container_of(d->d_name, &c) ||
		    strncmp(c.id, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", d->d_name);
		if (stat(path, &st))
			continue;
		if (!found) {
			snprintf(first, sizeof(first), "%s", c.id);
			found = 1;
		} else if (strcmp(first, c.id) != 0) {
			found = 2;
		}
		err = fn(ctx, (uint32_t)st.st_ino);
	}
	return err ? err : found;
}
