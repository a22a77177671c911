// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A reader that only counts records, looking every two milliseconds, until it is told to end:
 *
 *	count_records bare	those of bare.bpf.c, one a change of a socket's state
 *	count_records trace	those of flowner trace: what its kernel side costs by itself
 *
 * Says "counting" when it does, and at the end "N records, N lost".
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "collect/trace_source.h"
#include "bench_bare.skel.h"

#define NAP_NS 2000000

static volatile sig_atomic_t ending;

static void on_signal(int sig)
{
	(void)sig;
	ending = 1;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "count_records: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return 1;
}

static void say(uint64_t records, uint64_t lost)
{
	printf("%" PRIu64 " records, %" PRIu64 " lost\n", records, lost);
}

static void nap(void)
{
	const struct timespec t = {.tv_nsec = NAP_NS};

	nanosleep(&t, NULL);
}

static void begin(void)
{
	puts("counting");
	fflush(stdout);
}

static int on_bare(void *ctx, void *data, size_t len)
{
	(void)data;
	(void)len;
	++*(uint64_t *)ctx;
	return 0;
}

static int count_bare(void)
{
	struct bench_bare_bpf *skel = bench_bare_bpf__open_and_load();
	struct ring_buffer *ring;
	uint64_t n = 0;

	if (!skel || bench_bare_bpf__attach(skel))
		return fail("the program", errno);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_bare, &n, NULL);
	if (!ring)
		return fail("the ring", errno);
	begin();
	while (!ending) {
		ring_buffer__consume(ring);
		nap();
	}
	ring_buffer__consume(ring);
	say(n, skel->bss->lost);
	ring_buffer__free(ring);
	bench_bare_bpf__destroy(skel);
	return 0;
}

static void on_record(void *ctx, const struct fl_header *hdr)
{
	(void)hdr;
	++*(uint64_t *)ctx;
}

static int count_trace(void)
{
	const struct trace_source_options o = {.ring_size = 8 << 20};
	struct fl_counters c = {0};
	struct trace_source *s;
	uint64_t n = 0;
	int err = trace_source_open(&s, &o);

	if (err)
		return fail("the programs", err);
	begin();
	while (!ending) {
		while (trace_source_read(s, on_record, &n) >= TRACE_SOURCE_BATCH)
			;
		nap();
	}
	while (trace_source_read(s, on_record, &n) > 0)
		;
	trace_source_counters(s, &c);
	say(n, c.lost_total + trace_source_skipped(s));
	trace_source_close(s);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction end = {.sa_handler = on_signal};

	sigaction(SIGTERM, &end, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc == 2 && !strcmp(argv[1], "bare"))
		return count_bare();
	if (argc == 2 && !strcmp(argv[1], "trace"))
		return count_trace();
	fprintf(stderr, "usage: count_records bare|trace\n");
	return 2;
}
