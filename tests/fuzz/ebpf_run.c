// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ebpf_run.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#define STACK     512
#define STEPS_MAX 4000000

/* What a register holds. `v` of PACKET and STACK: an offset, from the beginning or the top. */
struct reg {
	enum { NOTHING, NUMBER, CTX, PACKET, PACKET_END, STACK_AT, MAP } kind;
	uint64_t v;
};

struct machine {
	const struct ebpf_packet *p;
	struct reg r[11];
	uint8_t stack[STACK];
	bool written[STACK];
	const char *wrong;
};

static void set(struct machine *m, uint8_t reg, uint64_t v)
{
	m->r[reg] = (struct reg){NUMBER, v};
}

static uint64_t number(struct machine *m, uint8_t reg)
{
	if (m->r[reg].kind != NUMBER)
		m->wrong = "counts with what is no number";
	return m->r[reg].v;
}

static size_t bytes_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* --- memory --- */

/* n bytes of the stack, or NULL. */
static uint8_t *stack_at(struct machine *m, const struct reg *base, int64_t off, size_t n)
{
	int64_t at = (int64_t)base->v + off + STACK;

	if (base->kind != STACK_AT || at < 0 || at + (int64_t)n > STACK) {
		m->wrong = "an address that is not on the stack";
		return NULL;
	}
	return &m->stack[at];
}

static uint64_t load_stack(struct machine *m, const struct reg *base, int16_t off, size_t n)
{
	const uint8_t *at = stack_at(m, base, off, n);
	uint64_t v = 0;

	for (size_t i = 0; at && i < n; i++)
		if (!m->written[at - m->stack + (ptrdiff_t)i])
			m->wrong = "reads of the stack what was not written";
	/* Little-endian, as the machines are that fuzz. */
	if (at)
		memcpy(&v, at, n);
	return v;
}

static struct reg load_field(struct machine *m, int16_t off, size_t n)
{
	const struct ebpf_packet *p = m->p;

	if (n != 4)
		m->wrong = "a field of the context by halves";
	switch (off) {
	case offsetof(struct __sk_buff, len):
		return (struct reg){NUMBER, p->len};
	case offsetof(struct __sk_buff, data):
		return (struct reg){PACKET, 0};
	case offsetof(struct __sk_buff, data_end):
		return (struct reg){PACKET_END, 0};
	case offsetof(struct __sk_buff, vlan_present):
		return (struct reg){NUMBER, p->tagged};
	case offsetof(struct __sk_buff, vlan_tci):
		return (struct reg){NUMBER, p->tagged ? p->vlan_tci : 0};
	case offsetof(struct __sk_buff, vlan_proto):
		return (struct reg){NUMBER, p->tagged ? p->vlan_proto_be : 0};
	}
	m->wrong = "a field of the context that is not known";
	return (struct reg){NOTHING, 0};
}

static void load(struct machine *m, const struct bpf_insn *i)
{
	const struct reg *base = &m->r[i->src_reg];
	size_t n = bytes_of(i->code);
	uint64_t at, v = 0;

	switch (base->kind) {
	case CTX:
		m->r[i->dst_reg] = load_field(m, i->off, n);
		return;
	case STACK_AT:
		set(m, i->dst_reg, load_stack(m, base, i->off, n));
		return;
	case PACKET:
		at = base->v + (uint64_t)(int64_t)i->off;
		if (at > m->p->linear || n > m->p->linear - at)
			m->wrong = "reads behind the packet's end";
		else
			memcpy(&v, m->p->bytes + at, n);
		set(m, i->dst_reg, v);
		return;
	default:
		m->wrong = "reads from what is no address";
	}
}

static void store(struct machine *m, const struct bpf_insn *i)
{
	size_t n = bytes_of(i->code);
	uint8_t *at = stack_at(m, &m->r[i->dst_reg], i->off, n);
	uint64_t v = number(m, i->src_reg);

	if (!at)
		return;
	memcpy(at, &v, n);
	memset(&m->written[at - m->stack], true, n);
}

/* --- helpers --- */

