// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/libbpf_opts.h"
#include "collect/tracefs.h"

/* --- features --- */

int probe_tracepoint_args(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	char typedef_name[128];
	int id;

	/* typedef void (*btf_trace_NAME)(void *, args…) */
	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type);
	if (!btf_is_ptr(t))
		return -1;
	t = btf__type_by_id(btf, t->type);
	return btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1;
}

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* NULL with errno; btf__load_vmlinux_btf() would always say ESRCH, even if memory was short. */
static struct btf *kernel_btf(void)
{
	return btf__parse(KERNEL_BTF, NULL);
}

static void cleanup_btf(struct btf **btf)
{
	btf__free(*btf);
}

/* Of something that there is too little of, on whatever kernel. */
static bool is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

static enum feature_answer of_errno(int err)
{
	return err == -EPERM || err == -EACCES || is_shortage(err) ? FEATURE_UNKNOWN : FEATURE_NO;
}

static enum feature_answer try_btf(void)
{
	return access(KERNEL_BTF, R_OK) == 0 ? FEATURE_YES : FEATURE_NO;
}

static enum feature_answer try_tracepoint(const char *name)
{
	_cleanup_(cleanup_btf) struct btf *btf = kernel_btf();

	if (!btf)
		return of_errno(-errno);
	return probe_tracepoint_args(btf, name) >= 1 ? FEATURE_YES : FEATURE_NO;
}

static enum feature_answer try_set_state(void)
{
	return try_tracepoint("inet_sock_set_state");
}

static enum feature_answer try_trouble(void)
{
	static const char *const names[] = {"tcp_retransmit_skb", "tcp_receive_reset",
					    "tcp_send_reset"};
	enum feature_answer answer = FEATURE_YES;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && answer == FEATURE_YES; i++)
		answer = try_tracepoint(names[i]);
	return answer;
}

static enum feature_answer try_reset_reason(void)
{
	_cleanup_(cleanup_btf) struct btf *btf = kernel_btf();

	if (!btf)
		return of_errno(-errno);
	return probe_tracepoint_args(btf, "tcp_send_reset") >= 3 ? FEATURE_YES : FEATURE_NO;
}

static enum feature_answer try_ringbuf(void)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe", 0, 0, 4096, NULL);

	return fd >= 0 ? FEATURE_YES : of_errno(-errno);
}

/* Load `insns` as a tracing program on a BTF tracepoint (raw) or iterator. */
static enum feature_answer try_tracing(enum bpf_attach_type type, const char *target,
				       const struct bpf_insn *insns, size_t count)
{
	_cleanup_(cleanup_btf) struct btf *btf = kernel_btf();
	struct bpf_prog_load_opts opts;
	_cleanup_close_ int fd = -1;
	int id;

	OPTS_ZERO(opts);
	if (!btf)
		return of_errno(-errno);
	id = btf__find_by_name_kind(btf, target,
				    type == BPF_TRACE_ITER ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF);
	if (id < 0)
		return FEATURE_NO;
	opts.expected_attach_type = type;
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", insns, count, &opts);
	return fd >= 0 ? FEATURE_YES : of_errno(-errno);
}

static enum feature_answer try_cookie(void)
{
	/* return bpf_get_socket_cookie(ctx[0]), as a tracing program */
	static const struct bpf_insn insns[] = {
		{.code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_socket_cookie},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return try_tracing(BPF_TRACE_RAW_TP, "btf_trace_inet_sock_set_state", insns, 4);
}

static enum feature_answer try_iter(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return try_tracing(BPF_TRACE_ITER, "bpf_iter_task_file", insns, 2);
}

static enum feature_answer try_accept(void)
{
	_cleanup_close_ int fd = tracefs_open_event("syscalls", "sys_exit_accept4");

	return fd >= 0 ? FEATURE_YES : of_errno(fd);
}

static enum feature_answer try_sock_cgroup(void)
{
	_cleanup_(cleanup_btf) struct btf *btf = kernel_btf();
	const struct btf_type *t;
	int id;

	if (!btf)
		return of_errno(-errno);
	id = btf__find_by_name_kind(btf, "sock_cgroup_data", BTF_KIND_STRUCT);
	if (id < 0)
		return FEATURE_NO;
	t = btf__type_by_id(btf, (uint32_t)id);
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), "cgroup"))
			return FEATURE_YES;
	return FEATURE_NO;
}

