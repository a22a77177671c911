/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A classic BPF program (collect/expression.h) as a tc program, which says of each packet what
 * libpcap would say of it in a file.
 *
 * The frame is what a packet socket has of it: a VLAN tag that the kernel keeps beside the packet
 * (skb->vlan_tci) is back in its place, behind the addresses. All of it is looked at, however
 * little of it is kept. What differs from libpcap's interpreter:
 *
 *	memory words		are 0 before they are stored to
 *	backward jumps		CBPF_ROUNDS of one loop (`protochain`: so many headers), then there
 *				is no match; libpcap's interpreter goes on for ever on some packets
 *
 * A load beyond the end, or a division by 0, ends the program without a match, in both.
 */
#ifndef FLOWNER_COLLECT_PACKET_FILTER_H
#define FLOWNER_COLLECT_PACKET_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/cbpf.h"

struct bpf_insn;

/* What the program returns where nothing is called: tc programs behind it run in any case. */
#define PACKET_FILTER_NO  (-1) /* TCX_NEXT, TC_ACT_UNSPEC */
#define PACKET_FILTER_YES 1    /* to be told from it by BPF_PROG_TEST_RUN; tc takes it for -1 */

struct packet_filter_options {
	bool l3; /* for devices without an Ethernet header */
	/*
	 * Half as long, and slower: bytes are fetched by a helper, never read in place. Programs
	 * that are too long without it have it anyway.
	 */
	bool compact;
	/*
	 * On a match the program of that array (BPF_MAP_TYPE_PROG_ARRAY) is tail-called, and
	 * PACKET_FILTER_NO is returned if there is none. -1: PACKET_FILTER_YES is returned.
	 */
	int prog_array_fd;
	uint32_t index;
};

/*
 * The program's instructions, which the caller frees. 0; what cbpf_check() says of it; -E2BIG: a
 * jump would be too long; -ENOMEM.
 */
int packet_filter_translate(struct bpf_insn **out, size_t *n_out, const struct cbpf_insn *prog,
			    size_t n, const struct packet_filter_options *o);

/*
 * The same, loaded: a descriptor of a BPF_PROG_TYPE_SCHED_CLS program, the caller's, or -errno.
 * What the verifier says of one it refuses is logged with -v.
 */
int packet_filter_load(const struct cbpf_insn *prog, size_t n,
		       const struct packet_filter_options *o);

#endif
