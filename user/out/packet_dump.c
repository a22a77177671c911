// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/packet_line.h"

#define BYTES_A_LINE 16

static bool is_graph(uint8_t c)
{
	return c > 0x20 && c < 0x7f;
}

/* "	0x0010:  0a09 0001 …  ..@.@...........\n" */
static void put_hex_line(struct buf *b, size_t at, const uint8_t *p, size_t n)
{
	buf_lit(b, "\t0x");
	buf_hex(b, at, at > 0xffff ? 8 : 4);
	buf_lit(b, ": ");
	for (size_t i = 0; i < BYTES_A_LINE; i++) {
		if (i % 2 == 0)
			buf_putc(b, ' ');
		if (i < n)
			buf_hex(b, p[i], 2);
		else
			buf_lit(b, "  ");
	}
	buf_lit(b, "  ");
	for (size_t i = 0; i < n; i++)
		buf_putc(b, is_graph(p[i]) ? (char)p[i] : '.');
	buf_putc(b, '\n');
}

void packet_hex(struct buf *b, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t at = 0; at < len; at += BYTES_A_LINE)
		put_hex_line(b, at, p + at, len - at < BYTES_A_LINE ? len - at : BYTES_A_LINE);
}

void packet_ascii(struct buf *b, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\r') {
			/* Those of lines' ends would only be in the way. */
			if (i + 1 < len && p[i + 1] != '\n')
				buf_putc(b, '.');
		} else if (is_graph(p[i]) || p[i] == '\t' || p[i] == ' ' || p[i] == '\n') {
			buf_putc(b, (char)p[i]);
		} else {
			buf_putc(b, '.');
		}
	}
	buf_putc(b, '\n');
}
