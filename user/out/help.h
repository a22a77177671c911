/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * --help, the man page's option lists and the shell completion, from the option tables.
 */
#ifndef FLOWNER_OUT_HELP_H
#define FLOWNER_OUT_HELP_H

#include "base/opt.h"

/*
 * Print to stdout. `usage` is the whole synopsis ("flowner trace [FILTER] [OPTIONS]"), `about` free
 * text for below it or NULL, `after` for the end (examples) or NULL.
 */
void help_print(const char *usage, const char *about, const struct opt_set *sets,
		const char *after);

#endif
