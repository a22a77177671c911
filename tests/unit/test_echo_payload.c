// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The payload is the same however it is cut, and one wrong bit is found wherever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "echo/payload.h"

#define LEN 1000

static void test_any_cut_is_the_same(void **state)
{
	uint8_t whole[LEN], cut[LEN];

	(void)state;
	payload_fill(7, 0, whole, LEN);
	for (size_t step = 1; step < 40; step++) {
		memset(cut, 0, LEN);
		for (size_t at = 0; at < LEN; at += step)
			payload_fill(7, at, cut + at, LEN - at < step ? LEN - at : step);
		assert_memory_equal(cut, whole, LEN);
		for (size_t at = 0; at < LEN; at += step)
			assert_int_equal(
				payload_check(7, at, whole + at, LEN - at < step ? LEN - at : step),
				-1);
	}
}

static void test_every_wrong_byte_is_found(void **state)
{
	uint8_t data[LEN];

	(void)state;
	payload_fill(3, 5, data, LEN);
	for (size_t at = 0; at < LEN; at++) {
		data[at] ^= 1;
		assert_int_equal(payload_check(3, 5, data, LEN), (ssize_t)at);
		data[at] ^= 1;
	}
	assert_int_equal(payload_check(3, 5, data, LEN), -1);
}

/* An echo of another connection, or of another place in this one, is not taken for the right one.
 */
static void test_streams_differ(void **state)
{
	uint8_t data[64];

	(void)state;
	payload_fill(0, 0, data, sizeof(data));
	for (uint64_t seed = 1; seed < 10000; seed++)
		assert_true(payload_check(seed, 0, data, sizeof(data)) >= 0);
	for (uint64_t offset = 1; offset < 10000; offset++)
		assert_true(payload_check(0, offset, data, sizeof(data)) >= 0);
}

static void test_nothing(void **state)
{
	(void)state;
	payload_fill(0, 0, NULL, 0);
	assert_int_equal(payload_check(0, 0, NULL, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut_is_the_same),
		cmocka_unit_test(test_every_wrong_byte_is_found),
		cmocka_unit_test(test_streams_differ),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("echo_payload", tests, NULL, NULL);
}
