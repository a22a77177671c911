/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The commands: one file each, one row each in cmd_table. A command parses its options into a
 * struct of its own, calls downwards, and returns an exit code (base/err.h); it prints nothing
 * itself.
 */
#ifndef FLOWNER_CMD_CMD_H
#define FLOWNER_CMD_CMD_H

struct cmd {
	const char *name;
	const char *summary;               /* one line for `flowner --help` */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct cmd cmd_table[]; /* ends with {0} */

int cmd_trace(int argc, char **argv);
int cmd_flows(int argc, char **argv);
int cmd_who(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_capture(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
