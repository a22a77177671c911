/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What there was at one moment: every network namespace with its devices, their addresses, and who
 * is connected to whom; routes, forwarding tables and neighbours too, if they were asked for.
 *
 * Built with net_map_add_…(), in any order as long as a namespace comes before what is in it, then
 * net_map_finish(): pointers from device to device are set by that.
 */
#ifndef FLOWNER_MODEL_NET_MAP_H
#define FLOWNER_MODEL_NET_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/addr.h"
#include "model/link.h"

struct net_map;
struct map_netns;

struct mac {
	uint8_t b[6];
};

#define MAC_TEXT_MAX 18
void mac_format(const struct mac *m, char out[MAC_TEXT_MAX]); /* "02:42:ac:12:00:02" */
int mac_parse(const char *s, struct mac *out);                /* 0 or -EINVAL */

struct map_addr {
	struct addr addr;
	unsigned int prefix_len; /* of its own family */
	bool link_local;
};

struct map_link {
	struct map_netns *netns;
	/* By the device's own account. */
	uint32_t ifindex;
	char name[LINK_NAME_MAX], kind[LINK_NAME_MAX]; /* as in struct link */
	bool loopback, up;
	bool carrier; /* somebody is there at the other end */
	uint32_t mtu;
	bool has_mac;
	struct mac mac;
	uint32_t master_ifindex; /* in the same namespace; 0: none */
	/*
	 * What it is connected to: a veth's peer, or the device that a VLAN, macvlan… stands on. 0:
	 * none; its namespace is 0 where we cannot look into that.
	 */
	uint32_t other_ifindex;
	uint64_t other_netns;

	struct map_addr *addrs; /* IPv4 first */
	size_t naddrs;

	/* By net_map_finish(). NULL: none, or out of sight. */
	struct map_link *master;
	struct map_link *peer;   /* of a veth */
	struct map_link *lower;  /* what it stands on */
	struct map_link **ports; /* whose master it is */
	size_t nports;
	/*
	 * Devices that hear each other's broadcasts, by cables, bridges and macvlans, have the
	 * same, whichever of them that is.
	 */
	struct map_link *segment;
};

/* A route with several next hops is several of these, each with its weight. */
struct map_route {
	struct addr dst; /* 0.0.0.0 or :: with a length of 0: the default route */
	unsigned int prefix_len;
	bool has_via, has_src;
	struct addr via, src;
	uint32_t ifindex; /* 0: none (a blackhole) */
	uint32_t metric, table;
	unsigned int weight;            /* 0: the only next hop */
	const char *type;               /* "blackhole"…; NULL: unicast; static */
	const char *protocol;           /* "kernel", "boot", "static"…; NULL: another; static */
	const struct map_link *dev;     /* by net_map_finish(), all that follow */
	const struct map_link *gateway; /* who has `via`, of those that `dev` reaches */
};

/* An entry of a bridge's table, or of a VXLAN device's. */
struct map_fdb {
	struct mac mac;
	uint32_t ifindex;        /* the port that it was seen on */
	uint32_t master_ifindex; /* 0: the device's own table */
	uint16_t vlan;           /* 0: none */
	bool has_dst;
	struct addr dst;   /* of a VXLAN: the machine behind which it is */
	const char *state; /* "permanent" (an address of the port's own), "static"; NULL: learned */
	const struct map_link *dev, *master; /* by net_map_finish() */
	const struct map_link *holder;       /* the device that has this address; NULL: unknown */
};

struct map_neigh {
	struct addr addr;
	bool has_mac;
	struct mac mac;
	uint32_t ifindex;
	const char *state; /* "reachable", "stale", "failed"…; static */
	bool router;
	const struct map_link *dev, *holder; /* by net_map_finish() */
};

struct map_netns {
	const struct netns *id; /* outlives the map */
	bool host;              /* pid 1's */
	bool left_out;          /* the user wants to see others; set by whoever knows */
	unsigned int processes;
	uint32_t pid; /* of the one that has run longest; 0: none that lives, or the host's */
	char comm[OWNER_COMM_LEN + 1]; /* its name, which may be "" */
	char **names;                  /* all under which it is mounted */
	size_t nnames;
	const struct container **containers; /* that have processes in it */
	size_t ncontainers;
	struct map_link **links; /* by ifindex */
	size_t nlinks;
	struct map_route *routes;
	size_t nroutes;
	struct map_fdb *fdb;
	size_t nfdb;
	struct map_neigh *neigh;
	size_t nneigh;
};

struct net_map {
	struct map_netns **netns; /* the host's first, then by container, name, inode */
	size_t nnetns;
	bool routes, fdb, neigh;     /* were asked for */
	struct net_map_index *index; /* private */
};

int net_map_new(struct net_map **out); /* 0 or -ENOMEM. Owned by the caller. */
void net_map_free(struct net_map *m);  /* NULL is fine */

/* The one with that cookie, made if it is not there. NULL: no memory. */
struct map_netns *net_map_add_netns(struct net_map *m, const struct netns *id);

/*
 * These copy what they are given, but for strings said to be static, and containers, which outlive
 * the map. 0 or -ENOMEM. An address of a device that is not there is passed over. A device that is
 * there already is as it is told now: a list that changes while it is read may have it twice.
 */
int net_map_add_name(struct map_netns *n, const char *name); /* a second time: nothing */
int net_map_add_container(struct map_netns *n, const struct container *c);
int net_map_add_link(struct map_netns *n, const struct map_link *facts);
int net_map_add_addr(struct map_netns *n, uint32_t ifindex, const struct map_addr *a);
int net_map_add_route(struct map_netns *n, const struct map_route *r);
int net_map_add_fdb(struct map_netns *n, const struct map_fdb *f);
int net_map_add_neigh(struct map_netns *n, const struct map_neigh *e);

/* All is there: sort, and see who is whose. 0 or -ENOMEM. */
int net_map_finish(struct net_map *m);

/* NULL: not known. After net_map_finish(). */
struct map_netns *net_map_netns(const struct net_map *m, uint64_t cookie);
struct map_link *net_map_link(const struct map_netns *n, uint32_t ifindex);

/* The end of a veth pair to name first: a bridge's port, else the host's; `l` if it has no peer. */
const struct map_link *net_map_outer_end(const struct map_link *l);

/* Only what every loopback device has: 127.0.0.1/8 and ::1/128, or less. */
bool net_map_plain_loopback(const struct map_link *l);

#endif
