// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/serve_view.h"

#include "out/json.h"

/* {"type":"listening","addr":"::","port":9000} */
int serve_view_listening(const char *addr, uint16_t port, int fd)
{
	_cleanup_buf_ struct buf b = {0};
	struct json j = {.b = &b};

	json_open(&j, NULL);
	json_str(&j, "type", "listening");
	json_str(&j, "addr", addr);
	json_u64(&j, "port", port);
	json_close(&j);
	json_end_line(&j);
	return buf_flush(&b, fd);
}

/*
 * {"type":"served","connections":1009,"bytes":64576,"resets":0,"errors":0,
 *  "threads":[{"pid":4711,"tid":4711,"connections":1009,"bytes":64576,"resets":0,"errors":0}]}
 */
int serve_view_served(const struct echo_stats *rows, size_t n, int fd)
{
	_cleanup_buf_ struct buf b = {0};
	struct json j = {.b = &b};
	struct echo_stats sum = echo_stats_sum(rows, n);

	json_open(&j, NULL);
	json_str(&j, "type", "served");
	json_u64(&j, "connections", sum.connections);
	json_u64(&j, "bytes", sum.bytes);
	json_u64(&j, "resets", sum.resets);
	json_u64(&j, "errors", sum.errors);
	json_array(&j, "threads");
	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL);
		json_u64(&j, "pid", (uint64_t)rows[i].pid);
		json_u64(&j, "tid", (uint64_t)rows[i].tid);
		json_u64(&j, "connections", rows[i].connections);
		json_u64(&j, "bytes", rows[i].bytes);
		json_u64(&j, "resets", rows[i].resets);
		json_u64(&j, "errors", rows[i].errors);
		json_close(&j);
	}
	json_array_end(&j);
	json_close(&j);
	json_end_line(&j);
	return buf_flush(&b, fd);
}
