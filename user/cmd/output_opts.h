/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options of every command that shows what happens for as long as it runs.
 */
#ifndef FLOWNER_CMD_OUTPUT_OPTS_H
#define FLOWNER_CMD_OUTPUT_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"

enum { FORMAT_TABLE, FORMAT_JSON };

struct output_config {
	int format;
	const char *columns;  /* NULL: the usual ones */
	uint64_t duration_ns; /* 0: until it is ended */
	uint64_t ring_size;   /* bytes */
	bool no_header, strict;
};

#define OUTPUT_RING_SIZE (8 << 20)

extern const struct opt output_opts[];

#endif
