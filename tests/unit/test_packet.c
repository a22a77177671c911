// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Dissection and the lines, on packet_corpus.h; then on its packets cut off at every byte and
 * changed at random, each in memory that ends where the packet ends, so that ASan sees a look
 * behind it.
 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "out/packet_line.h"
#include "packet_corpus.h"

#define RANDOM_PACKETS 1000000

/* The summary of a copy of the bytes; NUL-terminated, the caller's. */
static void summarise(struct buf *b, uint16_t link_type, const uint8_t *bytes, size_t cap,
		      size_t len)
{
	uint8_t *copy = malloc(cap ? cap : 1);
	struct packet p;

	assert_non_null(copy);
	memcpy(copy, bytes, cap);
	packet_parse(&p, link_type, cap ? copy : NULL, cap, len);
	b->len = 0;
	packet_summary(b, &p);
	buf_putc(b, '\0');
	assert_true(p.payload.cap <= p.payload.len);
	assert_true(p.net.cap <= cap);
	if (p.payload.cap) {
		assert_true(p.payload.p >= copy);
		assert_true(p.payload.p + p.payload.cap <= copy + cap);
	}
	free(copy);
}

static void is_said(uint16_t link_type, const uint8_t *bytes, size_t cap, size_t len,
		    const char *want)
{
	struct buf b = {0};

	summarise(&b, link_type, bytes, cap, len);
	assert_string_equal(b.data, want);
	buf_free(&b);
}

static const struct packet_example *example(const char *name)
{
	for (size_t i = 0; i < PACKET_CORPUS; i++)
		if (!strcmp(packet_corpus[i].name, name))
			return &packet_corpus[i];
	fail_msg("no example %s", name);
	return NULL;
}

static void cut_is_said(const char *name, size_t cap, const char *want)
{
	const struct packet_example *e = example(name);
	uint8_t bytes[PACKET_CORPUS_MAX];
	size_t len = packet_example_bytes(e, bytes);

	is_said(e->link_type, bytes, cap, len, want);
}

TEST(corpus)
{
	for (size_t i = 0; i < PACKET_CORPUS; i++) {
		uint8_t bytes[PACKET_CORPUS_MAX];
		size_t len = packet_example_bytes(&packet_corpus[i], bytes);

		is_said(packet_corpus[i].link_type, bytes, len, len, packet_corpus[i].summary);
	}
}

TEST(says_what_is_cut)
{
	cut_is_said("SYN", 0, "length 74 [|ether]");
	cut_is_said("SYN", 13, "0a:0b:0c:0d:0e:01 > 0a:0b:0c:0d:0e:02, length 74 [|ether]");
	cut_is_said("SYN", 33, "IP [|ip]");
	cut_is_said("SYN", 37, "IP 10.9.0.1 > 10.9.0.2: [|tcp]");
	cut_is_said("SYN", 38, "IP 10.9.0.1.40000 > 10.9.0.2.80: [|tcp]");
	cut_is_said("SYN", 60,
		    "IP 10.9.0.1.40000 > 10.9.0.2.80: Flags [S], seq 1000, win 64240, options "
		    "[mss 1460,sackOK [|tcp]");
	cut_is_said("data", 66,
		    "IP 10.9.0.1.40000 > 10.9.0.2.5000: Flags [P.], seq 1001:1013, ack 2001, "
		    "win 502, options [nop,nop,TS val 101 ecr 100], length 12");
	cut_is_said("UDP", 41, "IP 10.9.0.1.40000 > 10.9.0.2.9000: [|udp]");
	cut_is_said("UDP", 42, "IP 10.9.0.1.40000 > 10.9.0.2.9000: UDP, length 100");
	cut_is_said("A question", 60, "IP 10.9.0.1.40000 > 10.9.0.2.53: 4711+ [|domain]");
	cut_is_said("ARP request", 41, "ARP [|arp]");
	cut_is_said("TCP over IPv6", 53, "IP6 [|ip6]");
	cut_is_said("VLAN", 16, "0a:0b:0c:0d:0e:01 > 0a:0b:0c:0d:0e:02, length 47 [|vlan]");
	cut_is_said("port unreachable", 60,
		    "IP 10.9.0.2 > 10.9.0.1: ICMP unreachable (code 3) [|icmp]");
	cut_is_said("neighbor solicitation", 70,
		    "IP6 fd09::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation [|icmp6]");
	cut_is_said("port unreachable 6", 55, "IP6 fd09::1 > fd09::2: ICMP6 [|icmp6]");
}

