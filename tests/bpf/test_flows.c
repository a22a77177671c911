// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flows.bpf.c around the parser: what is in the maps, in the ring and lost makes up what was run.
 *
 *	ring of 4096 bytes: 25 records of 152 + 8 bytes
 */
#include "flow_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define RING_FITS 25u

struct total {
	uint64_t flows, packets, segments, bytes;
};

static void total_add(struct total *t, const struct fl_flow_count *c)
{
	t->flows++;
	t->packets += c->packets;
	t->segments += c->segments;
	t->bytes += c->bytes;
}

static struct total in_map(int fd)
{
	struct total t = {0};
	struct fl_flow_key key;
	struct fl_flow_count c;

	for (void *from = NULL; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &c), 0);
		total_add(&t, &c);
	}
	return t;
}

static struct total in_ring(struct flow_run *run)
{
	struct total t = {0};

	flow_run_drain(run);
	for (size_t i = 0; i < run->n; i++)
		total_add(&t, &run->read[i].count);
	return t;
}

/* UDP over IPv4 from port `n`, of 42 + n % 10 bytes. */
static struct frame udp_from(uint16_t n)
{
	struct frame f = frame_of(MACS IP4("11") UDP ">");

	put_be16(f.bytes + 34, n);
	memset(f.bytes + f.len, 0, n % 10u);
	f.len += n % 10u;
	return f;
}

static struct fl_flow_count count_of(int fd, const struct reading *r, bool egress)
{
	struct fl_flow_key key = key_of(r, egress);
	struct fl_flow_count c;

	assert_int_equal(bpf_map_lookup_elem(fd, &key, &c), 0);
	return c;
}

TEST(adds_up)
{
	static const struct reading read = TCP4(0);
	struct frame ack = frame_of(MACS IP4("06") TCP("10"));
	struct frame push = frame_of(MACS IP4("06") TCP("18") DATA);
	struct flow_run_gso gso = {5, 1000};
	struct flow_run run;
	struct fl_flow_count c;
	int fd;

	flow_run_start(&run, &(struct flow_run_opts){0});
	fd = flow_run_map(&run, 100);
	flow_run_many(run.skel->progs.flowner_out, &ack, 1);
	c = count_of(fd, &read, true);
	assert_true(c.packets == 1 && c.segments == 1 && c.bytes == ack.len && c.first);
	assert_true(c.tcp_flags == 0x10 && !c.last && !c.isn_known && c.cookie);
	flow_run_many(run.skel->progs.flowner_out, &ack, 999);
	flow_run_many(run.skel->progs.flowner_out, &push, 3000);
	flow_run_packet(run.skel->progs.flowner_out, &push, &gso);
	flow_run_many(run.skel->progs.flowner_in, &push, 7);
	c = count_of(fd, &read, true);
	assert_int_equal(c.packets, 4001);
	assert_int_equal(c.segments, 4005);
	assert_int_equal(c.bytes, 1000 * ack.len + 3001 * push.len);
	assert_true(c.tcp_flags == 0x18 && c.last);
	c = count_of(fd, &read, false);
	assert_int_equal(c.packets, 7);
	assert_int_equal(in_map(fd).flows, 2);
	assert_int_equal(in_ring(&run).packets, 0);
	close(fd);
	flow_run_stop(&run);
}

static uint64_t coarse_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC_COARSE, &t), 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * Never later than the clock, and no more than two ticks behind it; but where a tick that makes up
 * for many has moved jiffies and not yet the clock.
 */
