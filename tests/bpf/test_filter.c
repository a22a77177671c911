// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * filter.bpf.h against user/model/filter.c: every filter × every socket. The kernel side may let
 *pass what it cannot know yet, never drop what the user side would show:
 *
 *	local port 0	at SYN_SENT, before connect(2) has chosen it: the kernel side does not look
 *at ports
 *
 * Everything else has to agree.
 */
#include "../unit/unit.h"

#include <arpa/inet.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_log.h"
#include "model/filter.h"
#include "tests_filter.skel.h"

static const struct {
	const char *ports, *hosts; /* separated by spaces */
	bool v4, v6;
} filters[] = {
	{"", "", false, false},
	{"443", "", false, false},
	{"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 40000", "", false, false},
	{"80", "", false, false},
	{"", "10.77.0.3", false, false},
	{"", "10.77.0.0/16", false, false},
	{"", "10.77.0.3/31 192.168.0.0/16", false, false},
	{"", "0.0.0.0/0", false, false},
	{"", "::/0", false, false},
	{"", "fd77::/64", false, false},
	{"", "fd77::3", false, false},
	{"", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 fd77::3", false, false},
	{"", "", true, false},
	{"", "", false, true},
	{"", "", true, true},
	{"443", "10.77.0.0/16", true, false},
	{"443", "10.77.0.0/16", false, true},
	{"80", "10.77.0.0/16", false, false},
	{"443", "fd77::/16", false, true},
};

static const struct {
	uint16_t family;
	const char *local, *remote;
	uint16_t local_port, remote_port;
} socks[] = {
	{AF_INET, "10.77.0.2", "10.77.0.3", 40000, 443},
	{AF_INET, "10.77.0.3", "10.77.0.2", 443, 40000},
	{AF_INET, "192.168.1.1", "8.8.8.8", 1, 65535},
	{AF_INET, "0.0.0.0", "10.77.0.3", 0, 443},
	{AF_INET, "10.77.0.2", "10.77.0.3", 0, 80},
	{AF_INET6, "fd77::2", "fd77::3", 40000, 443},
	{AF_INET6, "fd77::3", "fd77::2", 80, 40001},
	{AF_INET6, "fd77:0:0:1::2", "2001:db8::1", 5, 6},
	{AF_INET6, "::", "fd77::3", 0, 443},
	{AF_INET6, "::1", "::1", 443, 40000},
	{AF_INET6, "::ffff:10.77.0.2", "::ffff:10.77.0.3", 40000, 443},
	{AF_INET6, "::", "::ffff:10.77.0.3", 40000, 443}, /* connect(2) to a v4-mapped address */
};

static void each_word(const char *list, struct filter *f,
		      int (*add)(struct filter *f, const char *value))
{
	char word[64];

	while (*list) {
		size_t len = strcspn(list, " ");

		memcpy(word, list, len);
		word[len] = '\0';
		assert_int_equal(add(f, word), 0);
		list += len + (list[len] == ' ');
	}
}

static uint32_t run(struct bpf_program *prog)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &o), 0);
	return o.retval;
}

static struct tests_filter_bpf *load(const struct fl_filter *f)
{
	struct tests_filter_bpf *skel = tests_filter_bpf__open();

	assert_non_null(skel);
	memcpy((void *)&skel->rodata->filter, f, sizeof(*f));
	assert_int_equal(tests_filter_bpf__load(skel), 0);
	return skel;
}

static void set_sock(struct fl_sock *out, size_t i, struct event *e)
{
	*out = (struct fl_sock){
		.family = socks[i].family,
		.local_port_be = htons(socks[i].local_port),
		.remote_port_be = htons(socks[i].remote_port),
	};
	assert_int_equal(inet_pton(socks[i].family, socks[i].local, out->local_addr), 1);
	assert_int_equal(inet_pton(socks[i].family, socks[i].remote, out->remote_addr), 1);
	*e = (struct event){.type = EVENT_CONNECT};
	e->self.local =
		(struct addr_port){addr_make(out->family, out->local_addr), socks[i].local_port};
	e->self.remote =
		(struct addr_port){addr_make(out->family, out->remote_addr), socks[i].remote_port};
}

TEST(agree)
{
	for (size_t i = 0; i < COUNT(filters); i++) {
		struct filter f = {.only_v4 = filters[i].v4, .only_v6 = filters[i].v6}, no_ports;
		struct tests_filter_bpf *skel;
		struct fl_filter k;

		each_word(filters[i].ports, &f, filter_add_port);
		each_word(filters[i].hosts, &f, filter_add_host);
		no_ports = f;
		no_ports.nports = 0;
		filter_to_kernel(&f, &k);
		skel = load(&k);
		for (size_t s = 0; s < COUNT(socks); s++) {
			struct fl_sock sock;
			struct event e;
			bool want;

			set_sock(&sock, s, &e);
			memcpy(&skel->bss->input, &sock, sizeof(sock));
			want = filter_event(socks[s].local_port ? &f : &no_ports, &e);
			if (run(skel->progs.record) != want)
				fail_msg("filter %zu, socket %zu: the kernel side says %d", i, s,
					 !want);
			if (filter_event(&f, &e))
				assert_true(want);
		}
		tests_filter_bpf__destroy(skel);
	}
}

