// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/netns_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/opt.h"
#include "collect/task_netns.h"

/* Where names are looked for, in order of preference. */
static const char *const name_dirs[] = {"/run/netns", "/var/run/netns", "/run/docker/netns"};
#define NAME_DIRS (sizeof(name_dirs) / sizeof(name_dirs[0]))

/* A namespace without a name may get one later; looking costs a readdir of those directories. */
#define RESCAN_NS 1000000000ULL
/* …and sooner for one that is new to us, but not for each of a burst of them. */
#define RESCAN_NEW_NS 20000000ULL

const char *netns_names_dir(size_t i)
{
	return i < NAME_DIRS ? name_dirs[i] : NULL;
}

struct named {
	uint32_t inode;
	char *name;
	UT_hash_handle hh;
};

struct entry {
	uint64_t cookie;
	struct netns netns;
	char *name;
	uint64_t first_asked; /* CLOCK_BOOTTIME, ns */
	bool reused;          /* its inode was another's before */
	bool owned;           /* whose it is has been answered */
	uint64_t owned_at;    /* and when so last, or guessed */
	uint64_t asked;       /* struct netns_names.now, then */
	bool kept;
	UT_hash_handle hh;
};

struct netns_names {
	struct named *named;   /* what the directories said last, by inode */
	struct entry *entries; /* what was asked for, by cookie */
	uint64_t scanned;      /* CLOCK_BOOTTIME, ns */
	uint64_t now;
};

static void free_entry(struct entry *e)
{
	free(e->name);
	free(e);
}

static void forget_names(struct netns_names *n)
{
	struct named *e, *tmp;

	HASH_ITER (hh, n->named, e, tmp) {
		HASH_DEL(n->named, e);
		free(e->name);
		free(e);
	}
}

static void add_name(struct netns_names *n, uint32_t inode, const char *name)
{
	struct named *e;

	HASH_FIND_INT(n->named, &inode, e);
	if (e)
		return;
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->inode = inode;
	e->name = strdup(name);
	if (!e->name) {
		free(e);
		return;
	}
	HASH_ADD_INT(n->named, inode, e);
}

/* What `there` is a path to. Without /proc by its name again, if that is still the same. */
static int open_found(int there, const struct stat *st, int dir, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat now;
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", there);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &now) || now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		return -1;
	return take_fd(&fd);
}

/*
 * Whatever else is in its place, a pipe, a device that does something when it is opened, is not
 * opened; and there are other namespaces.
 */
static bool is_netns(int dir, const char *path, uint32_t *inode)
{
	_cleanup_close_ int there = openat(dir, path, O_PATH | O_CLOEXEC), fd = -1;
	struct statfs fs;
	struct stat st;

	if (there < 0 || fstatfs(there, &fs) || (uint64_t)fs.f_type != NSFS_MAGIC ||
	    fstat(there, &st))
		return false;
	fd = open_found(there, &st, dir, path);
	if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return false;
	*inode = (uint32_t)st.st_ino;
	return true;
}

static void scan(struct netns_names *n)
{
	uint32_t inode;

	forget_names(n);
	for (size_t i = 0; i < NAME_DIRS; i++) {
		_cleanup_closedir_ DIR *d = opendir(name_dirs[i]);
		struct dirent *e;

		while (d && (e = readdir(d)))
			if (e->d_name[0] != '.' && is_netns(dirfd(d), e->d_name, &inode))
				add_name(n, inode, e->d_name);
	}
	if (is_netns(AT_FDCWD, "/proc/1/ns/net", &inode))
		add_name(n, inode, "host");
	n->scanned = clock_boot_ns();
}

int netns_names_new(struct netns_names **out)
{
	struct netns_names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	scan(n);
	*out = n;
	return 0;
}

void netns_names_free(struct netns_names *n)
{
	struct entry *e, *tmp;

	if (!n)
		return;
	forget_names(n);
	HASH_ITER (hh, n->entries, e, tmp) {
		HASH_DEL(n->entries, e);
		free_entry(e);
	}
	free(n);
}

/*
 * The kernel's first one: its inode is fixed since 6.18; before that, cookies were given out from 1
 * on.
 */
static bool is_initial(const struct entry *e)
{
	return e->netns.inode == NETNS_INITIAL_INODE || e->cookie == 1;
}

static void look_up_name(struct netns_names *n, struct entry *e)
{
	uint64_t now = clock_boot_ns();
	bool new = now - e->first_asked < RESCAN_NS;
	struct named *named;

	if (now - n->scanned > (new ? RESCAN_NEW_NS : RESCAN_NS))
		scan(n);
	HASH_FIND_INT(n->named, &e->netns.inode, named);
	if (named)
		e->name = strdup(named->name);
	else if (is_initial(e)) /* pid 1 may be hidden from us */
		e->name = strdup("host");
	e->netns.name = e->name;
}

