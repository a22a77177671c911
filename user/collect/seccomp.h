/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls that are left to a command once it runs. For collect/privileges.h.
 *
 *	seccomp.c	the filter, and what happens to a call that it does not let pass
 *	seccomp_rules.c	which calls a task takes, and why
 */
#ifndef FLOWNER_COLLECT_SECCOMP_H
#define FLOWNER_COLLECT_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An argument has to be `value` in the bits of `mask`. */
struct seccomp_arg {
	unsigned int number;
	uint64_t mask; /* 0: there is no such condition */
	uint64_t value;
	const void *address; /* not NULL: instead of the value */
	bool own_pid;        /* instead of the value */
};

#define SECCOMP_ARGS 2
struct seccomp_rule {
	unsigned int tasks; /* for any of these; 0: always */
	const char *call;   /* one that this architecture or libseccomp has not is passed over */
	struct seccomp_arg args[SECCOMP_ARGS]; /* all of them have to be so */
	int error;                             /* not 0: it fails with this */
};

/* Rule number `i`, NULL after the last. Several for one call are OR. */
const struct seccomp_rule *seccomp_rule(size_t i);

/* Tasks that this build has to be let do besides: its sanitizers' and its coverage's. */
unsigned int seccomp_build_tasks(void);

/*
 * For good: from here on only what the tasks (enum privileges_task) take. Any other call writes one
 * line with its name to stderr and ends the process with EXIT_FAILED. 0, -EOPNOTSUPP (this kernel
 * has none of it) or -errno; not logged.
 */
int seccomp_confine(unsigned int tasks);

#endif
