/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A lab as pure data: which namespaces there are, which cables join them, who has which address. No
 * system calls; lab/ builds it, out/lab_view.h shows it.
 *
 *	pair	client eth0 ─────────── eth0 server
 *	bridge	client eth0 ── client [br0 in switch] server ── eth0 server, h3, h4 …
 *	router	client, h3 … ── [br0 in sw1] ── eth0 router eth1 ── [br0 in sw2] ── server, h4 …
 *
 * Every namespace is called LAB-HOST. The switches are namespaces too, so that nothing is ever made
 *in the namespace of the caller and removing the lab's namespaces removes the lab. A switch's port
 *bears the name of the host at its other end.
 */
#ifndef FLOWNER_MODEL_LAB_H
#define FLOWNER_MODEL_LAB_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_NAME_MAX    32
#define LAB_NETNS_MAX   (LAB_NAME_MAX + 1 + IF_NAMESIZE) /* with the terminating NUL */
#define LAB_HOSTS_MIN   2
#define LAB_HOSTS_MAX   1000
#define LAB_NODES_MAX   (LAB_HOSTS_MAX + 3)
#define LAB_V4_PREFIX   20
#define LAB_V6_PREFIX   64
#define LAB_BRIDGE_NAME "br0"

enum lab_kind { LAB_PAIR, LAB_BRIDGE, LAB_ROUTER };

extern const char *const lab_kind_names[]; /* NULL-terminated, by enum lab_kind */

/* 0, or -EINVAL: index into lab_kind_names. */
int lab_kind_parse(const char *s, enum lab_kind *kind);

enum lab_role { LAB_ROLE_HOST, LAB_ROLE_SWITCH, LAB_ROLE_ROUTER };

struct lab_node {
	char host[IF_NAMESIZE]; /* "client", "h3", "switch" */
	enum lab_role role;
	bool has_gateway;
	struct in_addr gateway4;
	struct in6_addr gateway6;
};

struct lab_end {
	unsigned int node; /* index */
	char ifname[IF_NAMESIZE];
	bool has_address; /* a switch's port has none */
	struct in_addr v4;
	struct in6_addr v6;
};

/* a is a host or router; b what it is plugged into: a switch's port, or the other host of a pair.
 */
struct lab_cable {
	struct lab_end a, b;
};

struct lab_topology {
	char name[LAB_NAME_MAX + 1];
	enum lab_kind kind;
	unsigned int hosts;
	struct lab_node *nodes; /* switches and router first, then client, server, h3 … */
	unsigned int n_nodes;
	unsigned int n_infra;     /* how many of them are no hosts */
	struct lab_cable *cables; /* by ascending a.node */
	unsigned int n_cables;
};

/* [a-z0-9][a-z0-9-]*, at most LAB_NAME_MAX. */
bool lab_name_valid(const char *name);

/*
 * The topology of that kind, owned by the caller. -EINVAL: a bad name or number of hosts (a pair
 * has two, always); -ENOMEM. Logs nothing.
 */
int lab_topology_new(struct lab_topology **out, enum lab_kind kind, const char *name,
		     unsigned int hosts);
void lab_topology_free(struct lab_topology *t);
void lab_topology_cleanup(struct lab_topology **t);

/* "lab-client" */
void lab_netns_name(const struct lab_topology *t, unsigned int node, char out[LAB_NETNS_MAX]);

/* The node called `host`, or -ENOENT. */
int lab_node_find(const struct lab_topology *t, const char *host);

/* The other end of the cable plugged into `ifname` of `node`, or NULL. */
const struct lab_end *lab_peer(const struct lab_topology *t, unsigned int node, const char *ifname);

/*
 * What a lab is like now, as seen in the kernel.
 */
enum lab_presence {
	LAB_PRESENT,
	LAB_GONE,    /* no namespace has the name any more, or has not yet */
	LAB_FOREIGN, /* one has, but not the one that `lab up` made */
};

struct lab_live_addr {
	int family;
	uint8_t bytes[16];
	uint8_t prefix;
};

struct lab_live_link {
	char name[IF_NAMESIZE];
	char kind[IF_NAMESIZE]; /* "veth", "bridge" */
	unsigned int ifindex;
	unsigned int master;         /* ifindex, 0: none */
	unsigned int iflink;         /* the peer's ifindex, in the peer's namespace */
	bool up;                     /* and the cable is plugged in */
	struct lab_live_addr *addrs; /* all but link-local ones */
	size_t n_addrs;
	const struct lab_end *peer; /* into the topology; NULL: unknown */
	unsigned int peer_ifindex;
};

struct lab_live_node {
	enum lab_presence presence;
	uint64_t inode, cookie;
	struct lab_live_link *links; /* without lo */
	size_t n_links;
};

struct lab_report {
	struct lab_topology *topology;
	bool complete;               /* `lab up` came to its end */
	struct lab_live_node *nodes; /* topology->n_nodes of them */
};

void lab_report_free(struct lab_report *r);
void lab_report_cleanup(struct lab_report **r);

/* Complete, and every cable plugged in at both ends and up. */
bool lab_report_healthy(const struct lab_report *r);

#define _cleanup_lab_topology_ __attribute__((cleanup(lab_topology_cleanup)))
#define _cleanup_lab_report_   __attribute__((cleanup(lab_report_cleanup)))

#endif
