// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/lab.h"
#include "lab/rtnl.h"
#include "net/nlsock.h"

/*
 * Hosts are made in batches: the state is written once a batch, and the descriptors in use at a
 * time (two a host) stay few.
 */
#define BATCH         32
#define READY_TIMEOUT 20 /* seconds */
#define READY_POLL    2  /* ms */

struct place {
	int ns;
	struct nl_sock *sk;
	unsigned int bridge; /* ifindex, switches only */
};

struct builder {
	const struct lab_ctx *ctx;
	const struct lab_topology *t;
	struct lab_state *state;
	int dirfd;
	struct place *places; /* one a node */
	unsigned int next_cable;
};

static int check_cancel(const struct builder *b)
{
	struct pollfd p = {.fd = b->ctx->cancel_fd, .events = POLLIN};

	if (poll(&p, 1, 0) <= 0)
		return 0;
	log_error("interrupted: undoing what was made of lab %s", b->t->name);
	return -EINTR;
}

static int write_sysctl(const char *name, const char *value)
{
	_cleanup_close_ int fd = -1;
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

struct sysctl {
	const char *name, *host, *sw, *router;
};

/*
 * Before there are any devices, so that these get them from `default`. A new namespace takes over
 * the IPv4 settings of the caller's (forwarding, on a host with containers).
 */
static const struct sysctl sysctls[] = {
	{"ipv4/ip_forward", "0", "0", "1"},
	{"ipv6/conf/all/forwarding", "0", "0", "1"},
	/* Addresses are ours alone: no waiting for duplicates, no asking for routers. */
	{"ipv6/conf/default/accept_dad", "0", "0", "0"},
	{"ipv6/conf/default/accept_ra", "0", "0", "0"},
	/* A switch has no business of its own: no link-local addresses, no multicast reports. */
	{"ipv6/conf/all/disable_ipv6", "0", "1", "0"},
	{"ipv6/conf/default/disable_ipv6", "0", "1", "0"},
};

struct newborn {
	struct place *place;
	struct netns_id *id;
	enum lab_role role;
	bool entered; /* from there on set_up_inside says itself what went wrong */
};

/* Runs inside the new namespace. */
static int set_up_inside(void *arg)
{
	struct newborn *n = arg;
	int err;

	n->entered = true;
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		const struct sysctl *s = &sysctls[i];

		err = write_sysctl(s->name, n->role == LAB_ROLE_HOST     ? s->host
					    : n->role == LAB_ROLE_SWITCH ? s->sw
									 : s->router);
		if (err == -ENOENT) {
			log_error("this kernel has no /proc/sys/net/%s: a lab needs IPv4 and IPv6",
				  s->name);
			return -EAFNOSUPPORT;
		}
		if (err) {
			log_error("cannot set net/%s: %s", s->name, strerror(-err));
			return err;
		}
	}
	err = nlsock_open(&n->place->sk);
	if (!err)
		err = netns_self(&n->place->ns, n->id);
	if (err)
		log_error("cannot set a network namespace up: %s", strerror(-err));
	return err;
}

static int make_namespace(struct builder *b, unsigned int node)
{
	struct newborn n = {&b->places[node], &b->state->ns[node].id, b->t->nodes[node].role,
			    false};
	int err = netns_within(NETNS_NEW, set_up_inside, &n);

	if (!err || n.entered)
		return err;
	if (err == -ENOSPC)
		log_error("cannot make a network namespace: user.max_net_namespaces is reached");
	else
		log_error("cannot make a network namespace: %s", strerror(-err));
	return err;
}

static int name_namespace(struct builder *b, unsigned int node)
{
	const struct lab_state_ns *ns = &b->state->ns[node];
	int err = netns_bind(ns->name, b->places[node].ns);

	if (err == -EEXIST)
		log_error("%s/%s appeared while lab %s was being made", NETNS_DIR, ns->name,
			  b->t->name);
	return err;
}

static int explain(const struct builder *b, unsigned int node, const char *what, int err)
{
	if (err == -EOPNOTSUPP)
		log_error("%s: cannot make %s: this kernel has none (modprobe veth, bridge)",
			  b->state->ns[node].name, what);
	else if (err)
		log_error("%s: cannot make %s: %s", b->state->ns[node].name, what, strerror(-err));
	return err;
}

static int furnish(struct builder *b, unsigned int node)
{
	struct place *p = &b->places[node];
	unsigned int lo;
	int err;

	err = rtnl_ifindex(p->sk, "lo", &lo);
	if (!err)
		err = rtnl_set_up(p->sk, lo);
	if (err)
		return explain(b, node, "lo go up", err);
	if (b->t->nodes[node].role == LAB_ROLE_SWITCH)
		err = explain(b, node, "a bridge",
			      rtnl_add_bridge(p->sk, LAB_BRIDGE_NAME, &p->bridge));
	return err;
}

/* Addresses and default routes of a cable's end; a switch's port has neither. */
static int address_end(struct builder *b, const struct lab_end *end)
{
	const struct lab_node *node = &b->t->nodes[end->node];
	struct nl_sock *sk = b->places[end->node].sk;
	unsigned int ifindex;
	int err;

	if (!end->has_address)
		return 0;
	err = rtnl_ifindex(sk, end->ifname, &ifindex);
	if (!err)
		err = rtnl_set_up(sk, ifindex);
	if (err)
		return explain(b, end->node, "its link go up", err);
	err = rtnl_add_address(sk, ifindex, AF_INET, &end->v4, LAB_V4_PREFIX);
	if (!err)
		err = rtnl_add_address(sk, ifindex, AF_INET6, &end->v6, LAB_V6_PREFIX);
	if (err)
		return explain(b, end->node, "an address", err);
	if (!node->has_gateway)
		return 0;
	err = rtnl_add_default_route(sk, ifindex, AF_INET, &node->gateway4);
	if (!err)
		err = rtnl_add_default_route(sk, ifindex, AF_INET6, &node->gateway6);
	return explain(b, end->node, "a default route", err);
}

