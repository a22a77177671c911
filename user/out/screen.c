// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/screen.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ECMA-48: cursor to the top left, erase to the end of the line, to the end of the screen. */
#define HOME      "\x1b[H"
#define ERASE_EOL "\x1b[K"
#define ERASE_EOS "\x1b[J"

static void measure(struct screen *s)
{
	struct winsize w;

	if (ioctl(s->fd, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
		s->rows = w.ws_row;
		s->columns = w.ws_col;
	}
}

void screen_init(struct screen *s, int fd)
{
	/* What a terminal has that does not tell, such as a serial line. */
	*s = (struct screen){.fd = fd, .terminal = isatty(fd), .rows = 24, .columns = 80};
}

void screen_free(struct screen *s)
{
	buf_free(&s->out);
}

/* The last row is the cursor's: a newline there would scroll. */
static unsigned int lines_of(const struct screen *s)
{
	return s->rows > 2 ? s->rows - 1 : 2;
}

unsigned int screen_rows(struct screen *s)
{
	if (!s->terminal)
		return UINT_MAX;
	measure(s);
	return lines_of(s);
}

/* As much of the line as the terminal is wide: a code point is a column, as text_plain() has it. */
static size_t fitting(const char *line, size_t len, unsigned int columns)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (((unsigned char)line[i] & 0xc0) == 0x80)
			continue;
		if (columns-- == 0)
			break;
	}
	return i;
}

static size_t line_length(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	return (size_t)((nl ? nl : end) - at);
}

static void put_more(struct buf *out, size_t more)
{
	buf_lit(out, "… and ");
	buf_u64(out, more);
	buf_lit(out, " more");
}

/* Drawn over what is there, line by line, so that it does not flicker. */
static void compose_terminal(struct screen *s, const struct buf *block, size_t more,
			     struct buf *out)
{
	const char *at = block->data, *end = at + block->len;
	unsigned int room = lines_of(s);
	size_t lines = 0;

	for (const char *p = at; p < end; p += line_length(p, end) + 1)
		lines++;
	if (lines + (more ? 1 : 0) > room) {
		more += lines - (room - 1);
		lines = room - 1;
	}
	/* What the terminal shows from before us goes away, once. */
	if (s->shown)
		buf_lit(out, HOME);
	else
		buf_lit(out, HOME ERASE_EOS);
	while (lines--) {
		size_t len = line_length(at, end);

		buf_put(out, at, fitting(at, len, s->columns));
		buf_lit(out, ERASE_EOL "\n");
		at += len + 1;
	}
	if (more) {
		put_more(out, more);
		buf_lit(out, ERASE_EOL "\n");
	}
	buf_lit(out, ERASE_EOS);
}

void screen_compose(struct screen *s, const struct buf *block, size_t more, struct buf *out)
{
	if (block->err)
		out->err = block->err;
	if (s->terminal) {
		compose_terminal(s, block, more, out);
	} else {
		if (s->shown)
			buf_putc(out, '\n');
		if (block->len)
			buf_put(out, block->data, block->len);
		if (more) {
			put_more(out, more);
			buf_putc(out, '\n');
		}
	}
	s->shown = true;
}

int screen_show(struct screen *s, struct buf *block, size_t more)
{
	if (s->terminal)
		measure(s);
	screen_compose(s, block, more, &s->out);
	block->len = 0;
	return buf_flush(&s->out, s->fd);
}
