// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/sockets.h"

#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "collect/snapshot.h"

static void on_record(void *ctx, const struct fl_header *hdr)
{
	tracker_record(ctx, hdr);
}

static void on_snapshot(void *ctx, const struct fl_snapshot *s)
{
	struct sockets *k = ctx;
	const struct filter *f = k->filter;
	char comm[FL_COMM_LEN + 1] = "";

	tracker_snapshot(k->tracker, s);
	memcpy(comm, s->task.comm, FL_COMM_LEN);
	if ((f->npids || f->ncomms) && s->protocol == IPPROTO_TCP &&
	    filter_process(f, s->task.pid, comm) && trace_source_watch(k->source, s->sock.cookie))
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
		.undecided = f->npids || f->ncomms || f->nports,
		.quiet = o->quiet,
		.linger_ns = o->linger_ns,
		.max_cpus = (uint16_t)trace_source_cpus(),
	};
	int err;

	t.resolver = k->naming.resolver;
	err = tracker_new(&k->tracker, &t);
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
	};
	long n;
	int err;

	k->filter = o->filter;
	err = naming_open(&k->naming, o->naming->roots, o->naming->nroots);
	if (!err)
		err = open_tracker(k, o);
	if (err)
		return err;
	filter_to_kernel(o->filter, &t.filter);
	err = trace_source_open(&k->source, &t);
	if (err)
		return err;
	/* Attached first, then the snapshot: what changes in between is in both, and nothing is
	 * missed. */
	n = snapshot_sockets(o->datagrams ? SNAPSHOT_ALL : SNAPSHOT_TCP, on_snapshot, k);
	if (n < 0)
		log_warn("owners of sockets older than this are unknown: %s", strerror((int)-n));
	return 0;
}

int sockets_read(struct sockets *k)
{
	naming_refresh(&k->naming);
	return trace_source_read(k->source, on_record, k->tracker);
}

int sockets_refresh_datagrams(struct sockets *k)
{
	long n;

	tracker_forget_datagrams(k->tracker);
	n = snapshot_sockets(SNAPSHOT_ALL, on_datagram, k);
	return n < 0 ? (int)n : 0;
}

void sockets_close(struct sockets *k)
{
	trace_source_close(k->source);
	tracker_free(k->tracker);
	naming_close(&k->naming);
	*k = (struct sockets){0};
}