TEST(last_goes_on)
{
	static const struct reading read = V4(17, .sport = 1000, .dport = 443);
	struct frame f = udp_from(1000);
	uint64_t before, last = 0;
	struct fl_flow_count c;
	struct timespec tick;
	struct flow_run run;
	unsigned changes = 0, behind = 0;
	int fd;

	assert_int_equal(clock_getres(CLOCK_MONOTONIC_COARSE, &tick), 0);
	flow_run_start(&run, &(struct flow_run_opts){0});
	fd = flow_run_map(&run, 10);
	flow_run_many(run.skel->progs.flowner_in, &f, 1);
	while (changes < 20) {
		before = coarse_ns();
		flow_run_many(run.skel->progs.flowner_in, &f, 1);
		c = count_of(fd, &read, false);
		assert_true(c.last <= coarse_ns());
		behind += c.last + 2 * (uint64_t)tick.tv_nsec < before;
		assert_true(c.last >= last);
		changes += c.last != last;
		last = c.last;
	}
	assert_true(behind <= 1);
	close(fd);
	flow_run_stop(&run);
}

/* Each packet twice: once it makes an entry, once it finds one. */
TEST(all_kinds)
{
	struct total made = {0}, map, ring;
	struct flow_run run;
	int fd;

	flow_run_start(&run, &(struct flow_run_opts){0});
	fd = flow_run_map(&run, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct frame f = frame_of(rows[i].hex);

		for (int times = 0; times < 2; times++)
			flow_run_packet(run.skel->progs.flowner_in, &f, NULL);
		made.packets += 2;
		made.bytes += 2 * f.len;
	}
	map = in_map(fd);
	ring = in_ring(&run); /* what was counted before another connection's SYN */
	assert_int_equal(map.packets + ring.packets, made.packets);
	assert_int_equal(map.segments, map.packets);
	assert_int_equal(map.bytes + ring.bytes, made.bytes);
	assert_int_equal(flow_run_counters(&run).overflowed, 0);
	close(fd);
	flow_run_stop(&run);
}

/* --- no room --- */

struct sum_case {
	uint32_t entries, ring_bytes; /* 0 entries: no map at all */
	uint16_t flows;
	int times;
	bool drain; /* after each packet */
};

static void sum_up(const struct sum_case *s)
{
	struct total made = {0}, map = {0}, ring = {0}, some;
	struct fl_flow_counters n;
	struct flow_run run;
	int fd = -1;

	flow_run_start(&run, &(struct flow_run_opts){.ring_bytes = s->ring_bytes});
	if (s->entries)
		fd = flow_run_map(&run, s->entries);
	for (int t = 0; t < s->times; t++) {
		for (uint16_t i = 0; i < s->flows; i++) {
			struct frame f = udp_from((uint16_t)(1000 + i));

			flow_run_packet(run.skel->progs.flowner_in, &f, NULL);
			made.packets++;
			made.bytes += f.len;
			if (!s->drain)
				continue;
			some = in_ring(&run);
			ring.packets += some.packets;
			ring.bytes += some.bytes;
		}
	}
	some = in_ring(&run);
	ring.packets += some.packets;
	ring.bytes += some.bytes;
	if (fd >= 0)
		map = in_map(fd);
	n = flow_run_counters(&run);
	assert_int_equal(map.flows, s->entries);
	assert_int_equal(map.packets, s->entries * (unsigned)s->times);
	assert_int_equal(n.overflowed, ring.packets);
	assert_int_equal(map.packets + ring.packets + n.lost, made.packets);
	assert_int_equal(map.bytes + ring.bytes + n.lost_bytes, made.bytes);
	if (s->ring_bytes && !s->drain)
		assert_int_equal(ring.packets, RING_FITS);
	else
		assert_int_equal(n.lost, 0);
	if (fd >= 0)
		close(fd);
	flow_run_stop(&run);
}

TEST(full_map)
{
	sum_up(&(struct sum_case){.entries = 4, .flows = 50, .times = 20});
}

TEST(full_map_and_ring)
{
	sum_up(&(struct sum_case){.entries = 4, .ring_bytes = 4096, .flows = 50, .times = 20});
	sum_up(&(struct sum_case){
		.entries = 4, .ring_bytes = 4096, .flows = 50, .times = 20, .drain = true});
}

TEST(no_map)
{
	sum_up(&(struct sum_case){.flows = 50, .times = 20});
	sum_up(&(struct sum_case){.ring_bytes = 4096, .flows = 50, .times = 20});
}

