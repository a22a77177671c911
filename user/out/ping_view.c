// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/ping_view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "out/json.h"

#define FLUSH_AT 65536 /* a million connections are not composed in memory */

static uint64_t duration_us(const struct ping_result *r)
{
	return r->duration_ns / 1000;
}

/* Connections that were ok, a second. */
static double rate(const struct ping_result *r)
{
	return r->duration_ns ? (double)r->ok * 1e9 / (double)r->duration_ns : 0;
}

static const char *error_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "unknown";
}

/* 38 µs, 1.2 ms, 3.0 s */
static void put_time(struct buf *b, uint32_t us)
{
	if (us < 1000)
		buf_printf(b, "%" PRIu32 " µs", us);
	else if (us < 1000000)
		buf_printf(b, "%.1f ms", us / 1e3);
	else
		buf_printf(b, "%.1f s", us / 1e6);
}

static void put_latency(struct buf *b, const char *title, const struct latency *l)
{
	if (!l->count)
		return;
	buf_printf(b, "%-12smin ", title);
	put_time(b, l->min_us);
	buf_lit(b, "   p50 ");
	put_time(b, l->p50_us);
	buf_lit(b, "   p99 ");
	put_time(b, l->p99_us);
	buf_lit(b, "   max ");
	put_time(b, l->max_us);
	buf_putc(b, '\n');
}

/*
 * connections 1009   ok 1006   failed 3   in 0.41 s   2453/s
 * latency     min 38 µs   p50 57 µs   p99 212 µs   max 1.2 ms
 * connect     min 21 µs   p50 30 µs   p99 112 µs   max 1.0 ms
 * errors      ECONNREFUSED 3
 */
int ping_view_table(const struct ping_result *r, int fd)
{
	_cleanup_buf_ struct buf b = {0};

	buf_printf(&b, "connections %" PRIu64, r->connections);
	if (r->connections < r->requested)
		buf_printf(&b, " of %" PRIu64, r->requested);
	buf_printf(&b, "   ok %" PRIu64 "   failed %" PRIu64 "   in %.2f s   %.0f/s\n", r->ok,
		   r->failed, (double)r->duration_ns / 1e9, rate(r));
	put_latency(&b, "latency", &r->latency);
	put_latency(&b, "connect", &r->connect);
	if (r->failed) {
		buf_printf(&b, "%-12s", "errors");
		for (int e = 0, first = 1; e < 256; e++) {
			if (!r->errors[e])
				continue;
			buf_printf(&b, "%s%s %" PRIu64, first ? "" : "   ", error_name(e),
				   r->errors[e]);
			first = 0;
		}
		buf_putc(&b, '\n');
	}
	return buf_flush(&b, fd);
}

static void json_latency(struct json *j, const char *key, const struct latency *l)
{
	if (!l->count)
		return;
	json_open(j, key);
	json_u64(j, "min", l->min_us);
	json_u64(j, "p50", l->p50_us);
	json_u64(j, "p99", l->p99_us);
	json_u64(j, "max", l->max_us);
	json_close(j);
}

static void json_errors(struct json *j, const struct ping_result *r)
{
	json_open(j, "errors");
	for (int e = 0; e < 256; e++)
		if (r->errors[e])
			json_u64(j, error_name(e), r->errors[e]);
	json_close(j);
}

static int flush_some(struct buf *b, int fd)
{
	return b->len >= FLUSH_AT ? buf_flush(b, fd) : 0;
}

static int json_connects(struct json *j, const struct ping_result *r, int fd)
{
	int err = 0;

	json_array(j, "connects");
	for (uint64_t i = 0; i < r->connections && !err; i++) {
		const struct ping_conn *c = &r->conns[i];
		char local[INET6_ADDRSTRLEN];

		json_open(j, NULL);
		if (c->port) {
			if (c->connected && inet_ntop(r->family, &c->local, local, sizeof(local)))
				json_str(j, "local", local);
			json_u64(j, "port", c->port);
		}
		if (!c->error)
			json_u64(j, "us", c->us);
		if (c->connected)
			json_u64(j, "connect_us", c->connect_us);
		if (c->error)
			json_str(j, "error", error_name(c->error));
		json_close(j);
		err = flush_some(j->b, fd);
	}
	json_array_end(j);
	return err;
}

static int json_ports(struct json *j, const char *key, const struct ping_result *r, bool failed,
		      int fd)
{
	int err = 0;

	json_array(j, key);
	for (uint64_t i = 0; i < r->connections && !err; i++) {
		const struct ping_conn *c = &r->conns[i];

		if (!!c->error == failed && c->port)
			json_u64(j, NULL, c->port);
		err = flush_some(j->b, fd);
	}
	json_array_end(j);
	return err;
}

int ping_view_json(const struct ping_result *r, const char *host, const char *addr, uint16_t port,
		   int fd)
{
	_cleanup_buf_ struct buf b = {0};
	struct json j = {.b = &b};
	int err;

	json_open(&j, NULL);
	json_str(&j, "type", "ping");
	json_str(&j, "host", host);
	json_str(&j, "addr", addr);
	json_u64(&j, "port", port);
	json_u64(&j, "requested", r->requested);
	json_u64(&j, "connections", r->connections);
	json_u64(&j, "ok", r->ok);
	json_u64(&j, "failed", r->failed);
	json_errors(&j, r);
	json_u64(&j, "bytes_sent", r->bytes_sent);
	json_u64(&j, "bytes_received", r->bytes_received);
	json_u64(&j, "duration_us", duration_us(r));
	json_milli(&j, "rate", (uint64_t)(rate(r) * 1000));
	json_latency(&j, "latency_us", &r->latency);
	json_latency(&j, "connect_us", &r->connect);
	err = json_connects(&j, r, fd);
	if (!err)
		err = json_ports(&j, "local_ports", r, false, fd);
	if (!err)
		err = json_ports(&j, "failed_ports", r, true, fd);
	json_close(&j);
	json_end_line(&j);
	return err ? err : buf_flush(&b, fd);
}
