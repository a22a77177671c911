// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names at their limits. Messages of every kind are in packet_corpus.h.
 */
#include "unit.h"

#include <errno.h>

#include "base/buf.h"
#include "model/dns.h"

static void header(struct buf *b, uint8_t questions)
{
	const char h[12] = {0, 1, 1, 0, 0, (char)questions};

	buf_put(b, h, sizeof(h));
}

static void label(struct buf *b, size_t len, char c)
{
	buf_putc(b, (char)len);
	for (size_t i = 0; i < len; i++)
		buf_putc(b, c);
}

static void type_and_class(struct buf *b)
{
	buf_put(b, "\0\1\0\1", 4);
}

/* The first question's result; `wire` is what the message was, of which the buffer may be a part.
 */
static int first(const struct buf *b, size_t wire, struct dns_record *r)
{
	struct packet_bytes bytes = {(const uint8_t *)b->data, b->len, wire};
	struct dns_message m;

	assert_int_equal(dns_open(&m, bytes), 1);
	return dns_next(&m, r);
}

/* Four labels that make a name of 255 bytes, the longest there is, or one more. */
static void long_name(struct buf *b, size_t last, char c)
{
	header(b, 1);
	for (int i = 0; i < 3; i++)
		label(b, 63, c);
	label(b, last, c);
	buf_putc(b, '\0');
	type_and_class(b);
}

TEST(longest)
{
	struct dns_record r;
	struct buf b = {0};

	long_name(&b, 61, 'x');
	assert_int_equal(first(&b, b.len, &r), 1);
	assert_int_equal(strlen(r.name), 254);
	buf_free(&b);
	/* Each byte becomes four. */
	long_name(&b, 61, '\0');
	assert_int_equal(first(&b, b.len, &r), 1);
	assert_int_equal(strlen(r.name), 250 * 4 + 4);
	assert_memory_equal(r.name, "\\000\\000", 8);
	buf_free(&b);
}

TEST(too_long)
{
	struct dns_record r;
	struct buf b = {0};

	long_name(&b, 62, '\0');
	assert_int_equal(first(&b, b.len, &r), -EBADMSG);
	buf_free(&b);
	header(&b, 1);
	label(&b, 64, 'x'); /* neither a label nor a pointer */
	buf_putc(&b, '\0');
	type_and_class(&b);
	assert_int_equal(first(&b, b.len, &r), -EBADMSG);
	buf_free(&b);
}

TEST(pieces)
{
	struct dns_record r;
	struct buf b = {0};
	struct packet_bytes bytes;
	struct dns_message m;

	header(&b, 2);
	label(&b, 3, 'c');
	buf_putc(&b, '\0');
	type_and_class(&b);
	buf_put(&b, "\2a.\1\\\xc0\x0c", 7);
	type_and_class(&b);
	bytes = (struct packet_bytes){(const uint8_t *)b.data, b.len, b.len};
	assert_int_equal(dns_open(&m, bytes), 1);
	assert_int_equal(dns_next(&m, &r), 1);
	assert_string_equal(r.name, "ccc.");
	assert_int_equal(dns_next(&m, &r), 1);
	assert_string_equal(r.name, "a\\..\\\\.ccc.");
	assert_int_equal(dns_next(&m, &r), 0);
	buf_free(&b);
}

TEST(cut)
{
	struct dns_record r;
	struct buf b = {0};
	size_t whole;

	long_name(&b, 10, 'x');
	whole = b.len;
	for (b.len = 12; b.len < whole; b.len++) {
		assert_int_equal(first(&b, whole, &r), -ENODATA);
		assert_int_equal(first(&b, b.len, &r), -EBADMSG);
	}
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("the longest name there is can be shown, whatever its bytes", longest),
		IT("longer names and labels are nonsense", too_long),
		IT("a name may go on at an earlier one; dots inside of labels are told apart",
		   pieces),
		IT("a name that the capture cut is not one that is cut by itself", cut),
	};

	return RUN(tests);
}
