/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel side of `flows`: the tc programs that count, loaded once, those that packets enter,
 * made for each namespace that has watched links, and the map they count in.
 *
 * There are two such maps at any time. Reading swaps the one in use for an empty one, which returns
 * when no program uses the old one any more; then the old one is read and emptied in batches. So
 * every count is exact, and is handed out once: what is read are the packets since the last time.
 *
 * The map grows with need: what finds no room comes through a ring buffer, and the next map is
 * larger.
 */
#ifndef FLOWNER_COLLECT_FLOW_SOURCE_H
#define FLOWNER_COLLECT_FLOW_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow_abi.h"
#include "model/keeper.h"

struct flow_source;

struct flow_source_options {
	struct fl_filter filter; /* of it: ports, hosts, family */
	size_t ring_size;        /* bytes; rounded up to a power of two of pages */
	uint32_t max_entries;    /* what the map may grow to: an entry for each flow and CPU */
	bool no_batch;           /* read the map entry by entry */
};

/* 0 or -errno, logged, with what to do. Owned by the caller. */
int flow_source_open(struct flow_source **out, const struct flow_source_options *options);
void flow_source_close(struct flow_source *s);

/*
 * Programs for links of that namespace: for devices with an Ethernet header, or without. The
 * descriptors stay the source's. 0 or -errno: -ENOSPC where links of more than FL_FLOW_SLOTS
 * namespaces are watched.
 */
int flow_source_programs(struct flow_source *s, const struct netns *netns, bool ethernet,
			 int *in_fd, int *out_fd);
/*
 * A link of that namespace has them, or has no longer. Programs that no link has go after some more
 * readings, when nothing of theirs is in the maps any more.
 */
void flow_source_use(struct flow_source *s, const struct netns *netns);
void flow_source_release(struct flow_source *s, const struct netns *netns);
/* The namespaces of links that are watched, or were a moment ago. */
void flow_source_keep(const struct flow_source *s, const struct keeper *k);

/* Readable when packets came that the map had no room for: read soon. */
int flow_source_fd(const struct flow_source *s);

/*
 * Hand out what was counted since the last call, flow by flow; of one flow there may be several
 * (one a CPU; earlier connections between the same ports come first). The bits FL_BITS_CPU and
 * FL_BITS_SLOT of a key are zero, and times are CLOCK_BOOTTIME. Returns how many, or -errno.
 */
long flow_source_read(struct flow_source *s,
		      void (*each)(void *ctx, const struct netns *netns,
				   const struct fl_flow_key *key,
				   const struct fl_flow_count *count),
		      void *ctx);

struct flow_source_stats {
	uint64_t overflowed; /* packets that came through the ring */
	uint64_t lost;       /* packets that found no room there either */
	uint64_t lost_bytes;
	uint64_t filtered;
	uint32_t map_entries; /* room in the map in use */
};

int flow_source_get_stats(const struct flow_source *s, struct flow_source_stats *out);

#endif
