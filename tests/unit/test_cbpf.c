// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is no classic program, what cannot be translated, and what libpcap does not take. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/bpf.h>
#include <linux/filter.h>

#include "collect/expression.h"
#include "collect/packet_filter.h"

#define INSN(c, value)                    \
	{                                 \
		.code = (c), .k = (value) \
	}
#define COND(c, yes, no)                             \
	{                                            \
		.code = (c), .jt = (yes), .jf = (no) \
	}
#define RET INSN(BPF_RET | BPF_K, 1)
#define CHECK(...)                                          \
	cbpf_check((const struct cbpf_insn[]){__VA_ARGS__}, \
		   COUNT(((const struct cbpf_insn[]){__VA_ARGS__})))

static const struct packet_filter_options plain = {.prog_array_fd = -1};

/* Every code there is, alone before a RET. */
TEST(codes)
{
	static const uint16_t good[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LD | BPF_LEN,
		BPF_LDX | BPF_IMM,
		BPF_LDX | BPF_MEM,
		BPF_LDX | BPF_LEN,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_ST,
		BPF_STX,
		BPF_RET | BPF_K,
		BPF_RET | BPF_A,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_JMP | BPF_JA,
		BPF_ALU | BPF_NEG,
	};
	size_t known = 0;

	for (uint32_t code = 0; code <= 0xffff; code++)
		known += !CHECK(INSN((uint16_t)code, 0), RET);
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(CHECK(INSN(good[i], 0), RET), 0);
	/* And ten operations and four comparisons, with K and with X. */
	assert_int_equal(known, COUNT(good) + 2 * 10 + 2 * 4);
}

TEST(ends)
{
	assert_int_equal(cbpf_check(NULL, 0), -EINVAL);
	assert_int_equal(CHECK(INSN(BPF_LD | BPF_IMM, 0)), -EINVAL);
	assert_int_equal(CHECK(RET, INSN(BPF_JMP | BPF_JA, -2)), -EINVAL);
	assert_int_equal(CHECK(RET), 0);
}

TEST(jumps)
{
	assert_int_equal(CHECK(COND(BPF_JMP | BPF_JEQ, 1, 0), RET, RET), 0);
	assert_int_equal(CHECK(COND(BPF_JMP | BPF_JEQ, 2, 0), RET, RET), -EINVAL);
	assert_int_equal(CHECK(COND(BPF_JMP | BPF_JEQ, 0, 2), RET, RET), -EINVAL);
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, 1), RET, RET), 0);
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, 2), RET, RET), -EINVAL);
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, 0x7fffffff), RET), -EINVAL);
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, -2), RET), -EINVAL);
}

/* Two loops behind each other, or with one beginning; not one in the other. */
TEST(loops)
{
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, -1), INSN(BPF_JMP | BPF_JA, -1), RET), 0);
	assert_int_equal(CHECK(INSN(BPF_MISC, 0), INSN(BPF_JMP | BPF_JA, -2),
			       INSN(BPF_JMP | BPF_JA, -3), RET),
			 0);
	assert_int_equal(CHECK(INSN(BPF_MISC, 0), INSN(BPF_JMP | BPF_JA, -1),
			       INSN(BPF_JMP | BPF_JA, -3), RET),
			 -EINVAL);
	assert_int_equal(CHECK(INSN(BPF_MISC, 0), INSN(BPF_MISC, 0), INSN(BPF_JMP | BPF_JA, -3),
			       INSN(BPF_JMP | BPF_JA, -3), RET),
			 -EINVAL);
}

/* Jumped over, and then back to. */
TEST(loop_entered_from_below)
{
	assert_int_equal(CHECK(INSN(BPF_JMP | BPF_JA, 1), INSN(BPF_MISC, 0),
			       INSN(BPF_JMP | BPF_JA, -2), RET),
			 -EINVAL);
	assert_int_equal(CHECK(COND(BPF_JMP | BPF_JEQ, 0, 1), INSN(BPF_MISC, 0),
			       INSN(BPF_JMP | BPF_JA, -2), RET),
			 0);
	/* What ends falls through to nothing. */
	assert_int_equal(CHECK(COND(BPF_JMP | BPF_JEQ, 0, 2), INSN(BPF_ALU | BPF_MOD | BPF_K, 0),
			       INSN(BPF_MISC, 0), INSN(BPF_JMP | BPF_JA, -2), RET),
			 -EINVAL);
}

#define UNSET(...)                                                \
	cbpf_reads_unset((const struct cbpf_insn[]){__VA_ARGS__}, \
			 COUNT(((const struct cbpf_insn[]){__VA_ARGS__})))

