/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Classic programs that nobody would write: every instruction that there is, in any order. Theirs
 * is one bit of what A, X and a word of memory come to.
 *
 * Not in them: what libpcap's interpreter has no answer for (memory that nothing was stored to,
 * division by a constant 0, shifts by a constant of more than 31), and backward jumps.
 */
#ifndef FLOWNER_TESTS_CBPF_RANDOM_H
#define FLOWNER_TESTS_CBPF_RANDOM_H

#include "expression_run.h"

#include <linux/filter.h>

#define RANDOM_MAX 200

struct random_program {
	struct cbpf_insn insns[RANDOM_MAX];
	size_t n;
};

static inline void say(struct random_program *p, uint16_t code, uint32_t k)
{
	assert_true(p->n < RANDOM_MAX);
	p->insns[p->n++] = (struct cbpf_insn){.code = code, .k = k};
}

static inline uint16_t any_size(void)
{
	static const uint16_t sizes[] = {BPF_W, BPF_H, BPF_B};

	return sizes[any() % 3];
}

static inline uint32_t any_number(void)
{
	static const uint32_t telling[] = {1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xff, 0x800};

	return any() % 2 ? telling[any() % COUNT(telling)] : (uint32_t)any();
}

/* Mostly within the packet, most of these about where a tag is. */
static inline uint32_t any_offset(void)
{
	return any() % 64 == 0 ? (uint32_t)any() & INT32_MAX : (uint32_t)(any() % 24);
}

static inline void say_load(struct random_program *p)
{
	switch (any() % 8) {
	case 0:
		say(p, any() % 2 ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM, any_number());
		break;
	case 1:
		say(p, any() % 2 ? BPF_LD | BPF_LEN : BPF_LDX | BPF_LEN, 0);
		break;
	case 2:
		say(p, any() % 2 ? BPF_LD | BPF_MEM : BPF_LDX | BPF_MEM, any() % CBPF_MEMORY);
		break;
	case 3:
		say(p, BPF_LDX | BPF_MSH | BPF_B, any_offset());
		break;
	case 4:
	case 5:
		say(p, BPF_LD | BPF_ABS | any_size(), any_offset());
		break;
	default:
		/* X as it is would mostly be beyond the end. */
		if (any() % 16) {
			say(p, BPF_MISC | BPF_TXA, 0);
			say(p, BPF_ALU | BPF_AND | BPF_K, any() % 32);
			say(p, BPF_MISC | BPF_TAX, 0);
		}
		say(p, BPF_LD | BPF_IND | any_size(), any_offset());
	}
}

static inline void say_alu(struct random_program *p)
{
	static const uint16_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND,
				       BPF_LSH, BPF_RSH, BPF_NEG, BPF_MOD, BPF_XOR};
	uint16_t op = ops[any() % COUNT(ops)];
	bool by_x = op != BPF_NEG && any() % 2;
	uint32_t k = any_number();

	if (op == BPF_LSH || op == BPF_RSH)
		k %= 32;
	/* X as it is would mostly be more than 31. */
	if (by_x && (op == BPF_LSH || op == BPF_RSH) && any() % 4)
		say(p, BPF_LDX | BPF_IMM, any() % 40);
	say(p, BPF_ALU | op | (by_x ? BPF_X : BPF_K), by_x || op == BPF_NEG ? 0 : k ?: 1);
}

static inline void say_any(struct random_program *p)
{
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};

	switch (any() % 10) {
	case 0:
	case 1:
	case 2:
		say_load(p);
		break;
	case 3:
	case 4:
	case 5:
		say_alu(p);
		break;
	case 6:
		say(p, any() % 2 ? BPF_ST : BPF_STX, any() % CBPF_MEMORY);
		break;
	case 7:
		say(p, BPF_MISC | (any() % 2 ? BPF_TAX : BPF_TXA), 0);
		break;
	case 8:
		say(p, BPF_JMP | jumps[any() % 4] | (any() % 2 ? BPF_X : BPF_K), any_number());
		break;
	default:
		if (any() % 4 == 0)
			say(p, BPF_JMP | BPF_JA, 0);
		else if (any() % 8 == 0)
			say(p, any() % 2 ? BPF_RET | BPF_A : BPF_RET | BPF_K, any() % 2);
	}
}

static inline struct random_program random_program(void)
{
	struct random_program p = {.n = 0};
	size_t many = 1 + any() % 40, body;

	for (uint32_t k = 0; k < CBPF_MEMORY; k++)
		say(&p, BPF_ST, k);
	while (p.n < CBPF_MEMORY + many)
		say_any(&p);
	body = p.n;
	say(&p, BPF_ALU | BPF_XOR | BPF_X, 0);
	say(&p, BPF_LDX | BPF_MEM, any() % CBPF_MEMORY);
	say(&p, BPF_ALU | BPF_ADD | BPF_X, 0);
	say(&p, BPF_ALU | BPF_AND | BPF_K, 1u << any() % 32);
	say(&p, BPF_RET | BPF_A, 0);
	for (size_t pc = 0; pc < body; pc++) {
		struct cbpf_insn *i = &p.insns[pc];
		size_t rest = body - pc;

		if (i->code == (BPF_JMP | BPF_JA)) {
			i->k = (uint32_t)(any() % (rest < 6 ? rest : 6));
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			i->jt = (uint8_t)(any() % (rest < 6 ? rest : 6));
			i->jf = (uint8_t)(any() % (rest < 6 ? rest : 6));
		}
	}
	return p;
}

static inline void program_print(const struct cbpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "# %3zu: %04x %3u %3u %#x\n", i, insns[i].code, insns[i].jt,
			insns[i].jf, insns[i].k);
}

#endif
