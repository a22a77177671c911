// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/json.h"
#include "out/map_parts.h"
#include "out/map_view.h"
#include "out/party_json.h"

/* What is appended between these two is ASCII without quotes. */
static void open_str(struct json *j, const char *key)
{
	json_key(j, key);
	buf_putc(j->b, '"');
}

static void close_str(struct json *j)
{
	buf_putc(j->b, '"');
}

static void put_ip(struct json *j, const char *key, const struct addr *a)
{
	open_str(j, key);
	map_parts_ip(a, j->b);
	close_str(j);
}

static void put_prefix(struct json *j, const char *key, const struct map_addr *a)
{
	open_str(j, key);
	map_parts_addr(a, j->b);
	close_str(j);
}

static void put_mac(struct json *j, const char *key, const struct mac *m)
{
	open_str(j, key);
	map_parts_mac(m, j->b);
	close_str(j);
}

/* {"netns":{…},"name","ifindex"}; NULL: nothing */
static void put_ref(struct json *j, const char *key, const struct map_link *l)
{
	if (!l)
		return;
	json_open(j, key);
	party_json_netns(j, "netns", l->netns->id);
	json_str(j, "name", l->name);
	json_u64(j, "ifindex", l->ifindex);
	json_close(j);
}

static void put_dev(struct json *j, const char *key, const struct map_link *l)
{
	if (l)
		json_str(j, key, l->name);
}

/* A veth's peer, or what another device stands on; where that is out of sight, its ifindex. */
static void put_other(struct json *j, const struct map_link *l)
{
	const struct map_link *other = l->peer ? l->peer : l->lower;
	const char *key = l->lower || strcmp(l->kind, "veth") != 0 ? "lower" : "peer";

	if (other) {
		put_ref(j, key, other);
	} else if (l->other_ifindex) {
		json_open(j, key);
		json_u64(j, "ifindex", l->other_ifindex);
		json_close(j);
	}
}

/* The members of a link's object. */
static void put_link(struct json *j, const struct map_link *l)
{
	json_str(j, "name", l->name);
	json_u64(j, "ifindex", l->ifindex);
	if (l->kind[0])
		json_str(j, "kind", l->kind);
	json_bool(j, "up", l->up);
	json_bool(j, "carrier", l->carrier);
	if (l->mtu)
		json_u64(j, "mtu", l->mtu);
	if (l->has_mac)
		put_mac(j, "mac", &l->mac);
	json_array(j, "addresses");
	for (size_t i = 0; i < l->naddrs; i++)
		put_prefix(j, NULL, &l->addrs[i]);
	json_array_end(j);
	put_other(j, l);
	put_dev(j, "master", l->master);
	if (l->nports) {
		json_array(j, "ports");
		for (size_t i = 0; i < l->nports; i++)
			json_str(j, NULL, l->ports[i]->name);
		json_array_end(j);
	}
}

static void put_route(struct json *j, const struct map_route *r)
{
	const struct map_addr dst = {r->dst, r->prefix_len, false};

	json_open(j, NULL);
	json_str(j, "family", addr_is_v4(&r->dst) ? "ipv4" : "ipv6");
	put_prefix(j, "dst", &dst);
	json_str(j, "type", r->type ? r->type : "unicast");
	if (r->has_via)
		put_ip(j, "via", &r->via);
	put_dev(j, "dev", r->dev);
	if (r->has_src)
		put_ip(j, "src", &r->src);
	if (r->metric)
		json_u64(j, "metric", r->metric);
	if (r->weight)
		json_u64(j, "weight", r->weight);
	json_u64(j, "table", r->table);
	if (r->protocol)
		json_str(j, "protocol", r->protocol);
	put_ref(j, "link", r->gateway);
	json_close(j);
}

static void put_fdb(struct json *j, const struct map_fdb *f)
{
	json_open(j, NULL);
	put_mac(j, "mac", &f->mac);
	put_dev(j, "dev", f->dev);
	put_dev(j, "master", f->master);
	if (f->vlan)
		json_u64(j, "vlan", f->vlan);
	if (f->has_dst)
		put_ip(j, "dst", &f->dst);
	json_str(j, "state", f->state ? f->state : "learned");
	put_ref(j, "link", f->holder);
	json_close(j);
}

static void put_neigh(struct json *j, const struct map_neigh *e)
{
	json_open(j, NULL);
	put_ip(j, "addr", &e->addr);
	if (e->has_mac)
		put_mac(j, "mac", &e->mac);
	put_dev(j, "dev", e->dev);
	json_str(j, "state", e->state);
	if (e->router)
		json_bool(j, "router", true);
	put_ref(j, "link", e->holder);
	json_close(j);
}

static void put_tables(struct json *j, const struct net_map *m, const struct map_netns *n)
{
	if (m->routes) {
		json_array(j, "routes");
		for (size_t i = 0; i < n->nroutes; i++)
			put_route(j, &n->routes[i]);
		json_array_end(j);
	}
	if (m->fdb) {
		json_array(j, "fdb");
		for (size_t i = 0; i < n->nfdb; i++)
			put_fdb(j, &n->fdb[i]);
		json_array_end(j);
	}
	if (m->neigh) {
		json_array(j, "neigh");
		for (size_t i = 0; i < n->nneigh; i++)
			put_neigh(j, &n->neigh[i]);
		json_array_end(j);
	}
}

/* As party_json_container(), with its labels, whose keys are from outside too. */
static void put_container(struct json *j, const struct container *c)
{
	json_open(j, NULL);
	party_json_container_facts(j, c);
	if (c->nlabels) {
		json_open(j, "labels");
		for (size_t i = 0; i < c->nlabels; i++) {
			json_str(j, NULL, c->labels[i].key);
			buf_putc(j->b, ':');
			j->comma = false;
			json_str(j, NULL, c->labels[i].value);
		}
		json_close(j);
	}
	json_close(j);
}

static void put_netns(struct json *j, const struct net_map *m, const struct map_netns *n)
{
	json_open(j, NULL);
	json_str(j, "type", "netns");
	party_json_netns(j, "netns", n->id);
	if (n->host)
		json_bool(j, "host", true);
	json_array(j, "names");
	for (size_t i = 0; i < n->nnames; i++)
		json_str(j, NULL, n->names[i]);
	json_array_end(j);
	json_u64(j, "processes", n->processes);
	if (n->pid) {
		json_open(j, "process");
		json_u64(j, "pid", n->pid);
		json_str(j, "comm", n->comm);
		json_close(j);
	}
	json_array(j, "containers");
	for (size_t i = 0; i < n->ncontainers; i++)
		put_container(j, n->containers[i]);
	json_array_end(j);
	json_array(j, "links");
	for (size_t i = 0; i < n->nlinks; i++) {
		json_open(j, NULL);
		put_link(j, n->links[i]);
		json_close(j);
	}
	json_array_end(j);
	put_tables(j, m, n);
	json_close(j);
	json_end_line(j);
}

void map_json(const struct net_map *m, struct buf *b)
{
	struct json j = {.b = b};

	for (size_t i = 0; i < m->nnetns; i++)
		if (!m->netns[i]->left_out)
			put_netns(&j, m, m->netns[i]);
}

/* {"type":"link","netns":{…},"name",…} */
void map_json_links(const struct map_link *const *links, size_t n, struct buf *b)
{
	struct json j = {.b = b};

	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL);
		json_str(&j, "type", "link");
		party_json_netns(&j, "netns", links[i]->netns->id);
		put_link(&j, links[i]);
		json_close(&j);
		json_end_line(&j);
	}
}
