// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * emit.bpf.h: read + lost == made, and every gap has its size in the record behind it.
 *
 *	ring of 4096 bytes: 36 records of 104 + 8 bytes, 25 of 152 + 8
 */
#include "../unit/unit.h"

#include <sched.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_log.h"
#include "flowner_abi.h"
#include "tests_emit.skel.h"

struct reader {
	struct tests_emit_bpf *skel;
	struct ring_buffer *ring;
	uint64_t last, read, lost_told, of_type[FL_TYPE_MAX], last_time;
};

static int on_record(void *ctx, void *data, size_t len)
{
	struct reader *r = ctx;
	const struct fl_state *s = data;

	assert_true(len >= sizeof(s->hdr));
	assert_int_equal(s->hdr.len, len);
	assert_true(s->hdr.type < FL_TYPE_MAX);
	assert_int_equal(s->hdr.flags, 0);
	assert_true(s->hdr.time >= r->last_time);
	/* What is missing between two numbers is what the header says was lost between. */
	assert_int_equal(s->sock.cookie - r->last - 1, s->hdr.lost - r->lost_told);
	r->last_time = s->hdr.time;
	r->last = s->sock.cookie;
	r->lost_told = s->hdr.lost;
	r->of_type[s->hdr.type]++;
	r->read++;
	return 0;
}

static void run(struct bpf_program *prog)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
}

static void make(struct reader *r, uint32_t states, uint32_t owned)
{
	r->skel->bss->states = states;
	r->skel->bss->owned = owned;
	run(r->skel->progs.emit);
}

static void drain(struct reader *r)
{
	assert_true(ring_buffer__consume(r->ring) >= 0);
}

static struct fl_counters total(const struct reader *r)
{
	int cpus = libbpf_num_possible_cpus();
	struct fl_counters sum = {0}, *each;
	uint32_t zero = 0;

	assert_true(cpus > 0);
	each = calloc((size_t)cpus, sizeof(*each));
	assert_non_null(each);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.counters), &zero, each), 0);
	for (int i = 0; i < cpus; i++) {
		for (int type = 0; type < FL_TYPE_MAX; type++) {
			sum.submitted[type] += each[i].submitted[type];
			sum.lost[type] += each[i].lost[type];
		}
		sum.lost_total += each[i].lost_total;
		sum.filtered += each[i].filtered;
	}
	free(each);
	return sum;
}

static void start(struct reader *r)
{
	*r = (struct reader){.skel = tests_emit_bpf__open()};
	assert_non_null(r->skel);
	assert_int_equal(bpf_map__set_max_entries(r->skel->maps.events, 4096), 0);
	assert_int_equal(tests_emit_bpf__load(r->skel), 0);
	r->ring = ring_buffer__new(bpf_map__fd(r->skel->maps.events), on_record, r, NULL);
	assert_non_null(r->ring);
}

static void stop(struct reader *r)
{
	ring_buffer__free(r->ring);
	tests_emit_bpf__destroy(r->skel);
}

TEST(all_fit)
{
	struct reader r;
	struct fl_counters c;

	start(&r);
	make(&r, 10, 5);
	drain(&r);
	c = total(&r);
	assert_int_equal(r.read, 15);
	assert_true(c.submitted[FL_STATE] == 10 && c.submitted[FL_LISTEN] == 5);
	assert_int_equal(c.lost_total, 0);
	assert_int_equal(r.lost_told, 0);
	stop(&r);
}

TEST(adds_up)
{
	struct reader r;
	struct fl_counters c;
	uint64_t made = 0;

	start(&r);
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t states = round * 7 % 101, owned = round * 13 % 61;

		make(&r, states, owned);
		made += states + owned;
		if (round % 3)
			drain(&r);
	}
	drain(&r);
	c = total(&r);
	assert_int_equal(r.skel->bss->made, made);
	assert_true(c.lost_total > 0 && r.read > 0);
	assert_int_equal(r.read + c.lost_total, made);
	assert_int_equal(c.lost[FL_STATE] + c.lost[FL_LISTEN], c.lost_total);
	for (int type = 0; type < FL_TYPE_MAX; type++)
		assert_int_equal(c.submitted[type], r.of_type[type]);
	/* What no record could tell of is in the counters. */
	assert_true(r.lost_told <= c.lost_total);
	make(&r, 1, 0);
	drain(&r);
	assert_int_equal(r.lost_told, c.lost_total);
	stop(&r);
}

TEST(one_gap)
{
	struct reader r;
	struct fl_counters c;

	start(&r);
	make(&r, 100, 0);
	c = total(&r);
	assert_int_equal(c.submitted[FL_STATE], 36);
	assert_int_equal(c.lost[FL_STATE], 64);
	drain(&r);
	assert_int_equal(r.lost_told, 0); /* these were made before it */
	make(&r, 1, 0);
	drain(&r);
	assert_int_equal(r.lost_told, 64);
	assert_int_equal(r.read, 37);
	stop(&r);
}

TEST(filtered)
{
	struct reader r;
	struct fl_counters c;

	start(&r);
	for (int i = 0; i < 3; i++)
		run(r.skel->progs.filtered);
	drain(&r);
	c = total(&r);
	assert_int_equal(c.filtered, 3);
	assert_int_equal(r.read, 0);
	assert_int_equal(c.lost_total, 0);
	stop(&r);
}

/* Losses are counted CPU by CPU: stay on one, so that the header's count is of all. */
static int pin(void **state)
{
	cpu_set_t set;

	(void)state;
	bpf_log_init();
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("what fits is read, and nothing is lost", all_fit),
		IT("read and lost make up what was made, type by type", adds_up),
		IT("a gap's size stands in the first record behind it", one_gap),
		IT("what a filter drops is counted and reserves nothing", filtered),
	};

	return cmocka_run_group_tests(tests, pin, NULL);
}
