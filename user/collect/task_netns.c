// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/task_netns.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

int task_netns(const char *pid, char path[TASK_NETNS_PATH], struct stat *st)
{
	_cleanup_closedir_ DIR *threads = NULL;
	struct dirent *e;
	int err;

	snprintf(path, TASK_NETNS_PATH, "/proc/%.20s/ns/net", pid);
	if (!stat(path, st))
		return 0;
	err = -errno;
	if (err != -ENOENT)
		return err;
	snprintf(path, TASK_NETNS_PATH, "/proc/%.20s/task", pid);
	threads = opendir(path);
	while (threads && (e = readdir(threads))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, TASK_NETNS_PATH, "/proc/%.20s/task/%.20s/ns/net", pid, e->d_name);
		if (!stat(path, st))
			return 0;
	}
	return err;
}
