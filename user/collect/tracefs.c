// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* glibc has wrappers for these since 2.36 only. */
static int mount_detached(void)
{
	_cleanup_close_ int fs = (int)syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
	int fd;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	return fd < 0 ? -errno : fd;
}

static long read_id(int dir, const char *category, const char *name)
{
	_cleanup_close_ int fd = -1;
	char path[128], text[32];
	ssize_t n;

	snprintf(path, sizeof(path), "events/%s/%s/id", category, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

static long event_id(const char *category, const char *name)
{
	static const char *const mounts[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	long id;

	for (int i = 0; i < 2; i++) {
		_cleanup_close_ int dir = open(mounts[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		id = dir < 0 ? -errno : read_id(dir, category, name);
		if (id > 0)
			return id;
	}
	_cleanup_close_ int dir = mount_detached();

	return dir < 0 ? dir : read_id(dir, category, name);
}

int tracefs_open_event(const char *category, const char *name)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr)};
	long id = event_id(category, name);
	int fd;

	if (id < 0)
		return (int)id;
	attr.config = (uint64_t)id;
	/* A BPF program on a tracepoint runs on every CPU, whichever the event was opened for. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
