// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/echo.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct echo_stats echo_stats_sum(const struct echo_stats *rows, size_t n)
{
	struct echo_stats sum = {0};

	for (size_t i = 0; i < n; i++) {
		sum.connections += rows[i].connections;
		sum.bytes += rows[i].bytes;
		sum.resets += rows[i].resets;
		sum.errors += rows[i].errors;
	}
	return sum;
}

void ping_result_free(struct ping_result *r)
{
	free(r->conns);
	r->conns = NULL;
}

int ping_result_summarize(struct ping_result *r)
{
	_cleanup_free_ uint32_t *us = malloc((r->connections ? r->connections : 1) * sizeof(*us));
	size_t n = 0;

	if (!us)
		return -ENOMEM;
	r->ok = r->failed = 0;
	for (size_t i = 0; i < 256; i++)
		r->errors[i] = 0;
	for (uint64_t i = 0; i < r->connections; i++) {
		const struct ping_conn *c = &r->conns[i];

		if (c->error) {
			r->failed++;
			r->errors[c->error]++;
		} else {
			us[n++] = c->us;
		}
	}
	r->ok = n;
	latency_summarize(us, n, &r->latency);

	n = 0;
	for (uint64_t i = 0; i < r->connections; i++)
		if (r->conns[i].connected)
			us[n++] = r->conns[i].connect_us;
	latency_summarize(us, n, &r->connect);
	return 0;
}