/* On one of two ways is enough. */
TEST(memory_that_is_not_set)
{
	assert_true(UNSET(INSN(BPF_LD | BPF_MEM, 3), RET));
	assert_false(UNSET(INSN(BPF_ST, 3), INSN(BPF_LD | BPF_MEM, 3), RET));
	assert_true(UNSET(INSN(BPF_ST, 2), INSN(BPF_LD | BPF_MEM, 3), RET));
	assert_true(UNSET(COND(BPF_JMP | BPF_JEQ, 0, 1), INSN(BPF_STX, 3),
			  INSN(BPF_LDX | BPF_MEM, 3), RET));
	assert_false(UNSET(COND(BPF_JMP | BPF_JEQ, 0, 2), INSN(BPF_STX, 3),
			   INSN(BPF_JMP | BPF_JA, 1), INSN(BPF_ST, 3), INSN(BPF_LDX | BPF_MEM, 3),
			   RET));
}

TEST(memory)
{
	static const uint16_t codes[] = {BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX};

	for (size_t i = 0; i < COUNT(codes); i++) {
		assert_int_equal(CHECK(INSN(codes[i], CBPF_MEMORY - 1), RET), 0);
		assert_int_equal(CHECK(INSN(codes[i], CBPF_MEMORY), RET), -EINVAL);
	}
}

TEST(negative)
{
	static const uint16_t codes[] = {BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_H | BPF_IND,
					 BPF_LDX | BPF_MSH | BPF_B};
	static const int32_t offsets[] = {-1, SKF_AD_OFF + SKF_AD_PKTTYPE, SKF_NET_OFF, SKF_LL_OFF,
					  INT32_MIN};

	for (size_t i = 0; i < COUNT(codes); i++) {
		for (size_t k = 0; k < COUNT(offsets); k++)
			assert_int_equal(CHECK(INSN(codes[i], (uint32_t)offsets[k]), RET),
					 -EOPNOTSUPP);
		assert_int_equal(CHECK(INSN(codes[i], INT32_MAX), RET), 0);
	}
}

/* n - 1 loads and a RET. */
static int translate_loads(size_t n, uint16_t code, uint32_t k, size_t *n_out)
{
	struct cbpf_insn *p = calloc(n, sizeof(*p));
	struct bpf_insn *insns = NULL;
	int err;

	assert_non_null(p);
	for (size_t i = 0; i + 1 < n; i++)
		p[i] = (struct cbpf_insn)INSN(code, k);
	p[n - 1] = (struct cbpf_insn)RET;
	*n_out = 0;
	err = packet_filter_translate(&insns, n_out, p, n, &plain);
	assert_int_equal(!err, !!insns);
	free(insns);
	free(p);
	return err;
}

TEST(too_long)
{
	size_t n;

	assert_int_equal(translate_loads(CBPF_MAX + 1, BPF_LD | BPF_IMM, 14, &n), -E2BIG);
	assert_int_equal(translate_loads(CBPF_MAX, BPF_LD | BPF_IMM, 14, &n), 0);
	assert_true(n > 2 * CBPF_MAX);
	/* Jumps are to reach over them. */
	assert_int_equal(translate_loads(CBPF_MAX, BPF_LD | BPF_W | BPF_IND, 14, &n), -E2BIG);
	assert_int_equal(n, 0);
	/* This is more than it could be with bytes read in place. */
	assert_int_equal(translate_loads(3000, BPF_LD | BPF_W | BPF_ABS, 30, &n), 0);
}

TEST(refused)
{
	struct packet_filter_options o = plain;
	struct cbpf_insn bad[] = {INSN(BPF_LD | BPF_ABS | BPF_H, (uint32_t)SKF_AD_OFF), RET};
	struct bpf_insn *insns = NULL;
	size_t n;

	assert_int_equal(packet_filter_translate(&insns, &n, bad, 2, &o), -EOPNOTSUPP);
	assert_int_equal(packet_filter_translate(&insns, &n, bad, 1, &o), -EINVAL);
	assert_null(insns);
	assert_int_equal(packet_filter_load(bad, 2, &o), -EOPNOTSUPP);
}

/* --- expressions --- */

