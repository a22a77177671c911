// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "model/addr.h"

static struct addr parsed(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static void shown_as(const char *in, const char *out)
{
	struct addr a = parsed(in);
	char text[ADDR_TEXT_MAX];

	assert_int_equal(addr_format(&a, text), strlen(out));
	assert_string_equal(text, out);
}

TEST(formats)
{
	shown_as("0.0.0.0", "0.0.0.0");
	shown_as("10.77.0.2", "10.77.0.2");
	shown_as("9.99.100.255", "9.99.100.255");
	shown_as("255.255.255.255", "255.255.255.255");
	shown_as("::", "::");
	shown_as("::1", "::1");
	shown_as("fd77::2", "fd77::2");
	shown_as("FD77:0:0:0:0:0:0:2", "fd77::2");
	shown_as("[fd77::2]", "fd77::2");
	shown_as("1111:2222:3333:4444:5555:6666:7777:8888",
		 "1111:2222:3333:4444:5555:6666:7777:8888");
	shown_as("::ffff:10.0.0.2", "10.0.0.2");
}

TEST(same_shape)
{
	const uint8_t v4[4] = {10, 0, 0, 2};
	struct addr a = parsed("10.0.0.2"), mapped = parsed("::ffff:a00:2"),
		    made = addr_make(AF_INET, v4);
	struct addr v6 = parsed("::a00:2"), copy = addr_make(AF_INET6, v6.b);

	assert_true(addr_equal(&a, &mapped));
	assert_true(addr_equal(&a, &made));
	assert_true(addr_is_v4(&mapped));
	assert_false(addr_equal(&a, &v6));
	assert_false(addr_is_v4(&v6));
	assert_true(addr_equal(&v6, &copy));
}

TEST(every_v4_octet)
{
	struct addr a = parsed("1.2.3.4");
	char text[ADDR_TEXT_MAX], want[INET_ADDRSTRLEN];

	for (unsigned int i = 0; i < 256; i++) {
		a.b[12] = (uint8_t)i;
		a.b[15] = (uint8_t)(255 - i);
		inet_ntop(AF_INET, a.b + 12, want, sizeof(want));
		assert_int_equal(addr_format(&a, text), strlen(want));
		assert_string_equal(text, want);
	}
}

TEST(any)
{
	static const char *const yes[] = {"0.0.0.0", "::", "::ffff:0:0"};
	static const char *const no[] = {"0.0.0.1", "1.0.0.0", "::1",
					 "1::",     "::1:0:0", "::fffe:0:0"};
	struct addr a;

	for (size_t i = 0; i < COUNT(yes); i++) {
		a = parsed(yes[i]);
		assert_true(addr_is_any(&a));
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		a = parsed(no[i]);
		assert_false(addr_is_any(&a));
	}
}

TEST(not_addresses)
{
	static const char *const bad[] = {
		"",
		" ",
		"10",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.1.2",
		"10.0.0.1 ",
		" 10.0.0.1",
		"010.0.0.1x",
		"a.b.c.d",
		"localhost",
		":",
		":::",
		"1::2::3",
		"fd77::g",
		"fd77::2%eth0",
		"[",
		"]",
		"[]",
		"[fd77::2",
		"fd77::2]",
		"10.0.0.1:80",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"10.0.0.1/8",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111",
	};
	struct addr a;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(addr_parse(bad[i], &a), -EINVAL);
}

static void end_shown_as(const char *addr, uint16_t port, const char *want)
{
	struct addr_port ap = {parsed(addr), port};
	char text[ADDR_TEXT_MAX];

	assert_int_equal(addr_port_format(&ap, text), strlen(want));
	assert_string_equal(text, want);
}

TEST(ports)
{
	end_shown_as("10.0.0.2", 80, "10.0.0.2:80");
	end_shown_as("10.0.0.2", 1, "10.0.0.2:1");
	end_shown_as("10.0.0.2", 10, "10.0.0.2:10");
	end_shown_as("10.0.0.2", 65535, "10.0.0.2:65535");
	end_shown_as("0.0.0.0", 0, "0.0.0.0:*");
	end_shown_as("fd77::2", 443, "[fd77::2]:443");
	end_shown_as("::", 0, "[::]:*");
	end_shown_as("::ffff:10.0.0.2", 9000, "10.0.0.2:9000");
	end_shown_as("1111:2222:3333:4444:5555:6666:7777:8888", 65535,
		     "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

static bool has(const char *prefix, const char *addr)
{
	struct addr a = parsed(addr);
	struct addr_prefix p;

	assert_int_equal(addr_prefix_parse(prefix, &p), 0);
	return addr_prefix_has(&p, &a);
}

TEST(prefixes)
{
	assert_true(has("10.0.0.0/8", "10.255.1.2"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("10.1.2.3/8", "10.9.9.9"));
	assert_true(has("192.168.1.128/25", "192.168.1.128"));
	assert_false(has("192.168.1.128/25", "192.168.1.127"));
	assert_true(has("10.0.0.2/31", "10.0.0.3"));
	assert_false(has("10.0.0.2/31", "10.0.0.4"));
	assert_true(has("fd77::/64", "fd77::1:2:3:4"));
	assert_false(has("fd77::/64", "fd77:0:0:1::"));
	assert_true(has("fd77::/12", "fd7f::"));
	assert_false(has("fd77::/12", "fd80::"));
	assert_true(has("[fd77::]/16", "fd77::2"));
	assert_true(has("10.0.0.0/8", "::ffff:10.1.1.1"));
}

TEST(whole_addresses)
{
	assert_true(has("10.0.0.2", "10.0.0.2"));
	assert_false(has("10.0.0.2", "10.0.0.3"));
	assert_true(has("10.0.0.2/32", "10.0.0.2"));
	assert_false(has("10.0.0.2/32", "10.0.0.3"));
	assert_true(has("fd77::2/128", "fd77::2"));
	assert_false(has("fd77::2/128", "fd77::3"));
	assert_false(has("fd77::2", "fd77::3"));
}

TEST(zero_length)
{
	assert_true(has("0.0.0.0/0", "0.0.0.0"));
	assert_true(has("10.1.2.3/0", "255.255.255.255"));
	assert_false(has("0.0.0.0/0", "fd77::2"));
	assert_false(has("0.0.0.0/0", "::"));
	assert_true(has("::/0", "::"));
	assert_true(has("fd77::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(bits_behind_the_mask)
{
	struct addr_prefix p;
	struct addr net = parsed("10.0.0.0");

	for (unsigned int bits = 8; bits <= 31; bits++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.0.0/%u", bits);
		assert_int_equal(addr_prefix_parse(text, &p), 0);
		assert_true(addr_equal(&p.addr, &net));
	}
	assert_int_equal(addr_prefix_parse("10.255.255.255/8", &p), 0);
	assert_true(addr_equal(&p.addr, &net));
}

TEST(not_prefixes)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"10.0.0.0/8x",
		"10.0.0.0/0x8",
		"10.0.0.0/255.0.0.0",
		"fd77::/129",
		"fd77::/",
		"fd77::/4294967360",
		"fd77::/99999999999999999999999",
		"10.0/8",
		"nonsense/8",
		"1111111111111111111111111111111111111111111111111111111111111111111111111111/8",
	};
	struct addr_prefix p;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(addr_prefix_parse(bad[i], &p), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("an address is shown as it was given, IPv6 in its shortest form", formats),
		IT("an IPv4 address and its v4-mapped form are one address", same_shape),
		IT("every value of an octet is shown as libc shows it", every_v4_octet),
		IT("0.0.0.0 and :: are the any addresses, and nothing else is", any),
		IT("what is not an address is refused", not_addresses),
		IT("a port follows, IPv6 in brackets, and an unknown one is a star", ports),
		IT("a prefix has the addresses whose first bits are its own", prefixes),
		IT("an address alone, /32 and /128 match just that address", whole_addresses),
		IT("length 0 matches every address of its family", zero_length),
		IT("a prefix forgets the bits behind its mask", bits_behind_the_mask),
		IT("what is not a prefix is refused", not_prefixes),
	};

	return RUN(tests);
}
