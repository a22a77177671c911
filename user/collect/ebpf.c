// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/ebpf.h"

#include <errno.h>
#include <stdlib.h>

struct ebpf_fixup {
	size_t at;
	uint32_t label;
};

void ebpf_release(struct ebpf *c)
{
	free(c->insns);
	free(c->labels);
	free(c->fixups);
	*c = (struct ebpf){0};
}

static void fail(struct ebpf *c, int err)
{
	if (!c->err)
		c->err = err;
}

static void write_insn(struct ebpf *c, struct bpf_insn insn)
{
	size_t cap = c->cap ? c->cap * 2 : 256;
	struct bpf_insn *grown;

	if (c->err)
		return;
	if (c->n == c->cap) {
		grown = reallocarray(c->insns, cap, sizeof(*grown));
		if (!grown) {
			fail(c, -ENOMEM);
			return;
		}
		c->insns = grown;
		c->cap = cap;
	}
	c->insns[c->n++] = insn;
}

static void write_reg(struct ebpf *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		      int32_t imm)
{
	write_insn(c, (struct bpf_insn){.code = code,
					.dst_reg = dst & 0xf,
					.src_reg = src & 0xf,
					.off = off,
					.imm = imm});
}

void ebpf_mov(struct ebpf *c, uint8_t dst, uint8_t src)
{
	ebpf_alu64(c, BPF_MOV, dst, src);
}

void ebpf_mov_imm(struct ebpf *c, uint8_t dst, int32_t imm)
{
	ebpf_alu64_imm(c, BPF_MOV, dst, imm);
}

void ebpf_alu64(struct ebpf *c, uint8_t op, uint8_t dst, uint8_t src)
{
	write_reg(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

void ebpf_alu64_imm(struct ebpf *c, uint8_t op, uint8_t dst, int32_t imm)
{
	write_reg(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, imm);
}

void ebpf_alu32(struct ebpf *c, uint8_t op, uint8_t dst, uint8_t src)
{
	write_reg(c, BPF_ALU | op | BPF_X, dst, src, 0, 0);
}

void ebpf_alu32_imm(struct ebpf *c, uint8_t op, uint8_t dst, int32_t imm)
{
	write_reg(c, BPF_ALU | op | BPF_K, dst, 0, 0, imm);
}

void ebpf_swap(struct ebpf *c, uint8_t reg, int bits)
{
	write_reg(c, BPF_ALU | BPF_END | BPF_TO_BE, reg, 0, 0, bits);
}

void ebpf_load(struct ebpf *c, uint8_t size, uint8_t dst, uint8_t src, int16_t off)
{
	write_reg(c, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

void ebpf_store(struct ebpf *c, uint8_t size, uint8_t src, int16_t stack)
{
	write_reg(c, BPF_STX | BPF_MEM | size, BPF_REG_10, src, stack, 0);
}

void ebpf_map(struct ebpf *c, uint8_t dst, int fd)
{
	write_reg(c, BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd);
	write_insn(c, (struct bpf_insn){0});
}

void ebpf_call(struct ebpf *c, int32_t helper)
{
	write_reg(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

void ebpf_exit(struct ebpf *c)
{
	write_reg(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* --- jumps --- */

static void set_target(struct ebpf *c, size_t at, size_t to)
{
	int64_t off = (int64_t)to - (int64_t)at - 1;

	if (off < INT16_MIN || off > INT16_MAX)
		fail(c, -E2BIG);
	if (!c->err)
		c->insns[at].off = (int16_t)off;
}

size_t ebpf_skip(struct ebpf *c, uint8_t code, uint8_t dst, uint8_t src, int32_t imm)
{
	write_reg(c, code, dst, src, 0, imm);
	return c->n ? c->n - 1 : 0;
}

void ebpf_land(struct ebpf *c, size_t skip)
{
	set_target(c, skip, c->n);
}

void ebpf_labels(struct ebpf *c, size_t n)
{
	size_t *grown = reallocarray(c->labels, n, sizeof(*grown));

	c->nfixups = 0;
	if (!grown) {
		fail(c, -ENOMEM);
		return;
	}
	c->labels = grown;
	c->nlabels = n;
	for (size_t i = 0; i < n; i++)
		c->labels[i] = SIZE_MAX;
}

void ebpf_label(struct ebpf *c, uint32_t label)
{
	if (!c->err)
		c->labels[label] = c->n;
}

void ebpf_jump(struct ebpf *c, uint8_t code, uint8_t dst, uint8_t src, int32_t imm, uint32_t label)
{
	size_t cap = c->cap_fixups ? c->cap_fixups * 2 : 64;
	struct ebpf_fixup *grown;

	if (c->nfixups == c->cap_fixups) {
		grown = reallocarray(c->fixups, cap, sizeof(*grown));
		if (!grown) {
			fail(c, -ENOMEM);
			return;
		}
		c->fixups = grown;
		c->cap_fixups = cap;
	}
	c->fixups[c->nfixups++] = (struct ebpf_fixup){c->n, label};
	/* BPF_K has no source, whatever the caller has at hand. */
	write_reg(c, code, dst, code & BPF_X ? src : 0, 0, code & BPF_X ? 0 : imm);
}

bool ebpf_wanted(const struct ebpf *c, uint32_t label)
{
	for (size_t i = 0; i < c->nfixups; i++)
		if (c->fixups[i].label == label)
			return true;
	return false;
}

void ebpf_resolve(struct ebpf *c)
{
	for (size_t i = 0; i < c->nfixups && !c->err; i++)
		set_target(c, c->fixups[i].at, c->labels[c->fixups[i].label]);
}

size_t ebpf_at(const struct ebpf *c, uint32_t label)
{
	return c->err ? 0 : c->labels[label];
}

void ebpf_jump_back(struct ebpf *c, size_t to)
{
	write_reg(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	if (!c->err)
		set_target(c, c->n - 1, to);
}
