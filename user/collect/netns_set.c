// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/netns_set.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/log.h"
#include "collect/netns_names.h"
#include "collect/rtnl_query.h"
#include "collect/task_netns.h"

struct member {
	struct netns_member m; /* first: what is handed out */
	char *path;            /* how it was reached last */
	bool stale;            /* during netns_set_rescan(): not found again yet */
	UT_hash_handle by_cookie, by_inode, by_nsid;
};

struct netns_set {
	struct rtnl_query *q;
	struct member *cookies, *inodes, *nsids;
	struct member *self;
	dev_t nsfs;
};

static struct member *find_inode(const struct netns_set *s, uint64_t inode)
{
	struct member *e;

	HASH_FIND (by_inode, s->inodes, &inode, sizeof(inode), e)
		;
	return e;
}

static struct member *find_cookie(const struct netns_set *s, uint64_t cookie)
{
	struct member *e;

	HASH_FIND (by_cookie, s->cookies, &cookie, sizeof(cookie), e)
		;
	return e;
}

const struct netns_member *netns_set_by_nsid(const struct netns_set *s, int32_t nsid)
{
	struct member *e;

	HASH_FIND (by_nsid, s->nsids, &nsid, sizeof(nsid), e)
		;
	return e ? &e->m : NULL;
}

const struct netns_member *netns_set_by_cookie(const struct netns_set *s, uint64_t cookie)
{
	struct member *e = find_cookie(s, cookie);

	return e ? &e->m : NULL;
}

const struct netns_member *netns_set_self(const struct netns_set *s)
{
	return &s->self->m;
}

unsigned int netns_set_count(const struct netns_set *s)
{
	return HASH_CNT(by_cookie, s->cookies);
}

void netns_set_each(const struct netns_set *s, void (*fn)(void *ctx, const struct netns_member *m),
		    void *ctx)
{
	struct member *e, *tmp;

	HASH_ITER (by_cookie, s->cookies, e, tmp)
		fn(ctx, &e->m);
}

static void drop(struct netns_set *s, struct member *e)
{
	HASH_DELETE(by_cookie, s->cookies, e);
	HASH_DELETE(by_inode, s->inodes, e);
	HASH_DELETE(by_nsid, s->nsids, e);
	free(e->path);
	free(e);
}

void netns_set_drop(struct netns_set *s, const struct netns_member *m)
{
	struct member *e = find_cookie(s, m->id.cookie);

	if (e && e != s->self)
		drop(s, e);
}

/* --- looking around --- */

bool netns_set_is_netns(const struct netns_set *s, const struct stat *st)
{
	return st->st_dev == s->nsfs;
}

/* Not 0: seen enough. */
typedef int visit_fn(struct netns_set *s, const char *path, uint64_t inode, void *arg);

/* stat follows the link, which keeps the namespace alive for no longer than the call. */
static int visit(struct netns_set *s, const char *path, visit_fn *fn, void *arg)
{
	struct stat st;

	if (stat(path, &st) || !netns_set_is_netns(s, &st))
		return 0;
	return fn(s, path, st.st_ino, arg);
}

static int walk_names(struct netns_set *s, visit_fn *fn, void *arg)
{
	const char *name;
	int ret = 0;

	for (size_t i = 0; !ret && (name = netns_names_dir(i)); i++) {
		_cleanup_closedir_ DIR *d = opendir(name);
		char path[PATH_MAX];
		struct dirent *e;

		while (!ret && d && (e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", name, e->d_name);
			ret = visit(s, path, fn, arg);
		}
	}
	return ret;
}

static int walk_processes(struct netns_set *s, visit_fn *fn, void *arg)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");
	char path[TASK_NETNS_PATH];
	struct dirent *e;
	struct stat st;
	int ret = 0;

	while (!ret && d && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    !task_netns(e->d_name, path, &st) && netns_set_is_netns(s, &st))
			ret = fn(s, path, st.st_ino, arg);
	return ret;
}

static int walk(struct netns_set *s, enum netns_scan what, visit_fn *fn, void *arg)
{
	int ret = walk_names(s, fn, arg);

	return ret || what == NETNS_SCAN_NAMES ? ret : walk_processes(s, fn, arg);
}

/* --- getting in --- */

/* Only a network namespace is what we want; the inode tells it from others' a moment ago. */
static int open_netns(const char *path, uint64_t inode)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_ino != inode || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -ENOENT;
	return take_fd(&fd);
}

static int read_id(void *arg)
{
	return netns_self(NULL, arg);
}

struct inside {
	uint64_t cookie;
	int (*fn)(void *arg);
	void *arg;
};

static int run_inside(void *arg)
{
	const struct inside *in = arg;
	struct netns_id id;
	int err = netns_self(NULL, &id);

	if (err)
		return err;
	return id.cookie == in->cookie ? in->fn(in->arg) : -ENOENT;
}

static int keep_path(struct netns_set *s, const char *path, uint64_t inode, void *arg)
{
	struct member *e = arg;
	char *copy;

	(void)s;
	if (inode != e->m.id.inode)
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(e->path);
	e->path = copy;
	return 1;
}

