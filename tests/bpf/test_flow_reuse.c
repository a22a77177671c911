// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * reuse.bpf.h: a SYN ends what other CPUs have of its tuple. The tests run on one CPU; what others
 * have is put into the map by hand, or made there before the test moves on.
 */
#include "flow_run.h"

#define NCPUS 8
#define ROOM  100
#define BEGAN 12345u /* a time long ago */

#define SEGMENT(ports, seq, flags) MACS IP4("06") ports seq "00001001 50" flags "ffff 0000 0000 "
#define SYN_A                      SEGMENT(PORTS, "000000aa", "02")
#define SYN_B                      SEGMENT(PORTS, "000000bb", "02")
#define SYN_ACK_B                  SEGMENT(PORTS, "000000bb", "12")
#define SYN_ZERO                   SEGMENT(PORTS, "00000000", "02")
#define ACK                        SEGMENT(PORTS, "000000ab", "10")
#define NO_FLAGS                   SEGMENT(PORTS, "000000ab", "00")
#define OTHER_SYN                  SEGMENT("9c41 01bb ", "000000bb", "02")

static const struct reading tuple = TCP4(0);

struct reuse {
	struct flow_run run;
	int map, cpu;
};

static void set_bits(struct reuse *r, uint64_t bits)
{
	int fd = bpf_map__fd(r->run.skel->maps.reuse_begun);

	for (uint32_t i = 0; i < FL_REUSE_WORDS; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, &bits, BPF_ANY), 0);
}

static size_t count_bits(const struct reuse *r)
{
	int fd = bpf_map__fd(r->run.skel->maps.reuse_begun);
	size_t n = 0;

	for (uint32_t i = 0; i < FL_REUSE_WORDS; i++) {
		uint64_t word;

		assert_int_equal(bpf_map_lookup_elem(fd, &i, &word), 0);
		n += (size_t)__builtin_popcountll(word);
	}
	return n;
}

/* All bits are set: what other CPUs have was begun. */
static void start(struct reuse *r, uint32_t ncpus)
{
	flow_run_start(&r->run, &(struct flow_run_opts){.ncpus = ncpus});
	r->map = flow_run_map(&r->run, ROOM);
	r->cpu = sched_getcpu();
	set_bits(r, ~0ULL);
}

static void stop(struct reuse *r)
{
	close(r->map);
	flow_run_stop(&r->run);
}

static size_t transmit(struct reuse *r, const char *hex)
{
	struct frame f = frame_of(hex);

	flow_run_packet(r->run.skel->progs.flowner_out, &f, NULL);
	return f.len;
}

static int another_cpu(const struct reuse *r)
{
	return (r->cpu + 3) % NCPUS;
}

/* The tuple's on that CPU, as the programs send. */
static struct fl_flow_key key_on(int cpu)
{
	struct fl_flow_key k = key_of(&tuple, true);

	k.bits &= ~FL_BITS_PUT(~0ULL, FL_BITS_CPU);
	k.bits |= FL_BITS_PUT(cpu, FL_BITS_CPU);
	return k;
}

static struct fl_flow_count counted(uint8_t isn_known, uint32_t isn)
{
	return (struct fl_flow_count){.packets = 7,
				      .segments = 9,
				      .bytes = 700,
				      .header_bytes = 3,
				      .first = BEGAN,
				      .last = BEGAN + 1,
				      .cookie = 4242,
				      .cgroup = 77,
				      .isn = isn,
				      .tcp_flags = 0x1b,
				      .isn_known = isn_known};
}

static void put_entry(struct reuse *r, const struct fl_flow_key *k, struct fl_flow_count c)
{
	assert_int_equal(bpf_map_update_elem(r->map, k, &c, BPF_ANY), 0);
}

static struct fl_flow_count entry(const struct reuse *r, const struct fl_flow_key *k)
{
	struct fl_flow_count c;

	assert_int_equal(bpf_map_lookup_elem(r->map, k, &c), 0);
	return c;
}

/* Does the packet end an entry like that? And nothing else of it changes. */
static bool ends(struct reuse *r, const char *hex, const struct fl_flow_key *k,
		 struct fl_flow_count c)
{
	struct fl_flow_count after;
	bool over;

	put_entry(r, k, c);
	transmit(r, hex);
	after = entry(r, k);
	over = after.over;
	after.over = 0;
	assert_memory_equal(&after, &c, sizeof(c));
	flow_run_drain(&r->run);
	return over;
}

