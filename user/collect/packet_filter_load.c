// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/packet_filter_internal.h"

struct load {
	uint8_t dst;
	uint8_t size; /* BPF_W, BPF_H or BPF_B */
	bool indirect;
	uint32_t k;
};

int packet_filter_bytes(uint8_t size)
{
	return size == BPF_W ? 4 : size == BPF_H ? 2 : 1;
}

static void to_host(struct filter *f, uint8_t dst, uint8_t size)
{
	if (size != BPF_B)
		ebpf_swap(&f->code, dst, 8 * packet_filter_bytes(size));
}

/* By the helper, at r4 or k; its bytes are on the stack, in r0 a 0. */
void packet_filter_fetch(struct filter *f, bool indirect, uint32_t k, int stack, int n)
{
	struct ebpf *c = &f->code;

	if (indirect)
		ebpf_mov(c, BPF_REG_2, BPF_REG_4);
	else
		ebpf_mov_imm(c, BPF_REG_2, (int32_t)k);
	ebpf_mov(c, BPF_REG_1, CTX);
	ebpf_mov(c, BPF_REG_3, BPF_REG_10);
	ebpf_alu64_imm(c, BPF_ADD, BPF_REG_3, stack);
	ebpf_mov_imm(c, BPF_REG_4, n);
	ebpf_call(c, BPF_FUNC_skb_load_bytes);
}

static void fetch_or_end(struct filter *f, const struct load *l, uint32_t k)
{
	/* The helper's offset has 32 bits. */
	if (l->indirect)
		ebpf_jump(&f->code, BPF_JMP | BPF_JGT, BPF_REG_4, 0, INT32_MAX,
			  own_label(f, NO_MATCH));
	packet_filter_fetch(f, l->indirect, k, FETCHED, packet_filter_bytes(l->size));
	ebpf_jump(&f->code, BPF_JMP | BPF_JNE, BPF_REG_0, 0, 0, own_label(f, NO_MATCH));
	ebpf_load(&f->code, l->size, l->dst, BPF_REG_10, FETCHED);
}

/*
 * At the offset k in memory, or r4 of an indirect one. What is not in the linear part of a packet
 * is fetched, and what is not there at all ends the program.
 */
static void load_memory(struct filter *f, const struct load *l, uint32_t k)
{
	struct ebpf *c = &f->code;
	int n = packet_filter_bytes(l->size);
	size_t far = SIZE_MAX, out, in;

	if (f->compact || (!l->indirect && k > (uint32_t)(IN_PLACE - n))) {
		fetch_or_end(f, l, k);
		to_host(f, l->dst, l->size);
		return;
	}
	if (l->indirect)
		far = ebpf_skip(c, BPF_JMP | BPF_JGT, BPF_REG_4, 0, IN_PLACE - n);
	ebpf_load(c, BPF_W, BPF_REG_1, CTX, FIELD(data));
	ebpf_load(c, BPF_W, BPF_REG_2, CTX, FIELD(data_end));
	if (l->indirect)
		ebpf_alu64(c, BPF_ADD, BPF_REG_1, BPF_REG_4);
	ebpf_mov(c, BPF_REG_3, BPF_REG_1);
	ebpf_alu64_imm(c, BPF_ADD, BPF_REG_3, (l->indirect ? 0 : (int32_t)k) + n);
	in = ebpf_skip(c, BPF_JMP | BPF_JLE | BPF_X, BPF_REG_3, BPF_REG_2, 0);
	if (l->indirect)
		ebpf_land(c, far);
	fetch_or_end(f, l, k);
	out = ebpf_skip(c, BPF_JMP | BPF_JA, 0, 0, 0);
	ebpf_land(c, in);
	ebpf_load(c, l->size, l->dst, BPF_REG_1, l->indirect ? 0 : (int16_t)k);
	ebpf_land(c, out);
	to_host(f, l->dst, l->size);
}

