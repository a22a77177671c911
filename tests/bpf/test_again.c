// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/again.bpf.h: each event is taken by one of the two programs, wherever interrupts come. */
#include "../unit/unit.h"

#include <sched.h>

#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "flowner_abi.h"
#include "tests_again.skel.h"

#define FAR 100 /* events: round the stack a few times */

static int step(struct tests_again_bpf *skel, struct bpf_program *prog, uint64_t cookie)
{
	uint8_t packet[64] = {0};
	struct bpf_test_run_opts o = {
		.sz = sizeof(o), .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1};

	skel->bss->cookie = cookie;
	skel->bss->state = 1;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
	return (int)o.retval;
}

#define FIRST(cookie)  step(skel, skel->progs.first, cookie)
#define BEGINS(cookie) step(skel, skel->progs.second_begins, cookie)
#define ENDS()         step(skel, skel->progs.second_ends, 0)

/* The second comes by: did the first miss it? */
static int second(struct tests_again_bpf *skel, uint64_t cookie)
{
	int missed = BEGINS(cookie);

	ENDS();
	return missed;
}

static struct tests_again_bpf *load(void)
{
	struct tests_again_bpf *skel = tests_again_bpf__open_and_load();

	assert_non_null(skel);
	return skel;
}

static uint64_t counted(struct tests_again_bpf *skel)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_counters *c = calloc((size_t)cpus, sizeof(*c));
	uint32_t zero = 0;
	uint64_t sum = 0;

	assert_non_null(c);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(skel->maps.counters), &zero, c), 0);
	for (int i = 0; i < cpus; i++)
		sum += c[i].again;
	return sum;
}

TEST(in_turn)
{
	struct tests_again_bpf *skel = load();

	for (uint64_t e = 1; e <= FAR; e++) {
		FIRST(e);
		assert_false(second(skel, e));
	}
	assert_int_equal(counted(skel), 0);
	tests_again_bpf__destroy(skel);
}

TEST(first_at_work)
{
	struct tests_again_bpf *skel = load();

	for (uint64_t e = 1; e <= 3 * FAR; e += 3) {
		/* After the first has left word, in the middle of its work: no first for these. */
		FIRST(e);
		assert_true(second(skel, e + 1));
		assert_true(second(skel, e + 2));
		assert_false(second(skel, e));
		/* Before it has. */
		assert_true(second(skel, e + 1));
		FIRST(e);
		assert_false(second(skel, e));
	}
	assert_int_equal(counted(skel), 3 * FAR);
	tests_again_bpf__destroy(skel);
}

TEST(between)
{
	struct tests_again_bpf *skel = load();

	for (uint64_t e = 1; e <= 4 * FAR; e += 4) {
		FIRST(e);
		for (uint64_t i = 1; i < 4; i++) {
			FIRST(e + i);
			assert_false(second(skel, e + i));
		}
		assert_false(second(skel, e));
	}
	assert_int_equal(counted(skel), 0);
	tests_again_bpf__destroy(skel);
}

/* Their seconds are not entered, and nobody is to miss them. */
TEST(second_at_work)
{
	struct tests_again_bpf *skel = load();

	for (uint64_t e = 1; e <= 4 * FAR; e += 4) {
		FIRST(e);
		assert_false(BEGINS(e));
		for (uint64_t i = 1; i < 4; i++)
			FIRST(e + i);
		ENDS();
		assert_int_equal(skel->bss->level, 0);
	}
	/* One that has missed: the same. */
	assert_true(BEGINS(7));
	FIRST(8);
	ENDS();
	FIRST(9);
	assert_false(second(skel, 9));
	assert_int_equal(counted(skel), 1);
	tests_again_bpf__destroy(skel);
}

/* Entered, but yet to look; or about to return. */
TEST(second_on_its_way)
{
	struct tests_again_bpf *skel = load();

	for (uint64_t e = 1; e <= 4 * FAR; e += 4) {
		FIRST(e);
		FIRST(e + 1);
		assert_false(second(skel, e));
		FIRST(e + 2); /* stays */
		FIRST(e + 3);
		assert_false(second(skel, e + 3));
		assert_true(second(skel, e + 1));
	}
	assert_int_equal(counted(skel), FAR);
	tests_again_bpf__destroy(skel);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("one after the other", in_turn),
		IT("an interrupt while the first is at work", first_at_work),
		IT("between first and second", between),
		IT("while the second is at work", second_at_work),
		IT("before the second has looked, or as it returns", second_on_its_way),
	};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	return RUN(tests);
}