TEST(lost_is_told)
{
	struct frame f = udp_from(1000);
	struct flow_run run;

	flow_run_start(&run, &(struct flow_run_opts){.ring_bytes = 4096});
	flow_run_many(run.skel->progs.flowner_in, &f, 100);
	flow_run_drain(&run);
	assert_int_equal(run.n, RING_FITS);
	assert_int_equal(run.read[RING_FITS - 1].hdr.lost, 0);
	flow_run_many(run.skel->progs.flowner_in, &f, 1);
	flow_run_drain(&run);
	assert_int_equal(run.n, 1);
	assert_int_equal(run.read[0].hdr.lost, 100 - RING_FITS);
	assert_int_equal(flow_run_counters(&run).lost_bytes, (100 - RING_FITS) * f.len);
	flow_run_stop(&run);
}

/* --- maps swapped --- */

struct sender {
	struct flow_run *run;
	uint64_t made;
	atomic_bool enough;
	atomic_uint rounds;
};

static void *send_on(void *arg)
{
	struct sender *s = arg;
	cpu_set_t all;

	/* On another CPU, where there is one; the key's CPU is not looked at here. */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (!atomic_load(&s->enough)) {
		for (uint16_t i = 0; i < 3; i++) {
			struct frame f = udp_from((uint16_t)(2000 + i));

			flow_run_many(s->run->skel->progs.flowner_in, &f, 1000);
			s->made += 1000;
		}
		atomic_fetch_add(&s->rounds, 1);
	}
	return NULL;
}

/* After the swap no program has the old map in hand, so it can be read at leisure. */
TEST(swapped_under_flow)
{
	struct flow_run run;
	struct sender s = {.run = &run};
	struct total sum = {0};
	unsigned maps_with_packets = 0;
	pthread_t thread;
	int old;

	flow_run_start(&run, &(struct flow_run_opts){0});
	old = flow_run_map(&run, 100);
	assert_int_equal(pthread_create(&thread, NULL, send_on, &s), 0);
	for (int i = 0; i < 40 || (atomic_load(&s.rounds) < 20 && i < 100000); i++) {
		int next = flow_run_map(&run, 100);
		struct total t = in_map(old), again = in_map(old);

		assert_memory_equal(&t, &again, sizeof(t));
		sum.packets += t.packets;
		maps_with_packets += t.packets != 0;
		close(old);
		old = next;
	}
	atomic_store(&s.enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sum.packets += in_map(old).packets;
	close(old);
	assert_true(maps_with_packets > 1);
	assert_int_equal(sum.packets + in_ring(&run).packets, s.made);
	assert_int_equal(flow_run_counters(&run).lost, 0);
	flow_run_stop(&run);
}

TEST(swapped)
{
	static const struct reading read = V4(17, .sport = 1000, .dport = 443);
	struct frame f = udp_from(1000);
	struct flow_run run;
	int one, two;

	flow_run_start(&run, &(struct flow_run_opts){0});
	one = flow_run_map(&run, 10);
	flow_run_many(run.skel->progs.flowner_in, &f, 10);
	two = flow_run_map(&run, 10);
	flow_run_many(run.skel->progs.flowner_in, &f, 7);
	assert_int_equal(count_of(one, &read, false).packets, 10);
	assert_int_equal(count_of(two, &read, false).packets, 7);
	assert_true(count_of(two, &read, false).first >= count_of(one, &read, false).first);
	close(one);
	close(two);
	flow_run_stop(&run);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a flow's packets, segments, bytes and flags add up", adds_up),
		IT("the time of the last packet goes on with the clock", last_goes_on),
		IT("packets of all kinds are counted, unchanged, and left to the next", all_kinds),
		IT("what a full map does not take is in the ring", full_map),
		IT("what neither takes is lost, and counted to the byte", full_map_and_ring),
		IT("with no map every packet is in the ring, or lost", no_map),
		IT("a record says how many were lost before it", lost_is_told),
		IT("a map taken away keeps its counts, the next begins", swapped),
		IT("swapped under flow, maps hold every packet once", swapped_under_flow),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
