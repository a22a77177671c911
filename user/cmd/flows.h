/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 *	flows.c		the options
 *	flows_run.c	the loop: links, maps and sockets in
 *	flows_show.c	tables and JSON out
 */
#ifndef FLOWNER_CMD_FLOWS_H
#define FLOWNER_CMD_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/naming_opts.h"
#include "cmd/output_opts.h"
#include "model/filter.h"
#include "model/flow_group.h"
#include "model/flow_sort.h"
#include "out/flow_view.h"

#define FLOWS_DEVS_MAX 16

struct flows_config {
	struct filter filter;
	struct naming_config naming;
	struct output_config output;
	uint64_t interval_ns, idle_ns, count, top, max_flows, map_size;
	unsigned int without; /* WITHOUT_* bits */
	const char *devs[FLOWS_DEVS_MAX];
	unsigned int ndevs;
	enum flow_group_by by;
	enum flow_sort_key sort;
	bool grouped, once, both_ends;
};

/* Returns the exit code. */
int flows_run(const struct flows_config *cfg, const struct table_columns *columns);

#endif
