/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A growing byte buffer: what a line, a batch of lines or a file is composed in before one write().
 * Running out of memory is remembered in `err` and makes further appends do nothing, so that
 * callers check once, at the end.
 */
#ifndef FLOWNER_BASE_BUF_H
#define FLOWNER_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len, cap;
	int err; /* 0 or -ENOMEM */
};

void buf_free(struct buf *b);

/* Room for n more bytes; false when memory ran out. */
bool buf_grow(struct buf *b, size_t n);

/*
 * Where the next n bytes may go, so that several parts need one look whether there is room; NULL
 * when memory ran out. buf_filled() says where they ended.
 */
static inline char *buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->len < n && !buf_grow(b, n))
		return NULL;
	return b->data + b->len;
}

static inline void buf_filled(struct buf *b, const char *end)
{
	b->len = (size_t)(end - b->data);
}

static inline void buf_put(struct buf *b, const void *data, size_t n)
{
	/* Of nothing there may be no pointer, and in an empty buffer nowhere to put it. */
	if (!n || (b->cap - b->len < n && !buf_grow(b, n)))
		return;
	memcpy(b->data + b->len, data, n);
	b->len += n;
}

static inline void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

static inline void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* For literals: the length is known when compiling. */
#define buf_lit(b, literal) buf_put(b, "" literal "", sizeof(literal) - 1)

#define BUF_U64_MAX 20
/* In decimal, at `out`; returns where it ended. */
char *buf_u64_at(char *out, uint64_t v);
void buf_u64(struct buf *b, uint64_t v);                  /* decimal */
void buf_hex(struct buf *b, uint64_t v, unsigned digits); /* lower case, zero-padded */
void buf_pad(struct buf *b, uint64_t v, unsigned digits); /* decimal, zero-padded */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Write all of it to fd and empty the buffer. 0 or -errno: -EPIPE when the reader has gone,
 * -ECANCELED when we are to end (signals_pending()) and it takes nothing.
 */
int buf_flush(struct buf *b, int fd);
/* What went wrong. */
const char *buf_flush_error(int err);

#define _cleanup_buf_ __attribute__((cleanup(buf_free)))

#endif
