/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map that flows are counted in: two hash maps that take turns in a map of maps, each made
 * anew, larger or smaller, when the need has changed. Preallocated: an insertion costs a third of
 * what it costs otherwise, and never fails before the map is full. With a front (flow_front.h).
 */
#ifndef FLOWNER_COLLECT_FLOW_MAP_H
#define FLOWNER_COLLECT_FLOW_MAP_H

#include <stdint.h>

#include "flow_abi.h"

struct flow_map;

/*
 * `outer` is the map of maps, `fronts` that of fronts, both borrowed; `max_entries` what a map may
 * grow to. Where that is little there is no front. 0 or -errno.
 */
int flow_map_new(struct flow_map **out, int outer, int fronts, uint32_t max_entries);
void flow_map_free(struct flow_map *m);

/*
 * Put the empty map into place; on return no program uses the other one any more. `overflowed`: how
 * many packets found no room, ever; where it has grown, so does the map. 0 or -errno.
 */
int flow_map_swap(struct flow_map *m, uint64_t overflowed);

/* Read entry by entry from now on, as where the kernel has no batches (before 5.6). */
void flow_map_no_batch(struct flow_map *m);

/* Hand out, and remove, all that is in the map that was swapped out. 0 or -errno. */
typedef void flow_map_each(void *ctx, const struct fl_flow_key *key,
			   const struct fl_flow_count *count);
int flow_map_drain(struct flow_map *m, flow_map_each *each, void *ctx);

/* Entries that the map in place has room for. */
uint32_t flow_map_room(const struct flow_map *m);

#endif