int netns_set_within(struct netns_set *s, uint64_t cookie, int (*fn)(void *arg), void *arg)
{
	struct member *e = find_cookie(s, cookie);
	struct inside in = {cookie, fn, arg};
	_cleanup_close_ int fd = -1;

	if (!e)
		return -ENOENT;
	if (e == s->self)
		return fn(arg);
	fd = open_netns(e->path, e->m.id.inode);
	/* That process has ended or that name was removed; there may be others. */
	if (fd < 0 && walk(s, NETNS_SCAN_PROCESSES, keep_path, e) == 1)
		fd = open_netns(e->path, e->m.id.inode);
	if (fd < 0)
		return fd == -EACCES || fd == -EPERM || fd == -EMFILE || fd == -ENFILE ? fd
										       : -ENOENT;
	return netns_within(fd, run_inside, &in);
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

bool netns_set_is_reachable(const struct netns_member *m)
{
	const struct member *e = (const struct member *)m;
	struct inside in = {m->id.cookie, do_nothing, NULL};
	_cleanup_close_ int fd = open_netns(e->path, m->id.inode);

	return fd >= 0 && !netns_within(fd, run_inside, &in);
}

/* --- members --- */

static int add(struct netns_set *s, const char *path, int fd, const struct netns_id *id,
	       struct member **out)
{
	struct member *e = calloc(1, sizeof(*e)), *old;
	const struct netns_member *same;
	int err = -ENOMEM;

	if (e)
		e->path = strdup(path);
	if (e && e->path)
		err = rtnl_query_nsid(s->q, fd, &e->m.nsid);
	if (err) {
		if (e)
			free(e->path);
		free(e);
		return err;
	}
	e->m.id = *id;
	/* Whoever had this number or this inode is no more; that news has yet to reach us. */
	same = netns_set_by_nsid(s, e->m.nsid);
	old = same ? find_cookie(s, same->id.cookie) : find_inode(s, id->inode);
	if (old) {
		free(e->path);
		free(e);
		return -EAGAIN;
	}
	HASH_ADD(by_cookie, s->cookies, m.id.cookie, sizeof(e->m.id.cookie), e);
	HASH_ADD(by_inode, s->inodes, m.id.inode, sizeof(e->m.id.inode), e);
	HASH_ADD(by_nsid, s->nsids, m.nsid, sizeof(e->m.nsid), e);
	*out = e;
	return 0;
}

struct scan {
	void (*found)(void *ctx, const struct netns_member *m);
	void *ctx;
	int count;
};

static int consider(struct netns_set *s, const char *path, uint64_t inode, void *arg)
{
	struct member *e = find_inode(s, inode);
	_cleanup_close_ int fd = -1;
	struct scan *scan = arg;
	struct netns_id id;
	int err;

	if (e && !e->stale)
		return 0;
	fd = open_netns(path, inode);
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? fd : 0;
	err = netns_within(fd, read_id, &id);
	if (!err && e && e->m.id.cookie == id.cookie) {
		e->stale = false;
		return 0;
	}
	/* In netns_set_rescan(), which will drop that one and look again. */
	if (e)
		return 0;
	if (!err)
		err = add(s, path, fd, &id, &e);
	close(fd); /* before much is done with it */
	fd = -1;
	if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
		return err;
	if (err) {
		log_debug("%s: cannot look into this namespace: %s", path, strerror(-err));
		return 0;
	}
	scan->count++;
	if (scan->found)
		scan->found(scan->ctx, &e->m);
	return 0;
}

int netns_set_scan(struct netns_set *s, enum netns_scan what,
		   void (*found)(void *ctx, const struct netns_member *m), void *ctx)
{
	struct scan scan = {found, ctx, 0};
	int err = walk(s, what, consider, &scan);

	return err ? err : scan.count;
}

int netns_set_rescan(struct netns_set *s, void (*dropped)(void *ctx, const struct netns_member *m),
		     void (*found)(void *ctx, const struct netns_member *m), void *ctx)
{
	struct scan scan = {0};
	struct member *e, *tmp;
	int err;

	HASH_ITER (by_cookie, s->cookies, e, tmp)
		e->stale = e != s->self;
	err = walk(s, NETNS_SCAN_PROCESSES, consider, &scan);
	HASH_ITER (by_cookie, s->cookies, e, tmp) {
		if (!err && e->stale) {
			dropped(ctx, &e->m);
			drop(s, e);
		} else {
			e->stale = false;
		}
	}
	if (err)
		return err;
	err = netns_set_scan(s, NETNS_SCAN_PROCESSES, NULL, NULL);
	if (err < 0)
		return err;
	HASH_ITER (by_cookie, s->cookies, e, tmp)
		found(ctx, &e->m);
	return 0;
}

int netns_set_new(struct netns_set **out, struct rtnl_query *q)
{
	struct netns_set *s = calloc(1, sizeof(*s));
	_cleanup_close_ int fd = -1;
	struct netns_id id;
	struct stat st;
	int err;

	if (!s)
		return -ENOMEM;
	s->q = q;
	err = netns_self(&fd, &id);
	if (!err && fstat(fd, &st))
		err = -errno;
	/*
	 * Ours needs a number in itself too, by which answers about other namespaces name it; the
	 * kernel would give it one with the first such answer.
	 */
	if (!err)
		err = add(s, "/proc/self/ns/net", fd, &id, &s->self);
	if (err) {
		netns_set_free(s);
		return err;
	}
	s->self->m.self = true;
	s->nsfs = st.st_dev;
	*out = s;
	return 0;
}

void netns_set_free(struct netns_set *s)
{
	struct member *e, *tmp;

	if (!s)
		return;
	HASH_ITER (by_cookie, s->cookies, e, tmp)
		drop(s, e);
	free(s);
}
