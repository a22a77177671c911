// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/lab.h"
#include "lab/rtnl.h"
#include "net/nlsock.h"

/* Runs inside the namespace. */
static int dump_inside(void *arg)
{
	struct lab_live_node *node = arg;
	struct nl_sock *sk = NULL;
	int err = nlsock_open(&sk);

	if (!err)
		err = rtnl_dump(sk, &node->links, &node->n_links);
	nlsock_close(sk);
	return err;
}

static int inspect_node(const char *name, const struct lab_state *s, struct lab_live_node *node)
{
	_cleanup_close_ int fd = -1;
	int found = NETNS_NOTHING, err = 0;

	node->presence = LAB_GONE;
	for (size_t i = 0; i < s->n_ns; i++) {
		if (strcmp(s->ns[i].name, name) || !s->ns[i].id.inode)
			continue;
		node->inode = s->ns[i].id.inode;
		node->cookie = s->ns[i].id.cookie;
		found = netns_find(name, &s->ns[i].id, &fd);
		break;
	}
	if (found == NETNS_OTHER)
		node->presence = LAB_FOREIGN;
	if (found == NETNS_MATCH) {
		node->presence = LAB_PRESENT;
		err = netns_within(fd, dump_inside, node);
	} else if (found < 0) {
		err = found;
	}
	if (err)
		log_error("cannot look into %s/%s: %s", NETNS_DIR, name, strerror(-err));
	return err;
}

static struct lab_live_link *find_link(struct lab_live_node *n, const char *name)
{
	for (size_t i = 0; i < n->n_links; i++)
		if (!strcmp(n->links[i].name, name))
			return &n->links[i];
	return NULL;
}

/* Planned to be each other's peer, and each other's peer in the kernel. */
static void match_cable(struct lab_report *r, const struct lab_cable *c)
{
	struct lab_live_link *a = find_link(&r->nodes[c->a.node], c->a.ifname);
	struct lab_live_link *b = find_link(&r->nodes[c->b.node], c->b.ifname);

	if (!a || !b || a->iflink != b->ifindex || b->iflink != a->ifindex)
		return;
	a->peer = &c->b;
	a->peer_ifindex = b->ifindex;
	b->peer = &c->a;
	b->peer_ifindex = a->ifindex;
}

int lab_inspect(const struct lab_ctx *ctx, const char *name, struct lab_report **out)
{
	_cleanup_lab_report_ struct lab_report *r = calloc(1, sizeof(*r));
	_cleanup_lab_state_ struct lab_state *s = NULL;
	int err;

	if (!r) {
		log_error("out of memory");
		return -ENOMEM;
	}
	err = lab_load(ctx, name, false, NULL, &s);
	if (err)
		return err;
	r->complete = s->complete;
	err = lab_topology_new(&r->topology, s->kind, s->name, s->hosts);
	if (!err) {
		r->nodes = calloc(r->topology->n_nodes, sizeof(*r->nodes));
		err = r->nodes ? 0 : -ENOMEM;
	}
	if (err) {
		log_error("lab %s: %s", name, strerror(-err));
		return err;
	}
	for (unsigned int i = 0; i < r->topology->n_nodes && !err; i++) {
		char netns[LAB_NETNS_MAX];

		lab_netns_name(r->topology, i, netns);
		err = inspect_node(netns, s, &r->nodes[i]);
	}
	if (err)
		return err;
	for (unsigned int i = 0; i < r->topology->n_cables; i++)
		match_cable(r, &r->topology->cables[i]);
	*out = r;
	r = NULL;
	return 0;
}
