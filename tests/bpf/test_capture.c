// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs of `capture`, as collect/capture_source.h loads them: records of true length, what
 * they say, what they cost where nothing matches, and losses. In BPF_PROG_TEST_RUN, and behind a
 * veth for what that cannot do: long frames and tags.
 */
#include "flow_run.h"

#include <limits.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collect/capture_source.h"
#include "collect/expression.h"
#include "collect/tc_attach.h"
#include "sandbox.h"

#define LINK     77
#define RING     (8u << 20)
#define LONGEST  65535u
#define RUN_MAX  3000u /* of BPF_PROG_TEST_RUN: one page, less what the kernel wants of it */
#define RING_HDR 8u    /* of each record */

struct run {
	struct capture_source *source;
	int in, out;
	/* By the last take(). */
	unsigned int n;
	struct fl_packet p;
	uint8_t data[LONGEST + 64];
};

static struct run r;

static struct expression *compiled(const char *text)
{
	struct expression_options o = {0};
	char why[EXPRESSION_ERROR];
	struct expression *e;

	assert_int_equal(expression_compile(&e, text, &o, why), 0);
	return e;
}

static void start(uint32_t snaplen, size_t ring, const char *expression, bool loopback)
{
	struct expression *e = expression ? compiled(expression) : NULL;
	struct capture_source_options o = {.ethernet = e, .snaplen = snaplen, .ring_size = ring};
	struct capture_link l = {.number = LINK, .ethernet = true, .loopback = loopback};

	assert_int_equal(capture_source_open(&r.source, &o), 0);
	expression_free(e);
	assert_int_equal(capture_source_programs(r.source, &l, &r.in, &r.out), 0);
}

static void stop(void)
{
	capture_source_close(r.source);
	r.source = NULL;
}

static void on_packet(void *ctx, const struct fl_packet *p, const uint8_t *data)
{
	struct run *run = ctx;

	assert_int_equal((uintptr_t)p % 8, 0);
	assert_true(p->caplen <= sizeof(run->data));
	run->n++;
	run->p = *p;
	memcpy(run->data, data, p->caplen);
}

/* What waits; how many. */
static unsigned int take(void)
{
	bool more;
	int n;

	r.n = 0;
	do
		n = capture_source_read(r.source, on_packet, &r, &more);
	while (n > 0);
	assert_int_equal(n, 0);
	return r.n;
}

/* No byte is like its neighbours, and all change with the length. */
static void fill(uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + len);
	if (len >= 14) { /* nothing that BPF_PROG_TEST_RUN looks into */
		b[12] = 0x88;
		b[13] = 0xb5;
	}
}

/* Through the program, which leaves it as it is and to whoever comes next. */
static int run_frame(int fd, const uint8_t *frame, size_t len)
{
	static uint8_t after[LONGEST];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = (uint32_t)len,
		    .data_out = after, .data_size_out = sizeof(after), .repeat = 1);
	int err = bpf_prog_test_run_opts(fd, &o);

	if (err)
		return err;
	assert_int_equal((int)o.retval, -1);
	assert_int_equal(o.data_size_out, len);
	assert_memory_equal(after, frame, len);
	return 0;
}

static void run_many(int fd, const uint8_t *frame, size_t len, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = (uint32_t)len,
		    .repeat = repeat);

	assert_int_equal(bpf_prog_test_run_opts(fd, &o), 0);
	assert_int_equal((int)o.retval, -1);
}

static struct fl_capture_counters counters(uint32_t link)
{
	struct fl_capture_counters c;

	assert_int_equal(capture_source_counters(r.source, link, &c), 0);
	return c;
}

static void assert_counters(uint64_t received, uint64_t matched, uint64_t lost)
{
	struct fl_capture_counters c = counters(LINK);

	assert_int_equal(c.received, received);
	assert_int_equal(c.matched, matched);
	assert_int_equal(c.lost, lost);
}

/* --- records --- */

