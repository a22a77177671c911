/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the files of model/net_map*.c only. */
#ifndef FLOWNER_MODEL_NET_MAP_INTERNAL_H
#define FLOWNER_MODEL_NET_MAP_INTERNAL_H

#include "base/hash.h"
#include "model/net_map.h"

struct netns_entry {
	uint64_t cookie;
	struct map_netns netns;
	UT_hash_handle hh;
};

/* Who has it; sorted by what is had, then in the map's order. */
struct addr_entry {
	const struct addr *addr;
	const struct map_link *link;
};

struct mac_entry {
	const struct mac *mac;
	const struct map_link *link;
};

struct net_map_index {
	struct netns_entry *netns; /* by cookie */
	struct addr_entry *addrs;
	size_t naddrs;
	struct mac_entry *macs;
	size_t nmacs;
};

int net_map_add_port(struct map_link *master, struct map_link *port);

#endif
