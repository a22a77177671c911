/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uthash, which by itself ends the program with 255 and no word when memory runs out.
 */
#ifndef FLOWNER_BASE_HASH_H
#define FLOWNER_BASE_HASH_H

/* Says so and ends with EXIT_FAILED: there is no way back out of the middle of HASH_ADD. */
void hash_out_of_memory(void) __attribute__((noreturn));

#define uthash_fatal(msg) hash_out_of_memory()

#include <uthash.h>

#endif
