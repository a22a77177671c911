/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * --container. The kernel does not know containers: user space looks up whose a network namespace
 * or a cgroup is, and leaves its verdict here. What has none yet passes, and user space, which is
 *to decide about it, drops the event if need be; so a container that has only just started is not
 * missed.
 *
 *	a namespace of a wanted container	all its sockets pass
 *	any other (the host's, a pod's)		sockets pass whose process or own cgroup is of a
 *						wanted one
 *
 * The process is known only where it acts; that its socket is wanted is then kept, as with --pid.
 */
#ifndef FLOWNER_FILTER_CONTAINER_BPF_H
#define FLOWNER_FILTER_CONTAINER_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "filter.bpf.h"
#include "flowner_abi.h"
#include "sock.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FL_VERDICTS_MAX);
	__type(key, struct fl_verdict_key);
	__type(value, __u8); /* enum fl_verdict */
} container_verdicts SEC(".maps");

static __always_inline enum fl_verdict container_verdict(__u64 id, __u64 kind)
{
	struct fl_verdict_key key = {.id = id, .kind = kind};
	__u8 *v = bpf_map_lookup_elem(&container_verdicts, &key);

	return v ? *v : FL_VERDICT_NONE;
}

/* In any context. FL_VERDICT_NONE: not decided yet. */
static __always_inline enum fl_verdict filter_container(__u64 netns_cookie, __u64 sock_cgroup,
							__u64 cookie)
{
	enum fl_verdict netns, sock = FL_VERDICT_UNWANTED;

	if (!filter.container_wanted)
		return FL_VERDICT_WANTED;
	netns = container_verdict(netns_cookie, FL_VERDICT_NETNS);
	if (sock_cgroup)
		sock = container_verdict(sock_cgroup, FL_VERDICT_SOCK);
	if (netns == FL_VERDICT_WANTED || sock == FL_VERDICT_WANTED ||
	    filter_watched(cookie, FL_WATCH_CONTAINER))
		return FL_VERDICT_WANTED;
	return netns && sock ? FL_VERDICT_UNWANTED : FL_VERDICT_NONE;
}

static __always_inline enum fl_verdict filter_container_sock(struct sock *sk, __u64 cookie)
{
	if (!filter.container_wanted)
		return FL_VERDICT_WANTED;
	return filter_container(sk->__sk_common.skc_net.net->net_cookie, sock_cgroup_id(sk),
				cookie);
}

/*
 * Of a socket that is about to be told: what is told while it is undecided has to be told to its
 * end, or user space would not know when to forget it. Not of one that has closed already: nothing
 * would take it out of the map again.
 */
static __always_inline void filter_container_told(enum fl_verdict v, __u64 cookie)
{
	if (filter.container_wanted && v == FL_VERDICT_NONE)
		filter_watch(cookie, FL_WATCH_CONTAINER);
}

/* In process context, where that did not pass: the process may tell, and a yes is remembered. */
static __always_inline bool filter_container_task(__u64 cookie, bool closed)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (container_verdict(current_cgroup_id(task), FL_VERDICT_TASK) == FL_VERDICT_UNWANTED)
		return false;
	if (!closed)
		filter_watch(cookie, FL_WATCH_CONTAINER);
	return true;
}

#endif
