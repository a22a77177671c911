/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uthash, which by itself ends the program with 255 and no word when memory runs out.
 */
#ifndef FLOWNER_BASE_HASH_H
#define FLOWNER_BASE_HASH_H

/* Says so and ends with EXIT_FAILED: there is no way back out of the middle of HASH_ADD. */
void hash_out_of_memory(void) __attribute__((noreturn));

#define uthash_fatal(msg) hash_out_of_memory()

#include <stdint.h>
#include <string.h>

#include <uthash.h>

/*
 * Most keys here are one 64-bit number of the kernel's, which no stranger chooses (a cookie, an
 * address): two multiplications are a fifth of what uthash's Jenkins takes. One, as in Fibonacci
 * hashing (Knuth, TAOCP 6.4), would do if uthash took the upper bits; the lower ones of cookies,
 * which count up and down, repeat: 200,000 of them made chains of ten. All other keys, addresses
 * and ports among them, which strangers do choose, are hashed by hash_bytes().
 */
#undef HASH_FUNCTION
#define HASH_FUNCTION(key, len, hashv)                  \
	do {                                            \
		if ((len) == sizeof(uint64_t))          \
			(hashv) = hash_u64(key);        \
		else                                    \
			(hashv) = hash_bytes(key, len); \
	} while (0)

/*
 * As wyhash does it (Wang Yi, 2019): words are multiplied with each other, under a secret of this
 * process, so that nobody can choose keys that meet. 44 bytes take 14 ns, with Jenkins 24.
 */
unsigned int hash_bytes(const void *key, size_t len);

/*
 * A step along a chain is a cache miss, and looking for what is not there goes to its end: half of
 * uthash's length costs a third less, for some 20 bytes an entry more. Where it is shorter still,
 * uthash gives up growing.
 */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 5U

static inline unsigned int hash_u64(const void *key)
{
	uint64_t v;

	memcpy(&v, key, sizeof(v));
	v *= 0x9e3779b97f4a7c15ULL;
	v = (v ^ v >> 32) * 0xff51afd7ed558ccdULL; /* MurmurHash3's finalizer has it */
	return (unsigned int)(v >> 32);
}

#endif
