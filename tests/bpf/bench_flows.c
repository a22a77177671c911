// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the flows programs cost a packet of a flow that is there, by the kernel's own clock around
 * BPF_PROG_TEST_RUN; the kinds in turns, so that a slow moment of the machine falls on all.
 *
 *	make build/tests/bpf/bench_flows && build/tests/bpf/bench_flows [ROUNDS [REPEAT]]
 */
#include "flow_run.h"

#include "tests_empty.skel.h"

#define ROUNDS_MAX 1000

static const struct {
	const char *name, *hex;
	bool empty;
} kinds[] = {
	{"empty program", MACS IP4("06") TCP("10"), true},
	{"IPv4 TCP", MACS IP4("06") TCP("10"), false},
	{"IPv4 UDP", MACS IP4("11") UDP DATA, false},
	{"IPv6 TCP", MACS IP6("06") TCP("10"), false},
	{"IPv6 UDP", MACS IP6("11") UDP DATA, false},
	{"802.1Q IPv4 TCP", MACS TAG("0064") IP4("06") TCP("10"), false},
	{"IPv6, hop-by-hop, TCP", MACS IP6("00") HOPS("06") TCP("10"), false},
	{"ICMP echo", MACS IP4("01") "0800 0000 beef 0001" DATA, false},
	{"ARP", MACS ARP("0001"), false},
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t measure(int prog_fd, const char *hex, int repeat)
{
	struct frame f = frame_of(hex);
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f.bytes, .data_size_in = (uint32_t)f.len,
		    .repeat = repeat);

	assert_int_equal(bpf_prog_test_run_opts(prog_fd, &o), 0);
	return o.duration;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 9;
	int repeat = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000000;
	static uint32_t ns[COUNT(kinds)][ROUNDS_MAX];
	struct tests_empty_bpf *none = tests_empty_bpf__open_and_load();
	struct flow_run run;
	int map;

	if (!none || rounds < 1 || rounds > ROUNDS_MAX || flow_run_setup(NULL))
		return 1;
	flow_run_start(&run, &(struct flow_run_opts){0});
	map = flow_run_map(&run, 65536);
	for (int r = 0; r < rounds; r++) {
		for (size_t i = 0; i < COUNT(kinds); i++)
			ns[i][r] = measure(bpf_program__fd(kinds[i].empty
								   ? none->progs.empty
								   : run.skel->progs.flowner_in),
					   kinds[i].hex, repeat);
	}
	printf("ns a packet, %d rounds of %d\n%-24s %6s %6s\n", rounds, repeat, "", "least",
	       "median");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		qsort(ns[i], (size_t)rounds, sizeof(ns[i][0]), by_size);
		printf("%-24s %6u %6u\n", kinds[i].name, ns[i][0], ns[i][rounds / 2]);
	}
	close(map);
	flow_run_stop(&run);
	tests_empty_bpf__destroy(none);
	return 0;
}
