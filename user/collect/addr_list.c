// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/addr_list.h"

#include <errno.h>
#include <stdlib.h>

#include "collect/netns_set.h"

#define DUMP_TRIES 5

struct list {
	struct rtnl_query *q;
	void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a);
	void *ctx;
	struct rtnl_addr *addrs; /* of one namespace, until the answer is known to be whole */
	size_t n, cap;
	int err;
};

static void keep(void *arg, const struct rtnl_addr *a)
{
	struct list *l = arg;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct rtnl_addr *grown = reallocarray(l->addrs, cap, sizeof(*grown));

		if (!grown) {
			l->err = -ENOMEM;
			return;
		}
		l->addrs = grown;
		l->cap = cap;
	}
	l->addrs[l->n++] = *a;
}

static void list_netns(void *arg, const struct netns_member *m)
{
	struct list *l = arg;
	int err = -EINTR;

	for (int i = 0; err == -EINTR && i < DUMP_TRIES; i++) {
		l->n = 0;
		err = rtnl_query_addrs(l->q, m->nsid, keep, l);
	}
	if (err && err != -EINTR) {
		/* -EINVAL: the namespace is going. */
		if (err != -EINVAL && !l->err)
			l->err = err;
		return;
	}
	/* One that changes all the time may lack some. */
	for (size_t i = 0; i < l->n; i++)
		l->fn(l->ctx, m->id.cookie, &l->addrs[i]);
}

int addr_list(struct netns_set *s, struct rtnl_query *q,
	      void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a), void *ctx)
{
	struct list l = {.q = q, .fn = fn, .ctx = ctx};

	netns_set_each(s, list_netns, &l);
	free(l.addrs);
	return l.err;
}
