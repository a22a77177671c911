/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the translator share among themselves:
 *
 *	packet_filter.c		jumps, arithmetic, the program as a whole
 *	packet_filter_load.c	loads from the packet
 *
 *	r6	the packet (struct __sk_buff)
 *	r7	A
 *	r8	X
 *	r9	rounds that the current loop has left
 *	r0-r5	of no meaning between two classic instructions
 *
 * A, X and words of memory are 32 bits, zero-extended.
 */
#ifndef FLOWNER_COLLECT_PACKET_FILTER_INTERNAL_H
#define FLOWNER_COLLECT_PACKET_FILTER_INTERNAL_H

#include "collect/packet_filter.h"

#include <linux/bpf.h>
#include <linux/filter.h>

#include "collect/ebpf.h"

#define CTX BPF_REG_6
#define A   BPF_REG_7
#define X   BPF_REG_8
#define RND BPF_REG_9

/* The stack, from the frame pointer down. */
#define MEMORY(k) (-4 * (int)((k) + 1))
#define FETCHED   (MEMORY(CBPF_MEMORY)) /* what the helper has brought */
#define HEAD      (FETCHED - 20) /* the tagged frame's bytes 8 to 23, of which 19 to 23 are 0 */
#define HEAD_AT   8

/* A tagged frame's bytes from here on are 4 further in front in memory; the tag is before. */
#define ADDRESSES 12
#define BEHIND    16
#define TAG       4

/* Behind it no bytes can be read in place (the verifier's MAX_PACKET_OFF). */
#define IN_PLACE 0xffff

#define FIELD(name) ((int16_t)offsetof(struct __sk_buff, name))

struct filter {
	struct ebpf code;
	const struct cbpf_insn *prog;
	size_t n;
	const struct packet_filter_options *opt;
	bool compact;
	bool tagged;   /* what is being translated */
	bool *reached; /* by falling or jumping there; a RET K never is, see label() */
	bool *loops;   /* a backward jump goes there */
};

/* Labels: instructions of the classic program, then these. A copy has its own. */
enum { NO_MATCH, MATCH, LABELS };

static inline uint32_t own_label(const struct filter *f, uint32_t which)
{
	return (uint32_t)f->n + which;
}

/* Of BPF_W, BPF_H or BPF_B. */
int packet_filter_bytes(uint8_t size);

/*
 * n bytes of the packet, at k or (indirect) at r4, by the helper; they are on the stack then, and
 * in r0 a 0. All of r1 to r5 are gone.
 */
void packet_filter_fetch(struct filter *f, bool indirect, uint32_t k, int stack, int n);

/* LD and LDX of every mode, into that register. */
void packet_filter_ld(struct filter *f, const struct cbpf_insn *i, uint8_t dst);

#endif
