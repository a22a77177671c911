// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The flows programs with the map that flowner gives them: a front, and a hash map behind it.
 */
#include "flow_run.h"

#include <pthread.h>
#include <stdatomic.h>

#include "collect/flow_map.h"

#define SEGMENT(seq, flags) MACS IP4("06") PORTS seq "00000000 50" flags "ffff 0000 0000 "

struct fronted {
	struct flow_run run;
	struct flow_map *map;
	/* What came out of the map. */
	uint64_t entries, packets, bytes;
	struct fl_flow_count last;
	uint8_t seen[65536]; /* times that each source port was handed out */
};

static void start(struct fronted *f, uint32_t max_entries)
{
	memset(f, 0, sizeof(*f));
	flow_run_start(&f->run, &(struct flow_run_opts){0});
	assert_int_equal(flow_map_new(&f->map, bpf_map__fd(f->run.skel->maps.flow_maps),
				      bpf_map__fd(f->run.skel->maps.flow_fronts), max_entries),
			 0);
}

static void stop(struct fronted *f)
{
	flow_map_free(f->map);
	flow_run_stop(&f->run);
}

static void on_entry(void *ctx, const struct fl_flow_key *key, const struct fl_flow_count *c)
{
	struct fronted *f = ctx;

	f->entries++;
	f->packets += c->packets;
	f->bytes += c->bytes;
	f->last = *c;
	f->seen[ntohs(key->sport_be)]++;
}

static void take(struct fronted *f)
{
	uint64_t overflowed = flow_run_counters(&f->run).overflowed;

	assert_int_equal(flow_map_swap(f->map, overflowed), 0);
	assert_int_equal(flow_map_drain(f->map, on_entry, f), 0);
}

static void send_udp(struct fronted *f, uint32_t port, int times)
{
	struct frame frame = frame_of(MACS IP4("11") UDP);

	put_be16(frame.bytes + 34, port);
	flow_run_many(f->run.skel->progs.flowner_in, &frame, times);
}

/* More flows than the front has places, and not so many that the map has to grow. */
TEST(each_once)
{
	static struct fronted f;
	const uint32_t flows = 5000;

	start(&f, 1 << 20);
	for (int again = 0; again < 3; again++) {
		memset(f.seen, 0, sizeof(f.seen));
		f.entries = f.packets = f.bytes = 0;
		for (int round = 0; round < 2; round++)
			for (uint32_t i = 0; i < flows; i++)
				send_udp(&f, 1000 + i, round + 1);
		take(&f);
		assert_int_equal(f.entries, flows);
		assert_int_equal(f.packets, 3 * flows);
		assert_int_equal(f.bytes, 3 * flows * 42);
		for (uint32_t i = 0; i < flows; i++)
			assert_int_equal(f.seen[1000 + i], 1);
	}
	take(&f);
	assert_int_equal(f.entries, flows);
	assert_int_equal(flow_run_counters(&f.run).overflowed, 0);
	stop(&f);
}

static void transmit(struct fronted *f, const char *hex)
{
	struct frame frame = frame_of(hex);

	flow_run_packet(f->run.skel->progs.flowner_out, &frame, NULL);
}

TEST(taken_over)
{
	static struct fronted f;

	start(&f, 1 << 20);
	transmit(&f, SEGMENT("000000aa", "02"));
	transmit(&f, SEGMENT("000000ab", "10"));
	transmit(&f, SEGMENT("000000bb", "02"));
	transmit(&f, SEGMENT("000000bb", "02"));
	flow_run_drain(&f.run);
	assert_int_equal(f.run.n, 1);
	assert_true(f.run.read->count.packets == 2 && f.run.read->count.isn == 0xaa);
	take(&f);
	assert_int_equal(f.entries, 1);
	assert_true(f.last.packets == 2 && f.last.isn == 0xbb && f.last.isn_known == FL_ISN_SYN);
	assert_true(f.last.tcp_flags == 0x02 && f.last.first && f.last.cookie);
	stop(&f);
}

/* A map that is to be small is as small as it is to be. */
TEST(none_where_small)
{
	static struct fronted f;

	start(&f, 10);
	for (uint32_t i = 0; i < 50; i++)
		send_udp(&f, 1000 + i, 1);
	assert_int_equal(flow_run_counters(&f.run).overflowed, 40);
	take(&f);
	assert_int_equal(f.entries, 10);
	stop(&f);
}

struct sender {
	struct fronted *to;
	uint64_t made;
	atomic_bool enough;
	atomic_uint rounds;
};

static void *send_on(void *arg)
{
	struct sender *s = arg;
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (!atomic_load(&s->enough)) {
		for (uint32_t i = 0; i < 3000; i++) {
			send_udp(s->to, 1000 + i, 10);
			s->made += 10;
		}
		atomic_fetch_add(&s->rounds, 1);
	}
	return NULL;
}

TEST(swapped_under_flow)
{
	static struct fronted f;
	struct sender s = {.to = &f};
	pthread_t thread;

	start(&f, 1 << 20);
	assert_int_equal(pthread_create(&thread, NULL, send_on, &s), 0);
	for (int i = 0; i < 40 || (atomic_load(&s.rounds) < 20 && i < 100000); i++)
		take(&f);
	atomic_store(&s.enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	take(&f);
	take(&f);
	assert_int_equal(f.packets, s.made);
	flow_run_drain(&f.run);
	assert_int_equal(f.run.n, 0);
	assert_int_equal(flow_run_counters(&f.run).lost, 0);
	stop(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("flows are handed out once, whether in the front or behind it", each_once),
		IT("another SYN takes over a place in the front", taken_over),
		IT("a small map has no front", none_where_small),
		IT("swapped under flow, front and map hold every packet once", swapped_under_flow),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
