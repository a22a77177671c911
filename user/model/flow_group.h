/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sums of flows: of a veth, a namespace, a container, a connection.
 */
#ifndef FLOWNER_MODEL_FLOW_GROUP_H
#define FLOWNER_MODEL_FLOW_GROUP_H

#include "model/flow.h"
#include "model/flow_sort.h"
#include "model/path.h"

enum flow_group_by {
	FLOW_BY_VETH,
	FLOW_BY_NETNS,
	FLOW_BY_CONTAINER,
	FLOW_BY_CONN,
	FLOW_BYS,
};

/* "veth", …: 0, or -EINVAL. */
int flow_group_parse(const char *name, enum flow_group_by *out);
const char *flow_group_name(enum flow_group_by by);
void flow_group_names(struct buf *b); /* "veth, netns, …"; appends */

struct flow_sum {
	uint64_t packets, segments, bytes;
	uint64_t new_packets, new_bytes; /* in the last interval */
};

struct flow_group {
	/* Which of these is set is told by `by`. */
	const struct link *link;           /* VETH; CONN without an id: where it was seen */
	const struct netns *netns;         /* NETNS */
	const struct container *container; /* CONTAINER; NULL: no container is known */
	uint64_t conn;                     /* CONN; 0: these flows have no id */

	/*
	 * VETH: what left the device's namespace by it, and what came in. NETNS: what it sent and
	 * received over all watched pairs that it has an end of. CONTAINER: of those in it. CONN:
	 * from client to server, and back; both as sent.
	 */
	struct flow_sum tx, rx;
	uint64_t flows; /* that are in the sums */
	uint64_t conns; /* different ones of these, as far as they have an id */
	uint64_t first, last;

	/* CONN. The flows of it, by flow_compare(); in the memory of the groups. */
	struct flow **member;
	size_t members;
	/*
	 * Client to server where the client is, and where the server is: the tuples differ if an
	 * address was translated. Without an id: the direction that was seen first, twice the same.
	 * Either may be a flow of the other direction if only that was seen: flow_group_tuple()
	 * turns it.
	 */
	const struct flow *at_client, *at_server;
	enum flow_state state;
	/* Segments that were sent and did not arrive; known if both ends' links are watched. */
	bool lost_tx_known, lost_rx_known;
	uint64_t lost_tx, lost_rx;
};

struct flow_groups {
	enum flow_group_by by;
	struct flow_group **row;
	size_t n;

	/* private */
	struct flow_group *all;
	struct flow **flow;
	size_t n_flows;
};

/*
 * `links` are those that are to be shown even without a flow (VETH, NETNS); n_links may be 0. The
 * groups refer to flows, links and owners and must not outlive them. 0 or -ENOMEM.
 */
int flow_groups_make(enum flow_group_by by, struct flow *const *flows, size_t n,
		     struct link *const *links, size_t n_links, struct flow_groups *out);
void flow_groups_free(struct flow_groups *g);

/* As flow_sort(): rates and sums of both directions; FLOW_SORT_LINK: by name. Returns how many. */
size_t flow_groups_sort(struct flow_groups *g, enum flow_sort_key key, size_t top);

/* Of CONN. Source and destination from the client's point of view. */
struct flow_tuple {
	struct addr_port client, server;
};
struct flow_tuple flow_group_tuple(const struct flow_group *g, const struct flow *f);
const struct flow_end *flow_group_client(const struct flow_group *g);
const struct flow_end *flow_group_server(const struct flow_group *g);
/* Does f go from client to server? */
bool flow_group_is_tx(const struct flow_group *g, const struct flow *f);
void flow_group_path(const struct flow_group *g, struct path *out);

#endif
