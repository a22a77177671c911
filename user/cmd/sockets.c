// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "collect/snapshot.h"

/* Records of every type begin alike. */
static void see_container(struct sockets *k, const struct fl_header *hdr)
{
	const struct fl_owned *r = (const struct fl_owned *)hdr;
	bool acts = hdr->type == FL_LISTEN || hdr->type == FL_SYN_SENT || hdr->type == FL_ACCEPT;

	if (!(hdr->flags & FL_FAR))
		container_filter_see(k->contained, &r->sock, acts ? &r->task : NULL, false,
				     hdr->time);
}

static void on_record(void *ctx, const struct fl_header *hdr)
{
	struct sockets *k = ctx;

	priority_tick(k->priority, hdr->time);
	if (k->contained)
		see_container(k, hdr);
	tracker_record(k->tracker, hdr);
}

static void on_verdict(void *ctx, const struct fl_verdict_key *key, enum fl_verdict verdict)
{
	/* Without it everything of theirs passes, and is dropped later. */
	if (trace_source_verdict(ctx, key, verdict))
		log_debug("no verdict for %llu", (unsigned long long)key->id);
}

/* Why the kernel is to let pass what happens to this socket, which is older than the programs. */
static uint8_t watched_for(const struct sockets *k, const struct fl_snapshot *s)
{
	const struct filter *f = k->filter;
	const struct resolver *r = &k->naming.resolver;
	const struct cgroup *cg;
	char comm[FL_COMM_LEN + 1] = "";
	uint8_t why = 0;

	memcpy(comm, s->task.comm, FL_COMM_LEN);
	if ((f->npids || f->ncomms) && filter_process(f, s->task.pid, comm))
		why |= FL_WATCH_TASK;
	if (!k->contained)
		return why;
	cg = r->cgroup(r->ctx, NULL, s->sock.cgroup, s->task.cgroup, s->task.pid);
	return cg && filter_container(f, cg->container) ? why | FL_WATCH_CONTAINER : why;
}

static void on_snapshot(void *ctx, const struct fl_snapshot *s)
{
	struct sockets *k = ctx;
	uint8_t why;

	tracker_snapshot(k->tracker, s);
	if (s->protocol != IPPROTO_TCP)
		return;
	k->listens = k->listens ||
		     (s->sock.state == TCP_LISTEN && filter_netns(k->filter, s->sock.netns_inum));
	if (k->contained)
		container_filter_see(k->contained, &s->sock, &s->task, true, clock_boot_ns());
	why = watched_for(k, s);
	if (why && trace_source_watch(k->source, s->sock.cookie, why))
		k->unwatched++;
}

static void on_datagram(void *ctx, const struct fl_snapshot *s)
{
	if (s->protocol != IPPROTO_TCP)
		tracker_snapshot(((struct sockets *)ctx)->tracker, s);
}

static int open_tracker(struct sockets *k, const struct sockets_options *o)
{
	const struct filter *f = o->filter;
	struct tracker_options t = {
		.states = o->states,
		.undecided_clients = f->nports,
		.undecided_servers = f->npids || f->ncomms,
		.quiet = o->quiet,
		.linger_ns = o->linger_ns,
		.linger_many_ns = o->linger_many_ns,
		.max_cpus = (uint16_t)trace_source_cpus(),
	};
	int err;

	t.resolver = k->naming.resolver;
	err = tracker_new(&k->tracker, &t);
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_container_filter(struct sockets *k)
{
	const struct container_filter_options o = {
		.filter = k->filter,
		.resolver = k->naming.resolver,
		.verdict = on_verdict,
		.ctx = k->source,
	};
	int err = k->filter->ncontainers ? container_filter_new(&k->contained, &o) : 0;

	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

int sockets_open(struct sockets *k, const struct sockets_options *o)
{
	struct trace_source_options t = {
		.netns = o->filter->netns,
		.nnetns = o->filter->nnetns,
		.states = o->states,
		.ring_size = o->ring_size,
		.without = o->without,
	};
	long n;
	int err;

	k->filter = o->filter;
	k->priority = o->priority;
	k->keep = o->keep;
	k->keep_ctx = o->keep_ctx;
	err = naming_open(&k->naming, o->naming->roots, o->naming->nroots);
	if (!err)
		err = open_tracker(k, o);
	if (err)
		return err;
	filter_to_kernel(o->filter, &t.filter);
	err = trace_source_open(&k->source, &t);
	if (err)
		return err;
	err = open_container_filter(k);
	if (err)
		return err;
	/* Attached first, then the snapshot: what changes in between is in both, and nothing is
	 * missed. */
	if (o->datagrams)
		n = snapshot_open(&k->datagrams, SNAPSHOT_ALL)
			    ?: snapshot_read(k->datagrams, on_snapshot, k);
	else
		n = snapshot_sockets(SNAPSHOT_TCP, on_snapshot, k);
	/* If it failed, who knows. */
	trace_source_settled(k->source, k->listens || n < 0);
	if (n < 0)
		log_warn("owners of sockets older than this are unknown: %s", strerror((int)-n));
	return 0;
}

static void keep(void *ctx, const struct keeper *keeper)
{
	const struct sockets *k = ctx;

	tracker_keep(k->tracker, keeper);
	if (k->contained)
		container_filter_forget(k->contained);
	if (k->keep)
		k->keep(k->keep_ctx, keeper);
}

int sockets_read(struct sockets *k)
{
	naming_refresh(&k->naming);
	if (naming_is_crowded(&k->naming))
		naming_forget(&k->naming, keep, k);
	if (k->contained)
		container_filter_refresh(k->contained, clock_boot_ns());
	return trace_source_read(k->source, on_record, k);
}

int sockets_refresh_datagrams(struct sockets *k, bool keep)
{
	long n;

	if (!k->datagrams)
		return -EOPNOTSUPP;
	if (keep)
		tracker_retire_datagrams(k->tracker, clock_boot_ns());
	else
		tracker_forget_datagrams(k->tracker);
	n = snapshot_read(k->datagrams, on_datagram, k);
	return n < 0 ? (int)n : 0;
}

void sockets_close(struct sockets *k)
{
	container_filter_free(k->contained);
	snapshot_close(k->datagrams);
	trace_source_close(k->source);
	tracker_free(k->tracker);
	naming_close(&k->naming);
	*k = (struct sockets){0};
}
