// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * parse.bpf.h on packets that nobody thought of: random bytes, and the packets of packets.h with
 * bytes changed, cut out and put in. Each goes both ways of the parser; its key is compared with
 *the reference's, byte by byte, and libpcap has to find it by what the key says.
 *
 *	FLOWNER_PACKETS=N	so many; FLOWNER_SEED=N: others
 */
#include "pcap_witness.h"

#include <inttypes.h>

#define PACKETS 2000000
#define SEED    20240229
#define BATCH \
	500 /* after it fragments are forgotten: the programs remember 4096, then the newest */

struct job {
	struct frame frame;
	enum flow_prog prog;
	struct flow_run_gso gso;
	struct reading want;
};

/* splitmix64 */
static uint64_t rng;

static uint64_t any(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t below(size_t n)
{
	return any() % n;
}

static uint64_t number_of(const char *env, uint64_t otherwise)
{
	const char *s = getenv(env);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

/* --- packets --- */

static void put(struct frame *f, size_t at, size_t n)
{
	if (f->len + n > FRAME_MAX)
		return;
	memmove(f->bytes + at + n, f->bytes + at, f->len - at);
	for (size_t i = 0; i < n; i++)
		f->bytes[at + i] = (uint8_t)any();
	f->len += n;
}

static void cut(struct frame *f, size_t at, size_t n)
{
	if (n > f->len - at)
		n = f->len - at;
	memmove(f->bytes + at, f->bytes + at + n, f->len - at - n);
	f->len -= n;
}

/* The beginning is where the headers are; `from` keeps what a packet needs to be run at all. */
static void mutate(struct frame *f, size_t from)
{
	static const uint8_t telling[] = {0,    1,    2,    3,    4,    5,    6,    8,    17,
					  43,   44,   51,   58,   60,   129,  132,  0x45, 0x46,
					  0x60, 0x81, 0x86, 0x88, 0x91, 0xdd, 0xa8, 0xff};
	size_t at = from < f->len ? from + below(f->len - from) : from;

	if (at >= f->len)
		return;
	switch (below(8)) {
	case 0:
	case 1:
		f->bytes[at] ^= (uint8_t)(1 << below(8));
		break;
	case 2:
		f->bytes[at] = (uint8_t)any();
		break;
	case 3:
	case 4:
		f->bytes[at] = telling[below(sizeof(telling))];
		break;
	case 5:
		f->len = at;
		break;
	case 6:
		put(f, at, 1 + below(24));
		break;
	case 7:
		cut(f, at, 1 + below(24));
		break;
	}
}

static struct frame random_bytes(void)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x9100};
	struct frame f = {.len = 14 + below(150)};

	for (size_t i = 0; i < f.len; i++)
		f.bytes[i] = (uint8_t)any();
	if (below(4)) {
		uint16_t type = types[below(COUNT(types))];

		put_be16(f.bytes + 12, type);
		/* All other versions are flaws, soon found. */
		if (type == 0x0800 && below(4))
			f.bytes[14] = 0x45 + (uint8_t)below(3);
		if (type == 0x86dd && below(4))
			f.bytes[14] = 0x60;
	}
	return f;
}

static struct frame table_bytes(enum flow_prog *prog)
{
	bool l3 = below(8) == 0;
	const struct row *row = l3 ? &l3_rows[below(COUNT(l3_rows))] : &rows[below(COUNT(rows))];
	struct frame f = frame_of(row->hex);

	if (l3)
		*prog = below(2) ? L3_IN : L3_OUT;
	for (size_t n = below(5); n; n--)
		mutate(&f, l3 ? 0 : 12);
	return f;
}

static void make(struct job *j)
{
	do {
		j->prog = below(2) ? IN : OUT;
		j->frame = below(4) ? table_bytes(&j->prog) : random_bytes();
	} while (!frame_runs(&j->frame));
	j->gso = (struct flow_run_gso){0};
	if (below(16) == 0)
		j->gso = (struct flow_run_gso){(uint32_t)below(4), (uint32_t)below(2) * 1400};
}

/* --- runs --- */

static void check_batch(struct both *b, struct witness *w, const struct job *jobs, size_t n,
			uint64_t *of_kind)
{
	both_drain(b);
	assert_int_equal(b->fast.n, n);
	for (size_t i = 0; i < n; i++) {
		const struct job *j = &jobs[i];
		const struct flow_run_gso *gso = &j->gso;

		flow_check("fast", &b->fast.read[i], &j->want, j->prog, &j->frame, gso);
		flow_check("slow", &b->slow.read[i], &j->want, j->prog, &j->frame, gso);
		witness_see(w, j->prog, &j->want, &j->frame, i % 8 == 0);
		of_kind[j->want.kind]++;
	}
	both_forget(b);
}

TEST(random_packets)
{
	uint64_t packets = number_of("FLOWNER_PACKETS", PACKETS), of_kind[FL_FLOW_KINDS] = {0};
	struct job *jobs = calloc(BATCH, sizeof(*jobs));
	struct witness w = {0};
	struct both b;

	rng = number_of("FLOWNER_SEED", SEED);
	fprintf(stderr, "# %" PRIu64 " packets, seed %" PRIu64 "\n", packets, rng);
	assert_non_null(jobs);
	both_start(&b);
	for (uint64_t done = 0; done < packets;) {
		size_t n = 0;

		while (n < BATCH && done + n < packets) {
			struct job *j = &jobs[n++];

			make(j);
			j->want = both_reference(&b, j->prog, &j->frame, &j->gso);
			both_run(&b, j->prog, &j->frame, &j->gso);
		}
		check_batch(&b, &w, jobs, n, of_kind);
		done += n;
	}
	fprintf(stderr,
		"# IPv4 %" PRIu64 ", IPv6 %" PRIu64 ", ARP %" PRIu64 ", other %" PRIu64
		", malformed %" PRIu64 "; libpcap asked %" PRIu64 " times and %" PRIu64
		" times for all of the key\n",
		of_kind[0], of_kind[1], of_kind[2], of_kind[3], of_kind[4], w.asked, w.exactly);
	for (int kind = 0; packets >= PACKETS && kind < FL_FLOW_KINDS; kind++)
		assert_true(of_kind[kind] > packets / 100);
	witness_stop(&w);
	both_stop(&b);
	free(jobs);
}

/* The packets of the table too have to be what libpcap takes them for. */
TEST(table_and_libpcap)
{
	struct ref_memory memory = {0};
	struct witness w = {0};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct frame f = frame_of(rows[i].hex);
		struct ref_input in = {
			.memory = &memory, .bytes = f.bytes, .len = f.len, .ethernet = true};
		struct reading r;

		if (rows[i].name[0] != '+')
			memory.n = 0;
		r = ref_read(&in);
		assert_int_equal(r.kind, rows[i].want.kind);
		witness_see(&w, IN, &r, &f, true);
	}
	witness_stop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("libpcap finds every packet of the table by its key", table_and_libpcap),
		IT("random packets are read as the reference reads them, and libpcap",
		   random_packets),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
