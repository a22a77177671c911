// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "out/text.h"

struct example {
	const char *in, *plain, *json;
	size_t columns;
};

static const struct example harmless[] = {
	{"", "", "", 0},
	{"nginx: worker", "nginx: worker", "nginx: worker", 13},
	{"a/b'c <d>&", "a/b'c <d>&", "a/b'c <d>&", 10},
	{"\xc3\xa4", "\xc3\xa4", "\xc3\xa4", 1},                /* ä */
	{"\xe2\x82\xac!", "\xe2\x82\xac!", "\xe2\x82\xac!", 2}, /* € */
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 1},
	{"\xc2\xa0", "\xc2\xa0", "\xc2\xa0", 1},             /* the first behind C1 */
	{"\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf", 1}, /* U+D7FF, below the surrogates */
	{"\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80", 1}, /* U+E000, above them */
	{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", 1}, /* U+10FFFF */
};

static const struct example quotes[] = {
	{"\"", "\"", "\\\"", 1},
	{"\\", "\\", "\\\\", 1},
	{"a\",\"pid\":1,\"b", "a\",\"pid\":1,\"b", "a\\\",\\\"pid\\\":1,\\\"b", 13},
};

static const struct example controls[] = {
	{"\n", "\\x0a", "\\u000a", 4},
	{"\r\t\x01", "\\x0d\\x09\\x01", "\\u000d\\u0009\\u0001", 12},
	{"\x1b[2Jx", "\\x1b[2Jx", "\\u001b[2Jx", 8},
	{"\x1f \x7f", "\\x1f \\x7f", "\\u001f \\u007f", 9},
	{"\xc2\x80", "\\xc2\\x80", "\\u0080", 8},
	{"\xc2\x9b"
	 "31m",
	 "\\xc2\\x9b31m", "\\u009b31m", 11}, /* CSI in one character */
	{"\xc2\x9f", "\\xc2\\x9f", "\\u009f", 8},
};

static const struct example broken[] = {
	{"\x80", "\\x80", "\\\\x80", 4}, /* a continuation alone */
	{"\x9b"
	 "31m",
	 "\\x9b31m", "\\\\x9b31m", 7}, /* CSI of an 8-bit terminal */
	{"\xff", "\\xff", "\\\\xff", 4},
	{"\xfe\xfe", "\\xfe\\xfe", "\\\\xfe\\\\xfe", 8},
	{"\xc3", "\\xc3", "\\\\xc3", 4}, /* cut off at the end */
	{"\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82", 8},
	{"\xf0\x9f\x98", "\\xf0\\x9f\\x98", "\\\\xf0\\\\x9f\\\\x98", 12},
	{"\xc3(", "\\xc3(", "\\\\xc3(", 5}, /* cut off by another character */
	{"\xe2\x82"
	 "ab",
	 "\\xe2\\x82ab", "\\\\xe2\\\\x82ab", 10},
	{"\xc0\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf", 8}, /* "/" in two bytes */
	{"\xc1\xbf", "\\xc1\\xbf", "\\\\xc1\\\\xbf", 8},
	{"\xe0\x80\x8a", "\\xe0\\x80\\x8a", "\\\\xe0\\\\x80\\\\x8a", 12}, /* newline in three */
	{"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", "\\\\xe0\\\\x9f\\\\xbf", 12},
	{"\xf0\x80\x80\x8a", "\\xf0\\x80\\x80\\x8a", "\\\\xf0\\\\x80\\\\x80\\\\x8a", 16},
	{"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", "\\\\xf0\\\\x8f\\\\xbf\\\\xbf", 16},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80", 12}, /* U+D800 */
	{"\xed\xbf\xbf", "\\xed\\xbf\\xbf", "\\\\xed\\\\xbf\\\\xbf", 12}, /* U+DFFF */
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80",
	 16}, /* U+110000 */
	{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80", "\\\\xf5\\\\x80\\\\x80\\\\x80", 16},
};

/* They turn text round, or are not to be seen. JSON says which they are. */
static const struct example misleading[] = {
	{"\xe2\x80\xae"
	 "fdp",
	 "\\xe2\\x80\\xaefdp", "\\u202efdp", 15},
	{"nginx\xe2\x80\x8b", "nginx\\xe2\\x80\\x8b", "nginx\\u200b", 17},
	{"\xd8\x9c", "\\xd8\\x9c", "\\u061c", 8},
	{"\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\\u2028", 12},
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf", "\\ufeff", 12},
	{"\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", "\\udb40\\udc41", 16}, /* U+E0041 */
};

/* Text that reads like a byte shown as a number is not to be taken for it. */
static const struct example numbers[] = {
	{"\\x1b", "\\x5cx1b", "\\\\x5cx1b", 7},
	{"\\\\x1b", "\\\\x5cx1b", "\\\\\\\\x5cx1b", 8},
	{"\\x1", "\\x1", "\\\\x1", 3},
	{"\\xGG \\y41", "\\xGG \\y41", "\\\\xGG \\\\y41", 9},
};

static void check(const struct example *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf plain = {0}, json = {0};

		assert_int_equal(text_plain(&plain, e[i].in), e[i].columns);
		text_json(&json, e[i].in);
		buf_putc(&plain, '\0');
		buf_putc(&json, '\0');
		assert_string_equal(plain.data, e[i].plain);
		assert_string_equal(json.data, e[i].json);
		buf_free(&plain);
		buf_free(&json);
	}
}

TEST(keeps)
{
	check(harmless, COUNT(harmless));
}

TEST(escapes_quotes)
{
	check(quotes, COUNT(quotes));
}

TEST(escapes_controls)
{
	check(controls, COUNT(controls));
}

