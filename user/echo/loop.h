/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One thread of the echo server: accepts from a listener and serves what it has accepted, until the
 * stop descriptor is readable.
 */
#ifndef FLOWNER_ECHO_LOOP_H
#define FLOWNER_ECHO_LOOP_H

#include <stdbool.h>

#include "model/echo.h"

struct loop;

/*
 * `listener` and `stop` stay the caller's and must outlive the loop; `shared`: other loops accept
 * from the same listener. Counts go to *stats. 0 or -errno after saying why.
 */
int loop_new(struct loop **out, int listener, bool shared, int stop, struct echo_stats *stats);

/* Closes every connection. NULL is fine. */
void loop_free(struct loop *l);

/* 0 when stopped, or -errno after saying why. */
int loop_run(struct loop *l);

#endif
