// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/index.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

static void put(struct index *x, uint32_t hash, void *thing)
{
	size_t at = hash & (x->room - 1);

	while (x->slots[at].thing)
		at = (at + 1) & (x->room - 1);
	x->slots[at] = (struct index_slot){thing, hash};
}

static bool grow(struct index *x)
{
	struct index_slot *old = x->slots;
	size_t room = x->room;
	struct index_slot *grown = calloc(room ? room * 2 : ROOM_MIN, sizeof(*grown));

	if (!grown)
		return false;
	x->slots = grown;
	x->room = room ? room * 2 : ROOM_MIN;
	for (size_t i = 0; i < room; i++)
		if (old[i].thing)
			put(x, old[i].hash, old[i].thing);
	free(old);
	return true;
}

bool index_add(struct index *x, uint32_t hash, void *thing)
{
	if (x->n >= x->room / 4 * 3 && !grow(x))
		return false;
	put(x, hash, thing);
	x->n++;
	return true;
}

void index_remove(struct index *x, uint32_t hash, const void *thing)
{
	const size_t mask = x->room - 1;
	size_t hole = hash & mask;

	while (x->slots[hole].thing != thing)
		hole = (hole + 1) & mask;
	/* Whoever is behind it, and not before where it belongs, moves up. */
	for (size_t at = (hole + 1) & mask; x->slots[at].thing; at = (at + 1) & mask) {
		size_t home = x->slots[at].hash & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		x->slots[hole] = x->slots[at];
		hole = at;
	}
	x->slots[hole].thing = NULL;
	x->n--;
}

void *index_any(const struct index *x, size_t *at)
{
	while (*at < x->room)
		if (x->slots[(*at)++].thing)
			return x->slots[*at - 1].thing;
	return NULL;
}

void index_clear(struct index *x)
{
	if (x->n)
		memset(x->slots, 0, x->room * sizeof(*x->slots));
	x->n = 0;
}

void index_free(struct index *x)
{
	free(x->slots);
	*x = (struct index){0};
}
