// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reader on files made by hand, in both byte orders, and on what is no file at all. Files of
 * tcpdump and editcap: tests/e2e/pcapng.bats.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "collect/packet_file.h"
#include "model/pcapng_format.h"

/* A file that grows, its numbers in the byte order that is asked for. */
struct made {
	struct buf b;
	bool big;
};

static void u(struct made *m, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_putc(&m->b, (char)(v >> 8 * (m->big ? bytes - 1 - i : i)));
}

static void pad(struct made *m)
{
	while (m->b.len % 4)
		buf_putc(&m->b, '\0');
}

static size_t begin(struct made *m, uint32_t type)
{
	size_t at = m->b.len;

	u(m, type, 4);
	u(m, 0, 4);
	return at;
}

static void end(struct made *m, size_t at)
{
	struct made len = {.big = m->big};

	pad(m);
	u(&len, m->b.len - at + 4, 4);
	memcpy(m->b.data + at + 4, len.b.data, 4);
	buf_put(&m->b, len.b.data, 4);
	buf_free(&len.b);
}

static void option(struct made *m, uint16_t code, const void *value, uint16_t len)
{
	u(m, code, 2);
	u(m, len, 2);
	buf_put(&m->b, value, len);
	pad(m);
}

static void section(struct made *m)
{
	size_t at = begin(m, PCAPNG_SECTION);

	u(m, PCAPNG_MAGIC, 4);
	u(m, 1, 2);
	u(m, 0, 2);
	u(m, UINT64_MAX, 8);
	option(m, PCAPNG_SHB_USERAPPL, "by hand", 7);
	u(m, 0, 4);
	end(m, at);
}

static size_t interface(struct made *m, uint16_t link_type, uint32_t snaplen, const char *name)
{
	size_t at = begin(m, PCAPNG_INTERFACE);

	u(m, link_type, 2);
	u(m, 0, 2);
	u(m, snaplen, 4);
	option(m, PCAPNG_IF_NAME, name, (uint16_t)strlen(name));
	return at;
}

static size_t packet(struct made *m, uint32_t number, uint64_t time, const char *data)
{
	size_t at = begin(m, PCAPNG_PACKET);

	u(m, number, 4);
	u(m, time >> 32, 4);
	u(m, time & 0xffffffff, 4);
	u(m, strlen(data), 4);
	u(m, strlen(data) + 1, 4);
	buf_puts(&m->b, data);
	pad(m);
	return at;
}

static struct packet_file *opened(const struct made *m)
{
	struct packet_file *f;

	assert_int_equal(packet_file_open_memory(&f, m->b.data, m->b.len), 0);
	return f;
}

/* Its only packet's time in nanoseconds, the interface counting so. */
static uint64_t time_of(bool big, uint8_t resolution, int64_t offset, uint64_t time)
{
	struct made m = {.big = big};
	struct packet_file *f;
	struct packet_record r;
	uint64_t ns;
	size_t at;

	section(&m);
	at = interface(&m, 1, 0, "eth0");
	option(&m, PCAPNG_IF_TSRESOL, &resolution, 1);
	u(&m, PCAPNG_IF_TSOFFSET, 2);
	u(&m, 8, 2);
	u(&m, (uint64_t)offset, 8);
	end(&m, at);
	end(&m, packet(&m, 0, time, "x"));
	f = opened(&m);
	assert_int_equal(packet_file_next(f, &r), 1);
	ns = r.time;
	packet_file_close(f);
	buf_free(&m.b);
	return ns;
}

TEST(times)
{
	for (int big = 0; big < 2; big++) {
		assert_true(time_of(big, 9, 0, 1234567890123456789) == 1234567890123456789);
		assert_true(time_of(big, 6, 0, 1234567890123456) == 1234567890123456000);
		assert_true(time_of(big, 0, 0, 7) == 7000000000);
		assert_true(time_of(big, 12, 0, 1999) == 1);
		assert_true(time_of(big, 127, 0, UINT64_MAX) == 0);
		assert_true(time_of(big, 0x80 | 10, 0, 1536) == 1500000000);
		assert_true(time_of(big, 0x80 | 127, 0, UINT64_MAX) == 0);
		assert_true(time_of(big, 9, 5, 1) == 5000000001);
		assert_true(time_of(big, 9, -5, 6000000000) == 1000000000);
		assert_true(time_of(big, 9, -5, 1) == 0);
		assert_true(time_of(big, 0, 0, UINT64_MAX) == UINT64_MAX);
		assert_true(time_of(big, 9, INT64_MAX, 0) == UINT64_MAX);
		assert_true(time_of(big, 9, INT64_MIN, UINT64_MAX) == 0);
	}
}