static const struct {
	const char *text, *why; /* `why`: how it begins; NULL: whatever this libpcap says */
	bool l3;
	int err;
} wrong[] = {
	{"tcp prot 80", NULL, false, -EINVAL},
	{"(tcp", NULL, false, -EINVAL},
	{"port 65536", NULL, false, -EINVAL},
	{"host 1.2.3.4.5", NULL, false, -EINVAL},
	{"net 10.0.0.1/8", NULL, false, -EINVAL},
	{"ip and ip6", "expression rejects all packets", false, -EINVAL},
	{"ether[0] / 0 = 1", "division by zero", false, -EINVAL},
	{"ether[0] << 33 = 1", "shift by more than 31 bits", false, -EINVAL},
	{"gateway 10.0.0.1", NULL, false, -EINVAL},
	{"ifname eth0", NULL, false, -EINVAL},
	{"on eth0", NULL, false, -EINVAL},
	{"wlan type mgt", NULL, false, -EINVAL},
	{"decnet host 1.x", NULL, false, -EINVAL}, /* libpcap's message ends with a newline */
	{"ether host 02:00:00:00:00:01", NULL, true, -EINVAL},
	{"vlan 5", NULL, true, -EINVAL},
	{"inbound", "it asks for what is not in a packet's bytes", false, -EOPNOTSUPP},
	{"outbound and tcp", "it asks for what is not in a packet's bytes", false, -EOPNOTSUPP},
	{"inbound", "it asks for what is not in a packet's bytes", true, -EOPNOTSUPP},
	{"ether[-1] = 2", "it asks for what is not in a packet's bytes", false, -EOPNOTSUPP},
};

TEST(wrong_expressions)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct expression_options o = {.l3 = wrong[i].l3};
		struct expression *e = NULL;
		char why[EXPRESSION_ERROR] = "";

		if (expression_compile(&e, wrong[i].text, &o, why) != wrong[i].err)
			fail_msg("%s: \"%s\"", wrong[i].text, why);
		assert_null(e);
		assert_true(*why && !strchr(why, '\n'));
		if (wrong[i].why)
			assert_string_equal(why, wrong[i].why);
	}
}

/* As many bytes as no program has room for. (With addresses libpcap takes a minute.) */
TEST(long_expression)
{
	struct expression_options o = {.l3 = false};
	struct expression *e = NULL;
	const size_t size = 100000;
	char why[EXPRESSION_ERROR], *text = calloc(1, size);
	size_t n = 0;

	assert_non_null(text);
	for (int i = 0; i < 3000; i++)
		n += (size_t)snprintf(text + n, size - n, "%sether[%d] = 77", i ? " or " : "", i);
	assert_int_equal(expression_compile(&e, text, &o, why), -E2BIG);
	assert_string_equal(why, "it is too long");
	free(text);
}

TEST(everything)
{
	static const char *const texts[] = {NULL, ""};
	static const uint8_t packet[14];

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct expression_options o = {.l3 = false};
		struct expression *e = NULL;
		char why[EXPRESSION_ERROR];

		assert_int_equal(expression_compile(&e, texts[i], &o, why), 0);
		assert_string_equal(why, "");
		assert_true(expression_matches(e, packet, sizeof(packet), sizeof(packet)));
		assert_true(expression_matches(e, packet, 0, 0));
		expression_free(e);
	}
}

/* What was not kept of a packet cannot match; its length can. */
TEST(cut)
{
	static const uint8_t packet[60] = {[12] = 0x08, [14] = 0x45, [23] = 17, [37] = 53};
	struct expression_options o = {.l3 = false};
	struct expression *e = NULL;
	char why[EXPRESSION_ERROR];

	assert_int_equal(expression_compile(&e, "udp port 53 and len = 60", &o, why), 0);
	assert_true(expression_matches(e, packet, 60, 60));
	assert_true(expression_matches(e, packet, 38, 60));
	assert_false(expression_matches(e, packet, 37, 60));
	assert_false(expression_matches(e, packet, 60, 61));
	expression_free(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("the codes of classic BPF are known, and no others", codes),
		IT("a program ends with RET", ends),
		IT("jumps stay inside", jumps),
		IT("loops stand side by side", loops),
		IT("a loop is entered at its beginning", loop_entered_from_below),
		IT("memory that is read before it is set is found", memory_that_is_not_set),
		IT("there are 16 words of memory", memory),
		IT("negative offsets are not in the packet", negative),
		IT("what jumps cannot reach over is too long", too_long),
		IT("what is no program is not translated", refused),
		IT("wrong expressions are told in one line", wrong_expressions),
		IT("an expression may be too long", long_expression),
		IT("no expression matches everything", everything),
		IT("a packet that was cut is not looked at beyond", cut),
	};

	return RUN(tests);
}
