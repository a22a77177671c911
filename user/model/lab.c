// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET_V4         0x0a4d0000u /* 10.77.0.0 */
#define SUBNET_SIZE    (1u << (32 - LAB_V4_PREFIX))
#define HOSTS_AN_OCTET 253 /* .2 to .254: nobody is surprised by a .0, .1 or .255 */
#define FIRST_HOST     2
#define ROUTER_HOST    1

const char *const lab_kind_names[] = {"pair", "bridge", "router", NULL};

int lab_kind_parse(const char *s, enum lab_kind *kind)
{
	for (int i = 0; lab_kind_names[i]; i++) {
		if (!strcmp(s, lab_kind_names[i])) {
			*kind = (enum lab_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool lab_name_valid(const char *name)
{
	size_t i;

	if (!name_char(name[0]))
		return false;
	for (i = 1; name[i] && i <= LAB_NAME_MAX; i++)
		if (!name_char(name[i]) && name[i] != '-')
			return false;
	return i <= LAB_NAME_MAX;
}

/* The same `number` ends the IPv4 and the IPv6 address: 10.77.1.2 goes with fd77::102. */
static void number_end(struct lab_end *end, unsigned int subnet, unsigned int number)
{
	end->has_address = true;
	end->v4.s_addr = htonl(NET_V4 + subnet * SUBNET_SIZE + number);
	memset(&end->v6, 0, sizeof(end->v6));
	end->v6.s6_addr[0] = 0xfd;
	end->v6.s6_addr[1] = 0x77;
	end->v6.s6_addr[7] = (uint8_t)subnet;
	end->v6.s6_addr[14] = (uint8_t)(number >> 8);
	end->v6.s6_addr[15] = (uint8_t)number;
}

static unsigned int host_number(unsigned int host)
{
	return (host / HOSTS_AN_OCTET << 8) + FIRST_HOST + host % HOSTS_AN_OCTET;
}

static unsigned int add_node(struct lab_topology *t, const char *host, enum lab_role role)
{
	struct lab_node *n = &t->nodes[t->n_nodes];

	snprintf(n->host, sizeof(n->host), "%s", host);
	n->role = role;
	return t->n_nodes++;
}

/* A cable from `node` to a port of `sw` that is called like the node. */
static struct lab_cable *plug(struct lab_topology *t, unsigned int node, const char *ifname,
			      unsigned int sw)
{
	struct lab_cable *c = &t->cables[t->n_cables++];

	c->a.node = node;
	snprintf(c->a.ifname, sizeof(c->a.ifname), "%s", ifname);
	c->b.node = sw;
	snprintf(c->b.ifname, sizeof(c->b.ifname), "%s", t->nodes[node].host);
	return c;
}

static unsigned int add_host(struct lab_topology *t, unsigned int host)
{
	char name[IF_NAMESIZE];

	if (host == 0)
		return add_node(t, "client", LAB_ROLE_HOST);
	if (host == 1)
		return add_node(t, "server", LAB_ROLE_HOST);
	snprintf(name, sizeof(name), "h%u", host + 1);
	return add_node(t, name, LAB_ROLE_HOST);
}

static void build_pair(struct lab_topology *t)
{
	struct lab_cable *c;

	add_host(t, 0);
	add_host(t, 1);
	c = plug(t, 0, "eth0", 1);
	snprintf(c->b.ifname, sizeof(c->b.ifname), "eth0");
	number_end(&c->a, 0, host_number(0));
	number_end(&c->b, 0, host_number(1));
}

static void build_bridge(struct lab_topology *t)
{
	unsigned int sw = add_node(t, "switch", LAB_ROLE_SWITCH);

	t->n_infra = t->n_nodes;
	for (unsigned int h = 0; h < t->hosts; h++) {
		unsigned int node = add_host(t, h);

		number_end(&plug(t, node, "eth0", sw)->a, 0, host_number(h));
	}
}

static void build_router(struct lab_topology *t)
{
	unsigned int sw[2], router;
	struct lab_end *gateway[2];

	sw[0] = add_node(t, "sw1", LAB_ROLE_SWITCH);
	sw[1] = add_node(t, "sw2", LAB_ROLE_SWITCH);
	router = add_node(t, "router", LAB_ROLE_ROUTER);
	t->n_infra = t->n_nodes;
	for (unsigned int s = 0; s < 2; s++) {
		gateway[s] = &plug(t, router, s ? "eth1" : "eth0", sw[s])->a;
		number_end(gateway[s], s, ROUTER_HOST);
	}
	for (unsigned int h = 0; h < t->hosts; h++) {
		unsigned int node = add_host(t, h), side = h % 2;

		number_end(&plug(t, node, "eth0", sw[side])->a, side, host_number(h));
		t->nodes[node].has_gateway = true;
		t->nodes[node].gateway4 = gateway[side]->v4;
		t->nodes[node].gateway6 = gateway[side]->v6;
	}
}

int lab_topology_new(struct lab_topology **out, enum lab_kind kind, const char *name,
		     unsigned int hosts)
{
	struct lab_topology *t;

	if (!lab_name_valid(name) || hosts < LAB_HOSTS_MIN || hosts > LAB_HOSTS_MAX ||
	    (kind == LAB_PAIR && hosts != 2))
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->kind = kind;
	t->hosts = hosts;
	t->nodes = calloc(hosts + 3, sizeof(*t->nodes));
	t->cables = calloc(hosts + 2, sizeof(*t->cables));
	if (!t->nodes || !t->cables) {
		lab_topology_free(t);
		return -ENOMEM;
	}
	switch (kind) {
	case LAB_PAIR:
		build_pair(t);
		break;
	case LAB_BRIDGE:
		build_bridge(t);
		break;
	case LAB_ROUTER:
		build_router(t);
		break;
	}
	*out = t;
	return 0;
}

void lab_topology_free(struct lab_topology *t)
{
	if (!t)
		return;
	free(t->nodes);
	free(t->cables);
	free(t);
}

void lab_topology_cleanup(struct lab_topology **t)
{
	lab_topology_free(*t);
}

void lab_netns_name(const struct lab_topology *t, unsigned int node, char out[LAB_NETNS_MAX])
{
	snprintf(out, LAB_NETNS_MAX, "%s-%s", t->name, t->nodes[node].host);
}

int lab_node_find(const struct lab_topology *t, const char *host)
{
	for (unsigned int i = 0; i < t->n_nodes; i++)
		if (!strcmp(t->nodes[i].host, host))
			return (int)i;
	return -ENOENT;
}

const struct lab_end *lab_peer(const struct lab_topology *t, unsigned int node, const char *ifname)
{
	for (unsigned int i = 0; i < t->n_cables; i++) {
		const struct lab_cable *c = &t->cables[i];

		if (c->a.node == node && !strcmp(c->a.ifname, ifname))
			return &c->b;
		if (c->b.node == node && !strcmp(c->b.ifname, ifname))
			return &c->a;
	}
	return NULL;
}

void lab_report_free(struct lab_report *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; r->nodes && i < r->topology->n_nodes; i++) {
		for (size_t l = 0; l < r->nodes[i].n_links; l++)
			free(r->nodes[i].links[l].addrs);
		free(r->nodes[i].links);
	}
	free(r->nodes);
	lab_topology_free(r->topology);
	free(r);
}

void lab_report_cleanup(struct lab_report **r)
{
	lab_report_free(*r);
}

static bool end_healthy(const struct lab_report *r, const struct lab_end *end)
{
	const struct lab_live_node *n = &r->nodes[end->node];

	for (size_t i = 0; i < n->n_links; i++)
		if (!strcmp(n->links[i].name, end->ifname))
			return n->links[i].up && n->links[i].peer;
	return false;
}

bool lab_report_healthy(const struct lab_report *r)
{
	if (!r->complete)
		return false;
	for (unsigned int i = 0; i < r->topology->n_cables; i++) {
		const struct lab_cable *c = &r->topology->cables[i];

		if (!end_healthy(r, &c->a) || !end_healthy(r, &c->b))
			return false;
	}
	return true;
}
