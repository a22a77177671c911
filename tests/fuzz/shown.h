/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What has to hold of everything that is shown, by a reading of UTF-8 that is not out/text.c's.
 */
#ifndef FLOWNER_TESTS_FUZZ_SHOWN_H
#define FLOWNER_TESTS_FUZZ_SHOWN_H

#include "fuzz.h"

#include <json-c/json.h>

#include "base/buf.h"

/* The code point at s (n bytes are left) and how many bytes it takes; 0: that is no UTF-8. */
static inline size_t shown_char(const unsigned char *s, size_t n, uint32_t *cp)
{
	size_t len = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;

	if (!len || len > n)
		return 0;
	*cp = len == 1 ? *s : *s & ((1u << (7 - len)) - 1);
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if ((len == 2 && *cp < 0x80) || (len == 3 && *cp < 0x800) || (len == 4 && *cp < 0x10000) ||
	    *cp > 0x10ffff || *cp >> 11 == 0xd800 >> 11)
		return 0;
	return len;
}

/* UTF-8, without what moves a cursor but for those in `keep`; `plain`: or turns text around. */
static inline void shown_text(const char *text, size_t n, const char *keep, bool plain)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t at = 0, len; at < n; at += len) {
		uint32_t cp = 0;

		len = shown_char(s + at, n - at, &cp);
		CHECK(len);
		CHECK(cp >= 0x20 || (cp && strchr(keep, (int)cp)));
		CHECK(cp < 0x7f || cp > 0x9f);
		/* LRM, RLM, line and paragraph separators, embeddings, overrides, isolates. */
		CHECK(!plain || !(cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
				  (cp >= 0x2066 && cp <= 0x2069)));
	}
}

/* One line for a person. */
static inline void shown_line(const struct buf *b)
{
	CHECK(!b->err && b->len);
	if (memchr(b->data, '\n', b->len) != b->data + b->len - 1)
		fprintf(stderr, "%.*s\n", (int)b->len, b->data);
	CHECK(memchr(b->data, '\n', b->len) == b->data + b->len - 1);
	shown_text(b->data, b->len, "\n", true);
}

/* Whole lines for a person. */
static inline void shown_lines(const struct buf *b)
{
	CHECK(!b->err);
	CHECK(!b->len || b->data[b->len - 1] == '\n');
	shown_text(b->data, b->len, "\n", true);
}

/* Each line is an object, by JSON's own rules, with nothing in it that a terminal would obey. */
static inline void shown_json(const struct buf *b)
{
	CHECK(!b->err);
	shown_text(b->data, b->len, "\n", false);
	for (size_t at = 0; at < b->len;) {
		const char *line = b->data + at, *end = memchr(line, '\n', b->len - at);
		struct json_tokener *tok = json_tokener_new();
		struct json_object *o;

		CHECK(end && tok);
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		o = json_tokener_parse_ex(tok, line, (int)(end - line));
		if (json_tokener_get_error(tok) != json_tokener_success ||
		    !json_object_is_type(o, json_type_object))
			fprintf(stderr, "%.*s\n", (int)(end - line), line);
		CHECK(json_tokener_get_error(tok) == json_tokener_success);
		CHECK(json_object_is_type(o, json_type_object));
		CHECK(json_tokener_get_parse_end(tok) == (size_t)(end - line));
		json_object_put(o);
		json_tokener_free(tok);
		at += (size_t)(end - line) + 1;
	}
}

#endif
