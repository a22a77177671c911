// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every packet goes one of two ways, which are translations of the same program: one for frames as
 * they stand in memory, one for those whose tag stands beside them, where offsets beyond the
 * addresses are 4 less. So no load has to ask.
 */
#include "collect/packet_filter_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/libbpf_opts.h"
/* Where a jump to `pc` goes. */
static uint32_t label(const struct filter *f, size_t pc)
{
	const struct cbpf_insn *i = &f->prog[pc];

	if (i->code == (BPF_RET | BPF_K))
		return own_label(f, i->k ? MATCH : NO_MATCH);
	return (uint32_t)pc;
}

static void reach(struct filter *f, size_t pc)
{
	if (label(f, pc) == pc)
		f->reached[pc] = true;
}

static void go(struct filter *f, uint32_t to)
{
	ebpf_jump(&f->code, BPF_JMP | BPF_JA, 0, 0, 0, to);
}

static void no_match(struct filter *f)
{
	go(f, own_label(f, NO_MATCH));
}

/* Go on with the classic instruction `to`; the next one to be translated is the one behind `pc`. */
static void go_on(struct filter *f, size_t pc, size_t to)
{
	reach(f, to);
	if (to != pc + 1 || label(f, to) != to)
		go(f, label(f, to));
}

/* --- arithmetic --- */

/* Shifts by 32 and more leave nothing. */
static void shift(struct filter *f, const struct cbpf_insn *i)
{
	struct ebpf *c = &f->code;
	size_t fits, out;

	if (BPF_SRC(i->code) == BPF_K && i->k < 32) {
		ebpf_alu32_imm(c, BPF_OP(i->code), A, (int32_t)i->k);
	} else if (BPF_SRC(i->code) == BPF_K) {
		ebpf_alu32_imm(c, BPF_MOV, A, 0);
	} else {
		fits = ebpf_skip(c, BPF_JMP | BPF_JLT, X, 0, 32);
		ebpf_alu32_imm(c, BPF_MOV, A, 0);
		out = ebpf_skip(c, BPF_JMP | BPF_JA, 0, 0, 0);
		ebpf_land(c, fits);
		ebpf_alu32(c, BPF_OP(i->code), A, X);
		ebpf_land(c, out);
	}
}

static void alu(struct filter *f, const struct cbpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);
	bool by_x = BPF_SRC(i->code) == BPF_X;

	if (op == BPF_LSH || op == BPF_RSH) {
		shift(f, i);
		return;
	}
	if ((op == BPF_DIV || op == BPF_MOD) && by_x)
		ebpf_jump(&f->code, BPF_JMP | BPF_JEQ, X, 0, 0, own_label(f, NO_MATCH));
	if (by_x)
		ebpf_alu32(&f->code, op, A, X);
	else
		ebpf_alu32_imm(&f->code, op, A, op == BPF_NEG ? 0 : (int32_t)i->k);
}

/* --- jumps --- */

static void jump_back(struct filter *f, size_t to)
{
	ebpf_alu64_imm(&f->code, BPF_SUB, RND, 1);
	ebpf_jump(&f->code, BPF_JMP | BPF_JEQ, RND, 0, 0, own_label(f, NO_MATCH));
	/* Behind where r9 is set. */
	ebpf_jump_back(&f->code, ebpf_at(&f->code, (uint32_t)to) + 1);
}

static uint8_t opposite(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JGE:
		return BPF_JLT;
	default:
		return 0;
	}
}

static void jump(struct filter *f, size_t pc)
{
	const struct cbpf_insn *i = &f->prog[pc];
	size_t yes = pc + 1 + i->jt, no = pc + 1 + i->jf;
	uint8_t op = BPF_OP(i->code);

	if (op == BPF_JA) {
		yes = cbpf_ja_target(f->prog, pc);
		/* What only returns is at the end, wherever it stood. */
		if (yes <= pc && label(f, yes) == yes)
			jump_back(f, yes);
		else
			go_on(f, pc, yes);
		return;
	}
	reach(f, yes);
	/* What comes next is what falls through, where eBPF has that jump. */
	if (label(f, yes) == pc + 1 && opposite(op)) {
		op = opposite(op);
		yes = no;
		no = pc + 1;
		reach(f, yes);
	}
	if (label(f, yes) != label(f, no))
		ebpf_jump(&f->code, BPF_JMP32 | op | BPF_SRC(i->code), A, X, (int32_t)i->k,
			  label(f, yes));
	go_on(f, pc, no);
}

/* --- a program --- */

static void other(struct filter *f, const struct cbpf_insn *i)
{
	struct ebpf *c = &f->code;

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		packet_filter_ld(f, i, A);
		break;
	case BPF_LDX:
		packet_filter_ld(f, i, X);
		break;
	case BPF_ST:
		ebpf_store(c, BPF_W, A, (int16_t)MEMORY(i->k));
		break;
	case BPF_STX:
		ebpf_store(c, BPF_W, X, (int16_t)MEMORY(i->k));
		break;
	case BPF_ALU:
		alu(f, i);
		break;
	default:
		if (i->code == (BPF_MISC | BPF_TAX))
			ebpf_mov(c, X, A);
		else
			ebpf_mov(c, A, X);
	}
}

