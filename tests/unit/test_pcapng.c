// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The writer, byte by byte where that is short, and read back by packet_file.h. What tshark and
 * capinfos make of it: tests/e2e/pcapng.bats.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "collect/packet_file.h"
#include "model/pcapng_format.h"
#include "out/pcapng.h"

#define NS UINT64_C(1795230611123456789)

static const struct pcapng_host host = {"x86_64", "Linux 6.18"};

static uint32_t u32_at(const struct buf *b, size_t at)
{
	uint32_t v;

	assert_true(at + 4 <= b->len);
	memcpy(&v, b->data + at, 4);
	return v;
}

/* The buffer is a chain of whole blocks; how many. */
static unsigned int blocks(const struct buf *b)
{
	unsigned int n = 0;

	for (size_t at = 0; at < b->len; n++) {
		uint32_t len = u32_at(b, at + 4);

		assert_true(len >= PCAPNG_BLOCK_MIN && len % 4 == 0 && len <= b->len - at);
		assert_int_equal(u32_at(b, at + len - 4), len);
		at += len;
	}
	return n;
}

static struct pcapng_packet packet(const char *data, uint32_t len, const char *comment)
{
	return (struct pcapng_packet){.time = NS,
				      .data = data,
				      .caplen = len,
				      .len = len,
				      .comment = comment,
				      .drops = PCAPNG_UNKNOWN,
				      .id = PCAPNG_UNKNOWN};
}

static void put_start(struct buf *b)
{
	assert_int_equal(pcapng_put_section(b, &host, NULL), 0);
	assert_int_equal(pcapng_put_interface(b, &(struct pcapng_interface){.link_type = 1}), 0);
}

