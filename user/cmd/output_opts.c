// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/output_opts.h"

#include <stddef.h>

static const char *const formats[] = {"table", "json", NULL};

#define OFF(member) offsetof(struct output_config, member)
const struct opt output_view_opts[] = {
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .help = "table (default) or json, one object a line",
	 .type = OPT_ENUM,
	 .off = OFF(format),
	 .names = formats},
	{.name = "columns",
	 .arg = "LIST",
	 .help = "columns of the table, comma-separated (listed below)",
	 .type = OPT_STRING,
	 .off = OFF(columns)},
	{.name = "no-header",
	 .help = "no line of headings",
	 .type = OPT_FLAG,
	 .off = OFF(no_header)},
	{0},
};

const struct opt output_run_opts[] = {
	{.letter = 'd',
	 .name = "duration",
	 .arg = "SECONDS",
	 .help = "stop after so long",
	 .type = OPT_SECONDS,
	 .off = OFF(duration_ns)},
	{.name = "ring-size",
	 .arg = "SIZE",
	 .help = "buffer between kernel and flowner (default 8M)",
	 .type = OPT_SIZE,
	 .off = OFF(ring_size),
	 .min = 4 << 10,
	 .max = 1 << 30},
	{.name = "strict",
	 .help = "exit with 5 if anything was lost",
	 .type = OPT_FLAG,
	 .off = OFF(strict)},
	{0},
};