static int load_tc(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "probe", "GPL", insns, 2, NULL);
}

static enum feature_answer try_tc(void)
{
	_cleanup_close_ int fd = load_tc();

	return fd >= 0 ? FEATURE_YES : of_errno(-errno);
}

/* A link to a device that does not exist: only a kernel that has tcx looks for it. */
static enum feature_answer try_tcx(void)
{
	enum { TCX_INGRESS = 46 }; /* enum bpf_attach_type; newer than some linux/bpf.h */
	_cleanup_close_ int prog = load_tc(), link = -1;

	if (prog < 0)
		return of_errno(-errno);
	link = bpf_link_create(prog, INT32_MAX, (enum bpf_attach_type)TCX_INGRESS, NULL);
	return link >= 0 || errno == ENODEV ? FEATURE_YES : of_errno(-errno);
}

static const struct {
	const char *name, *why, *since;
	bool required;
	enum feature_answer (*try)(void);
} probes[] = {
	{"BTF", "programs fit themselves to this kernel's structs", "CONFIG_DEBUG_INFO_BTF", true,
	 try_btf},
	{"BPF ring buffer", "records reach user space in order, losses counted", "5.8", true,
	 try_ringbuf},
	{"tracepoint inet_sock_set_state", "listen, connect, close, every state change",
	 "4.16, BTF 5.5", true, try_set_state},
	{"socket cookie in tracing programs", "joins what happens to one socket", "5.12", true,
	 try_cookie},
	{"tracepoints for trouble", "retransmits, resets sent and received", "4.15, BTF 5.5", true,
	 try_trouble},
	{"iterator task_file", "owners of sockets that are older than the tracer", "5.8", true,
	 try_iter},
	{"syscall tracepoints", "accept events, with the process that accepted",
	 "CONFIG_FTRACE_SYSCALLS", false, try_accept},
	{"cgroup of a socket", "the container, where the process is not known", "5.15", false,
	 try_sock_cgroup},
	{"tc programs", "flows, capture", "4.1, CONFIG_NET_CLS_BPF", false, try_tc},
	{"tcx", "programs on links leave nothing behind, not even after kill -9", "6.6", false,
	 try_tcx},
	{"reset reasons", "why this host sent a reset", "6.10", false, try_reset_reason},
};

size_t probe_count(void)
{
	return sizeof(probes) / sizeof(probes[0]);
}

struct feature probe_feature(size_t i)
{
	return (struct feature){
		.name = probes[i].name,
		.since = probes[i].since,
		.why = probes[i].why,
		.required = probes[i].required,
		.answer = probes[i].try(),
	};
}

/* More than any of the probes opens. */
#define SPARE_FDS 8

int probe_shortage(int err)
{
	int fds[SPARE_FDS], n = 0;

	while (!is_shortage(err) && n < SPARE_FDS) {
		fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[n] >= 0)
			n++;
		else if (is_shortage(-errno))
			err = -errno;
		else
			break;
	}
	while (n-- > 0)
		close(fds[n]);
	if (!is_shortage(err)) {
		/* The largest thing that it needs memory for. */
		_cleanup_(cleanup_btf) struct btf *btf = kernel_btf();

		if (!btf && is_shortage(-errno))
			err = -errno;
	}
	return err;
}

int probe_explain(int err)
{
	/* What is tried now would fail for the same reason, and would be taken for missing. */
	err = probe_shortage(err);
	if (is_shortage(err)) {
		log_error("cannot load the BPF programs: %s%s", strerror(-err),
			  err == -ENOMEM ? "" : ": raise ulimit -n");
		return err;
	}
	for (size_t i = 0; i < probe_count(); i++) {
		struct feature f = probe_feature(i);

		if (!f.required || f.answer != FEATURE_NO)
			continue;
		log_error("this kernel cannot: no %s (%s; for: %s); see flowner doctor", f.name,
			  f.since, f.why);
		return -EOPNOTSUPP;
	}
	if (err == -EPERM || err == -EACCES) {
		log_error(
			"not permitted, although the capabilities are there: lockdown, a user namespace, a "
			"container's seccomp filter or an LSM forbids BPF here; flowner -v trace shows more");
		return -EPERM;
	}
	log_error("cannot load the BPF programs: %s; flowner -v trace shows why", strerror(-err));
	return err;
}
