// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/payload.h"

#include <endian.h>
#include <string.h>

/* splitmix64: a counter through a mixer, so word n needs no word before it. */
static uint64_t word_at(uint64_t seed, uint64_t n)
{
	uint64_t z = (seed << 32) + (n + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return htole64(z ^ z >> 31);
}

/* The part of the word that holds `offset` from there on, at most len bytes; returns how many. */
static size_t piece_at(uint64_t seed, uint64_t offset, size_t len, uint8_t piece[8])
{
	uint64_t word = word_at(seed, offset / 8);
	size_t skip = offset % 8, n = 8 - skip < len ? 8 - skip : len;

	memcpy(piece, (uint8_t *)&word + skip, n);
	return n;
}

void payload_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t len)
{
	for (size_t done = 0, n; done < len; done += n) {
		uint8_t piece[8];

		n = piece_at(seed, offset + done, len - done, piece);
		memcpy(buf + done, piece, n);
	}
}

ssize_t payload_check(uint64_t seed, uint64_t offset, const uint8_t *buf, size_t len)
{
	for (size_t done = 0, n; done < len; done += n) {
		uint8_t piece[8];

		n = piece_at(seed, offset + done, len - done, piece);
		if (!memcmp(buf + done, piece, n))
			continue;
		for (size_t i = 0; i < n; i++)
			if (buf[done + i] != piece[i])
				return (ssize_t)(done + i);
	}
	return -1;
}
