// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/cbpf.h"

#include <errno.h>
#include <string.h>

#include <linux/filter.h>

size_t cbpf_ja_target(const struct cbpf_insn *prog, size_t pc)
{
	return (size_t)((int64_t)pc + 1 + (int32_t)prog[pc].k);
}

bool cbpf_is_jump(const struct cbpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_RET;
}

bool cbpf_ends(const struct cbpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_RET ||
	       (!insn->k && (insn->code == (BPF_ALU | BPF_DIV | BPF_K) ||
			     insn->code == (BPF_ALU | BPF_MOD | BPF_K)));
}

bool cbpf_is_load(const struct cbpf_insn *insn)
{
	uint16_t mode = BPF_MODE(insn->code);

	return BPF_CLASS(insn->code) <= BPF_LDX &&
	       (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH);
}

static int check_load(const struct cbpf_insn *i)
{
	switch (i->code) {
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
		return 0;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return i->k < CBPF_MEMORY ? 0 : -EINVAL;
	case BPF_LD | BPF_ABS | BPF_W:
	case BPF_LD | BPF_ABS | BPF_H:
	case BPF_LD | BPF_ABS | BPF_B:
	case BPF_LD | BPF_IND | BPF_W:
	case BPF_LD | BPF_IND | BPF_H:
	case BPF_LD | BPF_IND | BPF_B:
	case BPF_LDX | BPF_MSH | BPF_B:
		return (int32_t)i->k < 0 ? -EOPNOTSUPP : 0;
	default:
		return -EINVAL;
	}
}

static int check_alu(const struct cbpf_insn *i)
{
	if (i->code & ~(BPF_ALU | 0xf0 | BPF_X) || i->code == (BPF_ALU | BPF_NEG | BPF_X))
		return -EINVAL;
	return BPF_OP(i->code) <= BPF_XOR ? 0 : -EINVAL;
}

static int check_jump(const struct cbpf_insn *prog, size_t n, size_t pc)
{
	const struct cbpf_insn *i = &prog[pc];

	if (i->code == (BPF_JMP | BPF_JA))
		return cbpf_ja_target(prog, pc) < n ? 0 : -EINVAL;
	switch (i->code & ~BPF_X) {
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JSET:
		return pc + 1 + i->jt < n && pc + 1 + i->jf < n ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int check_insn(const struct cbpf_insn *prog, size_t n, size_t pc)
{
	const struct cbpf_insn *i = &prog[pc];

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
	case BPF_LDX:
		return check_load(i);
	case BPF_ST:
	case BPF_STX:
		return i->code == BPF_CLASS(i->code) && i->k < CBPF_MEMORY ? 0 : -EINVAL;
	case BPF_ALU:
		return check_alu(i);
	case BPF_JMP:
		return check_jump(prog, n, pc);
	case BPF_RET:
		return i->code == (BPF_RET | BPF_K) || i->code == (BPF_RET | BPF_A) ? 0 : -EINVAL;
	default: /* BPF_MISC */
		return i->code == (BPF_MISC | BPF_TAX) || i->code == (BPF_MISC | BPF_TXA) ? 0
											  : -EINVAL;
	}
}

static bool jumps_back(const struct cbpf_insn *prog, size_t pc)
{
	return prog[pc].code == (BPF_JMP | BPF_JA) && cbpf_ja_target(prog, pc) <= pc;
}

/* A loop that begins behind another's beginning may not end behind it too, nor within it. */
static int check_loops(const struct cbpf_insn *prog, size_t n)
{
	size_t head = 0, end = 0;

	for (size_t pc = 0; pc < n; pc++) {
		size_t target;

		if (!jumps_back(prog, pc))
			continue;
		target = cbpf_ja_target(prog, pc);
		if (end && target != head && target <= end)
			return -EINVAL;
		head = target;
		end = pc;
	}
	return 0;
}

/* What the program gets to without a jump back, it gets to first: a jump back leads nowhere else.
 */
static int check_beginnings(const struct cbpf_insn *prog, size_t n)
{
	bool reached[CBPF_MAX + 1] = {true};

	for (size_t pc = 0; pc < n; pc++) {
		const struct cbpf_insn *i = &prog[pc];

		if (!reached[pc] || cbpf_ends(i))
			continue;
		if (i->code == (BPF_JMP | BPF_JA)) {
			size_t target = cbpf_ja_target(prog, pc);

			if (target <= pc && !reached[target])
				return -EINVAL;
			reached[target] = true;
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			reached[pc + 1 + i->jt] = reached[pc + 1 + i->jf] = true;
		} else {
			reached[pc + 1] = true;
		}
	}
	return 0;
}

bool cbpf_has_loops(const struct cbpf_insn *prog, size_t n)
{
	for (size_t pc = 0; pc < n; pc++)
		if (jumps_back(prog, pc))
			return true;
	return false;
}

bool cbpf_reads_unset(const struct cbpf_insn *prog, size_t n)
{
	/* Of each instruction: the words that are set on every way to it. */
	uint16_t set[CBPF_MAX + 1];

	memset(set, 0xff, sizeof(set));
	set[0] = 0;
	for (size_t pc = 0; pc < n; pc++) {
		const struct cbpf_insn *i = &prog[pc];
		uint16_t now = set[pc];

		if ((i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM)) &&
		    !(now & 1u << i->k))
			return true;
		if (i->code == BPF_ST || i->code == BPF_STX)
			now |= (uint16_t)(1u << i->k);
		if (i->code == (BPF_JMP | BPF_JA)) {
			set[cbpf_ja_target(prog, pc)] &= now;
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			set[pc + 1 + i->jt] &= now;
			set[pc + 1 + i->jf] &= now;
		} else if (!cbpf_ends(i)) {
			set[pc + 1] &= now;
		}
	}
	return false;
}

int cbpf_check(const struct cbpf_insn *prog, size_t n)
{
	int err = 0;

	if (!n || BPF_CLASS(prog[n - 1].code) != BPF_RET)
		return -EINVAL;
	if (n > CBPF_MAX)
		return -E2BIG;
	for (size_t pc = 0; !err && pc < n; pc++)
		err = check_insn(prog, n, pc);
	if (!err)
		err = check_loops(prog, n);
	return err ? err : check_beginnings(prog, n);
}
