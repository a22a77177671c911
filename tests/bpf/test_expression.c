// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Expressions in the kernel: what collect/packet_filter.h makes of libpcap's programs says of every
 * packet what libpcap itself says of it. The expressions are in expressions.txt; the packets are
 * those of packets.h and expression_packets.h, whole, cut short at every byte, and with bytes
 * changed.
 *
 *	FLOWNER_SEED=N	other changes
 *	FLOWNER_CUTS=N	each expression sees one of N of the packets cut and changed; 1: all
 */
#include "flow_run.h"

#include <errno.h>

#include "base/cleanup.h"
#include "collect/expression.h"
#include "collect/packet_filter.h"
#include "expression_packets.h"
#include "pcap_filter.h"

#define EXPRESSIONS "tests/bpf/expressions.txt"
#define CHANGED     3000

struct corpus {
	struct frame *frames;
	size_t n, cap;
	size_t whole; /* those from here on are cut or changed */
};

/* splitmix64 */
static uint64_t rng = 20261121;

static uint64_t any(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t number_of(const char *env, size_t otherwise)
{
	const char *s = getenv(env);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

/* --- packets --- */

static void add(struct corpus *c, const struct frame *f)
{
	if (!frame_runs(f))
		return;
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 1024;
		c->frames = realloc(c->frames, c->cap * sizeof(*c->frames));
		assert_non_null(c->frames);
	}
	c->frames[c->n++] = *f;
}

static void add_cut(struct corpus *c, size_t from)
{
	for (size_t i = 0; i < c->whole; i++) {
		struct frame f = c->frames[i];

		for (f.len--; f.len >= from; f.len--)
			add(c, &f);
	}
}

/* Bits and bytes of the headers, and lengths. */
static void add_changed(struct corpus *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct frame f = c->frames[any() % c->whole];

		for (size_t times = 1 + any() % 3; times; times--) {
			size_t at = any() % (f.len < 70 ? f.len : 70);

			if (any() % 2)
				f.bytes[at] ^= (uint8_t)(1 << any() % 8);
			else
				f.bytes[at] = (uint8_t)any();
		}
		if (any() % 4 == 0)
			f.len -= any() % 8;
		add(c, &f);
	}
}

static void add_random(struct corpus *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct frame f = {.len = 14 + any() % 80};

		for (size_t b = 0; b < f.len; b++)
			f.bytes[b] = (uint8_t)any();
		add(c, &f);
	}
}

static struct corpus make_corpus(bool l3)
{
	struct corpus c = {0};
	struct frame f;

	for (size_t i = 0; !l3 && i < COUNT(rows); i++) {
		f = frame_of(rows[i].hex);
		add(&c, &f);
	}
	for (size_t i = 0; !l3 && i < COUNT(more_packets); i++) {
		f = frame_of(more_packets[i]);
		add(&c, &f);
	}
	for (size_t i = 0; l3 && i < COUNT(l3_rows); i++) {
		f = frame_of(l3_rows[i].hex);
		add(&c, &f);
	}
	c.whole = c.n;
	add_cut(&c, 14);
	add_changed(&c, CHANGED);
	add_random(&c, CHANGED / 10);
	return c;
}

/* --- an expression --- */

static struct expression *compile(const char *text, bool l3)
{
	struct expression_options o = {.l3 = l3};
	char why[EXPRESSION_ERROR];
	struct expression *e = NULL;

	if (expression_compile(&e, text, &o, why)) {
		/* Much cannot be asked where there is no Ethernet header. */
		if (!l3)
			fail_msg("%s: %s", text, why);
		return NULL;
	}
	assert_string_equal(why, "");
	return e;
}

static int load(const struct expression *e, bool l3, bool compact)
{
	struct packet_filter_options o = {.l3 = l3, .compact = compact, .prog_array_fd = -1};

	return packet_filter_load(e->insns, e->n, &o);
}

static bool run(int fd, const struct frame *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f->bytes, .data_size_in = (uint32_t)f->len,
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(fd, &o), 0);
	assert_true((int)o.retval == PACKET_FILTER_NO || (int)o.retval == PACKET_FILTER_YES);
	return (int)o.retval == PACKET_FILTER_YES;
}

/* How many packets it matches. */
static size_t compare(const char *text, const struct corpus *c, bool l3, size_t cuts)
{
	struct pcap_filter *witness = pcap_filter_new(text, l3);
	struct expression *e = compile(text, l3);
	size_t matched = 0, offset = any() % cuts;
	int fds[2];

	assert_true(!witness == !e);
	if (!e)
		return 0;
	for (int compact = 0; compact < 2; compact++) {
		fds[compact] = load(e, l3, compact);
		if (fds[compact] < 0)
			fail_msg("%s: %s", text, strerror(-fds[compact]));
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct frame *f = &c->frames[i];
		bool want;

		if (i >= c->whole && i % cuts != offset)
			continue;
		want = pcap_filter_matches(witness, f->bytes, f->len);
		matched += want;
		if (run(fds[0], f) != want || run(fds[1], f) != want) {
			frame_print(f);
			fail_msg("%s: libpcap says %d", text, want);
		}
		assert_int_equal(
			expression_matches(e, f->bytes, (uint32_t)f->len, (uint32_t)f->len), want);
	}
	close(fds[0]);
	close(fds[1]);
	expression_free(e);
	pcap_filter_free(witness);
	return matched;
}

static void compare_all(bool l3)
{
	_cleanup_fclose_ FILE *file = fopen(EXPRESSIONS, "re");
	size_t cuts = number_of("FLOWNER_CUTS", 32), n = 0, none = 0, matched;
	struct corpus c;
	char line[512];

	rng = number_of("FLOWNER_SEED", 20261121);
	c = make_corpus(l3);
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		matched = compare(line, &c, l3, cuts);
		if (!matched && !l3)
			fprintf(stderr, "# matches nothing: %s\n", line);
		none += !matched;
		n++;
	}
	fprintf(stderr, "# %zu expressions, %zu of which match nothing; %zu packets, %zu whole\n",
		n, none, c.n, c.whole);
	assert_true(n >= 300);
	free(c.frames);
}

TEST(ethernet)
{
	compare_all(false);
}

TEST(no_ethernet)
{
	compare_all(true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("frames match in the kernel where they match in libpcap", ethernet),
		IT("packets without an Ethernet header too", no_ethernet),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
