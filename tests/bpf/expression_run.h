/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Expressions and packets to ask them about: those of packets.h and expression_packets.h, whole,
 * cut short at every byte, and with bytes changed.
 */
#ifndef FLOWNER_TESTS_EXPRESSION_RUN_H
#define FLOWNER_TESTS_EXPRESSION_RUN_H

#include "flow_run.h"

#include "base/cleanup.h"
#include "collect/expression.h"
#include "collect/packet_filter.h"
#include "expression_packets.h"
#include "pcap_filter.h"

#define EXPRESSIONS "tests/bpf/expressions.txt"
#define CHANGED     3000
#define SEED        20261121

struct corpus {
	struct frame *frames;
	size_t n, cap;
	size_t whole; /* those from here on are cut or changed */
};

/* splitmix64 */
static uint64_t rng = SEED;

static inline uint64_t any(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline size_t number_of(const char *env, size_t otherwise)
{
	const char *s = getenv(env);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

/* --- packets --- */

static inline void add(struct corpus *c, const struct frame *f)
{
	if (!frame_runs(f))
		return;
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 1024;
		c->frames = realloc(c->frames, c->cap * sizeof(*c->frames));
		assert_non_null(c->frames);
	}
	c->frames[c->n++] = *f;
}

static inline void add_cut(struct corpus *c, size_t from)
{
	for (size_t i = 0; i < c->whole; i++) {
		struct frame f = c->frames[i];

		for (f.len--; f.len >= from; f.len--)
			add(c, &f);
	}
}

/* Bits and bytes of the headers, and lengths. */
static inline void add_changed(struct corpus *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct frame f = c->frames[any() % c->whole];

		for (size_t times = 1 + any() % 3; times; times--) {
			size_t at = any() % (f.len < 70 ? f.len : 70);

			if (any() % 2)
				f.bytes[at] ^= (uint8_t)(1 << any() % 8);
			else
				f.bytes[at] = (uint8_t)any();
		}
		if (any() % 4 == 0)
			f.len -= any() % 8;
		add(c, &f);
	}
}

static inline void add_random(struct corpus *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct frame f = {.len = 14 + any() % 80};

		for (size_t b = 0; b < f.len; b++)
			f.bytes[b] = (uint8_t)any();
		add(c, &f);
	}
}

static inline struct corpus make_corpus(bool l3)
{
	struct corpus c = {0};
	struct frame f;

	for (size_t i = 0; !l3 && i < COUNT(rows); i++) {
		f = frame_of(rows[i].hex);
		add(&c, &f);
	}
	for (size_t i = 0; !l3 && i < COUNT(more_packets); i++) {
		f = frame_of(more_packets[i]);
		add(&c, &f);
	}
	for (size_t i = 0; l3 && i < COUNT(l3_rows); i++) {
		f = frame_of(l3_rows[i].hex);
		add(&c, &f);
	}
	c.whole = c.n;
	add_cut(&c, 14);
	add_changed(&c, CHANGED);
	add_random(&c, CHANGED / 10);
	return c;
}

/* --- an expression --- */

static inline struct expression *compile(const char *text, bool l3)
{
	struct expression_options o = {.l3 = l3};
	char why[EXPRESSION_ERROR];
	struct expression *e = NULL;

	if (expression_compile(&e, text, &o, why)) {
		/* Much cannot be asked where there is no Ethernet header. */
		if (!l3)
			fail_msg("%s: %s", text, why);
		return NULL;
	}
	assert_string_equal(why, "");
	return e;
}

static inline int load(const struct expression *e, bool l3, bool compact)
{
	struct packet_filter_options o = {.l3 = l3, .compact = compact, .prog_array_fd = -1};

	return packet_filter_load(e->insns, e->n, &o);
}

/* Those of the file, one after the other: its number of them. */
static inline size_t each_expression(void (*fn)(void *ctx, const char *text), void *ctx)
{
	_cleanup_fclose_ FILE *file = fopen(EXPRESSIONS, "re");
	char line[512];
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		fn(ctx, line);
		n++;
	}
	return n;
}

#endif
