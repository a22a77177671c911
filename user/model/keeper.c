// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/keeper.h"

#include <stddef.h>

void keeper_netns(const struct keeper *k, const struct netns *n)
{
	if (n)
		k->netns(k->ctx, n);
}

void keeper_cgroup(const struct keeper *k, const struct cgroup *cg)
{
	if (cg)
		k->cgroup(k->ctx, cg);
}

void keeper_link(const struct keeper *k, const struct link *l)
{
	keeper_netns(k, l->netns);
	keeper_netns(k, l->peer_netns);
}