/*
 * What the verifier knows of A and X would be another thing in each round and on each way through
 * it, and it would go all of these ways. Nothing is known of what an unknown number has been put
 * to, and taken away from again.
 */
static void begin_loop(struct filter *f)
{
	struct ebpf *c = &f->code;

	ebpf_mov_imm(c, RND, CBPF_ROUNDS);
	/* Here jump_back() comes in. */
	ebpf_load(c, BPF_W, BPF_REG_1, CTX, FIELD(len));
	for (int i = 0; i < 2; i++) {
		ebpf_alu32(c, BPF_XOR, A, BPF_REG_1);
		ebpf_alu32(c, BPF_XOR, X, BPF_REG_1);
	}
}

static void translate_insn(struct filter *f, size_t pc)
{
	const struct cbpf_insn *i = &f->prog[pc];

	ebpf_label(&f->code, (uint32_t)pc);
	if (f->loops[pc])
		begin_loop(f);
	if (BPF_CLASS(i->code) == BPF_ALU && cbpf_ends(i)) {
		no_match(f);
	} else if (i->code == (BPF_RET | BPF_A)) {
		ebpf_jump(&f->code, BPF_JMP | BPF_JNE, A, 0, 0, own_label(f, MATCH));
		no_match(f);
	} else if (cbpf_is_jump(i)) {
		jump(f, pc);
	} else {
		other(f, i);
		go_on(f, pc, pc + 1);
	}
}

static void matched(struct filter *f)
{
	struct ebpf *c = &f->code;

	if (f->opt->prog_array_fd < 0) {
		ebpf_mov_imm(c, BPF_REG_0, PACKET_FILTER_YES);
		ebpf_exit(c);
		return;
	}
	ebpf_mov(c, BPF_REG_1, CTX);
	ebpf_map(c, BPF_REG_2, f->opt->prog_array_fd);
	ebpf_mov_imm(c, BPF_REG_3, (int32_t)f->opt->index);
	ebpf_call(c, BPF_FUNC_tail_call);
	ebpf_mov_imm(c, BPF_REG_0, PACKET_FILTER_NO);
	ebpf_exit(c);
}

/*
 * Which of a tagged frame's bytes the program may load together with the tag, or within it: from
 * the first to the one behind the last. None: 0.
 */
static uint32_t head_wanted(const struct filter *f, uint32_t *end)
{
	uint32_t first = BEHIND;

	*end = 0;
	for (size_t pc = 0; pc < f->n; pc++) {
		const struct cbpf_insn *i = &f->prog[pc];
		uint32_t n = (uint32_t)packet_filter_bytes(BPF_SIZE(i->code)), last;
		bool indirect = BPF_MODE(i->code) == BPF_IND;

		if (!cbpf_is_load(i) || i->k >= BEHIND || (!indirect && i->k + n <= ADDRESSES))
			continue;
		last = (indirect ? BEHIND - 1 : i->k) + n;
		*end = last > *end ? last : *end;
		first = i->k < first ? i->k : first;
	}
	return first;
}

/* The part of a tagged frame that is not in one piece in memory. */
static void make_head(struct filter *f)
{
	struct ebpf *c = &f->code;
	uint32_t end, first = head_wanted(f, &end);
	size_t there;

	if (!end)
		return;
	ebpf_mov_imm(c, BPF_REG_0, 0);
	ebpf_store(c, BPF_DW, BPF_REG_0, HEAD);
	ebpf_store(c, BPF_DW, BPF_REG_0, HEAD + 8);
	if (first < ADDRESSES)
		packet_filter_fetch(f, false, HEAD_AT, HEAD, ADDRESSES - HEAD_AT);
	ebpf_load(c, BPF_W, BPF_REG_1, CTX, FIELD(vlan_proto));
	ebpf_store(c, BPF_H, BPF_REG_1, HEAD + 4);
	ebpf_load(c, BPF_W, BPF_REG_1, CTX, FIELD(vlan_tci));
	ebpf_swap(c, BPF_REG_1, 16);
	ebpf_store(c, BPF_H, BPF_REG_1, HEAD + 6);
	if (end > BEHIND) {
		/* There may be two of the three. */
		packet_filter_fetch(f, false, ADDRESSES, HEAD + 8, 3);
		there = ebpf_skip(c, BPF_JMP | BPF_JEQ, BPF_REG_0, 0, 0);
		packet_filter_fetch(f, false, ADDRESSES, HEAD + 8, 2);
		ebpf_land(c, there);
	}
	/* As numbers. */
	for (int i = 0; i < 16; i += 8) {
		ebpf_load(c, BPF_DW, BPF_REG_1, BPF_REG_10, (int16_t)(HEAD + i));
		ebpf_swap(c, BPF_REG_1, 64);
		ebpf_store(c, BPF_DW, BPF_REG_1, (int16_t)(HEAD + i));
	}
}