/* Two sections of different byte orders, and every block that there is. */
static void make_all(struct made *m)
{
	const uint8_t filter[] = "\0tcp";
	size_t at;

	section(m);
	at = interface(m, 1, 3, "a");
	option(m, PCAPNG_IF_DESCRIPTION, "descr\0ibed", 10);
	option(m, PCAPNG_IF_FILTER, filter, 4);
	option(m, 999, "unknown", 7);
	end(m, at);
	end(m, interface(m, 101, 0, "b"));
	at = begin(m, 0x0bad); /* unknown */
	buf_puts(&m->b, "whatever it may be");
	end(m, at);
	at = packet(m, 1, 5000000, "second interface");
	option(m, PCAPNG_OPT_COMMENT, "one", 3);
	option(m, PCAPNG_OPT_COMMENT, "two", 3);
	u(m, PCAPNG_EPB_FLAGS, 2);
	u(m, 4, 2);
	u(m, 0x1fe, 4); /* outbound, and bits that are about other things */
	u(m, PCAPNG_OPT_END, 4);
	option(m, PCAPNG_OPT_COMMENT, "behind the end", 14);
	end(m, at);
	at = begin(m, PCAPNG_SIMPLE_PACKET);
	u(m, 9, 4);
	buf_puts(&m->b, "abc"); /* snaplen 3 */
	end(m, at);
	at = begin(m, PCAPNG_OLD_PACKET);
	u(m, 0, 2);
	u(m, 4, 2);
	u(m, 0, 4);
	u(m, 6000000, 4);
	u(m, 2, 4);
	u(m, 2, 4);
	buf_puts(&m->b, "ol");
	end(m, at);
	at = begin(m, PCAPNG_NAMES);
	option(m, PCAPNG_NAME_IPV4, "\x0a\x09\0\1one\0two", 11); /* the last without its NUL */
	option(m, 77, "unknown", 7);
	option(m, PCAPNG_NAME_IPV6, "short", 5);
	u(m, 0, 4);
	end(m, at);
}

static void is_second_interface(struct packet_file *f, struct packet_record *r)
{
	assert_int_equal(packet_file_next(f, r), 1);
	assert_string_equal(packet_file_writer(f), "by hand");
	assert_string_equal(r->interface->name, "b");
	assert_int_equal(r->interface->number, 1);
	assert_int_equal(r->interface->link_type, 101);
	assert_true(r->has_time && r->time == 5000000000);
	assert_int_equal(r->caplen, 16);
	assert_int_equal(r->len, 17);
	assert_memory_equal(r->data, "second interface", 16);
	assert_string_equal(r->comment, "one\ntwo");
	assert_int_equal(r->direction, PACKET_OUT);
}

TEST(sections)
{
	struct made m = {0}, other = {.big = true};
	struct packet_file *f;
	struct packet_record r;
	size_t names;

	make_all(&m);
	make_all(&other);
	buf_put(&m.b, other.b.data, other.b.len);
	f = opened(&m);
	for (int i = 0; i < 2; i++) {
		is_second_interface(f, &r);
		assert_int_equal(packet_file_next(f, &r), 1);
		assert_string_equal(r.interface->name, "a");
		assert_string_equal(r.interface->description, "descr");
		assert_string_equal(r.interface->filter, "tcp");
		assert_false(r.has_time);
		assert_int_equal(r.caplen, 3);
		assert_int_equal(r.len, 9);
		assert_memory_equal(r.data, "abc", 3);
		assert_string_equal(r.comment, "");
		assert_int_equal(packet_file_next(f, &r), 1);
		assert_true(r.time == 6000000000 && r.has_drops && r.drops == 4);
		assert_memory_equal(r.data, "ol", 2);
	}
	assert_int_equal(packet_file_next(f, &r), 0);
	assert_string_equal(packet_file_remark(f), "");
	assert_string_equal(packet_file_names(f, &names)[1].name, "two");
	assert_int_equal(names, 4);
	packet_file_close(f);
	buf_free(&m.b);
	buf_free(&other.b);
}

