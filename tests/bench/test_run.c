// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the flows programs cost a packet by the kernel's own clock around BPF_PROG_TEST_RUN; the
 * kinds in turns, so that a slow moment of the machine falls on all. One JSON object a line.
 *
 *	test_run [ROUNDS [REPEAT]]
 */
#include "../bpf/flow_run.h"

#include "base/cleanup.h"
#include "collect/flow_map.h"
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
	struct flow_map *map; /* of `run` */
	struct bench_flows_changing_bpf *changing;
	struct flow_map *changing_map;
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

static void drop(void *ctx, const struct fl_flow_key *key, const struct fl_flow_count *count)
{
	(void)ctx;
	(void)key;
	(void)count;
}

/* Both maps are empty then. */
static void forget(struct flow_map *m)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(flow_map_swap(m, 0), 0);
		assert_int_equal(flow_map_drain(m, drop, NULL), 0);
	}
}

/* Grown to what SOURCES want. */
static void fill(struct bench *b)
{
	struct bench_flows_changing_bpf *c = b->changing;

	c->bss->sources = SOURCES;
	for (int i = 0; i < 4; i++) {
		measure(c->progs.changing, MACS IP4("11") UDP DATA, SOURCES);
		forget(b->changing_map);
	}
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
		forget(b->changing_map);
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

static int start(struct bench *b)
{
	struct bench_flows_changing_bpf *c = bench_flows_changing_bpf__open();
	_cleanup_close_ int front = -1;

	b->empty = tests_empty_bpf__open_and_load();
	if (!c || !b->empty)
		return -1;
	front = flow_front_template(c->maps.flow_fronts);
	if (front < 0 || bench_flows_changing_bpf__load(c))
		return -1;
	b->changing = c;
	flow_run_start(&b->run, &(struct flow_run_opts){0});
	if (flow_map_new(&b->map, bpf_map__fd(b->run.skel->maps.flow_maps),
			 bpf_map__fd(b->run.skel->maps.flow_fronts), 1 << 20) ||
	    flow_map_new(&b->changing_map, bpf_map__fd(c->maps.flow_maps),
			 bpf_map__fd(c->maps.flow_fronts), 1 << 20))
		return -1;
	fill(b);
	return 0;
}

static void stop(struct bench *b)
{
	flow_map_free(b->map);
	flow_map_free(b->changing_map);
	flow_run_stop(&b->run);
	bench_flows_changing_bpf__destroy(b->changing);
	tests_empty_bpf__destroy(b->empty);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	int repeat = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000000;
	static struct bench b;

	if (rounds < 1 || rounds > ROUNDS_MAX || repeat < 1 || flow_run_setup(NULL))
		return 2;
	if (start(&b))
		return 1;
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < COUNT(kinds); i++)
			b.ns[i][r] = measure_kind(&b, i, repeat);
	print(&b, rounds);
	stop(&b);
	return 0;
}
