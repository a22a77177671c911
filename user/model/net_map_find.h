/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the user means by a word: the devices of that name, address or MAC address, and those of a
 * namespace or container.
 */
#ifndef FLOWNER_MODEL_NET_MAP_FIND_H
#define FLOWNER_MODEL_NET_MAP_FIND_H

#include "model/net_map.h"

/*
 * In the map's order, each once, without the namespaces that are left out. Of a namespace or
 * container that is meant all but a plain loopback device, unless it has nothing else. The
 * beginning of a container's id is only tried where nothing is called so. `inode` is that of a
 * namespace meant in another way, 0: none. *out is the caller's to free. 0 (*n may be) or -ENOMEM.
 */
int net_map_find(const struct net_map *m, const char *what, uint32_t inode,
		 const struct map_link ***out, size_t *n);

/* Is the container in this namespace meant? */
bool net_map_has_container(const struct map_netns *n, const char *what);

#endif
