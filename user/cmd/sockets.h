/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets and who owns them, as they come and go: what `trace` prints and `flows` asks. Ties the
 * BPF programs' records, the snapshot at the start and the names of namespaces and cgroups together
 * in a tracker.
 */
#ifndef FLOWNER_CMD_SOCKETS_H
#define FLOWNER_CMD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/priority.h"
#include "cmd/naming_opts.h"
#include "collect/naming.h"
#include "collect/trace_source.h"
#include "model/container_filter.h"
#include "model/filter.h"
#include "model/tracker.h"

struct sockets {
	struct trace_source *source;
	struct tracker *tracker;
	struct naming naming;
	struct container_filter *contained; /* NULL: no --container */
	const struct filter *filter;        /* as in the options, like what follows */
	struct priority *priority;
	void (*keep)(void *ctx, const struct keeper *k);
	void *keep_ctx;
	struct snapshot *datagrams; /* for looking again; NULL: not asked for */
	uint64_t unwatched;         /* of the snapshot: wanted, but there was no room */
	bool listens;               /* one of it listens that passes the filter */
};

struct sockets_options {
	const struct filter *filter; /* borrowed; applied in the kernel as far as it can be */
	const struct naming_config *naming; /* borrowed */
	struct priority *priority;          /* borrowed; raised when records are read too late */
	bool states;                        /* every change of state */
	bool quiet;                         /* endpoints only, no events */
	bool datagrams;                     /* other sockets than TCP too */
	uint64_t linger_ns;                 /* 0: the tracker's own */
	uint64_t linger_many_ns;            /* 0: the same */
	size_t ring_size;
	unsigned int without; /* WITHOUT_* bits */
	/* As for naming_forget(), within sockets_read(): what the caller points to. NULL: to
	 * nothing. */
	void (*keep)(void *ctx, const struct keeper *k);
	void *keep_ctx;
};

/* `s` is zeroed by the caller. 0 or -errno, logged. sockets_close() in any case. */
int sockets_open(struct sockets *s, const struct sockets_options *o);
void sockets_close(struct sockets *s);

/* Hand the records that wait to the tracker; as trace_source_read(). */
int sockets_read(struct sockets *s);

/*
 * Look again who holds which socket that is not TCP: nothing tells when they come. Those that are
 * gone are forgotten, with `keep` only linger_ns later. 0 or -errno.
 */
int sockets_refresh_datagrams(struct sockets *s, bool keep);

#endif
