/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * --disable-feature NAME, hidden, for tests: do as on a kernel that lacks this. May be given more
 * than once.
 */
#ifndef FLOWNER_CMD_FEATURE_OPTS_H
#define FLOWNER_CMD_FEATURE_OPTS_H

#include "base/opt.h"

/* OPT_CALL; `var` is an unsigned int of WITHOUT_* bits. */
int feature_disable(const struct opt *opt, const char *value, void *var);

/* What it makes of privileges_drop()'s tasks: PRIVILEGES_UNFILTERED or 0. */
unsigned int feature_filtering(unsigned int without);

/* A row of the command's own table; `offset` is that of its unsigned int. */
#define FEATURE_OPT(offset)                                                                \
	{                                                                                  \
		.name = "disable-feature", .arg = "NAME", .help = "do as without it",      \
		.type = OPT_CALL, .off = (offset), .call = feature_disable, .hidden = true \
	}

#endif
