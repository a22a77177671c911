// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/opt.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define OPTS_MAX  96
#define LONG_BASE 256 /* getopt_long values from here on are indices, not letters */

int opt_error(const struct opt *opt, const char *value, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (value)
		log_error("--%s %s: %s", opt->name, value, why);
	else
		log_error("--%s: %s", opt->name, why);
	return -EINVAL;
}

int opt_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long v;
	char *end;

	/* strtoull takes "-1" and " 1": neither is a number a user meant. */
	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || *end || v < min || (max && v > max))
		return -EINVAL;
	*out = v;
	return 0;
}

int opt_parse_seconds(const char *s, uint64_t *ns)
{
	char *end;
	double v;

	if ((*s < '0' || *s > '9') && *s != '.')
		return -EINVAL;
	if (s[strspn(s, "0123456789.es+-")]) /* strtod takes hexadecimal and "infinity" too */
		return -EINVAL;
	v = strtod(s, &end);
	if (!strcmp(end, "s"))
		end++;
	if (*end || !isfinite(v) || v <= 0 || v > 1e9)
		return -EINVAL;
	/* 17.115 is a little less than that, as a double. */
	*ns = (uint64_t)llround(v * 1e9);
	return *ns ? 0 : -EINVAL;
}

int opt_parse_size(const char *s, uint64_t *bytes)
{
	unsigned long long v;
	unsigned int shift = 0;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		end++;
		break;
	case 'm':
	case 'M':
		shift = 20;
		end++;
		break;
	case 'g':
	case 'G':
		shift = 30;
		end++;
		break;
	}
	if (*end || v > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = (uint64_t)v << shift;
	return 0;
}

static int parse_enum(const struct opt *o, const char *value, int *out)
{
	char list[256] = "";
	size_t len = 0;

	for (int i = 0; o->names[i]; i++) {
		if (!strcmp(o->names[i], value)) {
			*out = i;
			return 0;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
					o->names[i]);
		if (len >= sizeof(list))
			len = sizeof(list) - 1;
	}
	return opt_error(o, value, "not one of %s", list);
}

static int apply(const struct opt *o, const char *value, void *cfg)
{
	void *var = (char *)cfg + o->off;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)var = true;
		return 0;
	case OPT_UINT:
		if (opt_parse_uint(value, o->min, o->max, var) == 0)
			return 0;
		if (o->max)
			return opt_error(o, value, "not a number from %" PRIu64 " to %" PRIu64,
					 o->min, o->max);
		return opt_error(o, value, "not a number from %" PRIu64 " up", o->min);
	case OPT_SECONDS:
		if (opt_parse_seconds(value, var) == 0)
			return 0;
		return opt_error(o, value, "not a number of seconds above 0, as in 5 or 0.5");
	case OPT_SIZE: {
		uint64_t bytes;

		if (opt_parse_size(value, &bytes) || bytes < o->min || (o->max && bytes > o->max))
			return opt_error(o, value,
					 "not a size from %" PRIu64 "K to %" PRIu64
					 "K, as in 64K or 8M",
					 o->min >> 10, o->max >> 10);
		*(uint64_t *)var = bytes;
		return 0;
	}
	case OPT_STRING:
		*(const char **)var = value;
		return 0;
	case OPT_ENUM:
		return parse_enum(o, value, var);
	case OPT_CALL:
		return o->call(o, value, var);
	}
	return -EINVAL;
}

int opt_parse(const char *command, const struct opt_set *sets, int argc, char **argv,
	      bool stop_at_operand, int *rest)
{
	struct {
		const struct opt *opt;
		void *cfg;
	} known[OPTS_MAX];
	struct option longs[OPTS_MAX + 2];
	char shorts[2 * OPTS_MAX + 8];
	int n = 0, s = 0, c, err;

	shorts[s++] = stop_at_operand ? '+' : ':';
	if (stop_at_operand)
		shorts[s++] = ':';
	shorts[s++] = 'h';
	for (const struct opt_set *set = sets; set->opts; set++) {
		for (const struct opt *o = set->opts; o->name && n < OPTS_MAX; o++, n++) {
			known[n].opt = o;
			known[n].cfg = set->cfg;
			longs[n] =
				(struct option){o->name, o->arg ? required_argument : no_argument,
						NULL, LONG_BASE + n};
			if (o->letter) {
				shorts[s++] = o->letter;
				if (o->arg)
					shorts[s++] = ':';
			}
		}
	}
	shorts[s] = '\0';
	longs[n] = (struct option){"help", no_argument, NULL, 'h'};
	longs[n + 1] = (struct option){0};

	optind = 0; /* glibc: start afresh, main has parsed its own options already */
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int i = c - LONG_BASE;

		if (c == 'h')
			return OPT_HELP;
		if (c == ':') {
			log_error("%s needs a value; see %s --help", argv[optind - 1], command);
			return -EINVAL;
		}
		if (c == '?') {
			/* A short one inside "-xyz" is not argv[optind - 1]; a long one is. */
			if (optopt && optopt < LONG_BASE)
				log_error("unknown option -%c; see %s --help", optopt, command);
			else
				log_error("unknown option %s; see %s --help", argv[optind - 1],
					  command);
			return -EINVAL;
		}
		if (i < 0)
			for (i = 0; i < n && known[i].opt->letter != c; i++)
				;
		err = apply(known[i].opt, optarg, known[i].cfg);
		if (err)
			return err;
	}
	*rest = optind;
	return 0;
}
