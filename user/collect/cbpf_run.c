// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An interpreter whose loops come to an end: libpcap's stays for ever in `protochain` where an AH
 * says that the next header is an AH, and is as long as to lead back to itself.
 */
#include "collect/cbpf.h"

#include <linux/filter.h>

struct machine {
	const uint8_t *packet;
	uint32_t caplen, len;
	uint32_t a, x, memory[CBPF_MEMORY];
	bool over; /* a load beyond the end, or a division by 0 */
};

static uint32_t load_bytes(struct machine *m, uint64_t at, uint16_t size)
{
	uint32_t n = size == BPF_W ? 4 : size == BPF_H ? 2 : 1, v = 0;

	if (at + n > m->caplen) {
		m->over = true;
		return 0;
	}
	for (uint32_t i = 0; i < n; i++)
		v = v << 8 | m->packet[at + i];
	return v;
}

static uint32_t load(struct machine *m, const struct cbpf_insn *i)
{
	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		return i->k;
	case BPF_LEN:
		return m->len;
	case BPF_MEM:
		return m->memory[i->k];
	case BPF_MSH:
		return (load_bytes(m, i->k, BPF_B) & 0xf) << 2;
	case BPF_IND:
		return load_bytes(m, (uint64_t)m->x + i->k, BPF_SIZE(i->code));
	default:
		return load_bytes(m, i->k, BPF_SIZE(i->code));
	}
}

static uint32_t divide(struct machine *m, uint32_t by, bool rest)
{
	if (!by) {
		m->over = true;
		return 0;
	}
	return rest ? m->a % by : m->a / by;
}

static uint32_t compute(struct machine *m, uint16_t op, uint32_t v)
{
	switch (op) {
	case BPF_ADD:
		return m->a + v;
	case BPF_SUB:
		return m->a - v;
	case BPF_MUL:
		return m->a * v;
	case BPF_DIV:
	case BPF_MOD:
		return divide(m, v, op == BPF_MOD);
	case BPF_OR:
		return m->a | v;
	case BPF_AND:
		return m->a & v;
	case BPF_LSH:
		return v < 32 ? m->a << v : 0;
	case BPF_RSH:
		return v < 32 ? m->a >> v : 0;
	case BPF_NEG:
		return 0 - m->a;
	default: /* BPF_XOR */
		return m->a ^ v;
	}
}

static bool compare(uint32_t a, uint16_t op, uint32_t v)
{
	switch (op) {
	case BPF_JEQ:
		return a == v;
	case BPF_JGT:
		return a > v;
	case BPF_JGE:
		return a >= v;
	default: /* BPF_JSET */
		return a & v;
	}
}

/* Neither a jump nor RET. */
static void step(struct machine *m, const struct cbpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		m->a = load(m, i);
		break;
	case BPF_LDX:
		m->x = load(m, i);
		break;
	case BPF_ST:
		m->memory[i->k] = m->a;
		break;
	case BPF_STX:
		m->memory[i->k] = m->x;
		break;
	case BPF_ALU:
		m->a = compute(m, BPF_OP(i->code), BPF_SRC(i->code) == BPF_X ? m->x : i->k);
		break;
	default:
		if (i->code == (BPF_MISC | BPF_TAX))
			m->x = m->a;
		else
			m->a = m->x;
	}
}

bool cbpf_run(const struct cbpf_insn *prog, size_t n, const uint8_t *packet, uint32_t caplen,
	      uint32_t len)
{
	struct machine m = {.packet = packet, .caplen = caplen, .len = len};
	size_t pc = 0, head = n;
	uint32_t rounds = 0;

	while (!m.over) {
		const struct cbpf_insn *i = &prog[pc];
		size_t next = pc + 1;

		if (BPF_CLASS(i->code) == BPF_RET)
			return i->code == (BPF_RET | BPF_A) ? m.a : i->k;
		if (!cbpf_is_jump(i))
			step(&m, i);
		else if (i->code == (BPF_JMP | BPF_JA))
			next = cbpf_ja_target(prog, pc);
		else
			next += compare(m.a, BPF_OP(i->code),
					BPF_SRC(i->code) == BPF_X ? m.x : i->k)
					? i->jt
					: i->jf;
		if (next <= pc) {
			rounds = next == head ? rounds + 1 : 1;
			head = next;
			m.over = rounds == CBPF_ROUNDS;
		}
		pc = next;
	}
	return false;
}
