// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* HOST:PORT as users write it, right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "echo/addr.h"

static void splits(const char *text, const char *want_host, uint16_t want_port, int want_family)
{
	char host[64];
	const char *why = NULL;
	uint16_t port;
	int family;

	assert_int_equal(echo_addr_split(text, host, sizeof(host), &port, &family, &why), 0);
	assert_string_equal(host, want_host);
	assert_int_equal(port, want_port);
	assert_int_equal(family, want_family);
}

static void refuses(const char *text, const char *want_why)
{
	char host[16];
	const char *why = NULL;
	uint16_t port;
	int family;

	assert_int_not_equal(echo_addr_split(text, host, sizeof(host), &port, &family, &why), 0);
	assert_non_null(why);
	if (!strstr(why, want_why))
		fail_msg("%s: said \"%s\", not \"%s\"", text, why, want_why);
}

static void test_split(void **state)
{
	(void)state;
	splits("127.0.0.1:9000", "127.0.0.1", 9000, AF_UNSPEC);
	splits("host.example:1", "host.example", 1, AF_UNSPEC);
	splits("h:65535", "h", 65535, AF_UNSPEC);
	splits("[::1]:9000", "::1", 9000, AF_INET6);
	splits("[fe80::1%eth0]:80", "fe80::1%eth0", 80, AF_INET6);
	splits("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, AF_INET6);
}

static void test_split_wrong(void **state)
{
	(void)state;
	refuses("", "port is missing");
	refuses("localhost", "port is missing");
	refuses("9000", "port is missing");
	refuses("[::1]", "port is missing");
	refuses("[::1]9000", "port is missing");
	refuses("[::1:9000", "] is missing");
	refuses("::1:9000", "brackets");
	refuses(":9000", "host is missing");
	refuses("[]:9000", "host is missing");
	refuses("sixteen-letters-:1", "too long");
	refuses("h:", "not a number");
	refuses("h:0", "not a number");
	refuses("h:65536", "not a number");
	refuses("h:-1", "not a number");
	refuses("h:80x", "not a number");
	refuses("h: 80", "not a number");
	refuses("h:99999999999999999999", "not a number");
}

static void round_trip(const char *literal, const char *text)
{
	char out[ECHO_ADDR_TEXT];
	struct echo_addr a;

	assert_int_equal(echo_addr_literal(literal, 9000, &a), 0);
	assert_int_equal(echo_addr_port(&a), 9000);
	echo_addr_host(&a, out);
	assert_string_equal(out, literal);
	echo_addr_text(&a, out);
	assert_string_equal(out, text);
}

static void test_literal(void **state)
{
	static const char *const wrong[] = {"",          "1",          "127.1",   "1.2.3",
					    "1.2.3.4.5", "1.2.3.256",  "::g",     "[::1]",
					    "localhost", "0x7f000001", "1.2.3.4 "};
	struct echo_addr a;

	(void)state;
	round_trip("10.77.0.2", "10.77.0.2:9000");
	round_trip("::", "[::]:9000");
	round_trip("::ffff:127.0.0.1", "[::ffff:127.0.0.1]:9000");
	round_trip("fe80::1%lo", "[fe80::1%lo]:9000");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (echo_addr_literal(wrong[i], 1, &a) == 0)
			fail_msg("\"%s\" is no literal", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_wrong),
		cmocka_unit_test(test_literal),
	};

	return cmocka_run_group_tests_name("echo_addr", tests, NULL, NULL);
}
