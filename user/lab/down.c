// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/lab.h"

#define PIDS_SHOWN 8

int lab_load(const struct lab_ctx *ctx, const char *name, bool lock, int *dirfd_out,
	     struct lab_state **out)
{
	_cleanup_close_ int dirfd = lab_store_open(ctx->state_dir, false);
	int err = dirfd < 0 ? dirfd : 0;

	if (!err && lock)
		err = lab_store_lock(dirfd, ctx->cancel_fd);
	if (!err)
		err = lab_state_read(dirfd, name, out);
	if (err == -ENOENT)
		log_error("there is no lab %s (flowner lab show lists them)", name);
	if (!err && dirfd_out)
		*dirfd_out = take_fd(&dirfd);
	return err;
}

/* Who is in a namespace that is about to lose its name. */
struct usage {
	uint64_t inode;
	const char *name;
	size_t n_pids;
	pid_t pids[PIDS_SHOWN];
};

static int compare_usage(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static void note_user(void *arg, size_t index, pid_t pid)
{
	struct usage *u = (struct usage *)arg + index;

	if (u->n_pids < PIDS_SHOWN)
		u->pids[u->n_pids] = pid;
	u->n_pids++;
}

static void warn_users(struct usage *u, size_t n)
{
	_cleanup_free_ uint64_t *inodes = calloc(n ? n : 1, sizeof(*inodes));
	int err;

	if (!inodes)
		return;
	qsort(u, n, sizeof(*u), compare_usage);
	for (size_t i = 0; i < n; i++)
		inodes[i] = u[i].inode;
	err = netns_users(inodes, n, note_user, u);
	if (err)
		log_warn("cannot see which processes are in the lab: %s", strerror(-err));
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf b = {0};

		if (!u[i].n_pids)
			continue;
		for (size_t p = 0; p < u[i].n_pids && p < PIDS_SHOWN; p++)
			buf_printf(&b, " %d", (int)u[i].pids[p]);
		if (u[i].n_pids > PIDS_SHOWN)
			buf_printf(&b, " and %zu more", u[i].n_pids - PIDS_SHOWN);
		buf_putc(&b, '\0');
		if (!b.err)
			log_warn("%s: its name is gone, but it lives on with its %s%s", u[i].name,
				 u[i].n_pids == 1 ? "process" : "processes", b.data);
	}
}

/* One namespace: enum netns_found (what became of NETNS_OTHER is said here) or -errno. */
static int remove_one(const struct lab_state_ns *ns)
{
	int found, err;

	if (!ns->id.inode) /* never made: whatever has the name is not ours */
		return NETNS_NOTHING;
	found = netns_find(ns->name, &ns->id, NULL);
	switch (found) {
	case NETNS_BARE:
	case NETNS_MATCH:
		err = netns_unbind(ns->name);
		return err ? err : found;
	case NETNS_OTHER:
		log_warn("%s/%s is not the one that lab up made: left alone", NETNS_DIR, ns->name);
		return found;
	case NETNS_NOTHING:
		return found;
	default:
		log_error("cannot look at %s/%s: %s", NETNS_DIR, ns->name, strerror(-found));
		return found;
	}
}

int lab_remove(int dirfd, const struct lab_state *s)
{
	_cleanup_free_ struct usage *usage = calloc(s->n_ns ? s->n_ns : 1, sizeof(*usage));
	size_t n_usage = 0;
	int err = 0;

	for (size_t i = 0; i < s->n_ns; i++) {
		int found = remove_one(&s->ns[i]);

		if (found < 0)
			err = err ? err : found;
		if (found == NETNS_MATCH && usage)
			usage[n_usage++] =
				(struct usage){.inode = s->ns[i].id.inode, .name = s->ns[i].name};
	}
	if (usage && n_usage)
		warn_users(usage, n_usage);
	return err ? err : lab_state_remove(dirfd, s->name);
}

int lab_down(const struct lab_ctx *ctx, const char *name)
{
	_cleanup_lab_state_ struct lab_state *s = NULL;
	_cleanup_close_ int dirfd = -1;
	int err = lab_load(ctx, name, true, &dirfd, &s);

	return err ? err : lab_remove(dirfd, s);
}

int lab_list(const struct lab_ctx *ctx, char (**names)[LAB_NAME_MAX + 1], size_t *n)
{
	_cleanup_close_ int dirfd = lab_store_open(ctx->state_dir, false);
	int err;

	*names = NULL;
	*n = 0;
	if (dirfd == -ENOENT)
		return 0;
	err = dirfd < 0 ? dirfd : lab_store_list(dirfd, names, n);
	if (err && dirfd >= 0)
		log_error("cannot list the labs: %s", strerror(-err));
	return err;
}

int lab_down_all(const struct lab_ctx *ctx, size_t *count)
{
	_cleanup_free_ char(*names)[LAB_NAME_MAX + 1] = NULL;
	size_t n;
	int first, err;

	*count = 0;
	first = lab_list(ctx, &names, &n);
	if (first)
		return first;
	for (size_t i = 0; i < n; i++) {
		err = lab_down(ctx, names[i]);
		if (!err)
			++*count;
		else if (!first)
			first = err;
	}
	return first;
}
