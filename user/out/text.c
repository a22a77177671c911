// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/text.h"

#include "base/utf8.h"

static void put_numbers(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		buf_lit(b, "\\x");
		buf_hex(b, (unsigned char)s[i], 2);
	}
}

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* What would be taken for a byte that is shown as a number: no two strings are to look the same. */
static bool reads_as_number(const char *s)
{
	return s[0] == '\\' && s[1] == 'x' && is_digit(s[2]) && is_digit(s[3]);
}

/* How many bytes at s are ASCII that is shown as it is: nearly always all there are. */
static size_t plain_run(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

size_t text_plain(struct buf *b, const char *s)
{
	size_t columns = 0;

	while (*s) {
		size_t run = plain_run(s), broken = 1, len;

		if (run) {
			buf_put(b, s, run);
			columns += run;
			s += run;
			continue;
		}
		len = reads_as_number(s) ? 0 : utf8_plain_at(s, &broken);
		if (len) {
			buf_put(b, s, len);
			broken = 0;
			columns++;
		} else {
			put_numbers(b, s, broken);
			columns += 4 * broken;
		}
		s += len + broken;
	}
	return columns;
}

/* How many bytes at s, at most max, are plain ASCII. */
static size_t ascii_run(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

void text_bounded(struct buf *b, const char *s, const char *keep, size_t max)
{
	while (*s) {
		size_t run = ascii_run(s, max);

		/* Nearly all of it, at once: every packet may have a comment. */
		if (run)
			buf_put(b, s, run);
		max -= run;
		s += run;
		if (!*s)
			return;

		size_t broken = 0, len = strchr(keep, *s) ? 1 : utf8_plain_at(s, &broken);
		size_t takes = len + 4 * broken;

		if (takes > max)
			return;
		max -= takes;
		if (len)
			buf_put(b, s, len);
		else
			put_numbers(b, s, broken);
		s += len + broken;
	}
}

/* As UTF-16, which JSON's escapes are. */
static void put_escape(struct buf *b, uint32_t cp)
{
	if (cp > 0xffff) {
		put_escape(b, 0xd800 + ((cp - 0x10000) >> 10));
		put_escape(b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
		return;
	}
	buf_lit(b, "\\u");
	buf_hex(b, cp, 4);
}

void text_json(struct buf *b, const char *s)
{
	while (*s) {
		size_t run = plain_run(s), len;
		uint32_t cp = 0;

		if (run) {
			buf_put(b, s, run);
			s += run;
			continue;
		}
		len = utf8_at(s, &cp);
		if (len == 0 || reads_as_number(s)) {
			buf_lit(b, "\\\\x");
			buf_hex(b, (unsigned char)*s, 2);
			len = 1;
		} else if (cp == '"' || cp == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)cp);
		} else if (utf8_is_control(cp) || utf8_is_misleading(cp)) {
			/* Most need no escape in JSON; a person's `cat` of the file does. */
			put_escape(b, cp);
		} else {
			buf_put(b, s, len);
		}
		s += len;
	}
}