static void skb_load_bytes(struct machine *m)
{
	uint64_t off = number(m, BPF_REG_2), n = number(m, BPF_REG_4);
	uint8_t *to = n && n <= STACK ? stack_at(m, &m->r[BPF_REG_3], 0, n) : NULL;
	bool there = (uint32_t)off <= INT32_MAX && (uint32_t)off <= m->p->len &&
		     n <= m->p->len - (uint32_t)off;

	if (m->r[BPF_REG_1].kind != CTX || !to) {
		m->wrong = "skb_load_bytes of what is none";
		return;
	}
	if (there)
		memcpy(to, m->p->bytes + (uint32_t)off, n);
	else
		memset(to, 0, n);
	memset(&m->written[to - m->stack], true, n);
	set(m, BPF_REG_0, there ? 0 : (uint64_t)-14 /* EFAULT */);
}

/* True: the program is left. */
static bool call(struct machine *m, const struct bpf_insn *i)
{
	if (i->imm == BPF_FUNC_tail_call) {
		number(m, BPF_REG_3);
		if (m->r[BPF_REG_1].kind != CTX || m->r[BPF_REG_2].kind != MAP)
			m->wrong = "a tail call of what is none";
		return true;
	}
	if (i->imm != BPF_FUNC_skb_load_bytes) {
		m->wrong = "a helper that is not known";
		return true;
	}
	skb_load_bytes(m);
	for (int k = 1; k <= 5; k++)
		m->r[k] = (struct reg){NOTHING, 0};
	return false;
}

/* --- arithmetic --- */

static uint64_t compute(struct machine *m, uint8_t op, uint64_t a, uint64_t b, bool wide)
{
	unsigned int shift = (unsigned int)(b & (wide ? 63 : 31));

	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : a;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << shift;
	case BPF_RSH:
		return a >> shift;
	case BPF_NEG:
		return 0 - a;
	case BPF_MOV:
		return b;
	}
	m->wrong = "an operation that is not known";
	return 0;
}

static uint64_t to_big_endian(struct machine *m, uint64_t v, int32_t bits)
{
	switch (bits) {
	case 16:
		return htobe16((uint16_t)v);
	case 32:
		return htobe32((uint32_t)v);
	case 64:
		return htobe64(v);
	}
	m->wrong = "a swap of so many bits";
	return 0;
}

static void alu32(struct machine *m, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);
	uint32_t a = 0, b = (uint32_t)i->imm;

	if (op == BPF_END) {
		set(m, i->dst_reg, to_big_endian(m, number(m, i->dst_reg), i->imm));
		return;
	}
	if (BPF_SRC(i->code) == BPF_X)
		b = (uint32_t)number(m, i->src_reg);
	if (op != BPF_MOV)
		a = (uint32_t)number(m, i->dst_reg);
	if (BPF_SRC(i->code) == BPF_K && !b && (op == BPF_DIV || op == BPF_MOD))
		m->wrong = "division by 0";
	if (BPF_SRC(i->code) == BPF_K && b > 31 && (op == BPF_LSH || op == BPF_RSH))
		m->wrong = "a shift of so many bits";
	set(m, i->dst_reg, (uint32_t)compute(m, op, a, b, false));
}

static void alu64(struct machine *m, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);
	struct reg *dst = &m->r[i->dst_reg];
	struct reg b = {NUMBER, (uint64_t)(int64_t)i->imm};

	if (BPF_SRC(i->code) == BPF_X)
		b = m->r[i->src_reg];
	if (op == BPF_MOV) {
		if (b.kind == NOTHING)
			m->wrong = "moves what was not set";
		*dst = b;
	} else if (op == BPF_ADD && b.kind == NUMBER &&
		   (dst->kind == PACKET || dst->kind == STACK_AT)) {
		dst->v += b.v;
	} else {
		if (b.kind != NUMBER)
			m->wrong = "counts with what is no number";
		set(m, i->dst_reg, compute(m, op, number(m, i->dst_reg), b.v, true));
	}
}

/* --- jumps --- */

static bool compare(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	}
	m->wrong = "a comparison that is not known";
	return false;
}

