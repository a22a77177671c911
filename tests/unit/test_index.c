// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What comes and goes is found as a plain list has it, whatever the hashes are. */
#include "unit.h"

#include "base/hash.h"
#include "base/index.h"

#define THINGS 3000

struct thing {
	uint32_t hash;
	bool in;
};

static struct thing things[THINGS];

static uint32_t dice(uint32_t sides)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % sides;
}

static bool is_there(const struct index *x, const struct thing *t)
{
	struct thing *f;
	size_t at, steps = 0;

	for (f = index_first(x, t->hash, &at); f && f != t; f = index_next(x, t->hash, &at)) {
		assert_int_equal(f->hash, t->hash);
		assert_true(f->in);
		assert_true(++steps <= x->n);
	}
	return f;
}

static void check(const struct index *x)
{
	size_t n = 0, at = 0, any = 0;

	for (size_t i = 0; i < THINGS; i++) {
		assert_int_equal(is_there(x, &things[i]), things[i].in);
		n += things[i].in;
	}
	assert_int_equal(x->n, n);
	for (const struct thing *t; (t = index_any(x, &at)); any++)
		assert_true(t->in);
	assert_int_equal(any, n);
}

static void come_and_go(uint32_t hashes, uint32_t first)
{
	struct index x = {0};

	for (size_t i = 0; i < THINGS; i++)
		things[i] = (struct thing){first + dice(hashes), false};
	check(&x);
	for (unsigned int round = 0; round < 200; round++) {
		/* Mostly filling, then mostly emptying. */
		for (unsigned int i = 0; i < 100; i++) {
			struct thing *t = &things[dice(THINGS)];

			if (t->in && (round > 100 || !dice(4)))
				index_remove(&x, t->hash, t);
			else if (!t->in && (round <= 100 || !dice(4)))
				assert_true(index_add(&x, t->hash, t));
			else
				continue;
			t->in = !t->in;
		}
		if (round % 20 == 0)
			check(&x);
	}
	check(&x);
	index_clear(&x);
	for (size_t i = 0; i < THINGS; i++)
		things[i].in = false;
	check(&x);
	index_free(&x);
}

TEST(spread)
{
	come_and_go(UINT32_MAX, 0);
}

TEST(few_hashes)
{
	come_and_go(50, 0);
}

/* They run over the end of the table, to its beginning. */
TEST(at_the_end)
{
	come_and_go(400, UINT32_MAX - 200);
}

/* Keys that count up, as ports do, and bytes of all lengths: no two in a hundred thousand meet more
 * often than by chance. */
TEST(hashes)
{
	enum { KEYS = 100000, PLACES = 1 << 17 };
	static uint8_t used[PLACES];
	unsigned int most = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		struct {
			uint8_t addr[36];
			uint16_t ports[2];
			uint32_t link;
		} key = {.ports = {(uint16_t)i, 80}, .link = i >> 16};
		uint8_t *n = &used[hash_bytes(&key, sizeof(key)) % PLACES];

		most = ++*n > most ? *n : most;
	}
	/* Of Poisson's distribution with 0.76: 12 in one place once in ten million tables. */
	assert_in_range(most, 4, 12);
	for (size_t len = 1; len < 64; len++) {
		static uint8_t bytes[64];

		bytes[len - 1] ^= 1;
		assert_int_not_equal(hash_bytes(bytes, len), hash_bytes(bytes, len - 1));
		assert_int_equal(hash_bytes(bytes, len), hash_bytes(bytes, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("things come and go", spread),
		IT("of many with the same hash each is found", few_hashes),
		IT("the table has no end", at_the_end),
		IT("keys do not meet", hashes),
	};

	return RUN(tests);
}
