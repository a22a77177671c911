/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An interpreter for the eBPF that collect/packet_filter.c writes, as strict as the kernel's
 * verifier where that can be told from one run: numbers are not addresses, nothing is read that was
 * not written, nothing behind the packet's end. tests/bpf/test_expression.c compares it with the
 * kernel.
 */
#ifndef FLOWNER_TESTS_EBPF_RUN_H
#define FLOWNER_TESTS_EBPF_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/* A packet as tc has it. */
struct ebpf_packet {
	const uint8_t *bytes;
	uint32_t len;    /* without a tag that is kept beside it */
	uint32_t linear; /* of them so many can be read in place; at most len */
	bool tagged;
	uint16_t vlan_proto_be, vlan_tci;
};

/* What a tail call that finds a program comes to. */
#define EBPF_CALLED 1000000

/*
 * NULL, and in *out what the program returns; or what it does that a program may not. A program has
 * been looked at by ebpf_check().
 */
const char *ebpf_run(const struct bpf_insn *insns, size_t n, const struct ebpf_packet *p, int *out);

/*
 * NULL, or why the verifier would not look any further: a jump out of the program, an instruction
 * that nothing leads to, the last one's end.
 */
const char *ebpf_check(const struct bpf_insn *insns, size_t n);

#endif
