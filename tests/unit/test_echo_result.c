// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Percentiles, the counts made from connections, and how both are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/echo.h"
#include "model/latency.h"
#include "out/ping_view.h"

static void test_percentiles(void **state)
{
	uint32_t us[1000];
	struct latency l;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		us[i] = (i * 7 + 3) % 1000 + 1; /* 1…1000, shuffled */
	latency_summarize(us, 1000, &l);
	assert_int_equal(l.count, 1000);
	assert_int_equal(l.min_us, 1);
	assert_int_equal(l.p50_us, 500);
	assert_int_equal(l.p99_us, 990);
	assert_int_equal(l.max_us, 1000);
}

static void test_percentiles_of_few(void **state)
{
	uint32_t one[] = {42}, two[] = {9, 5}, big[] = {UINT32_MAX, 0, UINT32_MAX};
	struct latency l;

	(void)state;
	latency_summarize(NULL, 0, &l);
	assert_int_equal(l.count, 0);
	latency_summarize(one, 1, &l);
	assert_int_equal(l.min_us, 42);
	assert_int_equal(l.p50_us, 42);
	assert_int_equal(l.p99_us, 42);
	assert_int_equal(l.max_us, 42);
	latency_summarize(two, 2, &l);
	assert_int_equal(l.p50_us, 5);
	assert_int_equal(l.p99_us, 9);
	latency_summarize(big, 3, &l);
	assert_int_equal(l.min_us, 0);
	assert_true(l.p50_us == UINT32_MAX);
}

static void test_latency_us(void **state)
{
	(void)state;
	assert_int_equal(latency_us(1999), 1);
	assert_true(latency_us(UINT64_MAX) == UINT32_MAX);
}

/* Three connections: one well, one refused, one that came back wrong. */
static void make_result(struct ping_result *r)
{
	*r = (struct ping_result){
		.family = AF_INET, .requested = 4, .connections = 3, .duration_ns = 500000000};
	r->conns = calloc(3, sizeof(*r->conns));
	assert_non_null(r->conns);
	r->conns[0] = (struct ping_conn){.local.v4.s_addr = htonl(INADDR_LOOPBACK),
					 .us = 57,
					 .connect_us = 30,
					 .port = 40001,
					 .connected = true};
	r->conns[1] = (struct ping_conn){.port = 40002, .error = ECONNREFUSED};
	r->conns[2] = (struct ping_conn){.local.v4.s_addr = htonl(INADDR_LOOPBACK),
					 .connect_us = 1500,
					 .port = 40003,
					 .connected = true,
					 .error = PING_MISMATCH};
	assert_int_equal(ping_result_summarize(r), 0);
}

static void test_summarize(void **state)
{
	struct ping_result r;

	(void)state;
	make_result(&r);
	assert_int_equal(r.ok, 1);
	assert_int_equal(r.failed, 2);
	assert_int_equal(r.errors[ECONNREFUSED], 1);
	assert_int_equal(r.errors[PING_MISMATCH], 1);
	assert_int_equal(r.latency.count, 1);
	assert_int_equal(r.latency.max_us, 57);
	assert_int_equal(r.connect.count, 2);
	ping_result_free(&r);
}

static void shows(int fd, const char *want)
{
	char text[2048] = "";

	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, want);
	close(fd);
}

static void test_table(void **state)
{
	int fd = memfd_create("table", 0);
	struct ping_result r;

	(void)state;
	make_result(&r);
	assert_int_equal(ping_view_table(&r, fd), 0);
	shows(fd, "connections 3 of 4   ok 1   failed 2   in 0.50 s   2/s\n"
		  "latency     min 57 µs   p50 57 µs   p99 57 µs   max 57 µs\n"
		  "connect     min 30 µs   p50 30 µs   p99 1.5 ms   max 1.5 ms\n"
		  "errors      EBADMSG 1   ECONNREFUSED 1\n");
	ping_result_free(&r);
}

static void test_json(void **state)
{
	int fd = memfd_create("json", 0);
	struct ping_result r;

	(void)state;
	make_result(&r);
	assert_int_equal(ping_view_json(&r, "local\"host", "127.0.0.1", 9000, fd), 0);
	shows(fd,
	      "{\"type\":\"ping\",\"host\":\"local\\\"host\",\"addr\":\"127.0.0.1\",\"port\":9000,"
	      "\"requested\":4,\"connections\":3,\"ok\":1,\"failed\":2,"
	      "\"errors\":{\"EBADMSG\":1,\"ECONNREFUSED\":1},"
	      "\"bytes_sent\":0,\"bytes_received\":0,\"duration_us\":500000,\"rate\":2.000,"
	      "\"latency_us\":{\"min\":57,\"p50\":57,\"p99\":57,\"max\":57},"
	      "\"connect_us\":{\"min\":30,\"p50\":30,\"p99\":1500,\"max\":1500},"
	      "\"connects\":[{\"local\":\"127.0.0.1\",\"port\":40001,\"us\":57,\"connect_us\":30},"
	      "{\"port\":40002,\"error\":\"ECONNREFUSED\"},"
	      "{\"local\":\"127.0.0.1\",\"port\":40003,\"connect_us\":1500,\"error\":\"EBADMSG\"}],"
	      "\"local_ports\":[40001],\"failed_ports\":[40002,40003]}\n");
	ping_result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles), cmocka_unit_test(test_percentiles_of_few),
		cmocka_unit_test(test_latency_us),  cmocka_unit_test(test_summarize),
		cmocka_unit_test(test_table),       cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("echo_result", tests, NULL, NULL);
}
