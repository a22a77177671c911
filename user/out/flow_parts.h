/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parts of a flow that its table, its JSON and the sums share.
 */
#ifndef FLOWNER_OUT_FLOW_PARTS_H
#define FLOWNER_OUT_FLOW_PARTS_H

#include "model/flow.h"
#include "out/json.h"

#define FLOW_PARTS_FLAGS_MAX 9 /* "CEUAPRSF" */

bool flow_parts_has_ends(const struct flow *f); /* addresses */
bool flow_parts_is_icmp(const struct flow *f);
bool flow_parts_is_echo(const struct flow *f); /* its icmp.id says something */

/* The letters of those that are set, the highest bit first: C E U A P R S F. */
void flow_parts_flags(uint8_t tcp_flags, char out[FLOW_PARTS_FLAGS_MAX]);

/* "link":{"name","ifindex","kind","peer":{…},"master"} */
void flow_parts_link_json(struct json *j, const struct link *l);
/* "family","proto" */
void flow_parts_proto_json(struct json *j, const struct flow *f);

/* Cells. */
size_t flow_parts_proto(const struct flow *f, struct buf *b);
size_t flow_parts_end(const struct flow *f, const struct addr_port *ap, struct buf *b);
/* netns/comm[pid] */
size_t flow_parts_party(const struct flow_end *e, struct buf *b);
size_t flow_parts_peer_link(const struct link *l, struct buf *b); /* netns:name */
/* `count` in interval_ns, a second; 0 ns: unknown. */
size_t flow_parts_rate(uint64_t count, uint64_t interval_ns, struct buf *b);
uint64_t flow_parts_per_second(uint64_t count, uint64_t interval_ns);

#endif