static int lay_cable(struct builder *b, const struct lab_cable *c)
{
	struct place *from = &b->places[c->b.node];
	int err;

	/* Made at the switch, so that its port is in the bridge from the start. */
	err = rtnl_add_veth(from->sk, c->b.ifname, from->bridge, c->a.ifname,
			    b->places[c->a.node].ns);
	err = explain(b, c->a.node, "a veth pair", err);
	if (!err)
		err = address_end(b, &c->a);
	if (!err)
		err = address_end(b, &c->b);
	return err;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The kernel reports a link as up from a work queue, a moment after it is. */
static int wait_ready(const struct builder *b, unsigned int node)
{
	uint64_t deadline = now_ms() + READY_TIMEOUT * 1000;
	const struct timespec nap = {.tv_nsec = READY_POLL * 1000000L};
	int ready;

	while ((ready = rtnl_ready(b->places[node].sk)) == 0) {
		int err = check_cancel(b);

		if (err)
			return err;
		if (now_ms() > deadline) {
			log_error("%s: its links did not come up within %d seconds",
				  b->state->ns[node].name, READY_TIMEOUT);
			return -ETIMEDOUT;
		}
		nanosleep(&nap, NULL);
	}
	return ready < 0 ? explain(b, node, "sure that its links are up", ready) : 0;
}

static void leave(struct place *p)
{
	nlsock_close(p->sk);
	if (p->ns >= 0)
		close(p->ns);
	*p = (struct place){.ns = -1};
}

/* The nodes from `first` to before `last`, and the cables of which they are the later end. */
static int build_batch(struct builder *b, unsigned int first, unsigned int last)
{
	int err = 0;

	for (unsigned int i = first; i < last && !err; i++) {
		err = check_cancel(b);
		if (!err)
			err = make_namespace(b, i);
	}
	/* On disk before it has a name: a namespace without one goes away by itself. */
	if (!err)
		err = lab_state_write(b->dirfd, b->state);
	for (unsigned int i = first; i < last; i++) {
		if (!err)
			err = check_cancel(b);
		if (!err)
			err = name_namespace(b, i);
		if (err) /* undoing shall not touch a name that was never ours */
			b->state->ns[i].id = (struct netns_id){0};
	}
	for (unsigned int i = first; i < last && !err; i++)
		err = furnish(b, i);
	while (!err && b->next_cable < b->t->n_cables &&
	       b->t->cables[b->next_cable].a.node < last) {
		err = check_cancel(b);
		if (!err)
			err = lay_cable(b, &b->t->cables[b->next_cable++]);
	}
	if (first < b->t->n_infra)
		return err; /* switches stay open; their ports come later */
	for (unsigned int i = first; i < last && !err; i++) {
		err = wait_ready(b, i);
		leave(&b->places[i]);
	}
	return err;
}

static int build(struct builder *b)
{
	const struct lab_topology *t = b->t;
	unsigned int first = 0, last;
	int err = 0;

	while (first < t->n_nodes && !err) {
		last = first < t->n_infra ? t->n_infra : first + BATCH;
		if (last > t->n_nodes)
			last = t->n_nodes;
		err = build_batch(b, first, last);
		first = last;
	}
	for (unsigned int i = 0; i < t->n_infra && !err; i++)
		err = wait_ready(b, i);
	if (err)
		return err;
	b->state->complete = true;
	return lab_state_write(b->dirfd, b->state);
}

/* Neither a lab nor a namespace may have the names we want. */
static int check_names(const struct builder *b)
{
	_cleanup_lab_state_ struct lab_state *old = NULL;
	const char *name = b->t->name;
	int err = lab_state_read(b->dirfd, name, &old);

	if (!err) {
		if (old->complete)
			log_error("there is a lab %s already (flowner lab down %s removes it)",
				  name, name);
		else
			log_error("an earlier lab up %s was killed half way: flowner lab down %s "
				  "cleans up after it",
				  name, name);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	for (size_t i = 0; i < b->state->n_ns; i++) {
		if (!netns_name_taken(b->state->ns[i].name))
			continue;
		log_error("there is a namespace %s already, not ours: choose another --name",
			  b->state->ns[i].name);
		return -EEXIST;
	}
	return 0;
}

int lab_up(const struct lab_ctx *ctx, const struct lab_topology *t)
{
	_cleanup_lab_state_ struct lab_state *state = NULL;
	_cleanup_free_ struct place *places = calloc(t->n_nodes, sizeof(*places));
	_cleanup_close_ int dirfd = lab_store_open(ctx->state_dir, true);
	struct builder b = {.ctx = ctx, .t = t, .dirfd = dirfd, .places = places};
	int err;

	if (dirfd < 0)
		return dirfd;
	if (!places || lab_state_new(&state, t)) {
		log_error("out of memory");
		return -ENOMEM;
	}
	b.state = state;
	for (unsigned int i = 0; i < t->n_nodes; i++)
		places[i].ns = -1;
	err = lab_store_lock(dirfd, ctx->cancel_fd);
	if (!err)
		err = check_names(&b);
	if (!err)
		err = netns_prepare_dir();
	if (!err)
		err = lab_state_write(dirfd, state);
	if (err)
		return err;
	err = build(&b);
	for (unsigned int i = 0; i < t->n_nodes; i++)
		leave(&places[i]);
	if (err && lab_remove(dirfd, state))
		log_error("some of lab %s is left: flowner lab down %s", t->name, t->name);
	return err;
}
