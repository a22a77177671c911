/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hash table for what there are hundreds of thousands of, most of it looked for a few times only:
 * sockets and flows. It keeps nothing in the things themselves, where uthash keeps 56 bytes, and
 * looks at no other thing when one comes, goes, or is not there: uthash does, which is a cache
 * miss each. A flow of a short connection takes a fifth less time with it. Open addressing with
 * linear probing; what goes leaves no mark (Knuth, TAOCP 6.4, algorithm R). Everywhere else there
 * is base/hash.h.
 *
 * The caller hashes, and compares:
 *
 *	for (e = index_first(x, hash, &at); e && !is_it(e, key); e = index_next(x, hash, &at))
 *		;
 */
#ifndef FLOWNER_BASE_INDEX_H
#define FLOWNER_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_slot {
	void *thing; /* NULL: free */
	uint32_t hash;
};

struct index { /* all zero: empty */
	struct index_slot *slots;
	size_t n, room; /* a power of 2, or 0; a quarter at least is free */
};

static inline void *index_from(const struct index *x, uint32_t hash, size_t *at)
{
	while (x->slots[*at].thing && x->slots[*at].hash != hash)
		*at = (*at + 1) & (x->room - 1);
	return x->slots[*at].thing;
}

/* Of those with that hash the first, and the next; NULL: there is none. */
static inline void *index_first(const struct index *x, uint32_t hash, size_t *at)
{
	if (!x->n)
		return NULL;
	*at = hash & (x->room - 1);
	return index_from(x, hash, at);
}

static inline void *index_next(const struct index *x, uint32_t hash, size_t *at)
{
	*at = (*at + 1) & (x->room - 1);
	return index_from(x, hash, at);
}

/* Any of them, from place `*at` on, which begins at 0; NULL: those were all. None may come or go
 * meanwhile. */
void *index_any(const struct index *x, size_t *at);

/* False: no memory. It must not be in there. */
bool index_add(struct index *x, uint32_t hash, void *thing);
/* It must be in there. */
void index_remove(struct index *x, uint32_t hash, const void *thing);
/* None is in there any more; the memory is kept. The things are the caller's. */
void index_clear(struct index *x);
void index_free(struct index *x);

#endif