/* Bytes `r4` to r4 + n of a tagged frame, of which some are between 12 and 15. */
static void load_head(struct filter *f, const struct load *l)
{
	struct ebpf *c = &f->code;
	int n = packet_filter_bytes(l->size);

	/* 18 are always there. */
	if (n > 1) {
		ebpf_load(c, BPF_W, BPF_REG_1, CTX, FIELD(len));
		ebpf_mov(c, BPF_REG_2, BPF_REG_4);
		ebpf_alu64_imm(c, BPF_ADD, BPF_REG_2, n - TAG);
		ebpf_jump(c, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_2, BPF_REG_1, 0,
			  own_label(f, NO_MATCH));
	}
	ebpf_alu64_imm(c, BPF_SUB, BPF_REG_4, HEAD_AT);
	ebpf_alu64_imm(c, BPF_LSH, BPF_REG_4, 3);
	ebpf_load(c, BPF_DW, BPF_REG_0, BPF_REG_10, HEAD);
	ebpf_load(c, BPF_DW, BPF_REG_1, BPF_REG_10, HEAD + 8);
	ebpf_mov_imm(c, BPF_REG_2, 64);
	ebpf_alu64(c, BPF_SUB, BPF_REG_2, BPF_REG_4);
	ebpf_alu64(c, BPF_LSH, BPF_REG_0, BPF_REG_4);
	ebpf_alu64(c, BPF_RSH, BPF_REG_1, BPF_REG_2);
	ebpf_alu64(c, BPF_OR, BPF_REG_0, BPF_REG_1);
	ebpf_alu64_imm(c, BPF_RSH, BPF_REG_0, 64 - 8 * n);
	ebpf_mov(c, l->dst, BPF_REG_0);
}

static void load_tagged(struct filter *f, const struct load *l)
{
	struct ebpf *c = &f->code;
	size_t behind, before, out;
	int n = packet_filter_bytes(l->size);

	if (l->k >= BEHIND || (!l->indirect && l->k + n <= ADDRESSES)) {
		load_memory(f, l, l->k >= BEHIND ? l->k - TAG : l->k);
		return;
	}
	if (!l->indirect) {
		ebpf_mov_imm(c, BPF_REG_4, (int32_t)l->k);
		load_head(f, l);
		return;
	}
	before = ebpf_skip(c, BPF_JMP | BPF_JLE, BPF_REG_4, 0, ADDRESSES - n);
	behind = ebpf_skip(c, BPF_JMP | BPF_JGE, BPF_REG_4, 0, BEHIND);
	load_head(f, l);
	out = ebpf_skip(c, BPF_JMP | BPF_JA, 0, 0, 0);
	ebpf_land(c, behind);
	ebpf_alu64_imm(c, BPF_SUB, BPF_REG_4, TAG);
	ebpf_land(c, before);
	load_memory(f, l, 0);
	ebpf_land(c, out);
}

static void load(struct filter *f, const struct load *l)
{
	if (l->indirect) {
		bool behind = f->tagged && l->k >= BEHIND;

		ebpf_mov(&f->code, BPF_REG_4, X);
		ebpf_alu64_imm(&f->code, BPF_ADD, BPF_REG_4, (int32_t)l->k - (behind ? TAG : 0));
	}
	if (f->tagged)
		load_tagged(f, l);
	else
		load_memory(f, l, l->k);
}

static void load_len(struct filter *f, uint8_t dst)
{
	ebpf_load(&f->code, BPF_W, dst, CTX, FIELD(len));
	if (f->tagged)
		ebpf_alu32_imm(&f->code, BPF_ADD, dst, TAG);
}

void packet_filter_ld(struct filter *f, const struct cbpf_insn *i, uint8_t dst)
{
	struct load l = {dst, BPF_SIZE(i->code), false, i->k};

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		ebpf_alu32_imm(&f->code, BPF_MOV, dst, (int32_t)i->k);
		break;
	case BPF_LEN:
		load_len(f, dst);
		break;
	case BPF_MEM:
		ebpf_load(&f->code, BPF_W, dst, BPF_REG_10, (int16_t)MEMORY(i->k));
		break;
	case BPF_MSH:
		l.dst = X;
		load(f, &l);
		ebpf_alu32_imm(&f->code, BPF_AND, X, 0xf);
		ebpf_alu32_imm(&f->code, BPF_LSH, X, 2);
		break;
	default:
		l.indirect = BPF_MODE(i->code) == BPF_IND;
		load(f, &l);
	}
}