TEST(every_length)
{
	uint8_t frame[RUN_MAX];

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, false);
	for (size_t len = 14; len <= RUN_MAX; len++) {
		fill(frame, len);
		assert_int_equal(run_frame(len % 2 ? r.in : r.out, frame, len), 0);
		assert_int_equal(take(), 1);
		assert_int_equal(r.p.len, len);
		assert_int_equal(r.p.caplen, len);
		assert_int_equal(r.p.egress, len % 2 == 0);
		assert_memory_equal(r.data, frame, len);
	}
	assert_counters(RUN_MAX - 13, RUN_MAX - 13, 0);
	stop();
}

TEST(snaplen)
{
	static const uint32_t snaplens[] = {16, 17, 60, 128, 1500, 2999};
	uint8_t frame[RUN_MAX];

	for (size_t i = 0; i < COUNT(snaplens); i++) {
		uint32_t snap = snaplens[i];

		start(snap, RING, NULL, false);
		for (size_t len = 14; len <= RUN_MAX;
		     len += len < snap + 3 && len + 3 > snap ? 1 : 97) {
			size_t want = len < snap ? len : snap;

			fill(frame, len);
			assert_int_equal(run_frame(r.in, frame, len), 0);
			assert_int_equal(take(), 1);
			assert_int_equal(r.p.len, len);
			assert_int_equal(r.p.caplen, want);
			assert_memory_equal(r.data, frame, want);
		}
		stop();
	}
}

TEST(every_field)
{
	uint64_t before, after;
	uint8_t frame[60];

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, false);
	fill(frame, sizeof(frame));
	for (int out = 0; out < 2; out++) {
		before = clock_boot_ns();
		assert_int_equal(run_frame(out ? r.out : r.in, frame, sizeof(frame)), 0);
		after = clock_boot_ns();
		assert_int_equal(take(), 1);
		assert_in_range(r.p.time, before, after);
		assert_int_not_equal(r.p.cookie, 0); /* BPF_PROG_TEST_RUN makes a socket */
		assert_int_equal(r.p.lost, 0);
		assert_int_equal(r.p.link, LINK);
		assert_int_equal(r.p.has_vlan, 0);
		assert_int_equal(r.p.egress, out);
		assert_int_equal(r.p.cpu, sched_getcpu());
		for (size_t i = 0; i < sizeof(r.p.pad); i++)
			assert_int_equal(r.p.pad[i], 0);
	}
	stop();
}

TEST(two_links)
{
	struct capture_link other = {.number = 5, .ethernet = true};
	struct capture_link too_many = {.number = CAPTURE_LINKS_MAX, .ethernet = true};
	int in, out;
	uint8_t frame[60];

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, false);
	fill(frame, sizeof(frame));
	assert_int_equal(capture_source_programs(r.source, &other, &in, &out), 0);
	assert_int_equal(run_frame(in, frame, sizeof(frame)), 0);
	assert_int_equal(take(), 1);
	assert_int_equal(r.p.link, 5);
	run_many(r.in, frame, sizeof(frame), 3);
	assert_int_equal(take(), 3);
	assert_int_equal(r.p.link, LINK);
	assert_counters(3, 3, 0);
	assert_int_equal(counters(5).received, 1);
	assert_int_equal(counters(6).received, 0);
	assert_int_equal(capture_source_programs(r.source, &too_many, &in, &out), -ENOSPC);
	stop();
}

TEST(loopback)
{
	uint8_t frame[60];

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, true);
	fill(frame, sizeof(frame));
	assert_int_equal(run_frame(r.out, frame, sizeof(frame)), 0);
	assert_int_equal(take(), 0);
	assert_counters(0, 0, 0);
	assert_int_equal(run_frame(r.in, frame, sizeof(frame)), 0);
	assert_int_equal(take(), 1);
	assert_counters(1, 1, 0);
	stop();
}

/* --- losses --- */

