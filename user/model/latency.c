// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/latency.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t latency_percentile(const uint32_t *sorted, size_t n, unsigned int percent)
{
	/* ceil(n × percent / 100), from 1 */
	uint64_t rank = ((uint64_t)n * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

void latency_summarize(uint32_t *us, size_t n, struct latency *out)
{
	*out = (struct latency){.count = n};
	if (!n)
		return;
	qsort(us, n, sizeof(*us), compare);
	out->min_us = us[0];
	out->p50_us = latency_percentile(us, n, 50);
	out->p99_us = latency_percentile(us, n, 99);
	out->max_us = us[n - 1];
}
