// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * collect/tc_attach.h: ours come first, and others' programs, filters and qdiscs are as if we had
 * never been there.
 */
#include "../unit/unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "collect/bpf_log.h"
#include "collect/libbpf_opts.h"
#include "collect/tc_attach.h"
#include "tests_watcher.skel.h"

#include "sandbox.h"

/* v0 is what programs are attached to, v1 its peer. */
struct bench {
	struct tests_watcher_bpf *skel;
	uint32_t ifindex;
	int in, out;
};

static int set_up(void **state)
{
	static struct bench b;

	b.skel = tests_watcher_bpf__open_and_load();
	if (!b.skel || sh("ip link add v0 type veth peer name v1 && ip link set v0 up && "
			  "ip link set v1 up"))
		return -1;
	b.ifindex = if_nametoindex("v0");
	b.in = bpf_program__fd(b.skel->progs.flowner_in);
	b.out = bpf_program__fd(b.skel->progs.flowner_out);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	tests_watcher_bpf__destroy(b->skel);
	sh("ip link del v0 2>/dev/null");
	return 0;
}

static struct tc_attachment *attach(const struct bench *b, enum tc_way way)
{
	struct tc_attachment *a = NULL;

	assert_int_equal(tc_attach(&a, b->ifindex, b->in, b->out, way), 0);
	assert_non_null(a);
	return a;
}

/* Three packets in, two out: what each program has seen of them. */
static void pass(struct bench *b, uint64_t in, uint64_t out, uint64_t other_in, uint64_t other_out)
{
	memset(b->skel->bss, 0, sizeof(*b->skel->bss));
	send_from(NULL, "v1", 3);
	send_from(NULL, "v0", 2);
	assert_int_equal(b->skel->bss->in, in);
	assert_int_equal(b->skel->bss->out, out);
	assert_int_equal(b->skel->bss->other_in, other_in);
	assert_int_equal(b->skel->bss->other_out, other_out);
}

static bool has_qdisc(void)
{
	return sh("tc qdisc show dev v0 | grep -q clsact") == 0;
}

/* Filters whose program is a flowner's, on both sides. */
static int our_filters(void)
{
	int n = sh("exit $( (tc filter show dev v0 ingress; tc filter show dev v0 egress) 2>&1 | "
		   "grep -c 'flowner_')");

	return WEXITSTATUS(n);
}

