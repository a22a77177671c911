// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>

#include "base/opt.h"

struct cfg {
	bool flag;
	uint64_t number, any, ns, size;
	const char *string;
	int choice;
	unsigned int calls;
	const char *last_value;
};

static const char *const choices[] = {"table", "json", "dot", NULL};

static int count_calls(const struct opt *opt, const char *value, void *var)
{
	struct cfg *c = (struct cfg *)((char *)var - offsetof(struct cfg, calls));

	if (!strcmp(value, "bad"))
		return opt_error(opt, value, "not wanted");
	c->calls++;
	c->last_value = value;
	return 0;
}

#define OFF(member) offsetof(struct cfg, member)
static const struct opt opts[] = {
	{'f', "flag", NULL, "", OPT_FLAG, OFF(flag), 0, 0, NULL, NULL, false},
	{'n', "number", "N", "", OPT_UINT, OFF(number), 1, 10, NULL, NULL, false},
	{0, "any", "N", "", OPT_UINT, OFF(any), 0, 0, NULL, NULL, false},
	{'d', "duration", "SECONDS", "", OPT_SECONDS, OFF(ns), 0, 0, NULL, NULL, false},
	{0, "size", "SIZE", "", OPT_SIZE, OFF(size), 4096, 1 << 20, NULL, NULL, false},
	{'s', "string", "TEXT", "", OPT_STRING, OFF(string), 0, 0, NULL, NULL, false},
	{'o', "output", "FORMAT", "", OPT_ENUM, OFF(choice), 0, 0, choices, NULL, false},
	{0, "call", "X", "", OPT_CALL, OFF(calls), 0, 0, NULL, count_calls, false},
	{0},
};

struct second {
	bool other;
};

static const struct opt more_opts[] = {
	{'x', "other", NULL, "", OPT_FLAG, offsetof(struct second, other), 0, 0, NULL, NULL, false},
	{0},
};

static struct cfg cfg;
static struct second second;
static int rest;
static char *args[16];

/* Words, NULL at the end; args[rest] is the first operand. */
static int parse_until(bool stop, const char *const *words)
{
	struct opt_set sets[] = {{NULL, opts, &cfg}, {"More", more_opts, &second}, {0}};
	int n = 0;

	memset(&cfg, 0, sizeof(cfg));
	memset(&second, 0, sizeof(second));
	rest = -1;
	args[n++] = (char *)"test";
	while (*words)
		args[n++] = (char *)*words++;
	args[n] = NULL;
	return opt_parse("flowner test", sets, n, args, stop, &rest);
}

#define PARSE(...) parse_until(false, (const char *const[]){__VA_ARGS__, NULL})

