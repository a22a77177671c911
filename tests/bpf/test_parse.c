// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * parse.bpf.h, packet by packet: packets.h has each kind of header and of flaw once, with what is
 * to be read from it. Random packets: test_parse_random.c.
 */
#include "flow_check.h"

static void each_row(const struct row *table, size_t n, enum flow_prog p)
{
	struct both b;

	both_start(&b);
	for (size_t i = 0; i < n; i++) {
		struct frame f = frame_of(table[i].hex);

		if (!frame_runs(&f))
			fail_msg("%s: too short to be run", table[i].name);
		if (table[i].name[0] != '+')
			both_forget(&b);
		both_check(&b, table[i].name, p, &f, NULL, &table[i].want);
	}
	both_stop(&b);
}

TEST(ethernet_in)
{
	each_row(rows, COUNT(rows), IN);
}

TEST(ethernet_out)
{
	each_row(rows, COUNT(rows), OUT);
}

TEST(l3_in)
{
	each_row(l3_rows, COUNT(l3_rows), L3_IN);
}

TEST(l3_out)
{
	each_row(l3_rows, COUNT(l3_rows), L3_OUT);
}

/* What goes out is another datagram than what comes in, on a bridge say. */
TEST(fragments_by_direction)
{
	static const struct reading with = V4(17, TO443), without = V4(17, .fragment = true);
	struct frame first = frame_of(MACS FRAG4("11", "0007", "2000") UDP);
	struct frame last = frame_of(MACS FRAG4("11", "0007", "0001") DATA);
	struct both b;

	both_start(&b);
	both_check(&b, "first, in", IN, &first, NULL, &with);
	both_check(&b, "last, out", OUT, &last, NULL, &without);
	both_check(&b, "last, in", IN, &last, NULL, &with);
	both_stop(&b);
}

/*
 * A frame cut within its IP header may not run (frame_runs()); with a tag in front it does, and is
 * malformed.
 */
static void run_tagged(struct both *b, const char *name, const struct frame *f)
{
	static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x64};
	struct frame tagged = {.len = f->len + sizeof(tag)};

	memcpy(tagged.bytes, f->bytes, 12);
	memcpy(tagged.bytes + 12, tag, sizeof(tag));
	memcpy(tagged.bytes + 16, f->bytes + 12, f->len - 12);
	both_forget(b);
	both_check(b, name, IN, &tagged, NULL, NULL);
	assert_int_equal(b->fast.read->key.bits >> 8 & 7, FL_FLOW_MALFORMED);
}

/* What the whole packet is filed under, alone, or malformed: with every byte compared. */
static void truncate_row(struct both *b, const struct row *row, enum flow_prog p)
{
	struct frame f = frame_of(row->hex);
	struct fl_flow_key whole;

	both_forget(b);
	both_check(b, row->name, p, &f, NULL, NULL);
	whole = b->fast.read->key;
	while (f.len-- > 14) {
		const struct fl_flow_key *k;

		if (!frame_runs(&f)) {
			if (p == IN)
				run_tagged(b, row->name, &f);
			continue;
		}
		both_forget(b);
		both_check(b, row->name, p, &f, NULL, NULL);
		k = &b->fast.read->key;
		if ((k->bits >> 8 & 7) == FL_FLOW_MALFORMED)
			continue;
		if (memcmp(k, &whole, sizeof(whole)) != 0) {
			frame_print(&f);
			fail_msg("%s, cut to %zu bytes, is another flow's", row->name, f.len);
		}
	}
}

TEST(truncated)
{
	struct both b;

	both_start(&b);
	for (size_t i = 0; i < COUNT(rows); i++)
		truncate_row(&b, &rows[i], IN);
	for (size_t i = 0; i < COUNT(l3_rows); i++)
		truncate_row(&b, &l3_rows[i], L3_IN);
	both_stop(&b);
}

/*
 * Behind the length that the IP header gives: Ethernet pads what is shorter than 60 bytes, and some
 * cards leave a trailer. Only where a header was cut by the frame's end can bytes be taken for it:
 * rows that are themselves cut, and lengths that are said wrong, are not padded.
 */
TEST(padded)
{
	static const size_t more[] = {1, 2, 4, 6, 18, 46, 100};
	struct both b;

	both_start(&b);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct frame f = frame_of(rows[i].hex);

		if (rows[i].want.kind == FL_FLOW_MALFORMED)
			continue;
		for (size_t m = 0; m < COUNT(more); m++) {
			struct frame longer = f;

			memset(longer.bytes + f.len, m % 2 ? 0 : 0xa5, more[m]);
			longer.len += more[m];
			both_forget(&b);
			both_check(&b, rows[i].name, IN, &f, NULL, NULL);
			memcpy(longer.bytes, f.bytes, f.len);
			struct fl_flow_key alone = b.fast.read->key;
			struct fl_flow_count c = b.fast.read->count;

			both_forget(&b);
			both_check(&b, rows[i].name, IN, &longer, NULL, NULL);
			assert_memory_equal(&alone, &b.fast.read->key, sizeof(alone));
			assert_int_equal(c.bytes + more[m], b.fast.read->count.bytes);
			assert_int_equal(c.tcp_flags, b.fast.read->count.tcp_flags);
		}
	}
	both_stop(&b);
}

/* What a length of 0 means hangs on whether the packet is one for GSO to cut. */
TEST(gso)
{
	static const struct {
		const char *name, *hex;
		struct reading plain, gso;
	} big[] = {
		{"TCP", MACS IP4("06") TCP("10") DATA, TCP4(0x10), TCP4(0x10)},
		{"IPv4 BIG TCP",
		 MACS "0800 <4500 0000 1234 4000 4006 0000 0a000001 0a000002 " TCP("10") DATA,
		 FLAW(FL_FLAW_LENGTH, 0x0800), TCP4(0x10)},
		{"IPv6 BIG TCP", MACS "86dd <60012345 0000 0640 " A6 B6 TCP("10") DATA,
		 FLAW(FL_FLAW_SHORT, 0x86dd), TCP6(0x10)},
		{"IPv6 BIG TCP, jumbo",
		 MACS "86dd <60012345 0000 0040 " A6 B6 "0600 c204 00010000" TCP("10") DATA,
		 TCP6(0x10), TCP6(0x10)},
	};
	static const struct flow_run_gso none = {0, 0}, some = {3, 1448}, size_only = {0, 1448};
	struct both b;

	both_start(&b);
	for (size_t i = 0; i < COUNT(big); i++) {
		struct frame f = frame_of(big[i].hex);

		both_check(&b, big[i].name, OUT, &f, &none, &big[i].plain);
		both_check(&b, big[i].name, OUT, &f, &some, &big[i].gso);
		both_check(&b, big[i].name, OUT, &f, &size_only, &big[i].gso);
	}
	both_stop(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("every kind of packet, on its way in", ethernet_in),
		IT("every kind of packet, on its way out", ethernet_out),
		IT("links without an Ethernet header, in", l3_in),
		IT("links without an Ethernet header, out", l3_out),
		IT("fragments get ports from those of their direction", fragments_by_direction),
		IT("a packet cut at any byte is of the same flow or malformed", truncated),
		IT("what follows the datagram changes bytes only", padded),
		IT("segments are GSO's, and so is a length of 0", gso),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
