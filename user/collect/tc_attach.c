// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/tc_attach.h"

#include <errno.h>
#include <limits.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "collect/libbpf_opts.h"
#include "net/nlsock.h"

/* libbpf 1.1 knows of no tcx; its bpf_link_create() passes on what it does not know. */
#define TCX_INGRESS ((enum bpf_attach_type)46)
#define TCX_EGRESS  ((enum bpf_attach_type)47)
#define TCX_BEFORE  (1U << 3) /* BPF_F_BEFORE; before none in particular: first */

enum side { SIDE_IN, SIDE_OUT, SIDES };

struct tc_attachment {
	uint32_t ifindex;
	bool tcx;
	int links[SIDES];         /* tcx */
	uint32_t priority[SIDES]; /* clsact; 0: not attached */
	bool own_qdisc;
};

/* --- tcx --- */

static int tcx_link(int prog, uint32_t ifindex, enum side side)
{
	struct bpf_link_create_opts o;
	int fd;

	OPTS_ZERO(o);
	o.flags = TCX_BEFORE;
	fd = bpf_link_create(prog, (int)ifindex, side == SIDE_IN ? TCX_INGRESS : TCX_EGRESS, &o);
	return fd < 0 ? -errno : fd;
}

/* A kernel that has it gets as far as looking for the device. */
static bool has_tcx(int prog)
{
	int fd = tcx_link(prog, INT_MAX, SIDE_IN);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -ENODEV;
}

/* Somebody's programs, on either side. */
static bool tcx_in_use(uint32_t ifindex)
{
	for (int side = 0; side < SIDES; side++) {
		uint32_t n = 0;

		if (!bpf_prog_query((int)ifindex, side == SIDE_IN ? TCX_INGRESS : TCX_EGRESS, 0,
				    NULL, NULL, &n) &&
		    n)
			return true;
	}
	return false;
}

static bool use_tcx(enum tc_way way, uint32_t ifindex, int prog)
{
	if (way == TC_FILTERS_ALWAYS || (way == TC_FILTERS && !tcx_in_use(ifindex)))
		return false;
	return has_tcx(prog);
}

static int attach_tcx(struct tc_attachment *a, const int progs[SIDES])
{
	for (int side = 0; side < SIDES; side++) {
		int fd = tcx_link(progs[side], a->ifindex, side);

		if (fd < 0)
			return fd;
		a->links[side] = fd;
	}
	return 0;
}

/* --- clsact --- */

static const enum bpf_tc_attach_point points[SIDES] = {BPF_TC_INGRESS, BPF_TC_EGRESS};

struct filter {
	uint32_t handle, priority;
	bool ours; /* by its program's name */
};

struct filters {
	uint32_t parent;
	struct filter list[64];
	size_t n;
	unsigned int total;
};

/* Programs of any flowner; libbpf names a filter "program:[id]". */
static bool is_ours(const char *name)
{
	static const char *const names[] = {
		"flowner_in:[",     "flowner_out:[",     "flowner_l3_in:[",  "flowner_l3_out:[",
		"flowner_cap_in:[", "flowner_cap_out:[", "flowner_l3c_in:[", "flowner_l3c_out:["};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static int on_filter(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *a[TCA_MAX + 1], *name;
	const struct tcmsg *tc;
	struct filters *f = arg;

	if (h->nlmsg_type != RTM_NEWTFILTER || nlmsg_parse(h, sizeof(*tc), a, TCA_MAX, NULL) < 0)
		return NL_OK;
	tc = nlmsg_data(h);
	/* Of each priority there is a message for the chain of filters as such, too. */
	if (tc->tcm_parent != f->parent || !tc->tcm_handle)
		return NL_OK;
	f->total++;
	if (!a[TCA_KIND] || nla_strcmp(a[TCA_KIND], "bpf") || !a[TCA_OPTIONS])
		return NL_OK;
	name = nla_find(nla_data(a[TCA_OPTIONS]), nla_len(a[TCA_OPTIONS]), TCA_BPF_NAME);
	if (!name || f->n == sizeof(f->list) / sizeof(f->list[0]))
		return NL_OK;
	f->list[f->n++] = (struct filter){
		.handle = tc->tcm_handle,
		.priority = tc->tcm_info >> 16,
		.ours = is_ours(nla_get_string(name)),
	};
	return NL_OK;
}

static int keep_errno(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	(void)who;
	*(int *)arg = e->error;
	return NL_STOP;
}

static int ask(struct nl_sock *sk, int type, int flags, const struct tcmsg *tc,
	       nl_recvmsg_msg_cb_t fn, void *arg)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = -NLE_NOMEM, answer = 0;

	if (msg && cb)
		err = nlmsg_append(msg, (void *)tc, sizeof(*tc), NLMSG_ALIGNTO);
	if (!err) {
		nl_cb_err(cb, NL_CB_CUSTOM, keep_errno, &answer);
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
		nl_socket_disable_auto_ack(sk);
		err = nl_send_auto(sk, msg);
		if (err >= 0)
			err = nl_recvmsgs(sk, cb);
	}
	nlmsg_free(msg);
	nl_cb_put(cb);
	return answer ? answer : nlsock_errno(err < 0 ? err : 0);
}

/* The filters on one side of the device. */
static int list_filters(struct nl_sock *sk, uint32_t ifindex, enum side side, struct filters *f)
{
	struct tcmsg tc = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex};

	memset(f, 0, sizeof(*f));
	f->parent = TC_H_MAKE(TC_H_CLSACT, side == SIDE_IN ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	tc.tcm_parent = f->parent;
	return ask(sk, RTM_GETTFILTER, NLM_F_DUMP, &tc, on_filter, f);
}

