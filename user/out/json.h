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

static inline void json_key(struct json *j, const char *key)
{
	if (j->comma)
		buf_putc(j->b, ',');
	j->comma = true;
	if (key) {
		buf_putc(j->b, '"');
		buf_puts(j->b, key);
		buf_lit(j->b, "\":");
	}
}

static inline void json_open(struct json *j, const char *key)
{
	json_key(j, key);
	buf_putc(j->b, '{');
	j->comma = false;
}

static inline void json_close(struct json *j)
{
	buf_putc(j->b, '}');
	j->comma = true;
}

static inline void json_array(struct json *j, const char *key)
{
	json_key(j, key);
	buf_putc(j->b, '[');
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

static inline void json_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	buf_u64(j->b, v);
}

static inline void json_bool(struct json *j, const char *key, bool v)
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

static inline void json_str(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	buf_putc(j->b, '"');
	text_json(j->b, s);
	buf_putc(j->b, '"');
}

/* 16 lower-case digits in a string: JSON numbers lose the low bits of 64-bit ids. */
static inline void json_hex64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	buf_putc(j->b, '"');
	buf_hex(j->b, v, 16);
	buf_putc(j->b, '"');
}

#endif
