/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The paths of connections, found when they are asked for, each once.
 */
#ifndef FLOWNER_MODEL_FLOW_PATHS_H
#define FLOWNER_MODEL_FLOW_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "model/flow.h"
#include "model/path.h"

struct flow_paths;

/*
 * Of the connections that one of `asked` belongs to, by all of their flows, which are among `all`.
 * `conns`: the conn of each of these, side by side; NULL: look into the flows.
 * Refers to the flows and their links, and must not outlive them. 0 or -ENOMEM. Owned by the
 * caller.
 */
int flow_paths_new(struct flow_paths **out, struct flow *const *all, const uint64_t *conns,
		   size_t n, struct flow *const *asked, size_t n_asked);
void flow_paths_free(struct flow_paths *p); /* NULL is fine */

/* False: not one of these connections, or no path of it is known. */
bool flow_paths_find(struct flow_paths *p, uint64_t conn, struct path *out);

#endif