/* So many records of frames of `len` bytes a ring has room for. */
static unsigned int room(size_t ring, size_t len)
{
	size_t record = (RING_HDR + sizeof(struct fl_packet) + len + 7) / 8 * 8;

	/* A ring is never filled to its last byte. */
	return (unsigned int)((ring - 1) / record);
}

TEST(too_small)
{
	const unsigned int sent = 1000;
	uint8_t frame[100];
	uint64_t lost = 0;
	unsigned int kept = room(4096, sizeof(frame));

	start(CAPTURE_SNAPLEN_MAX, 4096, NULL, false);
	fill(frame, sizeof(frame));
	for (unsigned int round = 1; round <= 3; round++) {
		run_many(r.in, frame, sizeof(frame), (int)sent);
		assert_int_equal(take(), kept);
		/* What a record tells is what was lost before it. */
		assert_int_equal(r.p.lost, lost);
		lost += sent - kept;
		assert_counters((uint64_t)round * sent, (uint64_t)round * sent, lost);
		assert_memory_equal(r.data, frame, sizeof(frame));
	}
	run_many(r.in, frame, sizeof(frame), 1);
	assert_int_equal(take(), 1);
	assert_int_equal(r.p.lost, lost);
	stop();
}

/* One has room, a second has not; what is short enough still comes. */
TEST(lost_alone)
{
	uint8_t frame[RUN_MAX];
	struct capture_link other = {.number = 5, .ethernet = true};
	int in, out;

	start(CAPTURE_SNAPLEN_MAX, 4096, NULL, false);
	assert_int_equal(capture_source_programs(r.source, &other, &in, &out), 0);
	fill(frame, RUN_MAX);
	assert_int_equal(run_frame(r.in, frame, RUN_MAX), 0);
	assert_int_equal(run_frame(r.in, frame, RUN_MAX), 0);
	assert_counters(2, 2, 1);
	/* Another link's losses are its own. */
	assert_int_equal(run_frame(in, frame, RUN_MAX), 0);
	assert_int_equal(counters(5).lost, 1);
	assert_counters(2, 2, 1);
	assert_int_equal(take(), 1);
	assert_int_equal(run_frame(r.in, frame, 14), 0);
	assert_int_equal(take(), 1);
	assert_int_equal(r.p.lost, 1);
	stop();
}

/* --- an expression in front --- */

TEST(no_match_no_room)
{
	uint8_t frame[100], other[100];
	unsigned int kept = room(4096, sizeof(frame));

	start(CAPTURE_SNAPLEN_MAX, 4096, "ether proto 0x88b5 and ether[20] = 0xaa", false);
	fill(frame, sizeof(frame));
	memcpy(other, frame, sizeof(frame));
	frame[20] = 0xaa;
	other[20] = 0xab;
	run_many(r.in, frame, sizeof(frame), (int)kept - 1);
	run_many(r.in, other, sizeof(other), 10000);
	assert_counters(kept - 1 + 10000, kept - 1, 0);
	/* There is room for one more, and for no other. */
	assert_int_equal(run_frame(r.out, frame, sizeof(frame)), 0);
	assert_counters(kept + 10000, kept, 0);
	assert_int_equal(run_frame(r.out, frame, sizeof(frame)), 0);
	assert_counters(kept + 10001, kept + 1, 1);
	assert_int_equal(take(), kept);
	assert_memory_equal(r.data, frame, sizeof(frame));
	assert_int_equal(take(), 0);
	stop();
}

/* Where the program asks, nothing has been cut yet. */
TEST(behind_snaplen)
{
	uint8_t frame[RUN_MAX];

	start(64, RING, "ether[2999] = 0x5a and len = 3000", false);
	fill(frame, RUN_MAX);
	frame[RUN_MAX - 1] = 0x5a;
	assert_int_equal(run_frame(r.in, frame, RUN_MAX), 0);
	assert_int_equal(take(), 1);
	assert_int_equal(r.p.caplen, 64);
	assert_int_equal(r.p.len, RUN_MAX);
	frame[RUN_MAX - 1] = 0x5b;
	assert_int_equal(run_frame(r.in, frame, RUN_MAX), 0);
	assert_int_equal(take(), 0);
	assert_counters(2, 1, 0);
	stop();
}