static void pcap(struct made *m, uint32_t magic, uint32_t fraction)
{
	u(m, magic, 4);
	u(m, 2, 2);
	u(m, 4, 2);
	u(m, 0, 8);
	u(m, 96, 4);
	u(m, 0xf0000000 | 101, 4); /* with the length of a frame check sequence */
	for (int i = 0; i < 2; i++) {
		u(m, 1700000000, 4);
		u(m, fraction, 4);
		u(m, 4, 4);
		u(m, 1500, 4);
		buf_puts(&m->b, "data");
	}
}

TEST(pcaps)
{
	for (int kind = 0; kind < 4; kind++) {
		struct made m = {.big = kind & 1};
		struct packet_file *f;
		struct packet_record r;

		pcap(&m, kind & 2 ? 0xa1b23c4d : 0xa1b2c3d4, kind & 2 ? 123456789 : 123456);
		f = opened(&m);
		assert_int_equal(packet_file_next(f, &r), 1);
		assert_int_equal(packet_file_next(f, &r), 1);
		assert_true(r.time == (kind & 2 ? 1700000000123456789 : 1700000000123456000));
		assert_int_equal(r.interface->link_type, 101);
		assert_int_equal(r.interface->snaplen, 96);
		assert_string_equal(r.interface->name, "");
		assert_int_equal(r.caplen, 4);
		assert_int_equal(r.len, 1500);
		assert_memory_equal(r.data, "data", 4);
		assert_int_equal(packet_file_next(f, &r), 0);
		assert_string_equal(packet_file_remark(f), "");
		packet_file_close(f);

		m.b.len--;
		f = opened(&m);
		assert_int_equal(packet_file_next(f, &r), 1);
		assert_int_equal(packet_file_next(f, &r), 0);
		assert_non_null(strstr(packet_file_remark(f), "ends too early"));
		assert_non_null(strstr(packet_file_remark(f), "packet 1"));
		packet_file_close(f);
		buf_free(&m.b);
	}
}

TEST(empty_packet)
{
	struct made m = {0};
	struct packet_file *f;
	struct packet_record r;

	pcap(&m, 0xa1b2c3d4, 0);
	memset(m.b.data + 32, 0, 4);
	m.b.len = 40;
	f = opened(&m);
	assert_int_equal(packet_file_next(f, &r), 1);
	assert_int_equal(r.caplen, 0);
	assert_non_null(r.data);
	assert_int_equal(packet_file_next(f, &r), 0);
	packet_file_close(f);
	buf_free(&m.b);
}

static void is_refused(const void *bytes, size_t len, int err, const char *why)
{
	struct packet_file *f;

	assert_int_equal(packet_file_open_memory(&f, bytes, len), err);
	if (!strstr(packet_file_remark(f), why))
		fail_msg("\"%s\" does not say: %s", packet_file_remark(f), why);
	packet_file_close(f);
}

TEST(no_captures)
{
	struct packet_file *f;

	is_refused("", 0, -ENODATA, "empty");
	is_refused("abc", 3, -EINVAL, "neither");
	is_refused("#!/bin/sh\n", 10, -EINVAL, "neither");
	is_refused("\x1f\x8b\x08\0\0", 5, -EINVAL, "gzip");
	is_refused("\x28\xb5\x2f\xfd\0", 5, -EINVAL, "zstd");
	is_refused("\xd4\xc3\xb2\xa1\2\0\4\0", 8, -EINVAL, "header");
	is_refused("\xd4\xc3\xb2\xa1\7\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 24, -EINVAL,
		   "version 7");
	assert_int_equal(packet_file_open(&f, "/nonexistent/file"), -ENOENT);
	assert_non_null(strstr(packet_file_remark(f), "No such file"));
	packet_file_close(f);
	assert_int_equal(packet_file_open(&f, "/"), -EISDIR);
	assert_non_null(strstr(packet_file_remark(f), "directory"));
	packet_file_close(f);
}

/* What follows a section with one interface is damaged, and that is said. */
static void is_damaged(struct made *m, const char *why)
{
	struct packet_file *f = opened(m);
	struct packet_record r;

	assert_int_equal(packet_file_next(f, &r), -EBADMSG);
	assert_int_equal(packet_file_next(f, &r), -EBADMSG);
	if (!strstr(packet_file_remark(f), why))
		fail_msg("\"%s\" does not say: %s", packet_file_remark(f), why);
	packet_file_close(f);
	buf_free(&m->b);
	*m = (struct made){.big = m->big};
	section(m);
	end(m, interface(m, 1, 0, "eth0"));
}