TEST(escapes_broken)
{
	check(broken, COUNT(broken));
}

TEST(escapes_misleading)
{
	check(misleading, COUNT(misleading));
}

TEST(escapes_numbers)
{
	check(numbers, COUNT(numbers));
}

/* The bytes that a shown text stands for. */
static size_t unescape(const char *s, size_t len, char *out)
{
	size_t n = 0;
	unsigned int v;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 3 < len && sscanf(s + i, "\\x%2x", &v) == 1 &&
		    strspn(s + i + 2, "0123456789abcdef") >= 2) {
			out[n++] = (char)v;
			i += 3;
		} else {
			out[n++] = s[i];
		}
	}
	return n;
}

/* Of what makes numbers, and of what they are made for. */
TEST(can_be_undone)
{
	static const char some[] = "\\x1b0fA\xff\x1b\xc3\xa4";
	unsigned int seed = 2;

	for (int round = 0; round < 50000; round++) {
		char s[13] = "", back[64];
		struct buf b = {0};
		size_t len = 1 + (size_t)rand_r(&seed) % 12, n;

		for (size_t i = 0; i < len; i++)
			s[i] = some[(size_t)rand_r(&seed) % (sizeof(some) - 1)];
		text_plain(&b, s);
		n = b.len;
		buf_putc(&b, '\0');
		assert_int_equal(unescape(b.data, n, back), len);
		assert_memory_equal(back, s, len);
		buf_free(&b);
	}
}

static struct json_object *parse_strict(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	assert_non_null(tok);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len);
	assert_int_equal(json_tokener_get_error(tok), json_tokener_success);
	json_tokener_free(tok);
	return o;
}

/* As a parser reads the string back; it has to be one string to the end. */
static void check_value(const char *in, const char *want)
{
	struct buf b = {0};
	struct json_object *o;

	buf_putc(&b, '"');
	text_json(&b, in);
	buf_puts(&b, "\"");
	buf_putc(&b, '\0');
	o = parse_strict(b.data, b.len);
	assert_true(json_object_is_type(o, json_type_string));
	if (want)
		assert_string_equal(json_object_get_string(o), want);
	json_object_put(o);
	buf_free(&b);
}

TEST(parses_back)
{
	for (size_t i = 0; i < COUNT(harmless); i++)
		check_value(harmless[i].in, harmless[i].in);
	for (size_t i = 0; i < COUNT(quotes); i++)
		check_value(quotes[i].in, quotes[i].in);
	for (size_t i = 0; i < COUNT(controls); i++)
		check_value(controls[i].in, controls[i].in);
	for (size_t i = 0; i < COUNT(broken); i++)
		check_value(broken[i].in, broken[i].plain);
	for (size_t i = 0; i < COUNT(misleading); i++)
		check_value(misleading[i].in, misleading[i].in);
}

static void check_bounded(const char *in, const char *keep, size_t max, const char *want)
{
	struct buf b = {0};

	text_bounded(&b, in, keep, max);
	assert_true(b.len <= max);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, want);
	buf_free(&b);
}

TEST(bounded)
{
	check_bounded("a\tb\nc\x1b", "\n\t", 100, "a\tb\nc\\x1b");
	check_bounded("a\tb\nc", "", 100, "a\\x09b\\x0ac");
	check_bounded("abc", "", 2, "ab");
	check_bounded("abc", "", 0, "");
	check_bounded("a\xe2\x82\xac", "", 3, "a"); /* € */
	check_bounded("a\xe2\x82\xac", "", 4, "a\xe2\x82\xac");
	check_bounded("a\xff", "", 4, "a");
	check_bounded("a\xff", "", 5, "a\\xff");
	check_bounded("a\xff", "", 8, "a\\xff");
}

static bool printable(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c < 0x20 || c == 0x7f)
			return false;
		if (c == 0xc2 && i + 1 < b->len && (unsigned char)b->data[i + 1] < 0xa0)
			return false;
	}
	return true;
}

TEST(random_bytes)
{
	unsigned int seed = 1;

	for (int round = 0; round < 50000; round++) {
		/* To the byte, so that ASan sees a look behind the end. */
		size_t len = (size_t)rand_r(&seed) % 12;
		char *s = malloc(len + 1);
		struct buf plain = {0}, json = {0};

		assert_non_null(s);
		for (size_t i = 0; i < len; i++) {
			int kind = rand_r(&seed) % 3;

			/* Plain noise, starts of sequences, continuations. */
			s[i] = (char)(kind == 0   ? rand_r(&seed)
				      : kind == 1 ? 0xc0 | rand_r(&seed) % 64
						  : 0x80 | rand_r(&seed) % 64);
		}
		s[len] = '\0';
		text_plain(&plain, s);
		text_json(&json, s);
		assert_true(printable(&plain));
		assert_true(printable(&json));
		check_value(s, NULL);
		buf_free(&plain);
		buf_free(&json);
		free(s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("harmless text is kept as it is, a character a column", keeps),
		IT("quotes and backslashes are escaped in JSON", escapes_quotes),
		IT("control characters, C0, DEL and C1, never reach the terminal",
		   escapes_controls),
		IT("bytes that are not UTF-8, overlong forms and surrogates are shown as numbers",
		   escapes_broken),
		IT("characters that turn text round or are invisible are shown as numbers",
		   escapes_misleading),
		IT("text that reads like such a number is told from it", escapes_numbers),
		IT("whatever is shown can be undone, so no two names look the same", can_be_undone),
		IT("a JSON parser reads back what was written", parses_back),
		IT("text for a file is cut between characters, and keeps what it is told to",
		   bounded),
		IT("random bytes make printable text and valid JSON", random_bytes),
	};

	return RUN(tests);
}
