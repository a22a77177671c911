/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 *	who.c		the options
 *	who_run.c	sockets in, rows out
 */
#ifndef FLOWNER_CMD_WHO_H
#define FLOWNER_CMD_WHO_H

#include <stdbool.h>

#include "cmd/naming_opts.h"
#include "cmd/output_opts.h"
#include "model/filter.h"
#include "model/who_query.h"
#include "model/who_sort.h"
#include "out/who_view.h"

struct who_config {
	struct filter filter;
	struct naming_config naming;
	struct output_config output; /* of it: format, columns, no_header */
	struct who_query query;
	enum who_sort_key sort;
	bool listening, udp;
};

/* Returns the exit code. */
int who_run(struct who_config *cfg, const struct table_columns *columns);

#endif