TEST(undecided_port)
{
	struct fl_filter k = {.nports = 1, .ports = {443}};
	struct tests_filter_bpf *skel = load(&k);

	skel->bss->input.remote_port_be = htons(80);
	assert_int_equal(run(skel->progs.port), 1); /* the local one may become 443 */
	skel->bss->input.local_port_be = htons(40000);
	assert_int_equal(run(skel->progs.port), 0);
	skel->bss->input.local_port_be = htons(443);
	assert_int_equal(run(skel->progs.port), 1);
	tests_filter_bpf__destroy(skel);
}

TEST(namespaces)
{
	struct fl_filter none = {0}, one = {.netns_one = 100}, many = {.netns_many = 1};
	const struct fl_filter *const kinds[] = {&none, &one, &many};
	static const uint32_t inodes[] = {100, 200, 300};
	static const bool want[3][3] = {
		{true, true, true}, {true, false, false}, {true, true, false}};

	for (size_t i = 0; i < 3; i++) {
		struct tests_filter_bpf *skel = load(kinds[i]);
		uint8_t yes = 1;

		for (size_t n = 0; i == 2 && n < 2; n++)
			assert_int_equal(bpf_map__update_elem(skel->maps.netns_wanted, &inodes[n],
							      sizeof(inodes[n]), &yes, sizeof(yes),
							      BPF_ANY),
					 0);
		for (size_t n = 0; n < 3; n++) {
			skel->bss->input.netns_inum = inodes[n];
			assert_int_equal(run(skel->progs.netns), want[i][n]);
		}
		tests_filter_bpf__destroy(skel);
	}
}

static void judge(struct tests_filter_bpf *skel, uint64_t id, enum fl_verdict_kind kind,
		  enum fl_verdict verdict)
{
	const struct fl_verdict_key key = {id, kind};
	uint8_t v = (uint8_t)verdict;

	assert_int_equal(bpf_map__update_elem(skel->maps.container_verdicts, &key, sizeof(key), &v,
					      sizeof(v), BPF_ANY),
			 0);
}

TEST(containers)
{
	struct fl_filter k = {.container_wanted = 1}, none = {0};
	struct tests_filter_bpf *skel = load(&none);
	uint32_t own;

	assert_int_equal(run(skel->progs.container), FL_VERDICT_WANTED);
	own = run(skel->progs.cgroup_of_task);
	tests_filter_bpf__destroy(skel);
	skel = load(&k);
	skel->bss->input.netns_cookie = 5;
	skel->bss->input.cgroup = 6;
	skel->bss->input.cookie = 7;
	assert_int_equal(run(skel->progs.container), FL_VERDICT_NONE); /* of the namespace */
	judge(skel, 5, FL_VERDICT_NETNS, FL_VERDICT_UNWANTED);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_NONE); /* of the cgroup */
	judge(skel, 6, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_UNWANTED);
	judge(skel, 6, FL_VERDICT_SOCK, FL_VERDICT_WANTED);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_WANTED);
	judge(skel, 6, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	judge(skel, 5, FL_VERDICT_NETNS, FL_VERDICT_WANTED);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_WANTED);
	judge(skel, 5, FL_VERDICT_NETNS, FL_VERDICT_UNWANTED);
	/* The process tells, and its socket is remembered. */
	judge(skel, own, FL_VERDICT_TASK, FL_VERDICT_UNWANTED);
	assert_int_equal(run(skel->progs.container_task), 0);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_UNWANTED);
	judge(skel, own, FL_VERDICT_TASK, FL_VERDICT_WANTED);
	assert_int_equal(run(skel->progs.container_task), 1);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_WANTED);
	/* Nothing would make it forget one that has closed. */
	skel->bss->input.cookie = 8;
	skel->bss->input.state = 7; /* TCP_CLOSE */
	assert_int_equal(run(skel->progs.container_task), 1);
	assert_int_equal(run(skel->progs.container), FL_VERDICT_UNWANTED);
	tests_filter_bpf__destroy(skel);
}

static int quiet(void **state)
{
	(void)state;
	bpf_log_init();
	return 0;
}

/* What was told while it was undecided is told to its end. */
TEST(told)
{
	struct fl_filter k = {.container_wanted = 1};
	struct tests_filter_bpf *skel = load(&k);

	skel->bss->input.netns_cookie = 5;
	skel->bss->input.cookie = 7;
	assert_int_equal(run(skel->progs.container_told), FL_VERDICT_NONE);
	judge(skel, 5, FL_VERDICT_NETNS, FL_VERDICT_UNWANTED);
	assert_int_equal(run(skel->progs.container_told), FL_VERDICT_WANTED);
	skel->bss->input.cookie = 8;
	assert_int_equal(run(skel->progs.container_told), FL_VERDICT_UNWANTED);
	assert_int_equal(run(skel->progs.container_told), FL_VERDICT_UNWANTED);
	tests_filter_bpf__destroy(skel);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("kernel and user side agree on every filter and socket", agree),
		IT("a local port that is not chosen yet passes undecided", undecided_port),
		IT("none, one or many namespaces pass", namespaces),
		IT("--container: by namespace, cgroup, or a process once seen", containers),
		IT("… and what was told undecided, to its end", told),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
