/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exact percentiles of a set of latencies: they are all kept, 4 bytes each.
 */
#ifndef FLOWNER_MODEL_LATENCY_H
#define FLOWNER_MODEL_LATENCY_H

#include <stddef.h>
#include <stdint.h>

struct latency {
	size_t count; /* 0: the others mean nothing */
	uint32_t min_us, p50_us, p99_us, max_us;
};

/* Sorts us[] in place. */
void latency_summarize(uint32_t *us, size_t n, struct latency *out);

/* The smallest value that at least `percent` of all are not above (nearest rank); n > 0. */
uint32_t latency_percentile(const uint32_t *sorted, size_t n, unsigned int percent);

/* Whole microseconds; what does not fit (over 71 minutes) is the largest there is. */
static inline uint32_t latency_us(uint64_t ns)
{
	return ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 1000);
}

#endif
