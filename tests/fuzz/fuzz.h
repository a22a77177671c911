/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the fuzz targets share. A target is one parser: bytes come in, and what has to hold of what
 * it makes of them is CHECKed. With libFuzzer's main it is a fuzzer, with replay.c's a test.
 */
#ifndef FLOWNER_TESTS_FUZZ_H
#define FLOWNER_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)                                                                               \
	do {                                                                                      \
		if (!(cond)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The bytes that are left. Behind their end there are zeros. */
struct input {
	const uint8_t *p;
	size_t left;
};

static inline void take(struct input *in, void *out, size_t n)
{
	size_t there = in->left < n ? in->left : n;

	memset(out, 0, n);
	if (there)
		memcpy(out, in->p, there);
	in->p += there;
	in->left -= there;
}

static inline uint8_t take8(struct input *in)
{
	uint8_t v;

	take(in, &v, sizeof(v));
	return v;
}

static inline uint16_t take16(struct input *in)
{
	uint16_t v;

	take(in, &v, sizeof(v));
	return v;
}

static inline uint32_t take32(struct input *in)
{
	uint32_t v;

	take(in, &v, sizeof(v));
	return v;
}

/* Up to a newline or a NUL, which is taken too; without those. The caller frees it. */
static inline char *take_text(struct input *in)
{
	size_t n = 0;
	char *s;

	while (n < in->left && in->p[n] && in->p[n] != '\n')
		n++;
	s = malloc(n + 1);
	CHECK(s);
	take(in, s, n);
	s[n] = '\0';
	if (in->left)
		take8(in);
	return s;
}

/*
 * Of exactly that size on the heap, so that a byte read behind them is seen. The caller frees them;
 * never NULL.
 */
static inline uint8_t *take_block(struct input *in, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	CHECK(p);
	if (n)
		take(in, p, n);
	return p;
}

#endif
