// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/link.h"

#include <stdlib.h>
#include <string.h>

static void set_peer(struct link *l, struct link *peer)
{
	l->peer = peer;
	l->peer_ifindex = peer->ifindex;
	l->peer_netns = peer->netns;
	memcpy(l->peer_name, peer->name, sizeof(l->peer_name));
}

void link_pair(struct link *a, struct link *b)
{
	set_peer(a, b);
	set_peer(b, a);
}

struct link *link_get(struct link *l)
{
	l->refs++;
	return l;
}

void link_put(struct link *l)
{
	if (l && --l->refs == 0)
		free(l);
}
