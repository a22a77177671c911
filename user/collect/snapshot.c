// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/decode.h"
#include "collect/netns_set.h"
#include "collect/rtnl_query.h"
#include "collect/sockstat.h"
#include "snapshot.skel.h"

/* What the kernel's seq_file hands out at once is 32 KiB. */
#define BATCH 160
/*
 * …but a file that is closed while iter/task_file looks at it is let go of only when the read ends
 * that did (fput() leaves it to the task's work): its socket sends no FIN until then, and stays in
 * epoll sets. So each read is of few descriptors', some 10 us; each of one's would take a fifth
 * longer in all.
 */
#define BATCH_OF_FILES 16

static void cleanup_skel(struct snapshot_bpf **skel)
{
	snapshot_bpf__destroy(*skel);
}

static void cleanup_set(struct netns_set **s)
{
	netns_set_free(*s);
}

static void cleanup_query(struct rtnl_query **q)
{
	rtnl_query_close(*q);
}

static long read_all(int fd, size_t batch, snapshot_fn *each, void *ctx)
{
	/* Entries are whole multiples, but a read may end inside one. */
	static const size_t size = sizeof(struct fl_snapshot);
	struct fl_snapshot buf[BATCH];
	size_t have = 0;
	long count = 0;

	for (;;) {
		ssize_t n = read(fd, (char *)buf + have, batch * size - have);
		size_t i = 0;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EBADMSG : count;
		have += (size_t)n;
		for (; have - i * size >= size; i++) {
			const struct fl_snapshot *s;

			if (decode_snapshot(&buf[i], size, &s))
				return -EBADMSG;
			each(ctx, s);
			count++;
		}
		have -= i * size;
		memmove(buf, &buf[i], have);
	}
}

/* The iterator lists what there is in the namespace that this is called in. */
static long run_iterator(const struct bpf_link *link, size_t batch, snapshot_fn *each, void *ctx)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(link));

	return fd < 0 ? -errno : read_all(fd, batch, each, ctx);
}

static int attach(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach_iter(prog, NULL);
	return *link ? 0 : -errno;
}

/* Loads each_socket, and with `everything` the others that `kind` asks for. */
static int load(enum snapshot_kind kind, bool everything, struct snapshot_bpf **out)
{
	struct snapshot_bpf *skel = snapshot_bpf__open();
	bool udp = everything && kind == SNAPSHOT_ALL;
	int err;

	if (!skel)
		return -errno;
	*out = skel;
	skel->rodata->tcp_only = kind == SNAPSHOT_TCP;
	bpf_program__set_autoload(skel->progs.each_tcp, everything);
	bpf_program__set_autoload(skel->progs.each_udp, udp);
	err = snapshot_bpf__load(skel);
	if (!err)
		err = attach(skel->progs.each_socket, &skel->links.each_socket);
	if (!err && everything)
		err = attach(skel->progs.each_tcp, &skel->links.each_tcp);
	if (!err && udp)
		err = attach(skel->progs.each_udp, &skel->links.each_udp);
	return err;
}

long snapshot_sockets(enum snapshot_kind kind, snapshot_fn *each, void *ctx)
{
	_cleanup_(cleanup_skel) struct snapshot_bpf *skel = NULL;
	int err = load(kind, false, &skel);

	return err ? err : run_iterator(skel->links.each_socket, BATCH_OF_FILES, each, ctx);
}

struct snapshot {
	struct snapshot_bpf *skel;
};

int snapshot_open(struct snapshot **out, enum snapshot_kind kind)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = load(kind, false, &s->skel);
	if (err) {
		snapshot_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	cleanup_skel(&s->skel);
	free(s);
}

long snapshot_read(const struct snapshot *s, snapshot_fn *each, void *ctx)
{
	return run_iterator(s->skel->links.each_socket, BATCH_OF_FILES, each, ctx);
}

/* --- namespace by namespace --- */

struct everything {
	struct snapshot_bpf *skel;
	struct netns_set *set;
	snapshot_fn *each;
	void *ctx;
	uint64_t *cookies;
	size_t n, room;
	long count;
};

static void remember(void *ctx, const struct netns_member *m)
{
	struct everything *e = ctx;

	if (e->n == e->room) {
		size_t room = e->room ? e->room * 2 : 64;
		uint64_t *grown = reallocarray(e->cookies, room, sizeof(*grown));

		if (!grown) {
			log_warn("out of memory: a network namespace is left out");
			return;
		}
		e->cookies = grown;
		e->room = room;
	}
	e->cookies[e->n++] = m->id.cookie;
}

static int list_here(void *arg)
{
	struct everything *e = arg;
	long n;

	if (!sockstat_any(e->skel->links.each_udp != NULL))
		return 0;
	n = run_iterator(e->skel->links.each_tcp, BATCH, e->each, e->ctx);
	if (n < 0)
		return (int)n;
	e->count += n;
	if (!e->skel->links.each_udp)
		return 0;
	n = run_iterator(e->skel->links.each_udp, BATCH, e->each, e->ctx);
	if (n < 0)
		return (int)n;
	e->count += n;
	return 0;
}

static int list_namespaces(struct everything *e, unsigned int *namespaces)
{
	int err = netns_set_scan(e->set, NETNS_SCAN_PROCESSES, remember, e);

	if (err < 0)
		return err;
	remember(e, netns_set_self(e->set));
	*namespaces = 0;
	for (size_t i = 0; i < e->n; i++) {
		err = netns_set_within(e->set, e->cookies[i], list_here, e);
		if (err && err != -ENOENT) /* that is: it is gone */
			return err;
		*namespaces += !err;
	}
	return 0;
}

long snapshot_everything(enum snapshot_kind kind, snapshot_fn *each, void *ctx,
			 unsigned int *namespaces)
{
	_cleanup_(cleanup_skel) struct snapshot_bpf *skel = NULL;
	_cleanup_(cleanup_query) struct rtnl_query *query = NULL;
	_cleanup_(cleanup_set) struct netns_set *set = NULL;
	struct everything e = {.each = each, .ctx = ctx};
	int err = load(kind, true, &skel);

	if (!err)
		err = rtnl_query_open(&query);
	if (!err)
		err = netns_set_new(&set, query);
	if (err)
		return err;
	e.skel = skel;
	e.set = set;
	e.count = run_iterator(skel->links.each_socket, BATCH_OF_FILES, each, ctx);
	if (e.count < 0)
		return e.count;
	err = list_namespaces(&e, namespaces);
	free(e.cookies);
	return err ? err : e.count;
}

__u64 snapshot_jiffy_ns(void)
{
	struct timespec res;

	/* The coarse clocks go on with each jiffy, whatever CONFIG_HZ is. */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &res) || (!res.tv_sec && !res.tv_nsec))
		return 10000000;
	return (__u64)res.tv_sec * 1000000000 + (__u64)res.tv_nsec;
}