static void block(struct made *m, uint32_t type, uint32_t len)
{
	u(m, type, 4);
	u(m, len, 4);
	for (uint32_t i = 8; i < len && i < 64; i += 4)
		u(m, len, 4);
}

TEST(damaged)
{
	struct made m = {0};
	struct packet_file *f;
	struct packet_record r;
	size_t at;

	section(&m);
	end(&m, packet(&m, 0, 0, "x"));
	is_damaged(&m, "not described");
	end(&m, packet(&m, 1, 0, "x"));
	is_damaged(&m, "not described");
	block(&m, 99, 8);
	is_damaged(&m, "senseless length");
	block(&m, 99, 18);
	is_damaged(&m, "senseless length");
	block(&m, PCAPNG_PACKET, 24);
	is_damaged(&m, "too short");
	block(&m, PCAPNG_INTERFACE, 16);
	is_damaged(&m, "too short");
	block(&m, PCAPNG_PACKET, 0xfffffffc);
	is_damaged(&m, "16 MiB");
	block(&m, PCAPNG_SECTION, 28);
	is_damaged(&m, "magic");
	at = packet(&m, 0, 0, "abcd");
	end(&m, at);
	m.b.data[at + 20] = 5; /* caplen */
	is_damaged(&m, "longer than its block");
	end(&m, packet(&m, 0, 0, "abcd"));
	m.b.data[m.b.len - 4]++;
	is_damaged(&m, "two lengths");
	/* A huge block of a kind that is passed over is no reason to hold it. */
	block(&m, 99, 0xfffffffc);
	f = opened(&m);
	assert_int_equal(packet_file_next(f, &r), 0);
	assert_non_null(strstr(packet_file_remark(f), "ends too early"));
	packet_file_close(f);
	buf_free(&m.b);
}

TEST(too_many)
{
	struct made m = {0};
	struct packet_file *f;
	struct packet_record r;

	section(&m);
	for (int i = 0; i < PACKET_FILE_INTERFACES_MAX + 1; i++)
		end(&m, interface(&m, 1, 0, "e"));
	f = opened(&m);
	assert_int_equal(packet_file_next(f, &r), -E2BIG);
	assert_non_null(strstr(packet_file_remark(f), "65536"));
	packet_file_close(f);
	buf_free(&m.b);
}

TEST(stdin_too)
{
	struct made m = {0};
	struct packet_file *f;
	struct packet_record r;
	int fds[2], was = dup(STDIN_FILENO);

	make_all(&m);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(buf_flush(&m.b, fds[1]), 0);
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(packet_file_open(&f, "-"), 0);
	is_second_interface(f, &r);
	packet_file_close(f);
	dup2(was, STDIN_FILENO);
	close(was);
	buf_free(&m.b);
}

/* Random bytes in a good file, or behind its start: no look behind the end, no end without a word.
 */
TEST(random_files)
{
	unsigned int seed = 7;

	for (int round = 0; round < 60000; round++) {
		struct made m = {.big = round & 1};
		struct packet_file *f;
		struct packet_record r;
		unsigned int n = 1 + (unsigned int)rand_r(&seed) % 6;
		uint8_t *copy;
		int err;

		if (round % 3)
			make_all(&m);
		else
			pcap(&m, 0xa1b2c3d4, 0);
		for (unsigned int i = 0; i < n; i++)
			m.b.data[(unsigned int)rand_r(&seed) % m.b.len] = (char)rand_r(&seed);
		if (round % 5 == 0)
			m.b.len = 1 + (unsigned int)rand_r(&seed) % m.b.len;
		copy = malloc(m.b.len);
		assert_non_null(copy);
		memcpy(copy, m.b.data, m.b.len);
		err = packet_file_open_memory(&f, copy, m.b.len);
		while (!err && (err = packet_file_next(f, &r)) > 0)
			err = 0;
		assert_true(err == 0 || *packet_file_remark(f));
		packet_file_close(f);
		free(copy);
		buf_free(&m.b);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("times are counted as the interface says, in either byte order", times),
		IT("sections of different byte orders, all kinds of blocks, unknown ones too",
		   sections),
		IT("pcap of micro- and nanoseconds, in either byte order", pcaps),
		IT("a packet of which nothing was captured has data all the same", empty_packet),
		IT("what is no capture is refused with a reason", no_captures),
		IT("damage is named, and reading stays ended", damaged),
		IT("there is an end to interfaces", too_many),
		IT("\"-\" is stdin", stdin_too),
		IT("random bytes are read or refused", random_files),
	};

	return RUN(tests);
}