static void begin(struct filter *f)
{
	struct ebpf *c = &f->code;
	uint32_t used = 0;

	for (size_t pc = 0; pc < f->n; pc++) {
		const struct cbpf_insn *i = &f->prog[pc];

		if (i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM))
			used |= 1u << i->k;
	}
	ebpf_mov_imm(c, A, 0);
	ebpf_mov_imm(c, X, 0);
	ebpf_mov_imm(c, RND, CBPF_ROUNDS);
	for (uint32_t k = 0; k < CBPF_MEMORY; k++)
		if (used & 1u << k)
			ebpf_store(c, BPF_W, A, (int16_t)MEMORY(k));
	if (f->tagged)
		make_head(f);
}

/* One of the two ways. */
static void translate_way(struct filter *f)
{
	memset(f->reached, 0, f->n * sizeof(*f->reached));
	ebpf_labels(&f->code, f->n + LABELS);
	begin(f);
	reach(f, 0);
	go_on(f, (size_t)-1, 0);
	for (size_t pc = 0; pc < f->n; pc++)
		if (f->reached[pc])
			translate_insn(f, pc);
	if (ebpf_wanted(&f->code, own_label(f, MATCH))) {
		ebpf_label(&f->code, own_label(f, MATCH));
		matched(f);
	}
	if (ebpf_wanted(&f->code, own_label(f, NO_MATCH))) {
		ebpf_label(&f->code, own_label(f, NO_MATCH));
		ebpf_mov_imm(&f->code, BPF_REG_0, PACKET_FILTER_NO);
		ebpf_exit(&f->code);
	}
	ebpf_resolve(&f->code);
}

static int find_loops(struct filter *f)
{
	f->reached = calloc(f->n, sizeof(*f->reached));
	f->loops = calloc(f->n, sizeof(*f->loops));
	if (!f->reached || !f->loops)
		return -ENOMEM;
	for (size_t pc = 0; pc < f->n; pc++) {
		if (f->prog[pc].code != (BPF_JMP | BPF_JA))
			continue;
		if (cbpf_ja_target(f->prog, pc) <= pc)
			f->loops[cbpf_ja_target(f->prog, pc)] = true;
	}
	return 0;
}

static void cleanup_filter(struct filter *f)
{
	ebpf_release(&f->code);
	free(f->reached);
	free(f->loops);
}

static int translate(struct bpf_insn **out, size_t *n_out, const struct cbpf_insn *prog, size_t n,
		     const struct packet_filter_options *o, bool compact)
{
	_cleanup_(cleanup_filter) struct filter f = {
		.prog = prog, .n = n, .opt = o, .compact = compact};
	int err = find_loops(&f);
	size_t tagged = 0;

	if (err)
		return err;
	ebpf_mov(&f.code, CTX, BPF_REG_1);
	if (!o->l3) {
		ebpf_load(&f.code, BPF_W, BPF_REG_1, CTX, FIELD(vlan_present));
		tagged = ebpf_skip(&f.code, BPF_JMP | BPF_JNE, BPF_REG_1, 0, 0);
	}
	translate_way(&f);
	if (!o->l3) {
		ebpf_land(&f.code, tagged);
		f.tagged = true;
		translate_way(&f);
	}
	if (f.code.err)
		return f.code.err;
	*out = f.code.insns;
	*n_out = f.code.n;
	f.code.insns = NULL;
	return 0;
}

int packet_filter_translate(struct bpf_insn **out, size_t *n_out, const struct cbpf_insn *prog,
			    size_t n, const struct packet_filter_options *o)
{
	int err = cbpf_check(prog, n);

	if (err)
		return err;
	err = translate(out, n_out, prog, n, o, o->compact);
	if (err == -E2BIG && !o->compact)
		err = translate(out, n_out, prog, n, o, true);
	return err;
}

static int load_program(const struct bpf_insn *insns, size_t n, char *log, size_t log_size)
{
	struct bpf_prog_load_opts opts;
	int fd;

	OPTS_ZERO(opts);
	if (log) {
		opts.log_level = 1;
		opts.log_buf = log;
		opts.log_size = (uint32_t)log_size;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "flowner_expr", "Dual BSD/GPL", insns, n,
			   &opts);
	return fd < 0 ? -errno : fd;
}

/* Once more, for what the verifier says. Its end is where the error is, and is what is kept. */
static void log_refusal(const struct bpf_insn *insns, size_t n)
{
	const size_t size = 1 << 20, shown = 4000;
	_cleanup_free_ char *log = calloc(1, size);
	size_t len;

	if (!log)
		return;
	if (load_program(insns, n, log, size) >= 0)
		return;
	len = strlen(log);
	log_debug("the verifier on an expression of %zu instructions: %s", n,
		  log + (len > shown ? len - shown : 0));
}

int packet_filter_load(const struct cbpf_insn *prog, size_t n,
		       const struct packet_filter_options *o)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	size_t n_insns;
	int err = packet_filter_translate(&insns, &n_insns, prog, n, o);

	if (err)
		return err;
	err = load_program(insns, n_insns, NULL, 0);
	if (err < 0 && log_get_level() >= LOG_LEVEL_DEBUG)
		log_refusal(insns, n_insns);
	return err;
}
