/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands in front of the map of flows (bpf/front.bpf.h): two arrays that take turns, as the
 * maps do, and that are read and emptied in memory.
 */
#ifndef FLOWNER_COLLECT_FLOW_FRONT_H
#define FLOWNER_COLLECT_FLOW_FRONT_H

#include <stdint.h>

#include "flow_abi.h"

struct bpf_map;
struct flow_front;

/* Flows that one has a place for: the same for all. */
uint32_t flow_front_room(void);

/*
 * What the map of fronts has to be told before it is made: what they will be like. A file
 * descriptor, which the caller closes after loading, or -errno.
 */
int flow_front_template(struct bpf_map *outer);

/* `outer` is the map of fronts, borrowed. One is in place then. 0 or -errno. */
int flow_front_new(struct flow_front **out, int outer);
/* NULL is fine. */
void flow_front_free(struct flow_front *f);

/* Put the empty one into place; on return no program uses the other any more. 0 or -errno. */
int flow_front_swap(struct flow_front *f);

/* Hand out, and remove, all that is in the one that was swapped out. */
void flow_front_drain(struct flow_front *f,
		      void (*each)(void *ctx, const struct fl_flow_key *key,
				   const struct fl_flow_count *count),
		      void *ctx);

#endif