static void forget_own(struct reuse *r)
{
	struct fl_flow_key k = key_on(r->cpu);

	bpf_map_delete_elem(r->map, &k);
}

/* --- what ends --- */

/* With an entry on the SYN's CPU, and without. */
TEST(another_syn)
{
	for (int own = 0; own < 2; own++) {
		struct fl_flow_key k;
		struct reuse r;

		start(&r, NCPUS);
		k = key_on(another_cpu(&r));
		for (int i = 0; i < 3; i++) {
			struct fl_flow_count c = counted(i ? FL_ISN_SYN : 0, i == 1 ? 0xaa : 0);

			forget_own(&r);
			if (own)
				transmit(&r, ACK);
			assert_true(ends(&r, SYN_B, &k, c));
			forget_own(&r);
			if (own)
				transmit(&r, ACK);
			assert_true(ends(&r, SYN_ACK_B, &k, c));
		}
		/* Its isn is 0 because there is none. */
		forget_own(&r);
		assert_true(ends(&r, SYN_ZERO, &k, counted(0, 0)));
		stop(&r);
	}
}

TEST(all_cpus)
{
	struct fl_flow_key k;
	struct reuse r;

	start(&r, NCPUS);
	for (int cpu = 0; cpu < NCPUS + 2; cpu++) {
		k = key_on(cpu);
		if (cpu != r.cpu)
			put_entry(&r, &k, counted(0, 0));
	}
	transmit(&r, SYN_B);
	for (int cpu = 0; cpu < NCPUS + 2; cpu++) {
		k = key_on(cpu);
		assert_int_equal(entry(&r, &k).over, cpu != r.cpu && cpu < NCPUS);
	}
	stop(&r);
}

TEST(same_syn)
{
	for (int own = 0; own < 2; own++) {
		struct fl_flow_key k;
		struct reuse r;

		start(&r, NCPUS);
		k = key_on(another_cpu(&r));
		if (own)
			transmit(&r, SYN_B);
		assert_false(ends(&r, SYN_B, &k, counted(FL_ISN_SYN, 0xbb)));
		assert_false(ends(&r, SYN_B, &k, counted(FL_ISN_SYN | FL_ISN_SYNACK, 0xbb)));
		assert_false(ends(&r, SYN_ZERO, &k, counted(FL_ISN_SYN, 0)));
		stop(&r);
	}
}

/* One that this CPU has counted already ends nothing: the others' packets are its own. */
TEST(syn_again)
{
	struct fl_flow_key k;
	struct reuse r;

	start(&r, NCPUS);
	k = key_on(another_cpu(&r));
	transmit(&r, SYN_B);
	assert_false(ends(&r, SYN_B, &k, counted(0, 0)));
	stop(&r);
}

TEST(no_syn)
{
	struct fl_flow_key k;
	struct reuse r;

	start(&r, NCPUS);
	k = key_on(another_cpu(&r));
	assert_false(ends(&r, ACK, &k, counted(FL_ISN_SYN, 0xaa)));
	assert_false(ends(&r, ACK, &k, counted(0, 0)));
	stop(&r);
}

TEST(other_tuple)
{
	struct fl_flow_key k, other;
	struct reuse r;

	start(&r, NCPUS);
	k = key_on(another_cpu(&r));
	assert_false(ends(&r, OTHER_SYN, &k, counted(FL_ISN_SYN, 0xaa)));
	for (int i = 0; i < 5; i++) {
		other = k;
		if (i == 0)
			other.ifindex++;
		else if (i == 1)
			other.bits ^= FL_BITS_PUT(1, FL_BITS_EGRESS);
		else if (i == 2)
			other.bits ^= FL_BITS_PUT(1, FL_BITS_SLOT);
		else if (i == 3)
			other.bits |= FL_BITS_PUT(1, FL_BITS_TAGGED);
		else
			other.src[15]++;
		forget_own(&r);
		assert_false(ends(&r, SYN_B, &other, counted(FL_ISN_SYN, 0xaa)));
	}
	stop(&r);
}

TEST(not_begun)
{
	struct fl_flow_key k;
	struct reuse r;

	start(&r, NCPUS);
	set_bits(&r, 0);
	k = key_on(another_cpu(&r));
	assert_false(ends(&r, SYN_B, &k, counted(FL_ISN_SYN, 0xaa)));
	/* That one has begun now. */
	assert_true(ends(&r, SYN_A, &k, counted(FL_ISN_SYN, 0xbb)));
	stop(&r);
}

