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

static __always_inline bool container_passes(__u64 id, __u64 kind)
{
	struct fl_verdict_key key = {.id = id, .kind = kind};
	__u8 *v = bpf_map_lookup_elem(&container_verdicts, &key);

	return !v || *v == FL_VERDICT_WANTED;
}

/* In any context. */
static __always_inline bool filter_container(__u64 netns_cookie, __u64 sock_cgroup, __u64 cookie)
{
	if (!filter.container_wanted)
		return true;
	return container_passes(netns_cookie, FL_VERDICT_NETNS) ||
	       (sock_cgroup && container_passes(sock_cgroup, FL_VERDICT_SOCK)) ||
	       filter_watched(cookie, FL_WATCH_CONTAINER);
}

static __always_inline bool filter_container_sock(struct sock *sk, __u64 cookie)
{
	return !filter.container_wanted || filter_container(sk->__sk_common.skc_net.net->net_cookie,
							    sock_cgroup_id(sk), cookie);
}

/* In process context, where that did not pass: the process may tell, and a yes is remembered. */
static __always_inline bool filter_container_task(__u64 cookie)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!container_passes(task_cgroup_id(task), FL_VERDICT_TASK))
		return false;
	filter_watch(cookie, FL_WATCH_CONTAINER);
	return true;
}

#endif
