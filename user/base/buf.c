// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buf.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"

/* A pipe that has any room takes so much without making us wait (PIPE_BUF). */
#define PART 4096
/* How long whoever reads what we write may keep us from ending, and how often that is looked at. */
#define PATIENCE_MS 2000
#define TICK_MS     100

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

char *buf_u64_at(char *out, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[BUF_U64_MAX];
	unsigned int i = sizeof(digits);

	while (v >= 100) {
		i -= 2;
		memcpy(digits + i, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		i -= 2;
		memcpy(digits + i, pairs + 2 * v, 2);
	} else {
		digits[--i] = (char)('0' + v);
	}
	memcpy(out, digits + i, sizeof(digits) - i);
	return out + sizeof(digits) - i;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char *out = buf_room(b, BUF_U64_MAX);

	if (out)
		buf_filled(b, buf_u64_at(out, v));
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

/* Pipes, sockets and terminals can keep us waiting for as long as somebody likes. */
static bool may_block(int fd)
{
	struct stat st;

	return fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* Until it takes something, or has had its time to once we are to end. */
static int wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int n, waited = 0;

	while ((n = poll(&p, 1, TICK_MS)) <= 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		/* It is blocked, to be read later: no call is interrupted. */
		if (signals_pending() && (waited += TICK_MS) > PATIENCE_MS)
			return -ECANCELED;
	}
	return 0;
}

int buf_flush(struct buf *b, int fd)
{
	bool waits = b->len && may_block(fd);
	size_t done = 0;
	int err;

	if (b->err)
		return b->err;
	while (done < b->len) {
		size_t part = b->len - done;
		ssize_t n;

		if (waits && part > PART)
			part = PART;
		err = waits ? wait_for_room(fd) : 0;
		if (err)
			return err;
		n = write(fd, b->data + done, part);
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

const char *buf_flush_error(int err)
{
	return err == -ECANCELED ? "nobody reads it, and it was to end" : strerror(-err);
}