TEST(packet_bytes)
{
	struct pcapng_packet p = packet("abcde", 5, "hi");
	struct buf b = {0};
	uint32_t want[] = {6, 60,          0, (uint32_t)(NS >> 32), (uint32_t)NS,    5, 9, 0,
			   0, 1 | 2 << 16, 0, 2 | 4 << 16,          PCAPNG_OUTBOUND, 0, 60};

	memcpy(&want[7], "abcde\0\0", 8);
	memcpy(&want[10], "hi\0", 4);
	p.len = 9;
	p.direction = PACKET_OUT;
	assert_int_equal(pcapng_put_packet(&b, &p), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	buf_free(&b);
}

TEST(statistics_bytes)
{
	struct buf b = {0};
	uint32_t high = (uint32_t)(NS >> 32), low = (uint32_t)NS;
	uint32_t want[] = {5,           64, 1, high,        low, 2 | 8 << 16, high, low,
			   3 | 8 << 16, 7,  9, 8 | 8 << 16, 0,   0,           0,    64};
	struct pcapng_statistics s = {.interface = 1,
				      .time = NS,
				      .start = NS,
				      .end = UINT64_C(7) << 32 | 9,
				      .received = PCAPNG_UNKNOWN,
				      .if_dropped = PCAPNG_UNKNOWN,
				      .accepted = PCAPNG_UNKNOWN,
				      .os_dropped = PCAPNG_UNKNOWN,
				      .delivered = 4};

	assert_int_equal(pcapng_put_statistics(&b, &s), 0);
	/* A number has the machine's order, a time its upper half first. */
	memcpy(&want[12], &s.delivered, 8);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	buf_free(&b);
}

TEST(no_options)
{
	struct pcapng_packet p = packet("abcd", 4, NULL);
	struct buf b = {0};

	assert_int_equal(pcapng_put_packet(&b, &p), 0);
	assert_int_equal(b.len, 36);
	p = packet(NULL, 0, "");
	assert_int_equal(pcapng_put_packet(&b, &p), 0);
	assert_int_equal(b.len, 36 + 32);
	assert_int_equal(blocks(&b), 2);
	buf_free(&b);
}

TEST(nothing_of_what_is_refused)
{
	struct pcapng_packet p = packet("abcd", 4, NULL);
	static char large[PCAPNG_PACKET_MAX + 1];
	struct pcapng_name *names = calloc(70000, sizeof(*names));
	const char *name = "a";
	struct buf b = {0};

	assert_non_null(names);
	put_start(&b);
	size_t len = b.len;

	p.len = 3;
	assert_int_equal(pcapng_put_packet(&b, &p), -EINVAL);
	p = packet(large, sizeof(large), NULL);
	assert_int_equal(pcapng_put_packet(&b, &p), -EMSGSIZE);
	assert_int_equal(pcapng_put_names(&b, names, 1), 0); /* without a name */
	for (int i = 0; i < 70000; i++)
		names[i] = (struct pcapng_name){.names = &name, .n = 1};
	assert_int_equal(pcapng_put_names(&b, names, 70000), -EMSGSIZE);
	assert_int_equal(b.len, len);
	b.err = -ENOMEM;
	p = packet("abcd", 4, "x");
	assert_int_equal(pcapng_put_packet(&b, &p), -ENOMEM);
	assert_int_equal(pcapng_put_section(&b, &host, "x"), -ENOMEM);
	assert_int_equal(b.len, len);
	buf_free(&b);
	free(names);
}

TEST(every_length)
{
	static char data[64];
	char comment[64];
	struct buf b = {0};

	put_start(&b);
	for (unsigned int n = 0; n < 40; n++) {
		struct pcapng_packet p;

		memset(comment, 'c', n);
		comment[n] = '\0';
		p = packet(data, 40 - n, comment);
		assert_int_equal(pcapng_put_packet(&b, &p), 0);
	}
	assert_int_equal(blocks(&b), 42);
	buf_free(&b);
}

static void comment_becomes(const char *in, const char *want)
{
	_cleanup_packet_file_ struct packet_file *f = NULL;
	_cleanup_buf_ struct buf b = {0};
	struct pcapng_packet p = packet("abcd", 4, in);
	struct packet_record r;

	put_start(&b);
	assert_int_equal(pcapng_put_packet(&b, &p), 0);
	assert_int_equal(packet_file_open_memory(&f, b.data, b.len), 0);
	assert_int_equal(packet_file_next(f, &r), 1);
	assert_string_equal(r.comment, want);
}

TEST(comments)
{
	static char longest[3 * PCAPNG_TEXT_MAX];
	char want[PCAPNG_TEXT_MAX + 1] = "";

	comment_becomes("web (nginx) → client", "web (nginx) → client");
	comment_becomes("two\nlines\tand a tab", "two\nlines\tand a tab");
	comment_becomes("\x1b[2J\xff\xc3", "\\x1b[2J\\xff\\xc3");
	comment_becomes("", "");
	comment_becomes(NULL, "");
	/* A character of two bytes does not fit behind an odd number of them. */
	longest[0] = 'x';
	for (size_t i = 1; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "ä", 2);
	memcpy(want, longest, PCAPNG_TEXT_MAX - 1);
	comment_becomes(longest, want);
}

/* One of each block; some of the fields twice. */
static void put_all(struct buf *b)
{
	static const char *const names[] = {"client.lab", "client"}, *const six[] = {"web\n6"};
	struct pcapng_name n[2] = {{.names = names, .n = 2}, {.names = six, .n = 1}};
	struct pcapng_packet p = packet("abcdefg", 7, "one");

	addr_parse("10.9.0.1", &n[0].addr);
	addr_parse("fd09::1", &n[1].addr);
	pcapng_put_section(b, &host, "a test");
	pcapng_put_interface(b, &(struct pcapng_interface){.link_type = 1,
							   .snaplen = 96,
							   .name = "web:eth0",
							   .description = "netns web",
							   .filter = "port 80"});
	pcapng_put_interface(b, &(struct pcapng_interface){.link_type = 101, .name = "tun\n0"});
	pcapng_put_names(b, n, 2);
	p.direction = PACKET_IN;
	p.drops = 3;
	p.len = 1500;
	pcapng_put_packet(b, &p);
	p = packet("xyz", 3, NULL);
	p.interface = 1;
	p.time = UINT64_MAX;
	p.id = 77;
	pcapng_put_packet(b, &p);
	pcapng_put_statistics(b, &(struct pcapng_statistics){.time = NS,
							     .start = NS,
							     .end = PCAPNG_UNKNOWN,
							     .received = 1,
							     .delivered = PCAPNG_UNKNOWN});
}

TEST(reads_back)
{
	_cleanup_packet_file_ struct packet_file *f = NULL;
	_cleanup_buf_ struct buf b = {0};
	const struct packet_name *names;
	struct packet_record r;
	size_t n;

	put_all(&b);
	assert_int_equal(b.err, 0);
	assert_int_equal(blocks(&b), 7);
	assert_int_equal(packet_file_open_memory(&f, b.data, b.len), 0);
	assert_string_equal(packet_file_writer(f), "flowner " FLOWNER_VERSION);
	assert_int_equal(packet_file_next(f, &r), 1);
	assert_string_equal(r.interface->name, "web:eth0");
	assert_string_equal(r.interface->description, "netns web");
	assert_string_equal(r.interface->filter, "port 80");
	assert_int_equal(r.interface->link_type, 1);
	assert_int_equal(r.interface->snaplen, 96);
	assert_true(r.has_time && r.time == NS);
	assert_int_equal(r.caplen, 7);
	assert_int_equal(r.len, 1500);
	assert_int_equal(r.direction, PACKET_IN);
	assert_true(r.has_drops && r.drops == 3 && !r.has_id);
	assert_string_equal(r.comment, "one");
	assert_memory_equal(r.data, "abcdefg", 7);
	assert_int_equal(packet_file_next(f, &r), 1);
	assert_string_equal(r.interface->name, "tun\\x0a0");
	assert_int_equal(r.interface->link_type, 101);
	assert_true(r.time == UINT64_MAX && r.has_id && r.id == 77 && !r.has_drops);
	assert_int_equal(r.direction, PACKET_DIRECTION_UNKNOWN);
	assert_string_equal(r.comment, "");
	assert_int_equal(packet_file_next(f, &r), 0);
	assert_int_equal(packet_file_next(f, &r), 0);
	assert_string_equal(packet_file_remark(f), "");
	names = packet_file_names(f, &n);
	assert_int_equal(n, 3);
	assert_string_equal(names[0].name, "client.lab");
	assert_string_equal(names[1].name, "client");
	assert_string_equal(names[2].name, "web\\x0a6");
	assert_true(addr_equal(&names[0].addr, &names[1].addr) && addr_is_v4(&names[0].addr));
}

/* A file of these bytes, in memory that ends where they end. Packets, or -errno of open or next. */
static int read_all(const void *bytes, size_t len, char *remark, size_t room)
{
	void *copy = malloc(len ? len : 1);
	struct packet_file *f;
	struct packet_record r;
	int err, n = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	err = packet_file_open_memory(&f, copy, len);
	while (!err && (err = packet_file_next(f, &r)) == 1) {
		volatile uint8_t sum = 0;

		for (uint32_t i = 0; i < r.caplen; i++)
			sum = (uint8_t)(sum + r.data[i]);
		assert_non_null(r.interface->name);
		n++;
		err = 0;
	}
	snprintf(remark, room, "%s", packet_file_remark(f));
	packet_file_close(f);
	free(copy);
	return err ? err : n;
}

TEST(every_cut)
{
	_cleanup_buf_ struct buf b = {0};
	char remark[256];
	size_t first;

	put_all(&b);
	first = u32_at(&b, 4);
	for (size_t len = 0; len <= b.len; len++) {
		bool whole = false;
		int n = read_all(b.data, len, remark, sizeof(remark));

		for (size_t at = first; at <= len && !whole;
		     at += at < b.len ? u32_at(&b, at + 4) : 1)
			whole = at == len;
		if (len < first)
			assert_true(n == -EINVAL || (len == 0 && n == -ENODATA));
		else
			assert_true(n >= 0 && n <= 2);
		assert_int_equal(*remark == '\0', whole);
	}
	assert_int_equal(read_all(b.data, b.len, remark, sizeof(remark)), 2);
}

TEST(flipped_bytes)
{
	_cleanup_buf_ struct buf b = {0};
	unsigned int seed = 1, damaged = 0;
	char remark[256];

	put_all(&b);
	for (size_t at = 0; at < b.len; at++) {
		for (int round = 0; round < 12; round++) {
			char was = b.data[at];
			int n;

			b.data[at] ^= (char)(round < 8 ? 1 << round : rand_r(&seed));
			n = read_all(b.data, b.len, remark, sizeof(remark));
			assert_true(n <= 2);
			if (n < 0) {
				assert_true(*remark != '\0');
				damaged++;
			}
			b.data[at] = was;
		}
	}
	assert_true(damaged > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a packet block has the bytes that the specification says", packet_bytes),
		IT("so has a block of statistics, times in halves and what is unknown left out",
		   statistics_bytes),
		IT("a packet without remarks has no options", no_options),
		IT("what is refused leaves no byte in the buffer", nothing_of_what_is_refused),
		IT("data and comments of any length are padded", every_length),
		IT("comments are UTF-8, whatever they were, and bounded", comments),
		IT("all that was written is read back", reads_back),
		IT("a file cut off at any byte is read as far as it goes, and that is said",
		   every_cut),
		IT("a file with any byte changed is read or refused, with a reason", flipped_bytes),
	};

	return RUN(tests);
}
