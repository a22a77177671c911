/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Command line options as tables: the parser, --help, the man page and the shell completion are all
 * made from them. A table is an array of `struct opt` that ends with {0}; `off` is the offset of
 *the option's variable in the command's own configuration struct.
 *
 *	static const struct opt opts[] = {
 *		{'d', "duration", "SECONDS", "stop after SECONDS", OPT_SECONDS, offsetof(struct cfg,
 *ns)}, {0},
 *	};
 */
#ifndef FLOWNER_BASE_OPT_H
#define FLOWNER_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_FLAG,    /* bool: set to true */
	OPT_UINT,    /* uint64_t within [min, max] */
	OPT_SECONDS, /* uint64_t nanoseconds; "2", "0.5"; more than 0 */
	OPT_SIZE,    /* uint64_t bytes within [min, max]; "64K", "8M", "1G" (powers of 1024) */
	OPT_STRING,  /* const char *, into argv */
	OPT_ENUM,    /* int: the index in `names`, a NULL-terminated list */
	OPT_CALL,    /* anything else: `call` parses it */
};

struct opt {
	char letter; /* 0: long form only */
	const char *name;
	const char *arg; /* what the value is called in --help; NULL: takes none */
	const char *help;
	enum opt_type type;
	size_t off;
	uint64_t min, max; /* OPT_UINT, OPT_SIZE; max 0: no upper limit */
	const char *const *names;
	/*
	 * OPT_CALL: 0 or -errno. It logs its own error, through opt_error(), and returns -EINVAL.
	 * `var` points at the option's variable.
	 */
	int (*call)(const struct opt *opt, const char *value, void *var);
	bool hidden; /* not in --help, man page or completion */
};

/* Several tables can make one command's options (the filter's are everywhere the same). */
struct opt_set {
	const char *title; /* heading in --help; NULL: "Options", "": goes on without one */
	const struct opt *opts;
	void *cfg;
};

#define OPT_SETS_MAX 5
#define OPT_HELP     1 /* opt_parse: --help was asked for */

/*
 * Parse argv[1…]; `command` is the words that led here ("flowner lab up"); sets end with a NULL
 * `opts`. *rest is the index of the first operand in argv (getopt moves operands behind the options
 * unless `stop_at_operand`). Returns 0, OPT_HELP, or -EINVAL after one line on stderr.
 */
int opt_parse(const char *command, const struct opt_set *sets, int argc, char **argv,
	      bool stop_at_operand, int *rest);

/* "flowner: --port 65536: <message>"; the return value is -EINVAL. */
int opt_error(const struct opt *opt, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whole-string parsers, shared with operands. 0 or -EINVAL, silently. */
int opt_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *out);
int opt_parse_seconds(const char *s, uint64_t *ns);
int opt_parse_size(const char *s, uint64_t *bytes);

#endif
