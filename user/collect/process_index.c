// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/process_index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "collect/container_store.h"
#include "collect/netns_names.h"
#include "collect/task_netns.h"

struct entry {
	struct process_netns n;
	uint64_t oldest, oldest_contained; /* when they were started, in clock ticks since boot */
	UT_hash_handle hh;
};

struct process_index {
	struct container_store *store;
	struct entry *netns;
};

int process_index_new(struct process_index **out, struct container_store *store)
{
	struct process_index *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->store = store;
	*out = x;
	return 0;
}

static void forget(struct entry **all)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, *all, e, tmp) {
		HASH_DEL(*all, e);
		free(e->n.containers);
		free(e);
	}
}

void process_index_free(struct process_index *x)
{
	if (!x)
		return;
	forget(&x->netns);
	free(x);
}

/* --- one process --- */

/* From whichever hierarchy tells one. */
static const struct container *container_of(struct container_store *store, const char *pid)
{
	const struct container *c = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char path[64];
	size_t room = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
	f = fopen(path, "re");
	while (f && !c && (n = getline(&line, &room, f)) > 0) {
		char *at = strchr(line, ':'); /* 4:pids:/path, 0::/path */

		at = at ? strchr(at + 1, ':') : NULL;
		if (!at)
			continue;
		line[n - (line[n - 1] == '\n')] = '\0';
		c = container_store_get(store, at + 1);
	}
	return c;
}

/* The 22nd field of /proc/PID/stat (proc(5)); the second, in brackets, may hold anything. */
static uint64_t start_of(const char *pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	uint64_t ticks = UINT64_MAX;
	char path[64], text[1024];
	const char *at;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at && sscanf(at, " %" SCNu64, &ticks) != 1)
		ticks = UINT64_MAX;
	return ticks;
}

/* --- all of them --- */

static struct entry *entry_of(struct entry **all, uint32_t inode)
{
	struct entry *e;

	HASH_FIND_INT(*all, &inode, e);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->n.inode = inode;
	e->oldest = e->oldest_contained = UINT64_MAX;
	HASH_ADD_INT(*all, n.inode, e);
	return e;
}

static int add_container(struct process_netns *n, const struct container *c)
{
	const struct container **grown;

	for (size_t i = 0; i < n->ncontainers; i++)
		if (n->containers[i] == c)
			return 0;
	grown = reallocarray(n->containers, n->ncontainers + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	n->containers = grown;
	n->containers[n->ncontainers++] = c;
	return 0;
}

static int add_process(struct process_index *x, struct entry **all, const char *pid, ino_t host)
{
	const struct container *c;
	uint64_t start;
	struct entry *e;
	char path[TASK_NETNS_PATH];
	struct stat st;

	if (task_netns(pid, path, &st))
		return 0; /* it has ended */
	c = container_of(x->store, pid);
	e = entry_of(all, (uint32_t)st.st_ino);
	if (!e)
		return -ENOMEM;
	e->n.processes++;
	/* Pid 1 may be hidden from us. */
	e->n.host = st.st_ino == host || st.st_ino == NETNS_INITIAL_INODE;
	start = e->n.host ? 0 : start_of(pid);
	if (start < e->oldest) {
		e->oldest = start;
		e->n.pid = (uint32_t)strtoul(pid, NULL, 10);
	}
	if (!c)
		return 0;
	if (!e->n.host && (start < e->oldest_contained || !e->n.container)) {
		e->oldest_contained = start;
		e->n.container = c;
	}
	return add_container(&e->n, c);
}

int process_index_scan(struct process_index *x)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct entry *all = NULL;
	struct stat host = {0};
	struct dirent *d;
	int err = 0;

	if (!proc)
		return -errno;
	if (stat("/proc/1/ns/net", &host))
		host.st_ino = 0;
	while (!err && (d = readdir(proc)))
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			err = add_process(x, &all, d->d_name, host.st_ino);
	if (err) {
		forget(&all);
		return err;
	}
	forget(&x->netns);
	x->netns = all;
	return 0;
}

const struct process_netns *process_index_netns(const struct process_index *x, uint32_t inode)
{
	struct entry *e;

	HASH_FIND_INT(x->netns, &inode, e);
	return e ? &e->n : NULL;
}

void process_index_each(const struct process_index *x,
			void (*fn)(void *ctx, const struct process_netns *n), void *ctx)
{
	for (struct entry *e = x->netns; e; e = e->hh.next)
		fn(ctx, &e->n);
}
