/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets of every kind that is looked into, and what is said of them. Those of `same` are said by
 * tcpdump -n -S in the same words, which tests/e2e/pcapng.bats asks it.
 */
#ifndef FLOWNER_TESTS_PACKET_CORPUS_H
#define FLOWNER_TESTS_PACKET_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet_example {
	const char *name;
	uint16_t link_type;
	bool same;
	const char *hex, *summary;
};

static const struct packet_example packet_corpus[] = {
#include "packet_corpus.inc"
};

#define PACKET_CORPUS     (sizeof(packet_corpus) / sizeof(packet_corpus[0]))
#define PACKET_CORPUS_MAX 512

static inline unsigned int hex_digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Its bytes; returns how many. */
static inline size_t packet_example_bytes(const struct packet_example *e,
					  uint8_t out[PACKET_CORPUS_MAX])
{
	size_t n = 0;

	for (const char *s = e->hex; *s && n < PACKET_CORPUS_MAX; s += 2)
		out[n++] = (uint8_t)(hex_digit(s[0]) << 4 | hex_digit(s[1]));
	return n;
}

#endif
