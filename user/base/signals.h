/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SIGINT and SIGTERM as a readable descriptor, SIGPIPE as EPIPE.
 */
#ifndef FLOWNER_BASE_SIGNALS_H
#define FLOWNER_BASE_SIGNALS_H

#include <stdbool.h>

/*
 * Block SIGINT and SIGTERM for this process and return a non-blocking signalfd for them, owned by
 * the caller; or -errno. Works also where the shell started us with SIGINT ignored (`flowner … &`):
 * a blocked signal is queued whatever its disposition. SIGPIPE is ignored from here on, so that a
 * reader that went away is an error of write(2).
 */
int signals_open(void);

/* signals_open() was called: they do not end us by themselves. */
bool signals_held(void);
/* One of them has come, whether or not the descriptor was looked at. False without signals_open().
 */
bool signals_waiting(void);

/* Undo signals_open() in a child, before it executes something else. */
void signals_restore(void);

#endif