static bool taken(struct machine *m, const struct bpf_insn *i)
{
	const struct reg *dst = &m->r[i->dst_reg], *src = &m->r[i->src_reg];
	uint64_t a, b;

	if (BPF_OP(i->code) == BPF_JA)
		return true;
	/* The one comparison of addresses that tells the verifier something. */
	if (BPF_CLASS(i->code) == BPF_JMP && BPF_SRC(i->code) == BPF_X && dst->kind == PACKET &&
	    src->kind == PACKET_END && BPF_OP(i->code) == BPF_JLE)
		return dst->v <= m->p->linear;
	a = number(m, i->dst_reg);
	b = BPF_SRC(i->code) == BPF_X ? number(m, i->src_reg) : (uint64_t)(int64_t)i->imm;
	if (BPF_CLASS(i->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	return compare(m, BPF_OP(i->code), a, b);
}

/* --- a program --- */

const char *ebpf_run(const struct bpf_insn *insns, size_t n, const struct ebpf_packet *p, int *out)
{
	struct machine m = {.p = p};
	size_t pc = 0;

	m.r[BPF_REG_1].kind = CTX;
	m.r[BPF_REG_10].kind = STACK_AT;
	for (int steps = 0; !m.wrong; steps++) {
		const struct bpf_insn *i = &insns[pc++];

		if (pc > n || steps == STEPS_MAX)
			return pc > n ? "runs out of the program" : "does not come to an end";
		switch (BPF_CLASS(i->code)) {
		case BPF_ALU:
			alu32(&m, i);
			break;
		case BPF_ALU64:
			alu64(&m, i);
			break;
		case BPF_LDX:
			load(&m, i);
			break;
		case BPF_STX:
			store(&m, i);
			break;
		case BPF_LD: /* a map's descriptor, in two */
			m.r[i->dst_reg].kind = MAP;
			pc++;
			break;
		case BPF_JMP:
			if (i->code == (BPF_JMP | BPF_EXIT)) {
				*out = (int)number(&m, BPF_REG_0);
				return m.wrong;
			}
			if (i->code == (BPF_JMP | BPF_CALL)) {
				*out = EBPF_CALLED;
				if (call(&m, i))
					return m.wrong;
				break;
			}
			/* fall through */
		case BPF_JMP32:
			if (taken(&m, i))
				pc = (size_t)((int64_t)pc + i->off);
			break;
		default:
			return "an instruction that is not known";
		}
	}
	return m.wrong;
}

/* --- before it runs --- */

static bool is_wide(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool falls_through(const struct bpf_insn *i)
{
	return i->code != (BPF_JMP | BPF_JA) && i->code != (BPF_JMP | BPF_EXIT);
}

static bool jumps(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code);

	return (class == BPF_JMP || class == BPF_JMP32) && i->code != (BPF_JMP | BPF_EXIT) &&
	       i->code != (BPF_JMP | BPF_CALL);
}

/* Marks what the instruction at `pc` leads to. `todo` has room for all. */
static bool follow(const struct bpf_insn *insns, size_t n, size_t pc, bool *reached, size_t *todo,
		   size_t *ntodo)
{
	int64_t next[2] = {-1, -1};

	if (falls_through(&insns[pc]))
		next[0] = (int64_t)pc + (is_wide(&insns[pc]) ? 2 : 1);
	if (jumps(&insns[pc]))
		next[1] = (int64_t)pc + 1 + insns[pc].off;
	for (int i = 0; i < 2; i++) {
		bool there = i ? jumps(&insns[pc]) : falls_through(&insns[pc]);

		if (!there)
			continue;
		if (next[i] < 0 || next[i] >= (int64_t)n)
			return false;
		if (!reached[next[i]])
			todo[(*ntodo)++] = (size_t)next[i];
		reached[next[i]] = true;
	}
	return true;
}

const char *ebpf_check(const struct bpf_insn *insns, size_t n)
{
	bool *reached = calloc(n + 1, sizeof(*reached));
	size_t *todo = calloc(n + 1, sizeof(*todo)), ntodo = 0;
	const char *why = reached && todo && n ? NULL : "nothing";

	if (!why) {
		reached[0] = true;
		todo[ntodo++] = 0;
	}
	while (!why && ntodo)
		if (!follow(insns, n, todo[--ntodo], reached, todo, &ntodo))
			why = "a way out of the program";
	for (size_t i = 0; !why && i < n; i++) {
		if (!reached[i])
			why = "an instruction that nothing leads to";
		i += is_wide(&insns[i]);
	}
	free(reached);
	free(todo);
	return why;
}
