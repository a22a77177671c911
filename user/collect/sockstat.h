/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many sockets a network namespace has, as the kernel counts them.
 */
#ifndef FLOWNER_COLLECT_SOCKSTAT_H
#define FLOWNER_COLLECT_SOCKSTAT_H

#include <stdbool.h>

/*
 * Has the calling thread's namespace any TCP (or, with `udp`, UDP) socket, TIME_WAIT included? True
 * too where that cannot be known. For to list none is as much work as to list many: the kernel's
 * table is one for all namespaces.
 */
bool sockstat_any(bool udp);

#endif
