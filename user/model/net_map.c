// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/net_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "model/net_map_internal.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void mac_format(const struct mac *m, char out[MAC_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 6; i++) {
		*out++ = digits[m->b[i] >> 4];
		*out++ = digits[m->b[i] & 15];
		*out++ = i < 5 ? ':' : '\0';
	}
}

int mac_parse(const char *s, struct mac *out)
{
	for (int i = 0; i < 6; i++, s += 3) {
		int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);

		if (low < 0 || s[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		out->b[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* --- making --- */

/* Room for one more of `size` at the end of *array, which doubles when its count is a power of 2.
 */
static void *append(void *array, size_t *n, size_t size)
{
	void **at = array;

	if ((*n & (*n - 1)) == 0) {
		void *grown = reallocarray(*at, *n ? 2 * *n : 1, size);

		if (!grown)
			return NULL;
		*at = grown;
	}
	return (char *)*at + size * (*n)++;
}

int net_map_new(struct net_map **out)
{
	struct net_map *m = calloc(1, sizeof(*m));

	if (m)
		m->index = calloc(1, sizeof(*m->index));
	if (!m || !m->index) {
		free(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void free_netns(struct map_netns *n)
{
	for (size_t i = 0; i < n->nlinks; i++) {
		free(n->links[i]->addrs);
		free(n->links[i]->ports);
		free(n->links[i]);
	}
	for (size_t i = 0; i < n->nnames; i++)
		free(n->names[i]);
	free(n->names);
	free(n->containers);
	free(n->links);
	free(n->routes);
	free(n->fdb);
	free(n->neigh);
}

void net_map_free(struct net_map *m)
{
	struct netns_entry *e, *tmp;

	if (!m)
		return;
	HASH_ITER (hh, m->index->netns, e, tmp) {
		HASH_DEL(m->index->netns, e);
		free_netns(&e->netns);
		free(e);
	}
	free(m->index->addrs);
	free(m->index->macs);
	free(m->index);
	free(m->netns);
	free(m);
}

struct map_netns *net_map_netns(const struct net_map *m, uint64_t cookie)
{
	struct netns_entry *e;

	HASH_FIND (hh, m->index->netns, &cookie, sizeof(cookie), e)
		;
	return e ? &e->netns : NULL;
}

struct map_netns *net_map_add_netns(struct net_map *m, const struct netns *id)
{
	struct map_netns *n = net_map_netns(m, id->cookie), **slot;
	struct netns_entry *e;

	if (n)
		return n;
	slot = append(&m->netns, &m->nnetns, sizeof(*slot));
	e = slot ? calloc(1, sizeof(*e)) : NULL;
	if (!e) {
		m->nnetns -= slot != NULL;
		return NULL;
	}
	e->cookie = id->cookie;
	e->netns.id = id;
	HASH_ADD(hh, m->index->netns, cookie, sizeof(e->cookie), e);
	*slot = &e->netns;
	return *slot;
}

int net_map_add_name(struct map_netns *n, const char *name)
{
	char **slot, *copy;

	for (size_t i = 0; i < n->nnames; i++)
		if (!strcmp(n->names[i], name))
			return 0;
	copy = strdup(name);
	slot = copy ? append(&n->names, &n->nnames, sizeof(*slot)) : NULL;
	if (!slot) {
		free(copy);
		return -ENOMEM;
	}
	*slot = copy;
	return 0;
}

int net_map_add_container(struct map_netns *n, const struct container *c)
{
	const struct container **slot = append(&n->containers, &n->ncontainers, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = c;
	return 0;
}

static struct map_link *find_link(const struct map_netns *n, uint32_t ifindex)
{
	for (size_t i = 0; i < n->nlinks; i++)
		if (n->links[i]->ifindex == ifindex)
			return n->links[i];
	return NULL;
}

static struct map_link *new_link(struct map_netns *n)
{
	struct map_link *l = calloc(1, sizeof(*l)),
			**slot = l ? append(&n->links, &n->nlinks, sizeof(*slot)) : NULL;

	if (!slot) {
		free(l);
		return NULL;
	}
	*slot = l;
	return l;
}

int net_map_add_link(struct map_netns *n, const struct map_link *facts)
{
	struct map_link *l = find_link(n, facts->ifindex), had;

	if (!l)
		l = new_link(n);
	if (!l)
		return -ENOMEM;
	had = *l;
	*l = *facts;
	l->netns = n;
	l->addrs = had.addrs;
	l->naddrs = had.naddrs;
	l->ports = NULL;
	l->nports = 0;
	l->master = l->peer = l->lower = NULL;
	return 0;
}

int net_map_add_addr(struct map_netns *n, uint32_t ifindex, const struct map_addr *a)
{
	struct map_link *l = find_link(n, ifindex);
	struct map_addr *slot = l ? append(&l->addrs, &l->naddrs, sizeof(*slot)) : NULL;

	if (!slot)
		return l ? -ENOMEM : 0;
	*slot = *a;
	return 0;
}

int net_map_add_route(struct map_netns *n, const struct map_route *r)
{
	struct map_route *slot = append(&n->routes, &n->nroutes, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *r;
	slot->dev = slot->gateway = NULL;
	return 0;
}

int net_map_add_fdb(struct map_netns *n, const struct map_fdb *f)
{
	struct map_fdb *slot = append(&n->fdb, &n->nfdb, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *f;
	slot->dev = slot->master = slot->holder = NULL;
	return 0;
}

int net_map_add_neigh(struct map_netns *n, const struct map_neigh *e)
{
	struct map_neigh *slot = append(&n->neigh, &n->nneigh, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *e;
	slot->dev = slot->holder = NULL;
	return 0;
}

int net_map_add_port(struct map_link *master, struct map_link *port)
{
	struct map_link **slot = append(&master->ports, &master->nports, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = port;
	return 0;
}

/* --- asking --- */

struct map_link *net_map_link(const struct map_netns *n, uint32_t ifindex)
{
	size_t low = 0, high = n->nlinks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (n->links[mid]->ifindex < ifindex)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n->nlinks && n->links[low]->ifindex == ifindex ? n->links[low] : NULL;
}

static bool is_port_of_bridge(const struct map_link *l)
{
	return l->master && !strcmp(l->master->kind, "bridge");
}

const struct map_link *net_map_outer_end(const struct map_link *l)
{
	const struct map_link *p = l->peer;

	if (!p)
		return l;
	if (is_port_of_bridge(l) != is_port_of_bridge(p))
		return is_port_of_bridge(l) ? l : p;
	if (l->netns->host != p->netns->host)
		return l->netns->host ? l : p;
	if (l->netns != p->netns)
		return l->netns->id->cookie < p->netns->id->cookie ? l : p;
	return l->ifindex < p->ifindex ? l : p;
}

bool net_map_plain_loopback(const struct map_link *l)
{
	static const struct addr v6 = {.b = {[15] = 1}};

	if (!l->loopback)
		return false;
	for (size_t i = 0; i < l->naddrs; i++) {
		const struct map_addr *a = &l->addrs[i];
		uint8_t v4[] = {127, 0, 0, 1};
		struct addr own = addr_make(AF_INET, v4);

		if (!(addr_equal(&a->addr, &own) && a->prefix_len == 8) &&
		    !(addr_equal(&a->addr, &v6) && a->prefix_len == 128))
			return false;
	}
	return true;
}