TEST(uint)
{
	static const char *const bad[] = {"",
					  "-1",
					  " 1",
					  "1 ",
					  "+1",
					  "x",
					  "1x",
					  "0x1",
					  "1.5",
					  "18446744073709551616",
					  "99999999999999999999999"};
	uint64_t v;

	assert_int_equal(opt_parse_uint("0", 0, 0, &v), 0);
	assert_true(v == 0);
	assert_int_equal(opt_parse_uint("18446744073709551615", 0, 0, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(opt_parse_uint("5", 5, 5, &v), 0);
	assert_int_equal(opt_parse_uint("4", 5, 9, &v), -EINVAL);
	assert_int_equal(opt_parse_uint("10", 5, 9, &v), -EINVAL);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(opt_parse_uint(bad[i], 0, 0, &v), -EINVAL);
}

TEST(seconds)
{
	static const char *const bad[] = {
		"",    "0",   "0.0", "-1",   " 1",    "1 ",           "x", "1m",
		"1ss", "inf", "nan", "1e10", "1e400", "0.0000000001", ".", "1,5"};
	uint64_t v;

	assert_int_equal(opt_parse_seconds("2", &v), 0);
	assert_true(v == 2000000000);
	assert_int_equal(opt_parse_seconds("17.115", &v), 0);
	assert_int_equal(v, 17115000000ULL);
	assert_int_equal(opt_parse_seconds("0.5", &v), 0);
	assert_true(v == 500000000);
	assert_int_equal(opt_parse_seconds(".25s", &v), 0);
	assert_true(v == 250000000);
	assert_int_equal(opt_parse_seconds("1000000000", &v), 0);
	assert_true(v == 1000000000000000000);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(opt_parse_seconds(bad[i], &v), -EINVAL);
}

TEST(size)
{
	static const char *const bad[] = {"",
					  "K",
					  "-1K",
					  " 1K",
					  "1KB",
					  "1 K",
					  "1T",
					  "1.5K",
					  "17179869184G",
					  "18446744073709551616",
					  "36028797018963968K"};
	uint64_t v;

	assert_int_equal(opt_parse_size("0", &v), 0);
	assert_true(v == 0);
	assert_int_equal(opt_parse_size("100", &v), 0);
	assert_true(v == 100);
	assert_int_equal(opt_parse_size("64K", &v), 0);
	assert_true(v == 65536);
	assert_int_equal(opt_parse_size("64k", &v), 0);
	assert_true(v == 65536);
	assert_int_equal(opt_parse_size("8M", &v), 0);
	assert_true(v == 8 << 20);
	assert_int_equal(opt_parse_size("3g", &v), 0);
	assert_true(v == UINT64_C(3) << 30);
	assert_int_equal(opt_parse_size("17179869183G", &v), 0);
	assert_true(v == UINT64_C(17179869183) << 30);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(opt_parse_size(bad[i], &v), -EINVAL);
}

TEST(each_type)
{
	assert_int_equal(PARSE("-f", "-n", "3", "--any", "77", "-d0.5", "--size=64K", "--string",
			       "a b", "-o", "json", "--call", "v", "-x"),
			 0);
	assert_true(cfg.flag);
	assert_true(cfg.number == 3);
	assert_true(cfg.any == 77);
	assert_true(cfg.ns == 500000000);
	assert_true(cfg.size == 65536);
	assert_string_equal(cfg.string, "a b");
	assert_int_equal(cfg.choice, 1);
	assert_int_equal(cfg.calls, 1);
	assert_string_equal(cfg.last_value, "v");
	assert_true(second.other);
	assert_int_equal(rest, 15);
}

TEST(untouched)
{
	assert_int_equal(PARSE(NULL), 0);
	assert_false(cfg.flag);
	assert_true(cfg.number == 0);
	assert_null(cfg.string);
	assert_int_equal(rest, 1);
}

TEST(repeats)
{
	assert_int_equal(PARSE("--call", "a", "--call=b", "-n", "1", "-n2"), 0);
	assert_int_equal(cfg.calls, 2);
	assert_string_equal(cfg.last_value, "b");
	assert_true(cfg.number == 2);
}

TEST(clustered)
{
	assert_int_equal(PARSE("-fxn5"), 0);
	assert_true(cfg.flag && second.other && cfg.number == 5);
}

TEST(limits)
{
	assert_int_equal(PARSE("-n", "1"), 0);
	assert_int_equal(PARSE("-n", "10"), 0);
	assert_int_equal(PARSE("-n", "0"), -EINVAL);
	assert_int_equal(PARSE("-n", "11"), -EINVAL);
	assert_int_equal(PARSE("--size", "4096"), 0);
	assert_int_equal(PARSE("--size", "1M"), 0);
	assert_int_equal(PARSE("--size", "4095"), -EINVAL);
	assert_int_equal(PARSE("--size", "1048577"), -EINVAL);
	assert_int_equal(PARSE("-d", "0"), -EINVAL);
	assert_int_equal(PARSE("--any", "-1"), -EINVAL);
	assert_int_equal(PARSE("--call", "bad"), -EINVAL);
}

TEST(enums)
{
	assert_int_equal(PARSE("-o", "table"), 0);
	assert_int_equal(cfg.choice, 0);
	assert_int_equal(PARSE("-o", "dot"), 0);
	assert_int_equal(cfg.choice, 2);
	assert_int_equal(PARSE("-o", "JSON"), -EINVAL);
	assert_int_equal(PARSE("-o", "js"), -EINVAL);
	assert_int_equal(PARSE("-o", ""), -EINVAL);
}

TEST(unknown)
{
	assert_int_equal(PARSE("--nothing"), -EINVAL);
	assert_int_equal(PARSE("-z"), -EINVAL);
	assert_int_equal(PARSE("-fz"), -EINVAL);
	assert_int_equal(PARSE("--nothing=1"), -EINVAL);
	assert_int_equal(PARSE("--flag=1"), -EINVAL);
}

TEST(missing)
{
	assert_int_equal(PARSE("-n"), -EINVAL);
	assert_int_equal(PARSE("--number"), -EINVAL);
	assert_int_equal(PARSE("-f", "--call"), -EINVAL);
}

TEST(help)
{
	assert_int_equal(PARSE("-h"), OPT_HELP);
	assert_int_equal(PARSE("--help"), OPT_HELP);
	assert_int_equal(PARSE("-f", "--help", "--nothing"), OPT_HELP);
}

TEST(operands)
{
	assert_int_equal(PARSE("one", "-f", "two"), 0);
	assert_true(cfg.flag);
	assert_int_equal(rest, 2);
	assert_string_equal(args[rest], "one");
	assert_string_equal(args[rest + 1], "two");

	assert_int_equal(PARSE("-f", "--", "-n"), 0);
	assert_true(cfg.flag);
	assert_string_equal(args[rest], "-n");

	assert_int_equal(parse_until(true, (const char *const[]){"-f", "ping", "-z", NULL}), 0);
	assert_true(cfg.flag);
	assert_int_equal(rest, 2);
	assert_string_equal(args[rest], "ping");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a number is decimal digits within its limits and nothing else", uint),
		IT("seconds may have a fraction and are more than 0", seconds),
		IT("a size may end in K, M or G and does not overflow", size),
		IT("each type of option sets its variable, in all ways of writing it", each_type),
		IT("no options leave everything as it was", untouched),
		IT("an option given twice is applied twice", repeats),
		IT("letters may stand together", clustered),
		IT("values outside the limits are refused", limits),
		IT("an enum takes its names, whole and in their case", enums),
		IT("unknown options are refused", unknown),
		IT("an option without its value is refused", missing),
		IT("--help is told from anything else", help),
		IT("operands are found among options, behind --, or end the options", operands),
	};

	return RUN(tests);
}