static int on_qdisc(struct nl_msg *msg, void *arg)
{
	struct nlattr *kind = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct tcmsg), TCA_KIND);

	*(bool *)arg = kind && !nla_strcmp(kind, "clsact");
	return NL_OK;
}

/*
 * An ingress qdisc stands in the same place, and takes a filter for the egress side as one for
 * ingress.
 */
static int need_clsact(uint32_t ifindex)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_CLSACT,
	};
	struct nl_sock *sk;
	bool clsact = false;
	int err = nlsock_open(&sk);

	if (err)
		return err;
	/* Some kernels answer only an echo; the acknowledgement is for those that do not even then.
	 */
	err = ask(sk, RTM_GETQDISC, NLM_F_ECHO | NLM_F_ACK, &tc, on_qdisc, &clsact);
	nlsock_close(sk);
	return err ? err : clsact ? 0 : -EBUSY;
}

static void set_hook(struct bpf_tc_hook *hook, uint32_t ifindex, enum bpf_tc_attach_point point)
{
	OPTS_ZERO(*hook);
	hook->ifindex = (int)ifindex;
	hook->attach_point = point;
}

static int remove_filter(uint32_t ifindex, enum side side, uint32_t handle, uint32_t priority)
{
	struct bpf_tc_hook hook;
	struct bpf_tc_opts o;

	set_hook(&hook, ifindex, points[side]);
	OPTS_ZERO(o);
	o.handle = handle;
	o.priority = priority;
	return bpf_tc_detach(&hook, &o);
}

/* One with our own pid was left by another process that had it. */
static bool is_leftover(const struct filter *f)
{
	return f->ours && (f->handle == (uint32_t)getpid() ||
			   (f->handle <= INT_MAX && kill((pid_t)f->handle, 0) && errno == ESRCH));
}

static void remove_leftovers(uint32_t ifindex)
{
	struct nl_sock *sk;
	struct filters f;

	if (nlsock_open(&sk))
		return;
	for (int side = 0; side < SIDES; side++) {
		if (list_filters(sk, ifindex, side, &f))
			continue;
		for (size_t i = 0; i < f.n; i++)
			if (is_leftover(&f.list[i]))
				remove_filter(ifindex, side, f.list[i].handle, f.list[i].priority);
	}
	nlsock_close(sk);
}

static bool qdisc_is_empty(uint32_t ifindex)
{
	struct nl_sock *sk;
	struct filters f;
	bool empty = true;

	if (nlsock_open(&sk))
		return false;
	for (int side = 0; side < SIDES; side++)
		empty = empty && !list_filters(sk, ifindex, side, &f) && f.total == 0;
	nlsock_close(sk);
	return empty;
}

static void remove_own_qdisc(const struct tc_attachment *a)
{
	/* Either side by itself would mean: all filters there. */
	struct bpf_tc_hook hook;

	set_hook(&hook, a->ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	if (a->own_qdisc && qdisc_is_empty(a->ifindex))
		bpf_tc_hook_destroy(&hook);
}

static int add_filter(struct tc_attachment *a, enum side side, int prog, uint32_t priority)
{
	struct bpf_tc_hook hook;
	struct bpf_tc_opts o;
	int err;

	set_hook(&hook, a->ifindex, points[side]);
	OPTS_ZERO(o);
	o.handle = (uint32_t)getpid();
	o.priority = priority;
	o.prog_fd = prog;
	err = bpf_tc_attach(&hook, &o);
	if (!err)
		a->priority[side] = o.priority;
	return err;
}

static int attach_clsact(struct tc_attachment *a, const int progs[SIDES])
{
	struct bpf_tc_hook hook;
	int err;

	set_hook(&hook, a->ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return err;
	a->own_qdisc = !err;
	if (!a->own_qdisc) {
		err = need_clsact(a->ifindex);
		if (err)
			return err;
		remove_leftovers(a->ifindex);
	}
	for (int side = 0; side < SIDES; side++) {
		/*
		 * Within a priority the newest BPF filter comes first, but all must be of one kind
		 * and protocol. Without a priority of ours the kernel takes the one before the
		 * first.
		 */
		err = add_filter(a, side, progs[side], 1);
		if (err && err != -ENODEV && err != -EPERM && err != -ENOMEM)
			err = add_filter(a, side, progs[side], 0);
		if (err)
			break;
	}
	return err;
}

static void detach_clsact(struct tc_attachment *a)
{
	int err = 0;

	for (int side = 0; side < SIDES; side++)
		if (a->priority[side])
			err = remove_filter(a->ifindex, side, (uint32_t)getpid(),
					    a->priority[side]) ||
			      err;
	/* If they were not there, this is not that device any more, or somebody has been here. */
	if (!err)
		remove_own_qdisc(a);
}

/* --- either --- */

int tc_attach(struct tc_attachment **out, uint32_t ifindex, int in_fd, int out_fd, enum tc_way way)
{
	const int progs[SIDES] = {in_fd, out_fd};
	struct tc_attachment *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->ifindex = ifindex;
	a->links[SIDE_IN] = a->links[SIDE_OUT] = -1;
	a->tcx = use_tcx(way, ifindex, in_fd);
	err = a->tcx ? attach_tcx(a, progs) : attach_clsact(a, progs);
	if (err) {
		tc_detach(a);
		return err;
	}
	*out = a;
	return 0;
}

bool tc_is_tcx(const struct tc_attachment *a)
{
	return a->tcx;
}

void tc_detach_gone(struct tc_attachment *a)
{
	if (!a)
		return;
	for (int side = 0; side < SIDES; side++)
		cleanup_close(&a->links[side]);
	free(a);
}

void tc_detach(struct tc_attachment *a)
{
	if (a && !a->tcx)
		detach_clsact(a);
	tc_detach_gone(a);
}
