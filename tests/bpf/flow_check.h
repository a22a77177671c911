/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record of one packet against what was to be read from it. */
#ifndef FLOWNER_TESTS_FLOW_CHECK_H
#define FLOWNER_TESTS_FLOW_CHECK_H

#include "flow_run.h"
#include "reference_parse.h"

/* The usual way and the slow one: what one says the other has to say. */
struct both {
	struct flow_run fast, slow;
	struct ref_memory memory; /* the reference's */
};

static inline void both_start(struct both *b)
{
	flow_run_start(&b->fast, &(struct flow_run_opts){0});
	flow_run_start(&b->slow, &(struct flow_run_opts){.slow = true});
	b->memory.n = 0;
}

static inline void both_stop(struct both *b)
{
	flow_run_stop(&b->fast);
	flow_run_stop(&b->slow);
}

static inline void both_forget(struct both *b)
{
	flow_run_forget(&b->fast);
	flow_run_forget(&b->slow);
	b->memory.n = 0;
}

enum flow_prog { IN, OUT, L3_IN, L3_OUT };

static inline struct bpf_program *prog_of(const struct flow_run *run, enum flow_prog p)
{
	struct bpf_program *const progs[] = {
		run->skel->progs.flowner_in,
		run->skel->progs.flowner_out,
		run->skel->progs.flowner_l3_in,
		run->skel->progs.flowner_l3_out,
	};

	return progs[p];
}

static inline void both_run(struct both *b, enum flow_prog p, const struct frame *f,
			    const struct flow_run_gso *gso)
{
	flow_run_packet(prog_of(&b->fast, p), f, gso);
	flow_run_packet(prog_of(&b->slow, p), f, gso);
}

static inline void both_drain(struct both *b)
{
	flow_run_drain(&b->fast);
	flow_run_drain(&b->slow);
	assert_int_equal(b->fast.n, b->slow.n);
}

static inline struct reading both_reference(struct both *b, enum flow_prog p, const struct frame *f,
					    const struct flow_run_gso *gso)
{
	struct ref_input in = {
		.memory = &b->memory,
		.bytes = f->bytes,
		.len = f->len,
		.ethernet = p == IN || p == OUT,
		.ethertype = (uint16_t)be(f->bytes + 12, 2),
		.gso = gso && gso->size,
		.egress = p == OUT || p == L3_OUT,
	};

	return ref_read(&in);
}

/* Why `rec` is not what `f` was to be counted as; NULL: it is. */
static inline const char *flow_mistake(const struct fl_flow_record *rec, const struct reading *want,
				       enum flow_prog p, const struct frame *f,
				       const struct flow_run_gso *gso)
{
	struct fl_flow_key key = key_of(want, p == OUT || p == L3_OUT);
	const struct fl_flow_count *c = &rec->count;
	bool syn = want->tcp_flags & 0x02, syn_ack = syn && want->tcp_flags & 0x10;
	uint32_t segments = gso && gso->segments ? gso->segments : 1;

	if (rec->hdr.type != FL_FLOW || rec->hdr.len != sizeof(*rec) ||
	    rec->hdr.cpu != sched_getcpu() || rec->hdr.flags)
		return "header";
	if (memcmp(&key, &rec->key, sizeof(key)) != 0) {
		key_print("wanted", &key);
		key_print("got", &rec->key);
		return "key";
	}
	if (c->tcp_flags != want->tcp_flags)
		return "TCP flags";
	if (c->isn_known != (syn_ack ? 3
			     : syn   ? 1
				     : 0) ||
	    c->isn != (syn ? want->seq : 0) || c->isn_other != (syn_ack ? want->ack - 1 : 0))
		return "initial sequence numbers";
	if (c->packets != 1 || c->segments != segments || c->bytes != f->len)
		return "packets, segments or bytes";
	if (!c->first || c->last || c->tick || c->over || c->pad)
		return "times or padding";
	return NULL;
}

static inline void flow_check(const char *what, const struct fl_flow_record *rec,
			      const struct reading *want, enum flow_prog p, const struct frame *f,
			      const struct flow_run_gso *gso)
{
	const char *mistake = flow_mistake(rec, want, p, f, gso);

	if (!mistake)
		return;
	frame_print(f);
	fail_msg("%s: %s", what, mistake);
}

/* The next packet, both ways, against `want` and the reference. */
static inline void both_check(struct both *b, const char *name, enum flow_prog p,
			      const struct frame *f, const struct flow_run_gso *gso,
			      const struct reading *want)
{
	struct reading reference = both_reference(b, p, f, gso);

	both_run(b, p, f, gso);
	both_drain(b);
	assert_int_equal(b->fast.n, 1);
	flow_check(name, b->fast.read, want ? want : &reference, p, f, gso);
	flow_check(name, b->slow.read, want ? want : &reference, p, f, gso);
	if (want)
		flow_check("by the reference", b->fast.read, &reference, p, f, gso);
}

#endif
