// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buf.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

bool buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	char *data;

	if (b->err)
		return false;
	while (cap - b->len < n)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->err = -ENOMEM;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	unsigned int i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, digits + i, sizeof(digits) - i);
}

void buf_pad(struct buf *b, uint64_t v, unsigned digits)
{
	char out[20];

	for (unsigned int i = digits; i-- > 0; v /= 10)
		out[i] = (char)('0' + v % 10);
	buf_put(b, out, digits);
}

void buf_hex(struct buf *b, uint64_t v, unsigned digits)
{
	char out[16];

	for (unsigned int i = digits; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
	buf_put(b, out, digits);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (b->cap - b->len < 128 && !buf_grow(b, 128))
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->cap - b->len) {
		if (!buf_grow(b, (size_t)n + 1))
			return;
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

/* A reader that has taken nothing for so long will not take it in time, when we are told to end. */
#define PATIENCE_MS 1000
#define TICK_MS     50

static bool may_block(int fd)
{
	struct stat st;

	/* Else whoever wants us to end does, in the middle of write(2) too. */
	if (!signals_held())
		return false;
	return fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* 0: PIPE_BUF bytes have room without waiting (pipe(7)). */
static int wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int waited = 0;

	for (;;) {
		int n = poll(&p, 1, TICK_MS);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		waited = signals_waiting() ? waited + TICK_MS : 0;
		if (waited >= PATIENCE_MS)
			return -ECANCELED;
	}
}

/*
 * SIGINT and SIGTERM are blocked while we run, so that no write(2) is interrupted: one that waits
 * for a reader must not be begun.
 */
int buf_flush(struct buf *b, int fd)
{
	bool waits = may_block(fd);
	size_t done = 0;
	int err;

	if (b->err)
		return b->err;
	while (done < b->len) {
		size_t size = b->len - done;
		ssize_t n;

		if (waits) {
			err = wait_for_room(fd);
			if (err)
				return err;
			size = size > PIPE_BUF ? PIPE_BUF : size;
		}
		n = write(fd, b->data + done, size);
		if (n >= 0)
			done += (size_t)n;
		/* stdout may be shared with a program that made it non-blocking. */
		else if (errno == EAGAIN)
			waits = true;
		else if (errno != EINTR)
			return -errno;
	}
	b->len = 0;
	return 0;
}

const char *buf_error(int err)
{
	return err == -ECANCELED ? "nobody reads it" : strerror(-err);
}
