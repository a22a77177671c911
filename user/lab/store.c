// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/state.h"

#define STATE_MAX (1024 * 1024) /* LAB_NODES_MAX namespaces need some 100 KB */
#define SUFFIX    ".json"
#define FILE_MAX  (LAB_NAME_MAX + sizeof(SUFFIX))
#define SCRATCH   ".new" /* no lab's name; one is enough, under the lock */
#define LOCK_WAIT 50     /* ms */
#define LOCK_SAID 20     /* times LOCK_WAIT: short waits are nobody's concern */

/* mkdir -p */
static int make_dirs(const char *dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s", dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

int lab_store_open(const char *dir, bool create)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	if (create) {
		err = make_dirs(dir);
		if (err) {
			log_error("cannot make %s: %s", dir, strerror(-err));
			return err;
		}
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err = errno;
		if (err != ENOENT)
			log_error("cannot open %s: %s", dir, strerror(err));
		return -err;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		log_error("%s can be written by others: not trusting what it says", dir);
		return -EBADMSG;
	}
	return take_fd(&fd);
}

int lab_store_lock(int dirfd, int cancel_fd)
{
	struct pollfd cancel = {.fd = cancel_fd, .events = POLLIN};
	unsigned int waits = 0;

	while (flock(dirfd, LOCK_EX | LOCK_NB)) {
		int err = errno;

		if (err != EWOULDBLOCK) {
			log_error("cannot lock the labs' directory: %s", strerror(err));
			return -err;
		}
		if (waits++ == LOCK_SAID)
			log_info("waiting for another lab up or down to finish");
		if (poll(&cancel, 1, LOCK_WAIT) > 0) {
			log_error("interrupted");
			return -EINTR;
		}
	}
	return 0;
}

static void file_name(const char *lab, char out[FILE_MAX])
{
	snprintf(out, FILE_MAX, "%s" SUFFIX, lab);
}

int lab_state_write(int dirfd, const struct lab_state *s)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_close_ int fd = -1;
	char file[FILE_MAX];
	int err;

	file_name(s->name, file);
	err = lab_state_format(s, &b);
	if (!err) {
		unlinkat(dirfd, SCRATCH, 0); /* of an `up` that was killed */
		fd = openat(dirfd, SCRATCH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		err = fd < 0 ? -errno : buf_flush(&b, fd);
	}
	if (!err && renameat(dirfd, SCRATCH, dirfd, file))
		err = -errno;
	if (err) {
		unlinkat(dirfd, SCRATCH, 0);
		log_error("cannot write the state of lab %s: %s", s->name, strerror(-err));
	}
	return err;
}

/* The whole file, at most STATE_MAX; a reason in *why for what is wrong with it. */
static int read_file(int fd, struct buf *b, const char **why)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st))
		return -errno;
	*why = "not a regular file of ours";
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return -EBADMSG;
	*why = "too large";
	while (n > 0) {
		if (b->len > STATE_MAX)
			return -EBADMSG;
		if (!buf_grow(b, 16384))
			return -ENOMEM;
		n = read(fd, b->data + b->len, b->cap - b->len);
		if (n < 0)
			return -errno;
		b->len += (size_t)n;
	}
	return 0;
}

/* For messages. */
static const char *dir_path(int dirfd, char out[PATH_MAX])
{
	char self[64];
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", dirfd);
	n = readlink(self, out, PATH_MAX - 1);
	out[n < 0 ? 0 : n] = '\0';
	return out;
}

int lab_state_read(int dirfd, const char *name, struct lab_state **out)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_close_ int fd = -1;
	char file[FILE_MAX], path[PATH_MAX];
	const char *why = "";
	int err;

	file_name(name, file);
	fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	err = fd < 0 ? -errno : read_file(fd, &b, &why);
	if (!err)
		err = lab_state_parse(b.data, b.len, name, out, &why);
	if (err == -EBADMSG)
		log_error(
			"%s/%s is damaged (%s): remove it, and its namespaces %s-… with ip netns del",
			dir_path(dirfd, path), file, why, name);
	else if (err)
		log_error("cannot read the state of lab %s: %s", name, strerror(-err));
	return err;
}

int lab_state_remove(int dirfd, const char *name)
{
	char file[FILE_MAX];
	int err;

	file_name(name, file);
	unlinkat(dirfd, SCRATCH, 0);
	if (unlinkat(dirfd, file, 0) && errno != ENOENT) {
		err = errno;
		log_error("cannot remove the state of lab %s: %s", name, strerror(err));
		return -err;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

int lab_store_list(int dirfd, char (**names)[LAB_NAME_MAX + 1], size_t *n)
{
	_cleanup_free_ char(*list)[LAB_NAME_MAX + 1] = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	size_t used = 0, room = 0;
	struct dirent *d;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -errno;
	}
	while ((d = readdir(dir))) {
		size_t len = strlen(d->d_name);
		char name[LAB_NAME_MAX + 1];

		if (len <= strlen(SUFFIX) || len - strlen(SUFFIX) > LAB_NAME_MAX ||
		    strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - strlen(SUFFIX)), d->d_name);
		if (!lab_name_valid(name))
			continue;
		if (used == room) {
			void *more = reallocarray(list, room + 16, sizeof(*list));

			if (!more)
				return -ENOMEM;
			list = more;
			room += 16;
		}
		memcpy(list[used++], name, sizeof(name));
	}
	if (used)
		qsort(list, used, sizeof(*list), compare_names);
	*names = list;
	*n = used;
	list = NULL;
	return 0;
}
