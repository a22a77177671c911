/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exit codes, the same for every command, and the one convention inside: functions return 0 (or a
 * count) or -errno, and whoever knows the cause logs it, once.
 */
#ifndef FLOWNER_BASE_ERR_H
#define FLOWNER_BASE_ERR_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,     /* failed while running */
	EXIT_USAGE = 2,      /* wrong usage */
	EXIT_KERNEL = 3,     /* this kernel cannot */
	EXIT_PERMISSION = 4, /* not permitted */
	EXIT_LOST = 5,       /* ran, but events were lost and --strict was given */
	EXIT_NOT_FOUND = 6,  /* nothing of the kind that was asked for */
};

/* Of 0 or a -errno that has been logged. */
int exit_code_of(int err);
/* Of one that reading the options returned: mostly wrong usage. */
int exit_code_of_options(int err);

#endif
