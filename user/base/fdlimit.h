/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many files this process may have open.
 */
#ifndef FLOWNER_BASE_FDLIMIT_H
#define FLOWNER_BASE_FDLIMIT_H

#include <stdint.h>

/* Raise the soft limit to the hard one and return what it is then. Failing to is no error. */
uint64_t fdlimit_raise(void);

#endif