/* An extension that is longer than what there is of it: no header is looked for behind it. */
TEST(long_extension)
{
	uint8_t bytes[80] = {0x60, 0, 0, 0, 0, 200, 0, 64};

	bytes[40] = 6; /* TCP would follow, 160 bytes on */
	bytes[41] = 19;
	is_said(PACKET_LINK_RAW, bytes, sizeof(bytes), 240, "IP6 :: > ::: [|ip6-ext]");
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

TEST(every_cut)
{
	struct buf b = {0};

	for (size_t i = 0; i < PACKET_CORPUS; i++) {
		uint8_t bytes[PACKET_CORPUS_MAX];
		size_t len = packet_example_bytes(&packet_corpus[i], bytes);

		for (size_t cap = 0; cap <= len; cap++) {
			/* Cut by the capture, and cut on the wire. */
			summarise(&b, packet_corpus[i].link_type, bytes, cap, len);
			assert_true(printable(b.data));
			summarise(&b, packet_corpus[i].link_type, bytes, cap, cap);
			assert_true(printable(b.data));
			assert_true(b.len < 65536);
		}
	}
	buf_free(&b);
}

static uint64_t rng = 20261121;

static uint64_t any(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* An example with some bytes changed, or with noise behind its start. */
static size_t make_random(uint8_t bytes[PACKET_CORPUS_MAX], uint16_t *link_type)
{
	static const uint16_t links[] = {0, 1, 101, 113, 228, 229, 276, 9999};
	const struct packet_example *e = &packet_corpus[any() % PACKET_CORPUS];
	size_t len = packet_example_bytes(e, bytes), from = len;

	*link_type = e->link_type;
	switch (any() % 4) {
	case 0: /* noise alone */
		*link_type = links[any() % COUNT(links)];
		len = any() % 128;
		from = 0;
		break;
	case 1: /* noise behind a true start */
		from = any() % (len + 1);
		break;
	default:
		for (uint64_t n = 1 + any() % 8; n > 0; n--)
			bytes[any() % len] = (uint8_t)any();
	}
	for (size_t i = from; i < len; i++)
		bytes[i] = (uint8_t)any();
	return len;
}

TEST(random_packets)
{
	struct buf b = {0};

	for (unsigned int i = 0; i < RANDOM_PACKETS; i++) {
		uint8_t bytes[PACKET_CORPUS_MAX];
		uint16_t link_type;
		size_t len = make_random(bytes, &link_type);

		summarise(&b, link_type, bytes, len, len + (any() % 4 ? 0 : any() % 2000));
		assert_true(printable(b.data));
		assert_true(b.len < 65536);
	}
	buf_free(&b);
}

/* 64 KiB that claim 65535 answers, each with the longest name there can be. */
TEST(bounded_time)
{
	static uint8_t m[65507 + 28];
	struct timespec began, ended;
	struct buf b = {0};
	size_t at = 28;

	memset(m, 0, sizeof(m));
	memcpy(m, "\x45\0\xff\xff\0\0\0\0\x40\x11\0\0\x0a\x09\0\1\x0a\x09\0\2", 20);
	memcpy(m + 20, "\0\x35\x9c\x40\xff\xeb\0\0", 8);
	memcpy(m + at, "\0\1\x81\x80\0\0\xff\xff\0\0\0\0", 12);
	at += 12;
	for (int i = 0; i < 120; i++, at += 2)
		memcpy(m + at, "\1\x1b", 2);
	at += 11; /* its end, and type, class, TTL, length: 0 */
	while (at + 12 <= sizeof(m)) {
		memcpy(m + at, "\xc0\x0c\0\5\0\1\0\0\0\0\0\2\xc0\x0c",
		       14 < sizeof(m) - at ? 14 : 12);
		at += 14;
	}
	clock_gettime(CLOCK_MONOTONIC, &began);
	summarise(&b, PACKET_LINK_RAW, m, sizeof(m), sizeof(m));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_non_null(strstr(b.data, ", …"));
	assert_true(b.len < 128 * 1024);
	assert_true(ended.tv_sec - began.tv_sec < 5);
	buf_free(&b);
}

TEST(line)
{
	const struct packet_example *e = example("ARP reply");
	uint8_t bytes[PACKET_CORPUS_MAX];
	size_t len = packet_example_bytes(e, bytes);
	struct packet_line_who who = {"lab\x1b", "web", "eth0", PACKET_OUT}, unknown = {0};
	struct packet_line_widths w = {0};
	struct wall_clock clock = {0};
	struct buf b = {0};
	struct packet p;

	setenv("TZ", "UTC", 1);
	tzset();
	packet_parse(&p, e->link_type, bytes, len, len);
	packet_line(&b, &w, &clock, UINT64_C(1795230611123456789), &who, &p);
	packet_line(&b, &w, &clock, UINT64_C(1795230612000000999), &unknown, &p);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, "03:10:11.123456  lab\\x1b/web  eth0  Out  ARP, Reply 10.9.0.2 "
				    "is-at 0a:0b:0c:0d:0e:02, length 28\n"
				    "03:10:12.000000  -                  ?    ARP, Reply 10.9.0.2 "
				    "is-at 0a:0b:0c:0d:0e:02, length 28\n");
	buf_free(&b);
}

TEST(dumps)
{
	struct buf b = {0};

	packet_hex(&b, "0123456789abcdef\x1b[2J\xff", 21);
	packet_ascii(&b, "GET /\r\n\rx\x1b[2J\t\xff\r", 16);
	buf_putc(&b, '\0');
	assert_string_equal(b.data,
			    "\t0x0000:  3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n"
			    "\t0x0010:  1b5b 324a ff                             .[2J.\n"
			    "GET /\n.x.[2J\t.\n");
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("each kind of packet is described", corpus),
		IT("of a packet that was cut is said what there is, and where it ends",
		   says_what_is_cut),
		IT("behind an extension that is cut nothing is looked for", long_extension),
		IT("packets cut at any byte are described without a look behind their end",
		   every_cut),
		IT("a million random packets are, too", random_packets),
		IT("a message of names upon names takes bounded time and space", bounded_time),
		IT("a line has time, owner, interface and direction, and lines stand in line",
		   line),
		IT("bytes are dumped as tcpdump -X and -A dump them", dumps),
	};

	return RUN(tests);
}
