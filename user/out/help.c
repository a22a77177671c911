// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/help.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define HELP_COLUMN 28

/*
 *   -d, --duration SECONDS    stop after SECONDS
 *       --states              also print state changes
 */
static void print_option(struct buf *b, const struct opt *o)
{
	size_t start = b->len, width;

	if (o->letter)
		buf_printf(b, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(b, "      --%s", o->name);
	if (o->arg)
		buf_printf(b, " %s", o->arg);
	width = b->len - start;
	if (width + 2 > HELP_COLUMN) {
		buf_putc(b, '\n');
		width = 0;
	}
	while (width++ < HELP_COLUMN)
		buf_putc(b, ' ');
	for (const char *line = o->help; line;) {
		const char *nl = strchr(line, '\n');

		buf_put(b, line, nl ? (size_t)(nl - line) : strlen(line));
		buf_putc(b, '\n');
		line = nl ? nl + 1 : NULL;
		if (line)
			buf_printf(b, "%*s", HELP_COLUMN, "");
	}
}

void help_print(const char *usage, const char *about, const struct opt_set *sets, const char *after)
{
	static const struct opt help = {
		.letter = 'h', .name = "help", .help = "this text", .type = OPT_FLAG};
	_cleanup_buf_ struct buf b = {0};
	const struct opt_set *set;
	int err;

	buf_printf(&b, "Usage: %s\n", usage);
	if (about)
		buf_printf(&b, "\n%s\n", about);
	for (set = sets; set->opts; set++) {
		if (!set->title || *set->title)
			buf_printf(&b, "\n%s:\n", set->title ? set->title : "Options");
		for (const struct opt *o = set->opts; o->name; o++)
			if (!o->hidden)
				print_option(&b, o);
	}
	if (set == sets)
		buf_puts(&b, "\nOptions:\n");
	print_option(&b, &help);
	if (after)
		buf_printf(&b, "\n%s\n", after);
	err = buf_flush(&b, STDOUT_FILENO);
	if (err && err != -EPIPE)
		log_error("writing the output: %s", buf_flush_error(err));
}
