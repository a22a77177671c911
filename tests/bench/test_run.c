// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the flows programs cost a packet by the kernel's own clock around BPF_PROG_TEST_RUN; the
 * kinds in turns, so that a slow moment of the machine falls on all. One JSON object a line.
 *
 *	test_run [ROUNDS [REPEAT]]
 */
#include "../bpf/flow_run.h"

#include "bench_flows_changing.skel.h"
#include "tests_empty.skel.h"

#define ROUNDS_MAX 1000
#define SOURCES    100000

/* The program that a packet goes through. */
enum prog {
	EMPTY,
	FLOWS,
	CHANGING_ONLY,
	NEW,  /* every packet is of a flow that is not there */
	MANY, /* of one of SOURCES flows that are, in turn */
	PROGS,
};

static const struct {
	const char *name, *hex;
	enum prog prog, bare;
} kinds[] = {
	{"empty program", MACS IP4("06") TCP("10"), EMPTY, EMPTY},
	{"IPv4 TCP", MACS IP4("06") TCP("10"), FLOWS, EMPTY},
	{"IPv4 UDP", MACS IP4("11") UDP DATA, FLOWS, EMPTY},
	{"IPv6 TCP", MACS IP6("06") TCP("10"), FLOWS, EMPTY},
	{"IPv6 UDP", MACS IP6("11") UDP DATA, FLOWS, EMPTY},
	{"802.1Q IPv4 TCP", MACS TAG("0064") IP4("06") TCP("10"), FLOWS, EMPTY},
	{"slow way: hop-by-hop, TCP", MACS IP6("00") HOPS("06") TCP("10"), FLOWS, EMPTY},
	{"ICMP echo", MACS IP4("01") "0800 0000 beef 0001" DATA, FLOWS, EMPTY},
	{"ARP", MACS ARP("0001"), FLOWS, EMPTY},
	{"empty, new address each", MACS IP4("11") UDP DATA, CHANGING_ONLY, CHANGING_ONLY},
	{"new flow, UDP", MACS IP4("11") UDP DATA, NEW, CHANGING_ONLY},
	{"one of 100,000, UDP", MACS IP4("11") UDP DATA, MANY, CHANGING_ONLY},
};

struct bench {
	struct tests_empty_bpf *empty;
	struct flow_run run;
	struct bench_flows_changing_bpf *changing;
	uint32_t ns[COUNT(kinds)][ROUNDS_MAX];
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t measure(const struct bpf_program *prog, const char *hex, int repeat)
{
	struct frame f = frame_of(hex);
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f.bytes, .data_size_in = (uint32_t)f.len,
		    .repeat = repeat);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
	return o.duration;
}

static int put_map(int outer, uint32_t entries)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "flows", sizeof(struct fl_flow_key),
				sizeof(struct fl_flow_count), entries, NULL);
	uint32_t zero = 0;

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(outer, &zero, &fd, BPF_ANY), 0);
	return fd;
}

static uint32_t measure_kind(struct bench *b, size_t kind, int repeat)
{
	struct bench_flows_changing_bpf *c = b->changing;
	const char *hex = kinds[kind].hex;

	switch (kinds[kind].prog) {
	case EMPTY:
		return measure(b->empty->progs.empty, hex, repeat);
	case FLOWS:
		return measure(b->run.skel->progs.flowner_in, hex, repeat);
	case NEW:
		close(put_map(bpf_map__fd(c->maps.flow_maps), 2 * SOURCES));
		repeat = SOURCES;
		break;
	default:
		break;
	}
	c->bss->source = 0;
	c->bss->sources = SOURCES;
	return measure(kinds[kind].prog == CHANGING_ONLY ? c->progs.changing_only
							 : c->progs.changing,
		       hex, repeat);
}

static void print(struct bench *b, size_t rounds)
{
	uint32_t bare[PROGS] = {0};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		uint32_t *ns = b->ns[i], median;

		qsort(ns, rounds, sizeof(*ns), by_size);
		median = ns[rounds / 2];
		if (kinds[i].prog == kinds[i].bare)
			bare[kinds[i].prog] = median;
		printf("{\"part\":\"test-run\",\"packet\":\"%s\",\"rounds\":%zu,\"ns_least\":%u,"
		       "\"ns_median\":%u,\"empty_ns_median\":%u}\n",
		       kinds[i].name, rounds, ns[0], median, bare[kinds[i].bare]);
	}
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	int repeat = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000000;
	static struct bench b;
	int map;

	if (rounds < 1 || rounds > ROUNDS_MAX || repeat < 1 || flow_run_setup(NULL))
		return 2;
	b.empty = tests_empty_bpf__open_and_load();
	b.changing = bench_flows_changing_bpf__open_and_load();
	if (!b.empty || !b.changing)
		return 1;
	flow_run_start(&b.run, &(struct flow_run_opts){0});
	map = flow_run_map(&b.run, 65536);
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < COUNT(kinds); i++)
			b.ns[i][r] = measure_kind(&b, i, repeat);
	print(&b, rounds);
	close(map);
	flow_run_stop(&b.run);
	bench_flows_changing_bpf__destroy(b.changing);
	tests_empty_bpf__destroy(b.empty);
	return 0;
}
