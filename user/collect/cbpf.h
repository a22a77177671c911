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

/*
 * Is that a program? Jumps go forward, but for JA: libpcap has that go backward to follow a chain
 * of headers (`protochain`). Such loops stand side by side, and each has one beginning.
 *
 * 0; -EINVAL: it is none; -E2BIG: more than CBPF_MAX; -EOPNOTSUPP: it loads from a negative offset,
 * which is either in front of the packet or what Linux has for "not in the packet" (`inbound`).
 */
int cbpf_check(const struct cbpf_insn *prog, size_t n);

/* The jumps, JA and conditional, and RET. */
bool cbpf_is_jump(const struct cbpf_insn *insn);
/* Where a JA at `pc` goes. */
size_t cbpf_ja_target(const struct cbpf_insn *prog, size_t pc);

#endif
