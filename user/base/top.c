// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/top.h"

#include <stdlib.h>

struct order {
	top_compare compare;
	void *ctx;
};

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;

	return o->compare(*(void *const *)a, *(void *const *)b, o->ctx);
}

/* A heap of n rows whose root is the last of them in the order. */
static void sift_down(void **heap, size_t n, size_t i, const struct order *o)
{
	void *row = heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && o->compare(heap[child], heap[child + 1], o->ctx) < 0)
			child++;
		if (o->compare(row, heap[child], o->ctx) >= 0)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = row;
}

size_t top_sort(void **rows, size_t n, size_t top, top_compare compare, void *ctx)
{
	struct order o = {compare, ctx};

	if (top < n && top) {
		for (size_t i = top / 2; i-- > 0;)
			sift_down(rows, top, i, &o);
		for (size_t i = top; i < n; i++) {
			void *row = rows[i];

			if (compare(row, rows[0], ctx) >= 0)
				continue;
			rows[i] = rows[0];
			rows[0] = row;
			sift_down(rows, top, 0, &o);
		}
	}
	if (top > n)
		top = n;
	if (top > 1)
		qsort_r(rows, top, sizeof(*rows), compare_rows, &o);
	return top;
}
