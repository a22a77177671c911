/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * cmocka with what it wants included before it, and tests named by sentences:
 *
 *	TEST(zero_matches_all)
 *	{
 *		…
 *	}
 *	… IT("a prefix of length 0 matches every address", zero_matches_all),
 */
#ifndef FLOWNER_TESTS_UNIT_H
#define FLOWNER_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEST(fn) static void fn(void **state __attribute__((unused)))
#define IT(sentence, fn)                       \
	{                                      \
		sentence, fn, NULL, NULL, NULL \
	}
#define RUN(tests)   cmocka_run_group_tests(tests, NULL, NULL)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
