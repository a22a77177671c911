/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network devices of all network namespaces and how they hang together: which is whose peer,
 * which is a port of what; and which of them are to be watched.
 *
 * A device is known by its namespace's cookie and its ifindex there. One that moves to another
 * namespace is gone in the old one and another link in the new one.
 */
#ifndef FLOWNER_MODEL_TOPOLOGY_H
#define FLOWNER_MODEL_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/keeper.h"
#include "model/link.h"

struct topology;

/* What is known of a device, by its own account. */
struct link_facts {
	uint32_t ifindex;
	const char *name, *kind; /* as in struct link; longer ones are cut */
	bool ethernet, up;
	uint32_t master_ifindex; /* in the same namespace; 0: none */
	uint32_t peer_ifindex;   /* of a veth; 0: none */
	uint64_t peer_netns;     /* that one's cookie; 0: in a namespace we do not know */
};

/* `host_inode`: pid 1's namespace. NULL when memory runs out. Owned by the caller. */
struct topology *topology_new(uint32_t host_inode);
void topology_free(struct topology *t); /* NULL is fine; leaves no pointer from link to link */

/*
 * This is how the device is now: it is added, or changed. Peers and masters are resolved both ways,
 * whichever comes first. `netns` outlives the link. 0 or -ENOMEM.
 */
int topology_set(struct topology *t, const struct netns *netns, const struct link_facts *f);

/* The device, or the namespace with all devices, is gone. Those that are not known are not missed.
 */
void topology_remove(struct topology *t, uint64_t netns_cookie, uint32_t ifindex);
void topology_remove_netns(struct topology *t, uint64_t netns_cookie);

/* Between these two, all devices that the namespace has are set; the others are removed. */
void topology_sweep_begin(struct topology *t, uint64_t netns_cookie);
void topology_sweep_end(struct topology *t, uint64_t netns_cookie);

/* NULL: no such link. Not a reference. */
struct link *topology_find(const struct topology *t, uint64_t netns_cookie, uint32_t ifindex);
size_t topology_count(const struct topology *t);
void topology_each(const struct topology *t, void (*fn)(void *ctx, struct link *l), void *ctx);
/* What links still point to, those that are gone and are yet to be told of too. */
void topology_keep(const struct topology *t, const struct keeper *k);

/*
 * The next link about which the answer of topology_wants() may have changed, each once: a new one,
 * one with another name, master or peer, one whose peer's master is another, one that is gone; and
 * one that is watched, whenever there was news of it. In
 * the order in which that came about. The reference is the caller's. NULL: no more.
 */
struct link *topology_next_changed(struct topology *t);

/* The answer about any of them may be another one now. */
void topology_reconsider(struct topology *t);

/*
 * Which end of a veth pair is watched: the one that is already; else the one that is a port of a
 * bridge, if only one is; else the one in the host's namespace, if only one is; else the one whose
 * namespace has the lower cookie, then the one with the lower ifindex. `l` itself if it has no
 * peer, or none that we see.
 */
const struct link *topology_watched_end(const struct topology *t, const struct link *l);

struct watch_options {
	const uint32_t *netns; /* inodes: only pairs with an end in one of these; none: all */
	size_t nnetns;
	/* NULL, or: of these, only such. The answer may change: see topology_reconsider(). */
	bool (*wants)(void *ctx, const struct netns *n);
	void *ctx;
	bool all;       /* every device in these namespaces, of whatever kind, and no other */
	bool both_ends; /* of a pair, not only topology_watched_end() */
	bool far_ends;  /* of the pairs with an end in these namespaces the other one, no other */
	/*
	 * If any: devices of exactly these names, of whatever kind, in these namespaces, and
	 * nothing else.
	 */
	const char *const *devs;
	size_t ndevs;
};

/* Is this link to be watched? */
bool topology_wants(const struct topology *t, const struct watch_options *o, const struct link *l);

#endif
