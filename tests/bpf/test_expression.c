// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Expressions in the kernel: what collect/packet_filter.h makes of libpcap's programs says of every
 * packet what libpcap itself says of it. All expressions of expressions.txt, on all packets.
 *
 *	FLOWNER_SEED=N	other changes
 *	FLOWNER_CUTS=N	each expression sees one of N of the packets cut and changed; 1: all
 *	FLOWNER_PROGRAMS=N	so many random ones
 */
#include "cbpf_random.h"

#include "base/log.h"
#include "fuzz/ebpf_run.h"

#define CUTS     12
#define PROGRAMS 3000

struct comparison {
	struct corpus corpus;
	bool l3;
	size_t cuts;
	size_t none; /* expressions that match nothing */
};

static bool run(int fd, const struct frame *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f->bytes, .data_size_in = (uint32_t)f->len,
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(fd, &o), 0);
	assert_true((int)o.retval == PACKET_FILTER_NO || (int)o.retval == PACKET_FILTER_YES);
	return (int)o.retval == PACKET_FILTER_YES;
}

/* The interpreter, on the frame in one piece, and on one of which half is in fragments. */
struct interpreted {
	struct bpf_insn *insns;
	size_t n;
};

static struct interpreted interpret(const struct expression *e, bool l3, bool compact)
{
	struct packet_filter_options o = {.l3 = l3, .compact = compact, .prog_array_fd = -1};
	struct interpreted i = {0};

	assert_int_equal(packet_filter_translate(&i.insns, &i.n, e->insns, e->n, &o), 0);
	assert_null(ebpf_check(i.insns, i.n));
	return i;
}

static void assert_interpreted(const struct interpreted *i, const struct frame *f, bool want)
{
	uint32_t len = (uint32_t)f->len;
	const struct ebpf_packet whole = {.bytes = f->bytes, .len = len, .linear = len};
	const struct ebpf_packet half = {.bytes = f->bytes, .len = len, .linear = len / 2};
	int got;

	assert_null(ebpf_run(i->insns, i->n, &whole, &got));
	assert_int_equal(got, want ? PACKET_FILTER_YES : PACKET_FILTER_NO);
	assert_null(ebpf_run(i->insns, i->n, &half, &got));
	assert_int_equal(got, want ? PACKET_FILTER_YES : PACKET_FILTER_NO);
}

/* How many packets it matches. */
static size_t compare(const struct comparison *k, const char *text, struct pcap_filter *witness,
		      const struct expression *e)
{
	int plain = load(e, k->l3, false), compact = load(e, k->l3, true);
	struct interpreted by_us[2] = {interpret(e, k->l3, false), interpret(e, k->l3, true)};
	size_t matched = 0, offset = any() % k->cuts;

	if (plain < 0 || compact < 0)
		fail_msg("%s: %d, %d", text, plain, compact);
	for (size_t i = 0; i < k->corpus.n; i++) {
		const struct frame *f = &k->corpus.frames[i];
		uint32_t len = (uint32_t)f->len;
		bool want;

		if (i >= k->corpus.whole && i % k->cuts != offset)
			continue;
		want = pcap_filter_matches(witness, f->bytes, f->len);
		matched += want;
		if (run(plain, f) != want || run(compact, f) != want) {
			frame_print(f);
			fail_msg("%s: libpcap says %d", text, want);
		}
		assert_interpreted(&by_us[i % 2], f, want);
		assert_int_equal(expression_matches(e, f->bytes, len, len), want);
		assert_int_equal(cbpf_run(e->insns, e->n, f->bytes, len, len), want);
	}
	free(by_us[0].insns);
	free(by_us[1].insns);
	close(plain);
	close(compact);
	return matched;
}

static void on_expression(void *ctx, const char *text)
{
	struct comparison *k = ctx;
	struct pcap_filter *witness = pcap_filter_new(text, k->l3);
	struct expression *e = compile(text, k->l3);

	assert_true(!witness == !e);
	if (!e)
		return;
	k->none += !compare(k, text, witness, e);
	expression_free(e);
	pcap_filter_free(witness);
}

static void compare_all(bool l3)
{
	struct comparison k = {.l3 = l3, .cuts = number_of("FLOWNER_CUTS", CUTS)};
	size_t n;

	rng = number_of("FLOWNER_SEED", SEED);
	k.corpus = make_corpus(l3);
	n = each_expression(on_expression, &k);
	fprintf(stderr, "# %zu expressions, %zu of which match nothing; %zu packets, %zu whole\n",
		n, k.none, k.corpus.n, k.corpus.whole);
	assert_true(n >= 300);
	/* Else there is little to compare. */
	assert_true(l3 || k.none < n / 10);
	free(k.corpus.frames);
}

TEST(ethernet)
{
	compare_all(false);
}

TEST(no_ethernet)
{
	compare_all(true);
}