/* --- what is over --- */

static void assert_afresh(const struct fl_flow_count *c, size_t len)
{
	assert_true(c->packets == 1 && c->segments == 1 && c->bytes == len);
	assert_true(c->header_bytes == 0 && !c->over);
	assert_true(c->first > BEGAN && c->cookie && c->cookie != 4242 && c->cgroup != 77);
}

TEST(over)
{
	static const char *const next[] = {ACK, SYN_B, SYN_ACK_B};

	for (size_t i = 0; i < COUNT(next); i++) {
		struct fl_flow_count c = counted(FL_ISN_SYN, 0xaa), after;
		struct fl_flow_key k;
		struct reuse r;
		size_t len;

		start(&r, NCPUS);
		c.over = 1;
		k = key_on(r.cpu);
		put_entry(&r, &k, c);
		len = transmit(&r, next[i]);
		flow_run_drain(&r.run);
		assert_int_equal(r.run.n, 1);
		assert_memory_equal(&r.run.read[0].key, &k, sizeof(k));
		assert_memory_equal(&r.run.read[0].count, &c, sizeof(c));
		after = entry(&r, &k);
		assert_afresh(&after, len);
		assert_int_equal(after.isn_known, i == 0 ? 0 : i == 1 ? 1 : 3);
		assert_int_equal(after.isn, i ? 0xbb : 0);
		assert_int_equal(after.isn_other, i == 2 ? 0x1000 : 0);
		assert_int_equal(after.tcp_flags, i == 0 ? 0x10 : i == 1 ? 0x02 : 0x12);
		/* It is over no more. */
		transmit(&r, ACK);
		flow_run_drain(&r.run);
		assert_int_equal(r.run.n, 0);
		assert_int_equal(entry(&r, &k).packets, 2);
		assert_int_equal(flow_run_counters(&r.run).overflowed, 0);
		stop(&r);
	}
}

static int other_allowed_cpu(const cpu_set_t *all, int cpu)
{
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (i != cpu && CPU_ISSET(i, all))
			return i;
	return -1;
}

static bool move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0 && sched_getcpu() == cpu;
}

static cpu_set_t at_first;

/* No entry made by hand: the hash that the bit is found by is the same on both. */
TEST(two_cpus)
{
	struct fl_flow_key here, there;
	struct reuse r;
	int cpu;

	start(&r, (uint32_t)libbpf_num_possible_cpus());
	set_bits(&r, 0);
	cpu = other_allowed_cpu(&at_first, r.cpu);
	if (cpu < 0) {
		stop(&r);
		skip();
	}
	here = key_on(r.cpu);
	there = key_on(cpu);
	transmit(&r, SYN_A);
	assert_true(move_to(cpu));
	transmit(&r, ACK);
	assert_false(entry(&r, &here).over);
	assert_true(move_to(r.cpu));
	transmit(&r, SYN_B);
	assert_false(entry(&r, &here).over);
	assert_true(entry(&r, &there).over);
	assert_true(move_to(cpu));
	transmit(&r, ACK);
	flow_run_drain(&r.run);
	assert_int_equal(r.run.n, 2);
	assert_memory_equal(&r.run.read[0].key, &here, sizeof(here));
	assert_memory_equal(&r.run.read[1].key, &there, sizeof(there));
	assert_int_equal(r.run.read[1].count.packets, 1);
	assert_true(move_to(r.cpu));
	stop(&r);
}

/* --- what begins --- */

static size_t bits_of(const char *hex)
{
	struct reuse r;
	size_t n;

	start(&r, NCPUS);
	set_bits(&r, 0);
	transmit(&r, hex);
	transmit(&r, hex);
	n = count_bits(&r);
	stop(&r);
	return n;
}

TEST(begun)
{
	assert_int_equal(bits_of(SYN_A), 1);
	assert_int_equal(bits_of(ACK), 1);
	assert_int_equal(bits_of(NO_FLAGS), 1);
	assert_int_equal(bits_of(MACS IP6("06") TCP("10")), 1);
	assert_int_equal(bits_of(MACS TAG("0064") IP4("06") TCP("10")), 1);
	assert_int_equal(bits_of(MACS IP4("11") UDP), 0);
	assert_int_equal(bits_of(MACS IP4("01") "0800 0000 beef 0001"), 0);
	assert_int_equal(bits_of(MACS ARP("0006")), 0);
	assert_int_equal(bits_of(MACS "88b5 " DATA), 0);
}

