/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The links that a connection crossed, in order, from the one that opened it to the other.
 *
 * Each watched pair is an edge between two namespaces, gone along in the direction in which the
 * client's packets went. Within a namespace the way leads from the link that an edge ended at to
 * the one that the next begins at: through the bridge that both are ports of, else by routing.
 */
#ifndef FLOWNER_MODEL_PATH_H
#define FLOWNER_MODEL_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/flow.h"
#include "model/link.h"

#define PATH_HOPS_MAX 64

struct path_hop {
	const struct link *link; /* not a reference */
	bool gap;                /* not next to the hop before it: what is between is not known */
	bool named;              /* to be shown with its namespace: the first, the last, and where
				    a namespace routes */
};

struct path {
	struct path_hop hop[PATH_HOPS_MAX];
	unsigned int n;
	bool cut; /* there was more than fits */
};

/* A link that has carried the connection, in the direction of the client's packets. */
struct path_seen {
	const struct link *link;
	bool egress;    /* they left the link's namespace there; else they came in */
	bool reply;     /* only answers were seen there: `egress` is the reverse of theirs */
	uint64_t first; /* when the first one passed */
};

/*
 * `client` and `server` are the namespaces of the ends, or NULL. Links that lead nowhere (a switch
 * floods) are not on the path if both ends are known and joined; if they are not, every link is on
 * it, by the time that it was passed.
 */
void path_find(const struct path_seen *seen, size_t n, const struct netns *client,
	       const struct netns *server, struct path *out);

/* The same from the flows of one connection. */
void path_of_flows(struct flow *const *flows, size_t n, struct path *out);

#endif