/* libpcap compiles only what it needs; its interpreter runs all there is. */
TEST(random_programs)
{
	size_t programs = number_of("FLOWNER_PROGRAMS", PROGRAMS), matched = 0, asked = 0;
	struct corpus c;

	rng = number_of("FLOWNER_SEED", SEED);
	c = make_corpus(false);
	for (size_t i = 0; i < programs; i++) {
		struct random_program p = random_program();
		struct expression e = {p.insns, p.n, false, false};
		int fd = load(&e, false, i % 2);
		struct interpreted by_us = interpret(&e, false, i % 2);

		if (fd < 0) {
			/* Once more, to see what the verifier says. */
			log_set_level(LOG_LEVEL_DEBUG);
			load(&e, false, i % 2);
			program_print(p.insns, p.n);
			fail_msg("program %zu: %s", i, strerror(-fd));
		}
		for (size_t k = 0; k < 60; k++) {
			const struct frame *f = &c.frames[any() % c.n];
			uint32_t len = (uint32_t)f->len;
			bool want = expression_matches(&e, f->bytes, len, len);

			asked++;
			matched += want;
			assert_int_equal(cbpf_run(p.insns, p.n, f->bytes, len, len), want);
			if (run(fd, f) != want) {
				program_print(p.insns, p.n);
				frame_print(f);
				fail_msg("program %zu: libpcap says %d", i, want);
			}
			assert_interpreted(&by_us, f, want);
		}
		free(by_us.insns);
		close(fd);
	}
	fprintf(stderr, "# %zu programs, %zu packets asked about, %zu match\n", programs, asked,
		matched);
	assert_true(matched > asked / 10 && matched < asked - asked / 10);
	free(c.frames);
}

#define INSN(c, value)                    \
	{                                 \
		.code = (c), .k = (value) \
	}
#define LOAD(n) INSN(BPF_LD | BPF_IMM, n)

/* What libpcap's interpreter has no answer for: each would return 1 if it came to its end. */
static const struct {
	struct cbpf_insn insns[8];
	size_t n;
	bool matches;
} corners[] = {
	{{LOAD(1), INSN(BPF_ALU | BPF_DIV | BPF_K, 0), INSN(BPF_RET | BPF_K, 1)}, 3, false},
	{{LOAD(1), INSN(BPF_ALU | BPF_MOD | BPF_K, 0), INSN(BPF_RET | BPF_K, 1)}, 3, false},
	{{LOAD(-1), INSN(BPF_ALU | BPF_LSH | BPF_K, 31), INSN(BPF_RET | BPF_A, 0)}, 3, true},
	{{LOAD(-1), INSN(BPF_ALU | BPF_LSH | BPF_K, 32), INSN(BPF_RET | BPF_A, 0)}, 3, false},
	{{LOAD(-1), INSN(BPF_ALU | BPF_RSH | BPF_K, 33), INSN(BPF_RET | BPF_A, 0)}, 3, false},
	{{LOAD(-1), INSN(BPF_ALU | BPF_RSH | BPF_K, -1), INSN(BPF_RET | BPF_A, 0)}, 3, false},
	{{INSN(BPF_RET | BPF_A, 0)}, 1, false},
	{{INSN(BPF_MISC | BPF_TXA, 0), INSN(BPF_RET | BPF_A, 0)}, 2, false},
	{{INSN(BPF_LD | BPF_MEM, 15), INSN(BPF_RET | BPF_A, 0)}, 2, false},
	{{LOAD(3), INSN(BPF_ST, 15), LOAD(0), INSN(BPF_LD | BPF_MEM, 15), INSN(BPF_RET | BPF_A, 0)},
	 5,
	 true},
	/* Nothing gets to the second. */
	{{INSN(BPF_RET | BPF_K, 7), LOAD(1), INSN(BPF_RET | BPF_K, 0)}, 3, true},
	{{INSN(BPF_LD | BPF_LEN, 0), INSN(BPF_JMP | BPF_JA, -2), INSN(BPF_RET | BPF_K, 1)},
	 3,
	 false},
	/* One round more is one too many. */
	{{INSN(BPF_ALU | BPF_ADD | BPF_K, 1),
	  {.code = BPF_JMP | BPF_JEQ, .k = CBPF_ROUNDS, .jt = 1},
	  INSN(BPF_JMP | BPF_JA, -3),
	  INSN(BPF_RET | BPF_K, 1)},
	 4,
	 true},
	{{INSN(BPF_ALU | BPF_ADD | BPF_K, 1),
	  {.code = BPF_JMP | BPF_JEQ, .k = CBPF_ROUNDS + 1, .jt = 1},
	  INSN(BPF_JMP | BPF_JA, -3),
	  INSN(BPF_RET | BPF_K, 1)},
	 4,
	 false},
};

TEST(where_libpcap_has_no_answer)
{
	struct frame f = frame_of(MACS IP4("06") TCP("10"));

	for (size_t i = 0; i < 2 * COUNT(corners); i++) {
		const struct cbpf_insn *insns = corners[i / 2].insns;
		size_t n = corners[i / 2].n;
		struct expression e = {(struct cbpf_insn *)insns, n, false, false};
		uint32_t len = (uint32_t)f.len;
		int fd = load(&e, false, i % 2);

		if (fd < 0 || run(fd, &f) != corners[i / 2].matches ||
		    cbpf_run(insns, n, f.bytes, len, len) != corners[i / 2].matches) {
			program_print(insns, n);
			fail_msg("program %zu, loaded: %d", i / 2, fd);
		}
		close(fd);
	}
}

/* An AH of the length that leads back to itself. */
TEST(endless)
{
	struct frame f = frame_of(MACS IP4("33") "3303 0000 00000001 00000001 00000000 00000000");
	struct expression *e = compile("ip protochain 6", false);
	uint32_t len = (uint32_t)f.len;
	int fd = load(e, false, false);

	assert_true(fd >= 0 && e->loops);
	assert_false(run(fd, &f));
	assert_false(expression_matches(e, f.bytes, len, len));
	close(fd);
	expression_free(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("frames match in the kernel where they match in libpcap", ethernet),
		IT("packets without an Ethernet header too", no_ethernet),
		IT("random programs say what they say in libpcap's interpreter", random_programs),
		IT("where libpcap has no answer, there is one", where_libpcap_has_no_answer),
		IT("a chain of headers that leads back to itself has an end", endless),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
