/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A streaming JSON writer over a buf: no tree, no allocation of its own, since it stands on the
 *event path. Keys are literals of ours and are not escaped; values are. A NULL key is for array
 *elements and the outermost value.
 *
 *	struct json j = {.b = &buf};
 *	json_open(&j, NULL);		{
 *	json_u64(&j, "pid", 1);		"pid":1
 *	json_close(&j);			}
 */
#ifndef FLOWNER_OUT_JSON_H
#define FLOWNER_OUT_JSON_H

#include "base/buf.h"
#include "out/text.h"

struct json {
	struct buf *b;
	bool comma; /* the next member needs one in front */
};

/* Always inline: of a literal the length is known then, and it is copied by a move or two. */
#define JSON_INLINE static inline __attribute__((always_inline))

/* "key": with a comma in front if need be; `p` has room for JSON_KEY_ROOM(n). */
#define JSON_KEY_ROOM(n) ((n) + 4)
JSON_INLINE char *json_key_at(struct json *j, char *p, const char *key, size_t n)
{
	*p = ',';
	p += j->comma;
	j->comma = true;
	if (key) {
		*p++ = '"';
		memcpy(p, key, n);
		p += n;
		*p++ = '"';
		*p++ = ':';
	}
	return p;
}

/* The key, and room for n more; NULL when memory ran out. */
JSON_INLINE char *json_begin(struct json *j, const char *key, size_t more)
{
	size_t n = key ? strlen(key) : 0;
	char *p = buf_room(j->b, JSON_KEY_ROOM(n) + more);

	return p ? json_key_at(j, p, key, n) : NULL;
}

JSON_INLINE void json_byte(struct json *j, const char *key, char c)
{
	char *p = json_begin(j, key, 1);

	if (!p)
		return;
	*p++ = c;
	buf_filled(j->b, p);
}

JSON_INLINE void json_key(struct json *j, const char *key)
{
	char *p = json_begin(j, key, 0);

	if (p)
		buf_filled(j->b, p);
}

JSON_INLINE void json_open(struct json *j, const char *key)
{
	json_byte(j, key, '{');
	j->comma = false;
}

static inline void json_close(struct json *j)
{
	buf_putc(j->b, '}');
	j->comma = true;
}

JSON_INLINE void json_array(struct json *j, const char *key)
{
	json_byte(j, key, '[');
	j->comma = false;
}

static inline void json_array_end(struct json *j)
{
	buf_putc(j->b, ']');
	j->comma = true;
}

/* The end of one record: a newline, and the next one starts afresh. */
static inline void json_end_line(struct json *j)
{
	buf_putc(j->b, '\n');
	j->comma = false;
}

JSON_INLINE void json_u64(struct json *j, const char *key, uint64_t v)
{
	char *p = json_begin(j, key, BUF_U64_MAX);

	if (p)
		buf_filled(j->b, buf_u64_at(p, v));
}

JSON_INLINE void json_bool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	buf_puts(j->b, v ? "true" : "false");
}

/* Three digits behind the point. */
static inline void json_milli(struct json *j, const char *key, uint64_t thousandths)
{
	json_key(j, key);
	buf_u64(j->b, thousandths / 1000);
	buf_putc(j->b, '.');
	buf_pad(j->b, thousandths % 1000, 3);
}

JSON_INLINE void json_str(struct json *j, const char *key, const char *s)
{
	json_byte(j, key, '"');
	text_json(j->b, s);
	buf_putc(j->b, '"');
}

/* Of ours, with nothing in it that needs an escape. */
JSON_INLINE void json_word(struct json *j, const char *key, const char *s)
{
	size_t n = strlen(s);
	char *p = json_begin(j, key, n + 2);

	if (!p)
		return;
	*p++ = '"';
	memcpy(p, s, n);
	p += n;
	*p++ = '"';
	buf_filled(j->b, p);
}

/* 16 lower-case digits in a string: JSON numbers lose the low bits of 64-bit ids. */
JSON_INLINE void json_hex64(struct json *j, const char *key, uint64_t v)
{
	json_byte(j, key, '"');
	buf_hex(j->b, v, 16);
	buf_putc(j->b, '"');
}

#endif
