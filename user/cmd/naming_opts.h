/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where names of containers come from, for every command that shows them: a table over struct
 * naming_config.
 */
#ifndef FLOWNER_CMD_NAMING_OPTS_H
#define FLOWNER_CMD_NAMING_OPTS_H

#include <stddef.h>

#include "base/opt.h"
#include "collect/container_store.h"

#define NAMING_ROOTS_MAX  16
#define NAMING_OPTS_TITLE "Containers"

struct naming_config {
	struct runtime_root roots[NAMING_ROOTS_MAX]; /* strings in argv, or static */
	size_t nroots;
};

extern const struct opt naming_opts[];

#endif
