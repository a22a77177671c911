/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way between two ends, from how links hang together, without a packet: from the link that has
 * the one's address to the one that has the other's, through pairs, switches, and namespaces that
 * route. Said only where there is one shortest way.
 */
#ifndef FLOWNER_MODEL_PATH_INFER_H
#define FLOWNER_MODEL_PATH_INFER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/addr.h"
#include "model/path.h"
#include "model/topology.h"

struct path_infer;

/*
 * Borrows the topology and its links, which stay as they are meanwhile. Owned by the caller. 0 or
 * -ENOMEM.
 */
int path_infer_new(struct path_infer **out, const struct topology *t);
void path_infer_free(struct path_infer *p); /* NULL is fine */

/* A link of the topology (others are ignored) has that address. 0 or -ENOMEM. */
int path_infer_add_addr(struct path_infer *p, uint64_t netns_cookie, uint32_t ifindex,
			const struct addr *a);

/*
 * From `client` in one namespace to `server` in another; false: not known, or not for certain.
 * *routed: some namespace on it routes, and could translate addresses.
 */
bool path_infer_find(struct path_infer *p, uint64_t client_netns, const struct addr *client,
		     uint64_t server_netns, const struct addr *server, struct path *out,
		     bool *routed);

#endif
