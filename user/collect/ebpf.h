/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * eBPF instructions, written one behind the other. That there is no memory, or a jump too long, is
 * kept in `err`, and from then on nothing is written: look at it once, at the end.
 */
#ifndef FLOWNER_COLLECT_EBPF_H
#define FLOWNER_COLLECT_EBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

struct ebpf_fixup;

struct ebpf {
	struct bpf_insn *insns;
	size_t n, cap;
	int err; /* -ENOMEM or -E2BIG */
	/* Since ebpf_labels(). */
	size_t *labels; /* where each is; SIZE_MAX: not yet */
	size_t nlabels;
	struct ebpf_fixup *fixups;
	size_t nfixups, cap_fixups;
};

void ebpf_release(struct ebpf *c);

void ebpf_mov(struct ebpf *c, uint8_t dst, uint8_t src);
void ebpf_mov_imm(struct ebpf *c, uint8_t dst, int32_t imm); /* sign-extended */
/* `op`: BPF_ADD and so on. */
void ebpf_alu64(struct ebpf *c, uint8_t op, uint8_t dst, uint8_t src);
void ebpf_alu64_imm(struct ebpf *c, uint8_t op, uint8_t dst, int32_t imm);
void ebpf_alu32(struct ebpf *c, uint8_t op, uint8_t dst, uint8_t src);
void ebpf_alu32_imm(struct ebpf *c, uint8_t op, uint8_t dst, int32_t imm);
void ebpf_swap(struct ebpf *c, uint8_t reg, int bits); /* between network and host order */
/* `size`: BPF_B to BPF_DW. */
void ebpf_load(struct ebpf *c, uint8_t size, uint8_t dst, uint8_t src, int16_t off);
void ebpf_store(struct ebpf *c, uint8_t size, uint8_t src, int16_t stack);
void ebpf_map(struct ebpf *c, uint8_t dst, int fd);
void ebpf_call(struct ebpf *c, int32_t helper);
void ebpf_exit(struct ebpf *c);

/*
 * Jumps. `code`: class, operation, and BPF_X where `src` is compared with, else `imm` is.
 *
 * Forward over what is written next, up to ebpf_land().
 */
size_t ebpf_skip(struct ebpf *c, uint8_t code, uint8_t dst, uint8_t src, int32_t imm);
void ebpf_land(struct ebpf *c, size_t skip);

/* Forward to one of `n` labels, once ebpf_resolve() has been called. */
void ebpf_labels(struct ebpf *c, size_t n);
void ebpf_label(struct ebpf *c, uint32_t label); /* it is here */
void ebpf_jump(struct ebpf *c, uint8_t code, uint8_t dst, uint8_t src, int32_t imm, uint32_t label);
bool ebpf_wanted(const struct ebpf *c, uint32_t label); /* a jump goes there */
void ebpf_resolve(struct ebpf *c);

/* Back to an instruction that is there. */
size_t ebpf_at(const struct ebpf *c, uint32_t label);
void ebpf_jump_back(struct ebpf *c, size_t to);

#endif
