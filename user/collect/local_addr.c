// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/local_addr.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"

/* Addresses come and go: ask again after so long. */
#define AGE_NS 10000000000ULL
/* Forget all when there are so many. */
#define ADDRS_MAX 65536u

struct known_key {
	uint64_t netns_cookie;
	struct addr addr;
};

struct known {
	struct known_key key;
	uint64_t asked; /* CLOCK_BOOTTIME, ns */
	bool local;
	UT_hash_handle hh;
};

struct local_addrs {
	struct watcher *watcher;
	struct known *known;
};

int local_addrs_new(struct local_addrs **out, struct watcher *w)
{
	struct local_addrs *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->watcher = w;
	*out = l;
	return 0;
}

static void forget_all(struct local_addrs *l)
{
	struct known *k, *tmp;

	HASH_ITER (hh, l->known, k, tmp) {
		HASH_DEL(l->known, k);
		free(k);
	}
}

void local_addrs_free(struct local_addrs *l)
{
	if (!l)
		return;
	forget_all(l);
	free(l);
}

/* Inside the namespace. 0: it is local. No packet is sent by this. */
static int try_bind(void *arg)
{
	const struct addr *addr = arg;
	bool v4 = addr_is_v4(addr);
	_cleanup_close_ int sk =
		socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memcpy(&in.sin_addr, addr->b + 12, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, addr->b, sizeof(in6.sin6_addr));
	if (sk < 0 || bind(sk, v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6,
			   v4 ? sizeof(in) : sizeof(in6)))
		return -errno;
	return 0;
}

bool local_addrs_has(struct local_addrs *l, const struct link *link, const struct addr *addr)
{
	struct known_key key = {link->netns->cookie, *addr};
	uint64_t now = clock_boot_ns();
	struct addr arg = *addr;
	struct known *k;

	HASH_FIND (hh, l->known, &key, sizeof(key), k)
		;
	if (k && k->asked + AGE_NS > now)
		return k->local;
	if (!k) {
		if (HASH_COUNT(l->known) >= ADDRS_MAX)
			forget_all(l);
		k = calloc(1, sizeof(*k));
		if (!k)
			return false;
		k->key = key;
		HASH_ADD(hh, l->known, key, sizeof(k->key), k);
	}
	k->asked = now;
	k->local = !watcher_within(l->watcher, link, try_bind, &arg);
	return k->local;
}
