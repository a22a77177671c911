// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/log.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define SELF_NETNS "/proc/thread-self/ns/net"

static void netns_path(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, NETNS_DIR "/%s", name);
}

int netns_within(int fd, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int home = open(SELF_NETNS, O_RDONLY | O_CLOEXEC);
	int ret;

	/* Going home needs CAP_SYS_ADMIN over home's owner: without it, do not set out. */
	if (home < 0 || setns(home, CLONE_NEWNET))
		return -errno;
	if (fd == NETNS_NEW ? unshare(CLONE_NEWNET) : setns(fd, CLONE_NEWNET))
		return -errno;
	ret = fn(arg);
	if (setns(home, CLONE_NEWNET)) {
		log_error("cannot come back from a network namespace: %s", strerror(errno));
		abort();
	}
	return ret;
}

int netns_self(int *fd, struct netns_id *id)
{
	_cleanup_close_ int ns = open(SELF_NETNS, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int sk = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(id->cookie);
	struct stat st;

	if (ns < 0 || sk < 0 || fstat(ns, &st) ||
	    getsockopt(sk, SOL_SOCKET, SO_NETNS_COOKIE, &id->cookie, &len))
		return -errno;
	id->inode = st.st_ino;
	if (fd)
		*fd = take_fd(&ns);
	return 0;
}

int netns_prepare_dir(void)
{
	_cleanup_close_ int lock = -1;
	int err;

	if (mkdir(NETNS_DIR, 0755) && errno != EEXIST) {
		err = errno;
		log_error("cannot make " NETNS_DIR ": %s", strerror(err));
		return -err;
	}
	/* As ip netns add does, so that we do not both mount it. */
	lock = open(NETNS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX)) {
		err = errno;
		log_error("cannot lock " NETNS_DIR ": %s", strerror(err));
		return -err;
	}
	/*
	 * Shared, so that a name removed here is unmounted in other mount namespaces too and does
	 * not keep its namespace alive there. Only a mount point can be shared.
	 */
	if (!mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno == EINVAL && !mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) &&
	    !mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	err = errno;
	log_error("cannot make " NETNS_DIR " a shared mount: %s", strerror(err));
	return -err;
}

int netns_bind(const char *name, int fd)
{
	char path[PATH_MAX], self[64];
	int file, err;

	netns_path(name, path);
	file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (file < 0) {
		err = errno;
		if (err != EEXIST)
			log_error("cannot make %s: %s", path, strerror(err));
		return -err;
	}
	close(file);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (mount(self, path, "none", MS_BIND, NULL)) {
		err = errno;
		log_error("cannot mount a namespace on %s: %s", path, strerror(err));
		unlink(path);
		return -err;
	}
	return 0;
}

bool netns_name_taken(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	netns_path(name, path);
	return !lstat(path, &st) || errno != ENOENT;
}

static int read_id(void *arg)
{
	return netns_self(NULL, arg);
}

int netns_find(const char *name, const struct netns_id *id, int *out)
{
	_cleanup_close_ int fd = -1;
	struct netns_id found;
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;
	int err;

	netns_path(name, path);
	/* O_NONBLOCK: it may be anything, a FIFO too. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NETNS_NOTHING;
	if (fd < 0 && errno == ELOOP)
		return NETNS_OTHER;
	if (fd < 0 || fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return S_ISREG(st.st_mode) && st.st_size == 0 ? NETNS_BARE : NETNS_OTHER;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || st.st_ino != id->inode)
		return NETNS_OTHER;
	err = netns_within(fd, read_id, &found);
	if (err)
		return err;
	if (found.cookie != id->cookie)
		return NETNS_OTHER;
	if (out)
		*out = take_fd(&fd);
	return NETNS_MATCH;
}

int netns_unbind(const char *name)
{
	char path[PATH_MAX];
	int err;

	netns_path(name, path);
	/* EINVAL: nothing, or nothing more, is mounted here. */
	while (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	if (errno != EINVAL && errno != ENOENT) {
		err = errno;
		log_error("cannot unmount %s: %s", path, strerror(err));
		return -err;
	}
	if (unlink(path) && errno != ENOENT) {
		err = errno;
		log_error("cannot remove %s: %s", path, strerror(err));
		return -err;
	}
	return 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int netns_users(const uint64_t *inodes, size_t n, void (*fn)(void *arg, size_t index, pid_t pid),
		void *arg)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct dirent *d;

	if (!proc)
		return -errno;
	while ((d = readdir(proc))) {
		const uint64_t *hit;
		char path[300];
		uint64_t inode;
		struct stat st;

		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", d->d_name);
		if (stat(path, &st))
			continue;
		inode = st.st_ino;
		hit = bsearch(&inode, inodes, n, sizeof(*inodes), compare_u64);
		if (hit)
			fn(arg, (size_t)(hit - inodes), (pid_t)strtol(d->d_name, NULL, 10));
	}
	return 0;
}
