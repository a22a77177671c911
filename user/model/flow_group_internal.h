/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of flow_group share among themselves:
 *
 *	flow_group.c		what is common to all
 *	flow_group_sum.c	sums of a veth, a namespace, a container
 *	flow_group_conn.c	connections
 */
#ifndef FLOWNER_MODEL_FLOW_GROUP_INTERNAL_H
#define FLOWNER_MODEL_FLOW_GROUP_INTERNAL_H

#include "model/flow_group.h"

/* Did the packets of f leave `ns` on that link? Did they arrive in it? */
bool flow_group_leaves(const struct flow *f, const struct netns *ns);
bool flow_group_arrives(const struct flow *f, const struct netns *ns);

void flow_group_add(struct flow_sum *sum, const struct flow *f);
void flow_group_add_times(struct flow_group *g, const struct flow *f);
int flow_group_compare_u64(uint64_t a, uint64_t b);
int flow_group_compare_end(const struct addr_port *a, const struct addr_port *b);
/* Seen first; the same for every order of the two. */
bool flow_group_is_earlier(const struct flow *a, const struct flow *b);

/* Fill out->all and out->n. 0 or -ENOMEM. */
int flow_group_sums(struct flow *const *flows, size_t n, struct link *const *links, size_t n_links,
		    struct flow_groups *out);
int flow_group_conns(struct flow *const *flows, size_t n, struct flow_groups *out);

#endif
