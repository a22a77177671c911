// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/signals.h"

/* Of "/tmp/x" /tmp, of "x" the one we are in. */
static int stat_folder(const char *name, struct stat *st)
{
	const char *slash = strrchr(name, '/');
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s", slash ? (int)(slash - name) + 1 : 1,
			 slash ? name : ".");

	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return stat(path, st) ? -errno : 0;
}

/*
 * In a folder that is everybody's a pipe is its maker's way to what we write. The kernel knows this
 * rule too (fs.protected_fifos), but only for who asks it to make the pipe.
 */
static int check_pipe(const char *name, const struct stat *st)
{
	struct stat folder;
	int err;

	if (!S_ISFIFO(st->st_mode) || st->st_uid == geteuid())
		return 0;
	err = stat_folder(name, &folder);
	if (err)
		return err;
	return (folder.st_mode & (S_IWGRP | S_IWOTH)) && st->st_uid != folder.st_uid ? -EPERM : 0;
}

static int open_there(const char *name, int flags)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

/* Its reader may come later, or never: open(2) would wait where no signal gets through. */
static int open_pipe(const char *name)
{
	const struct timespec tick = {.tv_nsec = 20 * 1000000};
	int fd;

	while ((fd = open_there(name, O_NONBLOCK)) == -ENXIO) {
		if (signals_pending())
			return -ECANCELED;
		nanosleep(&tick, NULL);
	}
	if (fd >= 0 && fcntl(fd, F_SETFL, 0))
		log_debug("a pipe stays non-blocking: %s", strerror(errno));
	return fd;
}

static int open_special(const char *name)
{
	_cleanup_close_ int found = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char self[64];
	struct stat st;
	int err;

	if (found < 0 || fstat(found, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISREG(st.st_mode))
		return -EEXIST;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	err = check_pipe(name, &st);
	if (err)
		return err;
	/* The very thing that was looked at, not what has its name by now. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", found);
	return S_ISFIFO(st.st_mode) ? open_pipe(self) : open_there(self, 0);
}

int outfile_make(const char *name, bool or_special)
{
	_cleanup_close_ int fd =
		open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST && or_special)
		return open_special(name);
	if (fd < 0 || fchmod(fd, 0600))
		return -errno;
	return take_fd(&fd);
}
