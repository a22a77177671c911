// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/log.h"

void hash_out_of_memory(void)
{
	log_error("out of memory");
	exit(EXIT_FAILED);
}

static uint64_t secret[2] = {0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL};

__attribute__((constructor)) static void choose_secret(void)
{
	/* At boot, before there is any randomness, those above stay. */
	if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) != sizeof(secret))
		return;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;
	u128 p = (u128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

unsigned int hash_bytes(const void *key, size_t len)
{
	const uint8_t *at = key;
	const uint64_t whole = len;
	uint64_t h = secret[1], w[2];

	for (; len > sizeof(w); at += sizeof(w), len -= sizeof(w)) {
		memcpy(w, at, sizeof(w));
		h = multiply(w[0] ^ secret[0], w[1] ^ h);
	}
	w[0] = w[1] = 0;
	memcpy(w, at, len);
	h = multiply(w[0] ^ secret[0], w[1] ^ h);
	return (unsigned int)multiply(h ^ secret[0], secret[1] ^ whole);
}
