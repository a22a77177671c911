/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel side of `trace`: BPF programs loaded, attached and read. Everything is attached
 * through links that this process holds, so nothing of it outlives the process, however that ends.
 */
#ifndef FLOWNER_COLLECT_TRACE_SOURCE_H
#define FLOWNER_COLLECT_TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flowner_abi.h"

struct trace_source;

struct trace_source_options {
	struct fl_filter filter;
	const uint32_t *netns; /* more than one: their inodes; else filter.netns_one */
	unsigned int nnetns;
	bool states;
	size_t ring_size;     /* bytes; rounded up to a power of two of pages */
	unsigned int without; /* WITHOUT_* bits */
};

/* Load and attach; records gather from here on. 0 or -errno, logged, with what to do. Owned by the
 * caller. */
int trace_source_open(struct trace_source **out, const struct trace_source_options *options);
void trace_source_close(struct trace_source *s);

/* Readable when records wait. */
int trace_source_fd(const struct trace_source *s);

/*
 * Hand the records that are there to `each`, oldest first, at most some thousands. Returns how
 * many, so that the caller comes again at once while it is many; or -errno.
 */
int trace_source_read(struct trace_source *s, void (*each)(void *ctx, const struct fl_header *hdr),
		      void *ctx);
#define TRACE_SOURCE_BATCH 4096

/*
 * With a filter by process or container: let pass what happens to this socket too, which is older
 * than the programs. `why`: FL_WATCH_* bits. 0 or -errno.
 */
int trace_source_watch(struct trace_source *s, uint64_t cookie, uint8_t why);
/*
 * All sockets that were there before the programs have been looked at; `listens`: one of those that
 * pass the filter listens. Until then far ends are remembered for whoever may come.
 */
void trace_source_settled(struct trace_source *s, bool listens);
/* With a filter by container: what of this namespace or cgroup passes. 0 or -errno. */
int trace_source_verdict(struct trace_source *s, const struct fl_verdict_key *key,
			 enum fl_verdict verdict);

/* The programs' counters, added up over the CPUs. 0 or -errno. */
int trace_source_counters(const struct trace_source *s, struct fl_counters *sum);
/*
 * Events that the kernel did not show us, since on that CPU the same program was at work already
 * (recursion_misses) and no second one took it. Some of them would have made a record.
 * Zero where the kernel does not count them.
 */
uint64_t trace_source_skipped(const struct trace_source *s);
/* Records that were not as decode_record() wants them: a bug, or memory corruption. */
uint64_t trace_source_undecodable(const struct trace_source *s);
/* "TCP_ABORT_ON_CLOSE" for a reset's reason; NULL where the kernel has no name for it. Static. */
const char *trace_source_reset_reason(const struct trace_source *s, int32_t reason);

/* CPUs that a record's header may name. */
unsigned int trace_source_cpus(void);
unsigned int trace_source_links(const struct trace_source *s);

#endif
