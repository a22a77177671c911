// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/ping_view.h"

#include <string.h>

#include "out/json.h"

static double seconds(const struct client_result *r)
{
	return r->duration_ns ? (double)r->duration_ns / 1e9 : 1e-9;
}

static void put_us(struct buf *b, const char *name, uint32_t us)
{
	if (us < 1000)
		buf_printf(b, "   %s %u µs", name, us);
	else
		buf_printf(b, "   %s %.1f ms", name, us / 1e3);
}

static void put_latency(struct buf *b, const char *what, const struct client_result *r, bool connect)
{
	struct client_latency l;

	if (!client_latency(r, connect, &l))
		return;
	buf_printf(b, "%-12s", what);
	put_us(b, "min", l.min);
	put_us(b, "p50", l.p50);
	put_us(b, "p99", l.p99);
	put_us(b, "max", l.max);
	buf_putc(b, '\n');
}

/*
 * connections 1009   ok 1009   failed 0   in 0.41 s   2461/s
 * connect        min 21 µs   p50 33 µs   p99 90 µs   max 310 µs
 * echo           min 38 µs   p50 57 µs   p99 212 µs   max 1.2 ms
 */
void ping_table(const struct client_result *r, struct buf *b)
{
	buf_printf(b, "connections %llu   ok %llu   failed %llu   in %.2f s   %.0f/s\n",
		   (unsigned long long)(r->ok + r->failed), (unsigned long long)r->ok,
		   (unsigned long long)r->failed, seconds(r), (double)(r->ok + r->failed) / seconds(r));
	put_latency(b, "connect", r, true);
	put_latency(b, "echo", r, false);
	for (unsigned int i = 0; i < r->nerrors; i++)
		buf_printf(b, "failed      %s %llu\n", strerrorname_np(r->errors[i].error),
			   (unsigned long long)r->errors[i].count);
}

static void json_latency(struct json *j, const char *key, const struct client_result *r, bool connect)
{
	struct client_latency l;

	if (!client_latency(r, connect, &l))
		return;
	json_open(j, key);
	json_u64(j, "min", l.min);
	json_u64(j, "p50", l.p50);
	json_u64(j, "p99", l.p99);
	json_u64(j, "max", l.max);
	json_close(j);
}

static void json_ports(struct json *j, const char *key, const struct client_result *r, bool failed)
{
	json_array(j, key);
	for (uint64_t i = 0; i < r->ok + r->failed; i++)
		if (!r->each[i].error == !failed && r->each[i].port)
			json_u64(j, NULL, r->each[i].port);
	json_array_end(j);
}

static void json_each(struct json *j, const struct client_result *r)
{
	json_array(j, "connects");
	for (uint64_t i = 0; i < r->ok + r->failed; i++) {
		const struct client_connect *c = &r->each[i];

		if (c->error)
			continue;
		json_open(j, NULL);
		json_str(j, "local", c->addr);
		json_u64(j, "port", c->port);
		json_u64(j, "us", c->total_us);
		json_close(j);
	}
	json_array_end(j);
}

void ping_json(const struct client_options *o, const struct client_result *r, struct buf *b)
{
	struct json j = {.b = b};
	char host[64];
	uint16_t port;

	target_describe(&o->target.addr, host, &port);
	json_open(&j, NULL);
	json_str(&j, "type", "ping");
	json_str(&j, "host", host);
	json_u64(&j, "port", port);
	json_u64(&j, "connections", r->ok + r->failed);
	json_u64(&j, "ok", r->ok);
	json_u64(&j, "failed", r->failed);
	json_open(&j, "errors");
	for (unsigned int i = 0; i < r->nerrors; i++)
		json_u64(&j, strerrorname_np(r->errors[i].error), r->errors[i].count);
	json_close(&j);
	json_u64(&j, "bytes_sent", r->bytes_sent);
	json_u64(&j, "bytes_received", r->bytes_received);
	json_u64(&j, "duration_us", r->duration_ns / 1000);
	json_milli(&j, "rate", (uint64_t)((double)(r->ok + r->failed) / seconds(r) * 1000));
	json_latency(&j, "latency_us", r, false);
	json_latency(&j, "connect_us", r, true);
	json_ports(&j, "local_ports", r, false);
	json_ports(&j, "failed_ports", r, true);
	json_each(&j, r);
	json_close(&j);
	json_end_line(&j);
}