static int other_tcx(const struct bench *b, struct bpf_program *prog, enum bpf_attach_type type)
{
	int fd = bpf_link_create(bpf_program__fd(prog), (int)b->ifindex, type, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void other_filter(const struct bench *b, struct bpf_program *prog,
			 enum bpf_tc_attach_point point)
{
	struct bpf_tc_hook hook;
	struct bpf_tc_opts o;

	OPTS_ZERO(hook);
	OPTS_ZERO(o);
	hook.ifindex = (int)b->ifindex;
	hook.attach_point = point;
	o.handle = o.priority = 1;
	o.prog_fd = bpf_program__fd(prog);
	assert_int_equal(bpf_tc_attach(&hook, &o), 0);
}

static void alone(struct bench *b, enum tc_way way, bool tcx)
{
	struct tc_attachment *a = attach(b, way);

	assert_int_equal(tc_is_tcx(a), tcx);
	assert_int_equal(has_qdisc(), !tcx);
	pass(b, 3, 2, 0, 0);
	tc_detach(a);
	pass(b, 0, 0, 0, 0);
	assert_false(has_qdisc());
}

TEST(nobody_else)
{
	alone(*state, TC_TCX, has_tcx());
	alone(*state, TC_FILTERS, false);
	alone(*state, TC_FILTERS_ALWAYS, false);
}

static const enum tc_way ways[] = {TC_TCX, TC_FILTERS, TC_FILTERS_ALWAYS};

TEST(beside_tcx)
{
	struct bench *b = *state;
	int in, out;

	if (!has_tcx())
		skip();
	in = other_tcx(b, b->skel->progs.other_on_in, TCX_IN);
	out = other_tcx(b, b->skel->progs.other_on_out, TCX_OUT);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct tc_attachment *a;

		pass(b, 0, 0, 3, 2);
		a = attach(b, ways[i]);
		assert_int_equal(tc_is_tcx(a), ways[i] != TC_FILTERS_ALWAYS);
		pass(b, 3, 2, 3, 2);
		tc_detach(a);
		pass(b, 0, 0, 3, 2);
	}
	close(in);
	close(out);
}

TEST(beside_filters)
{
	struct bench *b = *state;

	RUN_SH("tc qdisc add dev v0 clsact");
	other_filter(b, b->skel->progs.other_on_in, BPF_TC_INGRESS);
	other_filter(b, b->skel->progs.other_on_out, BPF_TC_EGRESS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct tc_attachment *a;

		pass(b, 0, 0, 3, 2);
		a = attach(b, ways[i]);
		pass(b, 3, 2, 3, 2);
		tc_detach(a);
		pass(b, 0, 0, 3, 2);
		assert_true(has_qdisc());
	}
	RUN_SH("tc filter del dev v0 ingress; tc filter del dev v0 egress");
	tc_detach(attach(b, TC_FILTERS)); /* empty, but not ours */
	assert_true(has_qdisc());
	RUN_SH("tc qdisc del dev v0 clsact");
}

TEST(qdisc_shared)
{
	struct bench *b = *state;
	struct tc_attachment *a = attach(b, TC_FILTERS);

	other_filter(b, b->skel->progs.other_on_out, BPF_TC_EGRESS);
	pass(b, 3, 2, 0, 2);
	tc_detach(a);
	assert_true(has_qdisc());
	pass(b, 0, 0, 0, 2);
	RUN_SH("tc qdisc del dev v0 clsact");
}

TEST(first)
{
	struct bench *b = *state;
	struct tc_attachment *a;

	if (has_tcx()) {
		int drops = other_tcx(b, b->skel->progs.other_drops, TCX_IN);

		a = attach(b, TC_TCX);
		pass(b, 3, 2, 0, 0);
		tc_detach(a);
		close(drops);
	}
	RUN_SH("tc qdisc add dev v0 clsact");
	other_filter(b, b->skel->progs.other_drops, BPF_TC_INGRESS);
	a = attach(b, TC_FILTERS);
	pass(b, 3, 2, 0, 0);
	tc_detach(a);
	RUN_SH("tc qdisc del dev v0 clsact");
}

/* Priority 1 is taken by what no BPF filter can join. */
TEST(priority_taken)
{
	struct bench *b = *state;
	struct tc_attachment *a;

	RUN_SH("tc qdisc add dev v0 clsact && tc filter add dev v0 ingress protocol ip prio 1 u32 "
	       "match ip dst 192.0.2.1 flowid 1:1");
	a = attach(b, TC_FILTERS);
	pass(b, 3, 2, 0, 0);
	assert_int_equal(our_filters(), 2);
	tc_detach(a);
	assert_int_equal(our_filters(), 0);
	RUN_SH("tc filter show dev v0 ingress | grep -q u32");
	RUN_SH("tc qdisc del dev v0 clsact");
}

/* A child attaches and does not detach. */
static pid_t child_attaches(const struct bench *b)
{
	int attached[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(attached), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct tc_attachment *a;

		if (tc_attach(&a, b->ifindex, b->in, b->out, TC_FILTERS) == 0 &&
		    write(attached[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(attached[0], &byte, 1), 1);
	close(attached[0]);
	close(attached[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

TEST(leftovers)
{
	struct bench *b = *state;
	struct tc_attachment *a;

	end(child_attaches(b));
	assert_int_equal(our_filters(), 2);
	a = attach(b, TC_FILTERS);
	assert_int_equal(our_filters(), 2);
	pass(b, 3, 2, 0, 0);
	tc_detach(a);
	assert_int_equal(our_filters(), 0);
	RUN_SH("tc qdisc del dev v0 clsact");
}

TEST(another_flowner)
{
	struct bench *b = *state;
	pid_t other = child_attaches(b);
	struct tc_attachment *a = attach(b, TC_FILTERS);

	assert_int_equal(our_filters(), 4);
	pass(b, 6, 4, 0, 0); /* the same counters, twice */
	tc_detach(a);
	assert_int_equal(our_filters(), 2);
	end(other);
	RUN_SH("tc qdisc del dev v0 clsact");
}

TEST(ingress_qdisc)
{
	struct bench *b = *state;
	struct tc_attachment *a;

	RUN_SH("tc qdisc add dev v0 ingress");
	assert_int_equal(tc_attach(&a, b->ifindex, b->in, b->out, TC_FILTERS_ALWAYS), -EBUSY);
	assert_int_equal(our_filters(), 0);
	RUN_SH("tc qdisc show dev v0 | grep -q ingress");
	if (has_tcx()) {
		a = attach(b, TC_TCX);
		pass(b, 3, 2, 0, 0);
		tc_detach(a);
	}
	RUN_SH("tc qdisc del dev v0 ingress");
}

TEST(device_gone)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(ways); i++) {
		struct tc_attachment *a, *gone;

		RUN_SH("ip link add x0 type veth peer name x1");
		assert_int_equal(tc_attach(&gone, if_nametoindex("x0"), b->in, b->out, ways[i]), 0);
		assert_int_equal(tc_attach(&a, if_nametoindex("x1"), b->in, b->out, ways[i]), 0);
		RUN_SH("ip link del x0");
		tc_detach(a);
		tc_detach_gone(gone);
		assert_int_equal(tc_attach(&a, 0x7ffffff, b->in, b->out, ways[i]), -ENODEV);
	}
	tc_detach(NULL);
	tc_detach_gone(NULL);
}

static int tests_run(void)
{
	static const struct CMUnitTest tests[] = {
		IT("on a device with nothing else each way sees every packet", nobody_else),
		IT("beside another tcx program", beside_tcx),
		IT("beside filters", beside_filters),
		IT("a qdisc of ours that others use now stays", qdisc_shared),
		IT("ours come first", first),
		IT("also where the first priority is taken", priority_taken),
		IT("filters that a killed flowner left are removed", leftovers),
		IT("those of one that lives are not", another_flowner),
		IT("an ingress qdisc has no egress side", ingress_qdisc),
		IT("devices that are gone", device_gone),
	};

	bpf_log_init();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

int main(void)
{
	return sandbox_run(tests_run);
}
