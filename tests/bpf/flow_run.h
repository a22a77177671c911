/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flows programs in BPF_PROG_TEST_RUN.
 *
 * With no map in `flow_maps` every packet comes out of the ring as a record of its own, without a
 * system call to fetch it: what tests of the parser want. flow_run_map() puts a map there,
 * with no front before it; both are collect/flow_map.h's work.
 *
 * No test looks for reads past a packet's end: the verifier lets no such program in.
 */
#ifndef FLOWNER_TESTS_FLOW_RUN_H
#define FLOWNER_TESTS_FLOW_RUN_H

#include "../unit/unit.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_log.h"
#include "collect/flow_front.h"
#include "flow_abi.h"
#include "flows.skel.h"
#include "packets.h"

#define SLOT    0xabcu
#define IFINDEX 1u /* BPF_PROG_TEST_RUN says lo where it is not told */

#define FRAME_MAX 1024
struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
};

struct flow_run {
	struct flows_bpf *skel;
	struct ring_buffer *ring;
	struct fl_flow_record *read; /* by the last flow_run_drain() */
	size_t n, cap;
};

struct flow_run_opts {
	bool slow;
	struct fl_filter filter;
	uint32_t ring_bytes; /* 0: as the programs have it */
	uint32_t ncpus;      /* whose entries a SYN looks at; 0: none */
};

/* --- packets --- */

static inline int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline void put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* packets.h says what may stand in `hex`. */
static inline struct frame frame_of(const char *hex)
{
	size_t ip = 0, end = 0, total = 0, payload = 0;
	struct frame f = {0};

	for (const char *h = hex; *h; h++) {
		if (*h == ' ')
			continue;
		assert_true(f.len + 2 <= FRAME_MAX);
		if (*h == '<') {
			ip = f.len;
		} else if (*h == '>') {
			end = f.len;
		} else if (*h == 'T' || *h == 'P') {
			*(*h == 'T' ? &total : &payload) = f.len;
			f.len += 2;
			h += 3;
		} else {
			assert_true(hex_digit(h[0]) >= 0 && hex_digit(h[1]) >= 0);
			f.bytes[f.len++] = (uint8_t)(hex_digit(h[0]) << 4 | hex_digit(h[1]));
			h++;
		}
	}
	if (!end)
		end = f.len;
	if (total)
		put_be16(f.bytes + total, end - ip);
	if (payload)
		put_be16(f.bytes + payload, end - ip - 40);
	return f;
}

static inline void frame_print(const struct frame *f)
{
	fprintf(stderr, "# %zu bytes:", f->len);
	for (size_t i = 0; i < f->len; i++)
		fprintf(stderr, "%s%02x", i == 14 || i % 8 == 0 ? " " : "", f->bytes[i]);
	fprintf(stderr, "\n");
}

/* By hand, bit for bit as flow_abi.h draws it. */
static inline struct fl_flow_key key_of(const struct reading *r, bool egress)
{
	struct fl_flow_key k;

	memset(&k, 0, sizeof(k));
	memcpy(k.src, r->src, 16);
	memcpy(k.dst, r->dst, 16);
	k.sport_be = htons(r->sport);
	k.dport_be = htons(r->dport);
	k.ifindex = IFINDEX;
	k.bits = (uint64_t)sched_getcpu() << 51 | (uint64_t)SLOT << 39 | (uint64_t)r->vid[1] << 27 |
		 (uint64_t)r->vid[0] << 15 | (uint64_t)(r->tags >= 2) << 14 |
		 (uint64_t)(r->tags >= 1) << 13 | (uint64_t)r->fragment << 12 |
		 (uint64_t)egress << 11 | (uint64_t)r->kind << 8 | r->proto;
	return k;
}

static inline void key_print(const char *what, const struct fl_flow_key *k)
{
	fprintf(stderr, "# %-8s", what);
	for (size_t i = 0; i < sizeof(*k); i++)
		fprintf(stderr, "%s%02x", i && i % 16 == 0 ? " " : "", ((const uint8_t *)k)[i]);
	fprintf(stderr, "\n");
}

/*
 * Can BPF_PROG_TEST_RUN be given it? Never less than an Ethernet header; newer kernels (6.18, not
 * yet 6.1) want the whole IP header too where that header says IP. Behind a tag they do not look.
 */
static inline bool frame_runs(const struct frame *f)
{
	bool v4 = f->bytes[12] == 0x08 && f->bytes[13] == 0x00;
	bool v6 = f->bytes[12] == 0x86 && f->bytes[13] == 0xdd;

	return f->len >= 14u + (v4 ? 20 : v6 ? 40 : 0);
}

/* --- runs --- */

