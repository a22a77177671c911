/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a device leaves to the stack.
 */
#ifndef FLOWNER_COLLECT_OFFLOAD_H
#define FLOWNER_COLLECT_OFFLOAD_H

#include <stdbool.h>

/*
 * Is a packet of several TCP segments cut before the device of that name, in the calling thread's
 * namespace, gets it? False where that cannot be found out.
 */
bool offload_cuts_segments(const char *ifname);

#endif
