// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/feature_opts.h"

#include <string.h>

#include "collect/privileges.h"
#include "collect/without.h"

static const struct {
	const char *name;
	unsigned int bit;
} features[] = {
	{"tcx", WITHOUT_TCX},           {"batch", WITHOUT_BATCH},
	{"syscalls", WITHOUT_SYSCALLS}, {"reset-reason", WITHOUT_RESET_REASON},
	{"seccomp", WITHOUT_SECCOMP},   {"cast", WITHOUT_CAST},
};

unsigned int feature_filtering(unsigned int without)
{
	return without & WITHOUT_SECCOMP ? PRIVILEGES_UNFILTERED : 0;
}

int feature_disable(const struct opt *opt, const char *value, void *var)
{
	unsigned int *without = var;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!strcmp(value, features[i].name)) {
			*without |= features[i].bit;
			return 0;
		}
	}
	return opt_error(opt, value, "there are tcx, batch, syscalls, reset-reason and seccomp");
}
