/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first few of many, in order, without sorting the rest.
 */
#ifndef FLOWNER_BASE_TOP_H
#define FLOWNER_BASE_TOP_H

#include <stddef.h>

/* < 0: a comes before b. A total order, so that the same rows come out in the same order. */
typedef int (*top_compare)(const void *a, const void *b, void *ctx);

/*
 * Puts the `top` first of n rows to the front, sorted; where the others are is unspecified. Each of
 * these is looked at once. `top` may be above n: all are sorted. Returns how many are.
 */
size_t top_sort(void **rows, size_t n, size_t top, top_compare compare, void *ctx);

#endif
