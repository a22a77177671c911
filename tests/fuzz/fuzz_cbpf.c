// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Classic programs to eBPF: whatever the translator takes says of a packet what the classic program
 * says of it, by collect/cbpf_run.c and, where that has an answer, by libpcap's interpreter. In
 * front the options, how many instructions there are, and these; what follows them is the packet.
 */
#include "fuzz.h"

#include <errno.h>
#include <netinet/in.h>

#include <linux/bpf.h>
#include <linux/filter.h>

#include "base/cleanup.h"
#include "collect/expression.h"
#include "collect/packet_filter.h"
#include "ebpf_run.h"

enum { L3 = 1, COMPACT = 2, TAGGED = 4, ARRAY = 8, RAW = 16, CUT = 32 };

#define INSNS_MAX 200
#define TAG       4

/* Some of them twice, so that all of the byte's values are used evenly enough. */
static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_MEM,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_MSH | BPF_B,
	BPF_ST,
	BPF_STX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_MOD | BPF_K,
	BPF_ALU | BPF_MOD | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG,
};

/* Six bytes: code, both jumps, and a number that is small or all of its bits. */
static struct cbpf_insn take_insn(struct input *in, size_t rest)
{
	struct cbpf_insn i = {.code = codes[take8(in) % COUNT(codes)]};
	uint8_t jt = take8(in), jf = take8(in);

	i.k = take8(in);
	if (i.k & 0x80)
		i.k = i.k << 24 | take16(in);
	if (BPF_CLASS(i.code) == BPF_JMP && i.code != (BPF_JMP | BPF_JA)) {
		i.jt = (uint8_t)(jt % rest);
		i.jf = (uint8_t)(jf % rest);
	} else if (i.code == (BPF_JMP | BPF_JA)) {
		/* Back too. */
		i.k = (uint32_t)(int32_t)((int8_t)i.k % (int)(rest + 1));
	} else if (i.code == BPF_ST || i.code == BPF_STX || BPF_MODE(i.code) == BPF_MEM) {
		i.k %= CBPF_MEMORY;
	}
	return i;
}

static size_t take_program(struct input *in, bool raw, struct cbpf_insn *prog)
{
	size_t n = take8(in) % INSNS_MAX;

	for (size_t k = 0; k < n; k++) {
		if (raw)
			take(in, &prog[k], sizeof(prog[k]));
		else
			prog[k] = take_insn(in, n - k);
	}
	/* What it has come to is what tells most. */
	if (!raw)
		prog[n++] = (struct cbpf_insn){.code = BPF_RET | BPF_A};
	return n;
}

/* Has libpcap's interpreter an answer? It has none to what its compiler never writes. */
static bool libpcap_knows(const struct cbpf_insn *prog, size_t n)
{
	if (cbpf_has_loops(prog, n) || cbpf_reads_unset(prog, n))
		return false;
	for (size_t k = 0; k < n; k++) {
		uint16_t op = BPF_OP(prog[k].code);

		if (BPF_CLASS(prog[k].code) != BPF_ALU || BPF_SRC(prog[k].code) != BPF_K)
			continue;
		if ((op == BPF_DIV || op == BPF_MOD) && !prog[k].k)
			return false;
		if ((op == BPF_LSH || op == BPF_RSH) && prog[k].k > 31)
			return false;
	}
	return true;
}

/* The frame as a packet socket has it, and as tc has it. */
static bool make_packet(const uint8_t *frame, uint32_t len, uint8_t options, struct ebpf_packet *p,
			uint8_t *bytes)
{
	*p = (struct ebpf_packet){.bytes = bytes, .len = len};
	memcpy(bytes, frame, len);
	if (options & TAGGED && !(options & L3)) {
		/* An Ethernet header is always there. */
		if (len < sizeof(uint8_t[14]) + TAG)
			return false;
		p->tagged = true;
		memcpy(&p->vlan_proto_be, frame + 12, 2);
		p->vlan_tci = (uint16_t)(frame[14] << 8 | frame[15]);
		memmove(bytes + 12, bytes + 16, len - 16);
		p->len -= TAG;
	}
	/* The rest is in fragments. */
	p->linear = options & CUT && p->len > 14 ? 14 + (p->len - 14) / 2 : p->len;
	return true;
}

static void compare(const struct cbpf_insn *prog, size_t n, const struct bpf_insn *insns,
		    size_t n_insns, const struct ebpf_packet *p, bool want, bool array)
{
	int got = 0, yes = array ? EBPF_CALLED : PACKET_FILTER_YES;
	const char *wrong = ebpf_run(insns, n_insns, p, &got);

	if (wrong || got != (want ? yes : PACKET_FILTER_NO)) {
		fprintf(stderr, "want %d, got %d %s\n", want, got, wrong ? wrong : "");
		for (size_t i = 0; i < n; i++)
			fprintf(stderr, "%3zu: %04x %3u %3u %#x\n", i, prog[i].code, prog[i].jt,
				prog[i].jf, prog[i].k);
	}
	CHECK(!wrong);
	CHECK(got == (want ? yes : PACKET_FILTER_NO));
}

static void check(const struct cbpf_insn *prog, size_t n, uint8_t options, const uint8_t *frame,
		  uint32_t len)
{
	const struct packet_filter_options o = {
		.l3 = options & L3,
		.compact = options & COMPACT,
		.prog_array_fd = options & ARRAY ? 3 : -1,
		.index = 2,
	};
	const struct expression e = {(struct cbpf_insn *)(uintptr_t)prog, n, false, false};
	_cleanup_free_ struct bpf_insn *insns = NULL;
	_cleanup_free_ uint8_t *bytes = malloc(len + 1);
	int valid = cbpf_check(prog, n), err;
	size_t n_insns = 0;
	struct ebpf_packet p;
	bool want;

	err = packet_filter_translate(&insns, &n_insns, prog, n, &o);
	CHECK(!err == !!insns && (!valid || err == valid) && (!err || valid || err == -E2BIG));
	if (err)
		return;
	CHECK(!ebpf_check(insns, n_insns));
	want = cbpf_run(prog, n, frame, len, len);
	if (libpcap_knows(prog, n))
		CHECK(expression_matches(&e, frame, len, len) == want);
	CHECK(bytes);
	if (make_packet(frame, len, options, &p, bytes))
		compare(prog, n, insns, n_insns, &p, want, options & ARRAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cbpf_insn prog[INSNS_MAX + 1];
	struct input in = {data, size};
	uint8_t options = take8(&in), *frame;
	size_t n = take_program(&in, options & RAW, prog), len = in.left;

	frame = take_block(&in, len);
	check(prog, n, options, frame, (uint32_t)len);
	free(frame);
	return 0;
}
