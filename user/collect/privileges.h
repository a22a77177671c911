/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a command may do: the capabilities that it has to start with, and what is left of them, and
 * of the system calls, once it runs.
 *
 * Both are told as tasks. That which a task takes stands in one table each: privileges.c has the
 * capabilities, seccomp_rules.c the system calls.
 */
#ifndef FLOWNER_COLLECT_PRIVILEGES_H
#define FLOWNER_COLLECT_PRIVILEGES_H

enum privileges_task {
	TASK_PROGRAMS = 1 << 0,  /* load and attach BPF programs that see sockets and processes */
	TASK_MAPS = 1 << 1,      /* read the rings and maps of those that are loaded */
	TASK_PROCESSES = 1 << 2, /* read /proc, cgroups and the files of containers' runtimes */
	TASK_NETNS = 1 << 3,     /* enter network namespaces, and talk to rtnetlink there */
	TASK_LINKS = 1 << 4,     /* programs for network devices that come */
	TASK_FILES = 1 << 5,     /* make files for output, one after the other */

	/* Not a task: no filter for system calls, for the sake of tests and of whom it stops. */
	PRIVILEGES_UNFILTERED = 1 << 15,
};

/*
 * At the beginning, before anything is done: what `tasks` take is there. -EPERM: it is not; one
 * line names what is missing and what to do. What the work is only poorer without is a warning.
 */
int privileges_need(unsigned int tasks);

#define PRIVILEGES_LIST 128
/* The names of the missing ones, "" for none. */
void privileges_missing(unsigned int tasks, char list[static PRIVILEGES_LIST]);
/* What to do about that. */
const char *privileges_advice(void);

/*
 * From here on only `tasks` have to be done (0: nothing but to read and write what is open). All
 * capabilities beyond theirs go for good, the bounding set too; no program that is executed gets
 * any back (no_new_privs); a system call beyond theirs ends the process, with a line that says
 * which. What cannot be given up is logged, and is no error.
 */
void privileges_drop(unsigned int tasks);

#endif