static inline int flow_run_on_record(void *ctx, void *data, size_t len)
{
	struct flow_run *run = ctx;

	assert_int_equal(len, sizeof(struct fl_flow_record));
	if (run->n == run->cap) {
		run->cap = run->cap ? run->cap * 2 : 64;
		run->read = realloc(run->read, run->cap * sizeof(*run->read));
		assert_non_null(run->read);
	}
	memcpy(&run->read[run->n++], data, len);
	return 0;
}

/* The records made since the last call stand in `read` until the next one. */
static inline void flow_run_drain(struct flow_run *run)
{
	run->n = 0;
	assert_true(ring_buffer__consume(run->ring) >= 0);
}

static inline void flow_run_link(const struct flows_bpf *skel, uint32_t place,
				 const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);

	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(skel->maps.flow_programs), &place, &fd, BPF_ANY),
		0);
}

static inline void flow_run_start(struct flow_run *run, const struct flow_run_opts *o)
{
	int front;

	*run = (struct flow_run){.skel = flows_bpf__open()};
	assert_non_null(run->skel);
	run->skel->rodata->slot = SLOT;
	run->skel->rodata->parse_slow_only = o->slow;
	run->skel->rodata->ncpus = o->ncpus;
	memcpy((void *)&run->skel->rodata->filter, &o->filter, sizeof(o->filter));
	if (o->ring_bytes)
		assert_int_equal(bpf_map__set_max_entries(run->skel->maps.flow_ring, o->ring_bytes),
				 0);
	front = flow_front_template(run->skel->maps.flow_fronts);
	assert_true(front >= 0);
	assert_int_equal(flows_bpf__load(run->skel), 0);
	close(front);
	flow_run_link(run->skel, FL_FLOW_ETHERNET, run->skel->progs.flowner_count);
	flow_run_link(run->skel, FL_FLOW_L3, run->skel->progs.flowner_count_l3);
	run->ring = ring_buffer__new(bpf_map__fd(run->skel->maps.flow_ring), flow_run_on_record,
				     run, NULL);
	assert_non_null(run->ring);
}

static inline void flow_run_stop(struct flow_run *run)
{
	ring_buffer__free(run->ring);
	flows_bpf__destroy(run->skel);
	free(run->read);
}

/* A map with room for `entries`, at work at once; the caller closes it. */
static inline int flow_run_map(struct flow_run *run, uint32_t entries)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "flows", sizeof(struct fl_flow_key),
				sizeof(struct fl_flow_count), entries, NULL);
	uint32_t zero = 0;

	assert_true(fd >= 0);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(run->skel->maps.flow_maps), &zero, &fd, BPF_ANY),
		0);
	return fd;
}

struct flow_run_gso {
	uint32_t segments, size;
};

/* One packet; the program has to leave it as it is, and to whoever comes next. */
static inline void flow_run_packet(struct bpf_program *prog, const struct frame *f,
				   const struct flow_run_gso *gso)
{
	struct __sk_buff ctx = {.gso_segs = gso ? gso->segments : 0,
				.gso_size = gso ? gso->size : 0};
	uint8_t out[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f->bytes, .data_size_in = (uint32_t)f->len,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (gso) {
		o.ctx_in = &ctx;
		o.ctx_size_in = sizeof(ctx);
	}
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
	assert_int_equal((int)o.retval, -1);
	assert_int_equal(o.data_size_out, f->len);
	assert_memory_equal(out, f->bytes, f->len);
}

static inline void flow_run_many(struct bpf_program *prog, const struct frame *f, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f->bytes, .data_size_in = (uint32_t)f->len,
		    .repeat = repeat);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
	assert_int_equal((int)o.retval, -1);
}

/* What the programs remember of fragments is gone. */
static inline void flow_run_forget(struct flow_run *run)
{
	int fd = bpf_map__fd(run->skel->maps.fragments);
	uint8_t key[64];

	assert_true(bpf_map__key_size(run->skel->maps.fragments) <= sizeof(key));
	while (!bpf_map_get_next_key(fd, NULL, key))
		assert_int_equal(bpf_map_delete_elem(fd, key), 0);
}

/* All CPUs'. */
static inline struct fl_flow_counters flow_run_counters(const struct flow_run *run)
{
	struct fl_flow_counters sum = {0}, *each;
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	assert_true(cpus > 0);
	each = calloc((size_t)cpus, sizeof(*each));
	assert_non_null(each);
	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(run->skel->maps.flow_counters), &zero, each), 0);
	for (int i = 0; i < cpus; i++) {
		sum.overflowed += each[i].overflowed;
		sum.lost += each[i].lost;
		sum.lost_bytes += each[i].lost_bytes;
		sum.filtered += each[i].filtered;
	}
	free(each);
	return sum;
}

/* The CPU stands in every key: stay on one. */
static inline int flow_run_setup(void **state)
{
	cpu_set_t set;

	(void)state;
	bpf_log_init();
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

#endif
