/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Classic BPF as libpcap compiles it, apart from libpcap: its headers and the kernel's both have a
 * struct bpf_insn.
 */
#ifndef FLOWNER_COLLECT_CBPF_H
#define FLOWNER_COLLECT_CBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a struct sock_filter, and of libpcap's struct bpf_insn. */
struct cbpf_insn {
	uint16_t code;
	uint8_t jt, jf; /* how many instructions a conditional jump skips */
	uint32_t k;
};

/* As many as the kernel takes (BPF_MAXINSNS). */
#define CBPF_MAX 4096

/* Words of memory. */
#define CBPF_MEMORY 16

/* Rounds of a loop; then there is no match. */
#define CBPF_ROUNDS 32

/*
 * Is that a program? Jumps go forward, but for JA: libpcap has that go backward to follow a chain
 * of headers (`protochain`). Such loops stand side by side, and each has one beginning,
 * which the program comes to from above.
 *
 * 0; -EINVAL: it is none; -E2BIG: more than CBPF_MAX; -EOPNOTSUPP: it loads from a negative offset,
 * which is either in front of the packet or what Linux has for "not in the packet" (`inbound`).
 */
int cbpf_check(const struct cbpf_insn *prog, size_t n);

/* It loads bytes of the packet. */
bool cbpf_is_load(const struct cbpf_insn *insn);
/* The jumps, JA and conditional, and RET. */
bool cbpf_is_jump(const struct cbpf_insn *insn);
/* The program does not get beyond it: RET, a division by the constant 0. */
bool cbpf_ends(const struct cbpf_insn *insn);
/* Where a JA at `pc` goes. */
size_t cbpf_ja_target(const struct cbpf_insn *prog, size_t pc);
/* It jumps backward somewhere. */
bool cbpf_has_loops(const struct cbpf_insn *prog, size_t n);

/*
 * It may load a word of memory that it has not stored to: a checked program without loops. Such are
 * what libpcap 1.10 makes of `geneve or …`.
 */
bool cbpf_reads_unset(const struct cbpf_insn *prog, size_t n);

/*
 * Does the program, which has been checked, match that packet, of which `caplen` bytes are there
 * and which had `len`? Loops end after CBPF_ROUNDS; memory is 0 at
 * first. (collect/cbpf_run.c)
 */
bool cbpf_run(const struct cbpf_insn *prog, size_t n, const uint8_t *packet, uint32_t caplen,
	      uint32_t len);

#endif