static struct entry *find(const struct netns_names *n, uint64_t cookie)
{
	struct entry *e;

	HASH_FIND (hh, n->entries, &cookie, sizeof(cookie), e)
		;
	return e;
}

size_t netns_names_count(const struct netns_names *n)
{
	return HASH_COUNT(n->entries);
}

void netns_names_tick(struct netns_names *n, uint64_t now)
{
	n->now = now;
}

void netns_names_keep(struct netns_names *n, const struct netns *netns)
{
	struct entry *e = find(n, netns->cookie);

	if (e)
		e->kept = true;
}

void netns_names_forget(struct netns_names *n, uint64_t before)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, n->entries, e, tmp) {
		if (!e->kept && e->asked < before) {
			HASH_DEL(n->entries, e);
			free_entry(e);
		} else {
			e->kept = false;
		}
	}
}

void netns_names_guess(struct netns_names *n, uint64_t cookie, const struct container *container)
{
	struct entry *e = find(n, cookie);

	if (e && !e->netns.container && !(e->name && !strcmp(e->name, "host"))) {
		e->netns.container = container;
		e->owned_at = clock_boot_ns();
	}
}

void netns_names_ask(struct netns_names *n, uint64_t seen,
		     const struct container *(*whose)(void *ctx, uint32_t inode), void *ctx)
{
	uint64_t now = clock_boot_ns();

	for (struct entry *e = n->entries; e; e = e->hh.next) {
		const struct container *c;

		if (e->reused && e->first_asked > seen)
			continue;
		c = whose(ctx, e->netns.inode);
		if (!c || (e->owned && c != e->netns.container))
			continue;
		e->netns.container = c;
		e->owned = true;
		e->owned_at = now;
	}
}

void netns_names_disown(struct netns_names *n, uint64_t before,
			void (*owner)(void *ctx, const struct container *c), void *ctx)
{
	for (struct entry *e = n->entries; e; e = e->hh.next) {
		if (!e->netns.container)
			continue;
		if (e->owned_at >= before) {
			owner(ctx, e->netns.container);
			continue;
		}
		e->netns.container = NULL;
		e->owned = false;
	}
}

static bool has_inode(const struct netns_names *n, uint32_t inode)
{
	for (const struct entry *e = n->entries; e; e = e->hh.next)
		if (e->netns.inode == inode)
			return true;
	return false;
}

const struct netns *netns_names_get(struct netns_names *n, uint32_t inode, uint64_t cookie,
				    bool *made)
{
	struct entry *e = find(n, cookie);

	*made = !e;
	if (e) {
		e->asked = n->now;
		if (!e->name)
			look_up_name(n, e);
		return &e->netns;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->cookie = cookie;
	e->netns = (struct netns){.inode = inode, .cookie = cookie};
	e->first_asked = clock_boot_ns();
	e->reused = has_inode(n, inode);
	e->asked = n->now;
	/* An inode is used again after its namespace has gone: what was read before may be the old
	 * one's. */
	look_up_name(n, e);
	HASH_ADD(hh, n->entries, cookie, sizeof(e->cookie), e);
	return &e->netns;
}

/* Pid 1's; where that is hidden from us, the kernel's first one. */
static bool find_host(uint32_t *inode)
{
	if (is_netns(AT_FDCWD, "/proc/1/ns/net", inode))
		return true;
	*inode = NETNS_INITIAL_INODE;
	return is_netns(AT_FDCWD, "/proc/self/ns/net", inode) && *inode == NETNS_INITIAL_INODE;
}

int netns_names_find(const char *spec, uint32_t *inode)
{
	char path[PATH_MAX];
	struct stat st;
	uint64_t v;
	bool exists = false;

	if (!strncmp(spec, "pid:", 4)) {
		if (opt_parse_uint(spec + 4, 1, INT32_MAX, &v))
			return -EINVAL;
		if (task_netns(spec + 4, path, &st))
			return errno == EACCES ? -EACCES : -ENOENT;
		*inode = (uint32_t)st.st_ino;
		return 0;
	}
	if (strchr(spec, '/')) {
		if (is_netns(AT_FDCWD, spec, inode))
			return 0;
		return access(spec, F_OK) ? -ENOENT : -EINVAL;
	}
	for (size_t i = 0; i < NAME_DIRS; i++) {
		snprintf(path, sizeof(path), "%s/%s", name_dirs[i], spec);
		if (is_netns(AT_FDCWD, path, inode))
			return 0;
		exists = exists || access(path, F_OK) == 0;
	}
	if (!strcmp(spec, "host") && find_host(inode))
		return 0;
	/*
	 * An inode is taken at its word: that no process here and no mount holds it does not mean
	 * that no socket does.
	 */
	if (opt_parse_uint(spec, 1, UINT32_MAX, &v) == 0) {
		*inode = (uint32_t)v;
		return 0;
	}
	return exists ? -EINVAL : -ENOENT;
}
