/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options of every command that has a table and JSON, and of those that go on until they are
 * ended.
 */
#ifndef FLOWNER_CMD_OUTPUT_OPTS_H
#define FLOWNER_CMD_OUTPUT_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"

enum { FORMAT_TABLE, FORMAT_JSON };

struct output_config {
	int format;
	const char *columns; /* NULL: the usual ones */
	bool no_header;
	/* Of output_run_opts: */
	uint64_t duration_ns; /* 0: until it is ended */
	uint64_t ring_size;   /* bytes */
	bool strict;
};

#define OUTPUT_RING_SIZE (8 << 20)

/* Both over struct output_config. */
extern const struct opt output_view_opts[];
extern const struct opt output_run_opts[];

#endif
