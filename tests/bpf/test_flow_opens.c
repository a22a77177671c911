// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flows.bpf.c at the opening of a TCP connection: its initial sequence numbers, and the SYN of
 * another connection between the same ports.
 */
#include "flow_run.h"

#define SEGMENT(seq, ack, flags) MACS IP4("06") PORTS seq ack "50" flags "ffff 0000 0000 "
#define SYN_A                    SEGMENT("000000aa", "00000000", "02")
#define SYN_B                    SEGMENT("000000bb", "00000000", "02")
#define SYN_ACK_A                SEGMENT("000000aa", "00001001", "12")
#define ACK                      SEGMENT("000000ab", "00001001", "10")
#define PUSH                     SEGMENT("000000ab", "00001001", "18") DATA
#define FIN                      SEGMENT("000000b3", "00001001", "11")

struct opens {
	struct flow_run run;
	int map;
};

static void start(struct opens *o, uint32_t ring_bytes)
{
	flow_run_start(&o->run, &(struct flow_run_opts){.ring_bytes = ring_bytes});
	o->map = flow_run_map(&o->run, 10);
}

static void stop(struct opens *o)
{
	close(o->map);
	flow_run_stop(&o->run);
}

static size_t transmit(struct opens *o, const char *hex)
{
	struct frame f = frame_of(hex);

	flow_run_packet(o->run.skel->progs.flowner_out, &f, NULL);
	return f.len;
}

/* The only entry. */
static struct fl_flow_count entry(const struct opens *o)
{
	static const struct reading read = TCP4(0);
	struct fl_flow_key want = key_of(&read, true), key;
	struct fl_flow_count c;

	assert_int_equal(bpf_map_get_next_key(o->map, NULL, &key), 0);
	assert_memory_equal(&key, &want, sizeof(key));
	assert_int_not_equal(bpf_map_get_next_key(o->map, &key, &want), 0);
	assert_int_equal(bpf_map_lookup_elem(o->map, &key, &c), 0);
	return c;
}

TEST(syn)
{
	struct fl_flow_count c;
	struct opens o;

	start(&o, 0);
	transmit(&o, SYN_A);
	transmit(&o, ACK);
	c = entry(&o);
	assert_true(c.packets == 2 && c.tcp_flags == 0x12);
	assert_true(c.isn_known == FL_ISN_SYN && c.isn == 0xaa && c.isn_other == 0);
	stop(&o);
}

TEST(syn_ack)
{
	struct fl_flow_count c;
	struct opens o;

	start(&o, 0);
	transmit(&o, SYN_ACK_A);
	transmit(&o, PUSH);
	c = entry(&o);
	assert_int_equal(c.isn_known, FL_ISN_SYN | FL_ISN_SYNACK);
	assert_true(c.isn == 0xaa && c.isn_other == 0x1000 && c.tcp_flags == 0x1a);
	stop(&o);
}

/* What a SYN-ACK acknowledges may be the first number there is. */
TEST(isn_wraps)
{
	struct fl_flow_count c;
	struct opens o;

	start(&o, 0);
	transmit(&o, SEGMENT("ffffffff", "00000000", "12"));
	c = entry(&o);
	assert_true(c.isn == 0xffffffff && c.isn_other == 0xffffffff && c.isn_known == 3);
	stop(&o);
}

TEST(sent_again)
{
	struct fl_flow_count c;
	struct opens o;

	start(&o, 0);
	for (int i = 0; i < 3; i++)
		transmit(&o, SYN_A);
	flow_run_drain(&o.run);
	assert_int_equal(o.run.n, 0);
	c = entry(&o);
	assert_true(c.packets == 3 && c.isn == 0xaa && c.isn_known == FL_ISN_SYN);
	stop(&o);
}

TEST(another_connection)
{
	struct fl_flow_count before, after, *sent;
	struct opens o;
	size_t len;

	start(&o, 0);
	transmit(&o, SYN_A);
	transmit(&o, ACK);
	transmit(&o, PUSH);
	transmit(&o, FIN);
	before = entry(&o);
	len = transmit(&o, SYN_B);
	after = entry(&o);
	flow_run_drain(&o.run);
	assert_int_equal(o.run.n, 1);
	sent = &o.run.read[0].count;
	assert_memory_equal(sent, &before, sizeof(before));
	assert_true(sent->packets == 4 && sent->isn == 0xaa && sent->tcp_flags == 0x1b);
	assert_true(after.packets == 1 && after.segments == 1 && after.bytes == len);
	assert_true(after.isn == 0xbb && after.isn_known == FL_ISN_SYN && after.tcp_flags == 0x02);
	assert_true(after.first >= before.first && after.cookie);
	/* It is no sign of a map too small. */
	assert_int_equal(flow_run_counters(&o.run).overflowed, 0);
	stop(&o);
}

/* The map was swapped since its beginning, or it began before flowner. */
TEST(no_beginning)
{
	struct fl_flow_count after;
	struct opens o;

	start(&o, 0);
	transmit(&o, ACK);
	transmit(&o, FIN);
	transmit(&o, SYN_B);
	after = entry(&o);
	flow_run_drain(&o.run);
	assert_int_equal(o.run.n, 1);
	assert_int_equal(o.run.read[0].count.packets, 2);
	assert_int_equal(o.run.read[0].count.isn_known, 0);
	assert_true(after.packets == 1 && after.isn == 0xbb);
	stop(&o);
}

/* 0 is a sequence number like any other. */
TEST(number_zero)
{
	struct opens o;

	start(&o, 0);
	transmit(&o, ACK);
	transmit(&o, SEGMENT("00000000", "00000000", "02"));
	transmit(&o, SEGMENT("00000000", "00000000", "02"));
	flow_run_drain(&o.run);
	assert_int_equal(o.run.n, 1);
	assert_true(entry(&o).packets == 2 && entry(&o).isn_known == FL_ISN_SYN);
	stop(&o);
}

TEST(many_connections)
{
	uint64_t made = 0, read = 0, bytes = 0, got_bytes = 0;
	struct fl_flow_counters n;
	struct opens o;

	start(&o, 4096);
	for (int i = 0; i < 200; i++) {
		bytes += transmit(&o, i % 2 ? SYN_A : SYN_B);
		bytes += transmit(&o, ACK);
		made += 2;
	}
	flow_run_drain(&o.run);
	for (size_t i = 0; i < o.run.n; i++) {
		read += o.run.read[i].count.packets;
		got_bytes += o.run.read[i].count.bytes;
	}
	n = flow_run_counters(&o.run);
	assert_int_equal(o.run.n, 25);
	assert_int_equal(n.lost, 2 * (199 - 25));
	assert_int_equal(entry(&o).packets + read + n.lost, made);
	assert_int_equal(entry(&o).bytes + got_bytes + n.lost_bytes, bytes);
	stop(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a SYN gives its sequence number", syn),
		IT("a SYN-ACK gives both", syn_ack),
		IT("numbers wrap", isn_wraps),
		IT("a SYN sent again belongs to its connection", sent_again),
		IT("another SYN takes over, and the earlier counts go to the ring",
		   another_connection),
		IT("it does so where the earlier beginning was not seen", no_beginning),
		IT("0 is a sequence number too", number_zero),
		IT("earlier counts that the ring has no room for are lost, and counted",
		   many_connections),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
