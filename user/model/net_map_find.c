// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/net_map_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct wanted {
	const char *what;
	uint32_t inode;
	bool is_addr, is_mac, by_id;
	struct addr addr;
	struct mac mac;
};

bool net_map_has_container(const struct map_netns *n, const char *what)
{
	for (size_t i = 0; i < n->ncontainers; i++)
		if (container_is(n->containers[i], what))
			return true;
	return n->id->container && container_is(n->id->container, what);
}

static bool is_called(const struct container *c, const char *what)
{
	return c && ((c->name && !strcmp(c->name, what)) || (c->pod && !strcmp(c->pod, what)) ||
		     !strcmp(c->id, what));
}

static bool netns_is(const struct map_netns *n, const struct wanted *w)
{
	if (w->by_id)
		return net_map_has_container(n, w->what);
	if ((w->inode && n->id->inode == w->inode) || (n->host && !strcmp(w->what, "host")) ||
	    (n->id->name && !strcmp(n->id->name, w->what)) || is_called(n->id->container, w->what))
		return true;
	for (size_t i = 0; i < n->nnames; i++)
		if (!strcmp(n->names[i], w->what))
			return true;
	for (size_t i = 0; i < n->ncontainers; i++)
		if (is_called(n->containers[i], w->what))
			return true;
	return false;
}

static bool link_is(const struct map_link *l, const struct wanted *w)
{
	if (w->by_id)
		return false;
	if (!strcmp(l->name, w->what) ||
	    (w->is_mac && l->has_mac && !memcmp(l->mac.b, w->mac.b, sizeof(w->mac.b))))
		return true;
	for (size_t i = 0; w->is_addr && i < l->naddrs; i++)
		if (addr_equal(&l->addrs[i].addr, &w->addr))
			return true;
	return false;
}

static bool only_plain_loopback(const struct map_netns *n)
{
	for (size_t i = 0; i < n->nlinks; i++)
		if (!net_map_plain_loopback(n->links[i]))
			return false;
	return true;
}

static size_t find(const struct net_map *m, const struct wanted *w, const struct map_link **out)
{
	size_t found = 0;

	for (size_t i = 0; i < m->nnetns; i++) {
		const struct map_netns *n = m->netns[i];
		bool all = netns_is(n, w), bare = all && only_plain_loopback(n);

		for (size_t k = 0; !n->left_out && k < n->nlinks; k++) {
			const struct map_link *l = n->links[k];

			if ((all && (bare || !net_map_plain_loopback(l))) || link_is(l, w))
				out[found++] = l;
		}
	}
	return found;
}

int net_map_find(const struct net_map *m, const char *what, uint32_t inode,
		 const struct map_link ***out, size_t *n)
{
	struct wanted w = {.what = what, .inode = inode};
	size_t links = 0;

	for (size_t i = 0; i < m->nnetns; i++)
		links += m->netns[i]->nlinks;
	*out = calloc(links + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	w.is_addr = addr_parse(what, &w.addr) == 0;
	w.is_mac = mac_parse(what, &w.mac) == 0;
	*n = find(m, &w, *out);
	w.by_id = true;
	if (!*n)
		*n = find(m, &w, *out);
	return 0;
}
