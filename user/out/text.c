// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/text.h"

/*
 * Length of the well-formed UTF-8 sequence at s, 0 if there is none (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF). *cp is its code point.
 */
static size_t utf8_at(const unsigned char *s, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (len == 0)
		return 0;
	if (len == 1) {
		*cp = s[0];
		return 1;
	}
	*cp = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) /* also stops at the terminating NUL */
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (*cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

/* Characters that turn the direction of text around or break the line: what follows would be
 * misread. */
static bool is_misleading(uint32_t cp)
{
	return cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/*
 * Length of the harmless character at s, 0: there is none, and *broken bytes of it are to be shown
 * as numbers. (All bytes of it: a C1 control is two.)
 */
static size_t harmless_at(const unsigned char *s, size_t *broken)
{
	uint32_t cp = 0;
	size_t len = utf8_at(s, &cp);

	if (len && cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0) && !is_misleading(cp))
		return len;
	*broken = len ? len : 1;
	return 0;
}

static void put_numbers(struct buf *b, const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		buf_lit(b, "\\x");
		buf_hex(b, s[i], 2);
	}
}

size_t text_plain(struct buf *b, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t columns = 0;

	while (*s) {
		size_t broken = 0, len = harmless_at(s, &broken);

		if (len) {
			buf_put(b, s, len);
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
static size_t ascii_run(const unsigned char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

void text_bounded(struct buf *b, const char *str, const char *keep, size_t max)
{
	const unsigned char *s = (const unsigned char *)str;

	while (*s) {
		size_t run = ascii_run(s, max);

		/* Nearly all of it, at once: every packet may have a comment. */
		if (run)
			buf_put(b, s, run);
		max -= run;
		s += run;
		if (!*s)
			return;

		size_t broken = 0, len = strchr(keep, *s) ? 1 : harmless_at(s, &broken);
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

void text_json(struct buf *b, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;

	while (*s) {
		uint32_t cp = 0;
		size_t len = utf8_at(s, &cp);

		if (len == 0) {
			buf_lit(b, "\\\\x");
			buf_hex(b, *s, 2);
			len = 1;
		} else if (cp == '"' || cp == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)cp);
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			/* DEL and C1 need no escape in JSON; a person's `cat` of the file does. */
			buf_lit(b, "\\u00");
			buf_hex(b, cp, 2);
		} else {
			buf_put(b, s, len);
		}
		s += len;
	}
}
