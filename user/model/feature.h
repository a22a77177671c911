/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One thing that flowner wants of the kernel, and whether it is there.
 */
#ifndef FLOWNER_MODEL_FEATURE_H
#define FLOWNER_MODEL_FEATURE_H

#include <stdbool.h>

enum feature_answer { FEATURE_NO, FEATURE_YES, FEATURE_UNKNOWN /* could not be tried */ };

struct feature {
	const char *name;
	const char *since; /* the kernel version that brought it, or what turns it on */
	const char *why;   /* what of flowner needs it */
	bool required;     /* `trace` cannot do without */
	enum feature_answer answer;
};

#endif
