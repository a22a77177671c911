// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Expressions on a device, as capture has them: a program in front, the expression, a program
 * behind. Frames are sent through a veth, whose other end takes a tag off and keeps it beside them
 * (skb_vlan_untag); libpcap is asked about the frame that was sent.
 *
 *	t0 ---- t1	before, expression, behind
 */
#include "cbpf_random.h"

#include <inttypes.h>

#include "collect/tc_attach.h"
#include "sandbox.h"
#include "tests_expression.skel.h"

#define SHARE    40 /* each expression sees one of so many frames */
#define PROGRAMS 2000

struct wire {
	struct tests_expression_bpf *skel;
	struct tc_attachment *at;
	struct corpus frames;
	int socket;
	size_t sent, matched;
};

/* --- frames --- */

static void add_tagged(struct corpus *c, const struct frame *f, const uint8_t tag[4])
{
	struct frame g = *f;

	if (f->len + 4 > FRAME_MAX)
		return;
	memmove(g.bytes + 16, g.bytes + 12, g.len - 12);
	memcpy(g.bytes + 12, tag, 4);
	g.len += 4;
	add(c, &g);
}

/* As they are, and with a tag in front of all that they have. */
static struct corpus make_frames(void)
{
	static const uint8_t tags[][4] = {{0x81, 0, 0, 100}, {0x88, 0xa8, 0xe0, 200}};
	struct corpus all = make_corpus(false), c = {0};

	for (size_t i = 0; i < all.n; i++) {
		add(&c, &all.frames[i]);
		add_tagged(&c, &all.frames[i], tags[i % 2]);
	}
	free(all.frames);
	return c;
}

/* --- the veth --- */

static int up(void **state)
{
	static struct wire w;
	struct sockaddr_ll to = {.sll_family = AF_PACKET};

	if (flow_run_setup(state) ||
	    sh("ip link add t0 type veth peer name t1 && "
	       "sysctl -qw net.ipv6.conf.t0.disable_ipv6=1 net.ipv6.conf.t1.disable_ipv6=1 && "
	       "ip link set t0 up arp off && ip link set t1 up arp off"))
		return -1;
	w.skel = tests_expression_bpf__open_and_load();
	w.socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex("t0");
	if (!w.skel || w.socket < 0 || bind(w.socket, (struct sockaddr *)&to, sizeof(to)) ||
	    tc_attach(&w.at, if_nametoindex("t1"), bpf_program__fd(w.skel->progs.before),
		      bpf_program__fd(w.skel->progs.nothing), TC_TCX))
		return -1;
	w.frames = make_frames();
	*state = &w;
	return 0;
}

static int down(void **state)
{
	struct wire *w = *state;

	tc_detach(w->at);
	close(w->socket);
	tests_expression_bpf__destroy(w->skel);
	free(w->frames.frames);
	return sh("ip link del t0");
}

static void chain(const struct wire *w, uint32_t place, int fd)
{
	int map = bpf_map__fd(w->skel->maps.chain);

	assert_int_equal(bpf_map_update_elem(map, &place, &fd, BPF_ANY), 0);
}

/* Did it arrive, and has it matched? */
static bool send_frame(struct wire *w, const struct frame *f, bool *matched)
{
	uint64_t entered = w->skel->bss->entered, before = w->skel->bss->matched;

	if (send(w->socket, f->bytes, f->len, 0) != (ssize_t)f->len)
		return false;
	/* A tag that is cut does not arrive. */
	if (w->skel->bss->entered == entered)
		return false;
	assert_int_equal(w->skel->bss->entered, entered + 1);
	*matched = w->skel->bss->matched != before;
	w->sent++;
	w->matched += *matched;
	return true;
}

static void put_expression(const struct wire *w, const struct expression *e)
{
	struct packet_filter_options o = {.compact = any() % 2,
					  .prog_array_fd = bpf_map__fd(w->skel->maps.chain),
					  .index = 1};
	int fd = packet_filter_load(e->insns, e->n, &o);

	assert_true(fd >= 0);
	chain(w, 0, fd);
	close(fd);
}

static void on_expression(void *ctx, const char *text)
{
	struct wire *w = ctx;
	struct pcap_filter *witness = pcap_filter_new(text, false);
	struct expression *e = compile(text, false);
	bool matched;

	put_expression(w, e);
	for (size_t i = any() % SHARE; i < w->frames.n; i += SHARE) {
		const struct frame *f = &w->frames.frames[i];

		if (send_frame(w, f, &matched) &&
		    pcap_filter_matches(witness, f->bytes, f->len) != matched) {
			frame_print(f);
			fail_msg("%s: libpcap does not say %d", text, matched);
		}
	}
	expression_free(e);
	pcap_filter_free(witness);
}

static void on_program(struct wire *w, const struct random_program *p)
{
	struct expression e = {(struct cbpf_insn *)p->insns, p->n, false, false};
	bool matched;

	put_expression(w, &e);
	for (size_t i = 0; i < 60; i++) {
		const struct frame *f = &w->frames.frames[any() % w->frames.n];
		uint32_t len = (uint32_t)f->len;

		if (send_frame(w, f, &matched) &&
		    expression_matches(&e, f->bytes, len, len) != matched) {
			program_print(p->insns, p->n);
			frame_print(f);
			fail_msg("libpcap does not say %d", matched);
		}
	}
}

static void check_sent(struct wire *w)
{
	uint64_t beside = w->skel->bss->beside;

	fprintf(stderr, "# %zu frames arrived, %" PRIu64 " with a tag beside them, %zu matched\n",
		w->sent, beside, w->matched);
	assert_true(beside > w->sent / 3 && beside < w->sent);
	assert_true(w->matched > w->sent / 20);
	w->sent = w->matched = w->skel->bss->beside = 0;
}

TEST(tagged)
{
	struct wire *w = *state;

	rng = number_of("FLOWNER_SEED", SEED);
	chain(w, 1, bpf_program__fd(w->skel->progs.behind));
	each_expression(on_expression, w);
	check_sent(w);
}

TEST(random_programs)
{
	struct wire *w = *state;

	rng = number_of("FLOWNER_SEED", SEED);
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct random_program p = random_program();

		on_program(w, &p);
	}
	check_sent(w);
}

/* Whoever comes next on the device decides. */
TEST(nothing_behind)
{
	struct wire *w = *state;
	uint32_t place = 1;
	struct expression *e = compile("", false);
	struct packet_filter_options o = {.prog_array_fd = bpf_map__fd(w->skel->maps.chain),
					  .index = place};
	int fd = packet_filter_load(e->insns, e->n, &o);
	struct frame f = frame_of(MACS IP4("06") TCP("10"));

	assert_true(fd >= 0);
	bpf_map_delete_elem(o.prog_array_fd, &place);
	flow_run_many(w->skel->progs.before, &f, 1);
	{
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f.bytes,
			    .data_size_in = (uint32_t)f.len, .repeat = 1);

		assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
		assert_int_equal((int)run.retval, PACKET_FILTER_NO);
	}
	close(fd);
	expression_free(e);
}

static int body(void)
{
	static const struct CMUnitTest tests[] = {
		IT("on a device, frames match whose tag is beside them as if it was not", tagged),
		IT("random programs too", random_programs),
		IT("where nothing is called on a match, the next program runs", nothing_behind),
	};

	return cmocka_run_group_tests(tests, up, down);
}

int main(void)
{
	return sandbox_run(body);
}