/* A fragment's ports are those of its first one, its flags are not there. */
TEST(begun_by_fragment)
{
	struct reuse r;

	start(&r, NCPUS);
	transmit(&r, MACS FRAG4("06", "0007", "2000") TCP("10") DATA);
	forget_own(&r);
	set_bits(&r, 0);
	transmit(&r, MACS FRAG4("06", "0007", "0003") DATA);
	assert_int_equal(count_bits(&r), 1);
	stop(&r);
}

TEST(spread)
{
	struct frame f = frame_of(ACK);
	struct reuse r;

	start(&r, NCPUS);
	set_bits(&r, 0);
	/* Ports and addresses one after the other, as they are given. */
	for (size_t i = 0; i < 2000; i++) {
		put_be16(f.bytes + 34, 32768 + i);
		f.bytes[29] = (uint8_t)(i % 7);
		flow_run_packet(r.run.skel->progs.flowner_out, &f, NULL);
	}
	/* Of 65536 at random: 1970. */
	assert_in_range(count_bits(&r), 1900, 2000);
	stop(&r);
}

/* --- any order --- */

TEST(sums)
{
	static const char *const packets[] = {SYN_A, SYN_B, SYN_ACK_B, SYN_ZERO,
					      ACK,   ACK,   NO_FLAGS};
	uint64_t made = 0, bytes = 0, read = 0, read_bytes = 0;
	struct fl_flow_key k, next;
	struct reuse r;

	srand(1);
	start(&r, NCPUS);
	for (int i = 0; i < 5000; i++) {
		k = key_on(rand() % NCPUS);
		if (rand() % 3) {
			bytes += transmit(&r, packets[(size_t)rand() % COUNT(packets)]);
			made++;
		} else if (rand() % 2) {
			struct fl_flow_count c = counted(rand() % 2, rand() % 2 ? 0xaa : 0xbb),
					     had = {0};

			/* Another CPU's packets; or this one's, marked by another. */
			if (!bpf_map_lookup_elem(r.map, &k, &had))
				c = had;
			c.packets += 5;
			c.bytes += 500;
			made += c.packets - had.packets;
			bytes += c.bytes - had.bytes;
			c.over = rand() % 2;
			put_entry(&r, &k, c);
		}
		if (i % 50)
			continue;
		flow_run_drain(&r.run);
		for (size_t n = 0; n < r.run.n; n++) {
			read += r.run.read[n].count.packets;
			read_bytes += r.run.read[n].count.bytes;
		}
	}
	flow_run_drain(&r.run);
	for (size_t n = 0; n < r.run.n; n++) {
		read += r.run.read[n].count.packets;
		read_bytes += r.run.read[n].count.bytes;
	}
	assert_true(read > 0 && read < made);
	for (bool more = !bpf_map_get_next_key(r.map, NULL, &k); more; k = next) {
		read += entry(&r, &k).packets;
		read_bytes += entry(&r, &k).bytes;
		more = !bpf_map_get_next_key(r.map, &k, &next);
	}
	assert_int_equal(read, made);
	assert_int_equal(read_bytes, bytes);
	assert_int_equal(flow_run_counters(&r.run).lost, 0);
	stop(&r);
}

static int setup(void **state)
{
	if (sched_getaffinity(0, sizeof(at_first), &at_first))
		return -1;
	return flow_run_setup(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a SYN ends what another CPU has of its tuple", another_syn),
		IT("…what all others have, and not what its own has begun", all_cpus),
		IT("a SYN seen by both is of one connection", same_syn),
		IT("one that is sent again ends nothing", syn_again),
		IT("nor does what is no SYN", no_syn),
		IT("nor one of another tuple, link, direction or VLAN", other_tuple),
		IT("where nothing has begun nothing is looked for", not_begun),
		IT("what is over goes to the ring with the next packet", over),
		IT("a connection that moves between two CPUs", two_cpus),
		IT("whatever TCP begins is noted, and nothing else", begun),
		IT("…also what begins with a fragment", begun_by_fragment),
		IT("tuples that are much alike are noted apart", spread),
		IT("no packet is lost or counted twice, in any order", sums),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
