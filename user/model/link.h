/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A network device, in one namespace. Links are counted references: the topology holds one, and so
 * does every flow that the link has carried, which may outlive the device.
 */
#ifndef FLOWNER_MODEL_LINK_H
#define FLOWNER_MODEL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/owner.h"

#define LINK_NAME_MAX 16 /* IFNAMSIZ: the final NUL included */

struct link {
	const struct netns *netns;
	uint32_t ifindex;
	char name[LINK_NAME_MAX];
	char kind[LINK_NAME_MAX]; /* "veth", "bridge"…; "" for a device without a kind */
	bool ethernet;            /* its packets begin with an Ethernet header */
	bool up;
	struct link *master; /* the bridge (or bond, VRF…) it is a port of; NULL: none; not a ref */
	/*
	 * Of a veth, its other end: NULL where that is in a namespace that we cannot look into,
	 * whose ifindex there is known all the same. Not a ref.
	 */
	struct link *peer;
	uint32_t peer_ifindex;
	/* The other end's, also when it is gone; NULL: it was never known. */
	const struct netns *peer_netns;
	char peer_name[LINK_NAME_MAX];

	/* Of the watched end of a pair; on the other one all is 0. */
	uint64_t attached; /* since when its packets are counted: CLOCK_BOOTTIME, ns; 0: they are
			      not */
	bool had_traffic;  /* packets had passed before that */
	/*
	 * Packets of several TCP segments are cut by the stack on their way out, behind tc: the
	 * device does not take them whole (no TSO).
	 */
	bool cuts_segments;
	bool gone; /* the device is no more, or has moved into another namespace */

	unsigned int refs;
};

/* The two ends of a veth pair; what each knows of the other outlives it. */
void link_pair(struct link *a, struct link *b);

struct link *link_get(struct link *l); /* returns l */
void link_put(struct link *l);         /* NULL is fine */

#endif