/* --- on a device --- */

struct wire {
	struct tc_attachment *at;
	int socket;
};

/* t0 → t1, whose programs these are. */
static struct wire wire_up(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	struct wire w = {.socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};

	RUN_SH("ip link add t0 type veth peer name t1 && "
	       "sysctl -qw net.ipv6.conf.t0.disable_ipv6=1 net.ipv6.conf.t1.disable_ipv6=1 && "
	       "ip link set t0 up arp off mtu 65535 && ip link set t1 up arp off mtu 65535");
	assert_true(w.socket >= 0);
	to.sll_ifindex = (int)if_nametoindex("t0");
	assert_int_equal(bind(w.socket, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(tc_attach(&w.at, if_nametoindex("t1"), r.in, r.out, TC_TCX), 0);
	return w;
}

static void wire_down(struct wire *w)
{
	tc_detach(w->at);
	close(w->socket);
	RUN_SH("ip link del t0");
}

static void send_frame(const struct wire *w, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(w->socket, frame, len, 0), len);
	/* A veth's other end has it when the CPU comes to it. */
	for (int i = 0; i < 2000 && !take(); i++)
		usleep(1000);
	assert_int_equal(r.n, 1);
}

TEST(long_frames)
{
	static const size_t lengths[] = {3711, 4095, 4096, 4097, 9014, 32768, 65534, LONGEST};
	static uint8_t frame[LONGEST];
	struct wire w;

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, false);
	w = wire_up();
	for (size_t i = 0; i < COUNT(lengths); i++) {
		fill(frame, lengths[i]);
		send_frame(&w, frame, lengths[i]);
		assert_int_equal(r.p.len, lengths[i]);
		assert_int_equal(r.p.caplen, lengths[i]);
		assert_int_equal(r.p.egress, 0);
		assert_memory_equal(r.data, frame, lengths[i]);
	}
	wire_down(&w);
	stop();
}

/* Which the receiving side takes out of the frame. */
TEST(tag_beside)
{
	static const uint8_t tags[][4] = {{0x81, 0, 0xa1, 0x23}, {0x88, 0xa8, 0, 0}};
	uint8_t frame[104];
	struct wire w;

	start(CAPTURE_SNAPLEN_MAX, RING, NULL, false);
	w = wire_up();
	for (size_t i = 0; i < COUNT(tags); i++) {
		fill(frame, 100);
		memmove(frame + 16, frame + 12, 88);
		memcpy(frame + 12, tags[i], 4);
		send_frame(&w, frame, sizeof(frame));
		assert_int_equal(r.p.has_vlan, 1);
		assert_memory_equal(&r.p.vlan_proto, tags[i], 2);
		assert_int_equal(r.p.vlan_tci, tags[i][2] << 8 | tags[i][3]);
		assert_int_equal(r.p.len, 100);
		assert_int_equal(r.p.caplen, 100);
		assert_memory_equal(r.data, frame, 12);
		assert_memory_equal(r.data + 12, frame + 16, 88);
	}
	wire_down(&w);
	stop();
}

static int tests_run(void)
{
	static const struct CMUnitTest tests[] = {
		IT("frames of 14 to 3000 bytes, whole", every_length),
		IT("no more of them than snaplen", snaplen),
		IT("what a record says of its packet", every_field),
		IT("each link has its number and counters", two_links),
		IT("of a loopback device one direction is enough", loopback),
		IT("what found no room is counted, and told later", too_small),
		IT("what is lost is one link's, and shorter packets still come", lost_alone),
		IT("what the expression does not want takes no room", no_match_no_room),
		IT("the expression sees all of a packet", behind_snaplen),
		IT("frames of up to 65535 bytes through a veth", long_frames),
		IT("a tag beside the frame", tag_beside),
	};

	bpf_log_init();
	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}

int main(void)
{
	return sandbox_run(tests_run);
}
