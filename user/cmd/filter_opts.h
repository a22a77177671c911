/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options of FILTER, for every command that takes one: a table over struct filter.
 */
#ifndef FLOWNER_CMD_FILTER_OPTS_H
#define FLOWNER_CMD_FILTER_OPTS_H

#include "base/opt.h"
#include "model/filter.h"

extern const struct opt filter_opts[];
/* --netns and --container only, for what is shown by namespace. */
extern const struct opt filter_netns_opts[];

#endif
