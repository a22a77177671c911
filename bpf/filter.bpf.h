/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which events are wanted, decided before anything is reserved.
 *
 *	filter_netns(sk)		the first act of every program
 *	filter_tuple(sock fields)	port, host, family
 *	filter_task_*()			pid and comm: decided where the process is current, kept by
 *socket cookie for the events that run in softirq
 *
 * Some things are not known yet where an event happens: the local port at SYN_SENT (connect(2)
 *picks it just after), the process of a connection that nobody has accepted. Such an event passes,
 *and user space, which gets to know, drops it.
 */
#ifndef FLOWNER_FILTER_BPF_H
#define FLOWNER_FILTER_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "emit.bpf.h"
#include "filter_tuple.bpf.h"
#include "flowner_abi.h"
#include "sock.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* inode */
	__type(value, __u8);
} netns_wanted SEC(".maps");

/*
 * Sockets whose process passed the filter, from LISTEN, SYN_SENT, accept or the snapshot to CLOSE;
 * used only with --pid, --comm or --container. Not an LRU: that would forget the longest-lived
 * sockets without a word.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FL_WATCHED_MAX);
	__type(key, __u64);  /* socket cookie */
	__type(value, __u8); /* FL_WATCH_* */
} watched SEC(".maps");

static __always_inline bool filter_watched(__u64 cookie, __u8 why)
{
	__u8 *w = bpf_map_lookup_elem(&watched, &cookie);

	return w && (*w & why);
}

static __always_inline void filter_watch(__u64 cookie, __u8 why)
{
	__u8 *w = bpf_map_lookup_elem(&watched, &cookie);

	if (w) {
		*w |= why; /* where it is owned: one socket is not in two hands */
		return;
	}
	if (bpf_map_update_elem(&watched, &cookie, &why, BPF_ANY)) {
		struct fl_counters *c = emit_counters();

		if (c)
			emit_count(c->unwatched);
	}
}

static __always_inline bool filter_netns_inum(__u32 inum)
{
	if (filter.netns_one)
		return inum == filter.netns_one;
	if (filter.netns_many)
		return bpf_map_lookup_elem(&netns_wanted, &inum) != NULL;
	return true;
}

/* Everything about a socket that is the same in every context. */
static __always_inline bool filter_sock(struct sock *sk, struct tcp_sock *tp)
{
	struct filter_addr local, remote;

	if (!filter_port(tp->inet_conn.icsk_inet.inet_sport, sk->__sk_common.skc_dport))
		return false;
	if (!filter.nhosts && !filter.family)
		return true;
	filter_addr_of(&local, &sk->__sk_common.skc_v6_rcv_saddr, sk->__sk_common.skc_rcv_saddr,
		       sk->__sk_common.skc_family);
	filter_addr_of(&remote, &sk->__sk_common.skc_v6_daddr, sk->__sk_common.skc_daddr,
		       sk->__sk_common.skc_family);
	if (filter.family) {
		/*
		 * The remote address tells v4-mapped from v6. A listener has none; one on [::] may
		 * take both families and passes.
		 */
		bool listener = sk->__sk_common.skc_dport == 0;
		bool v4 = sk->__sk_common.skc_family == AF_INET || filter_addr_is_v4(&remote);

		if (!listener && v4 != (filter.family == AF_INET))
			return false;
		if (listener && filter.family == AF_INET6 && sk->__sk_common.skc_family == AF_INET)
			return false;
	}
	return filter_hosts(&local, &remote);
}

/* The same as filter_sock(), of a connected socket that has been read already. */
static __always_inline bool filter_record(const struct fl_sock *s)
{
	struct filter_addr local, remote;
	__u32 v4;

	if (!filter_port(s->local_port_be, s->remote_port_be))
		return false;
	if (!filter.nhosts && !filter.family)
		return true;
	__builtin_memcpy(&v4, s->local_addr, 4);
	filter_addr_of(&local, (const struct in6_addr *)s->local_addr, v4, s->family);
	__builtin_memcpy(&v4, s->remote_addr, 4);
	filter_addr_of(&remote, (const struct in6_addr *)s->remote_addr, v4, s->family);
	if (filter.family && filter_addr_is_v4(&remote) != (filter.family == AF_INET))
		return false;
	return filter_hosts(&local, &remote);
}

static __always_inline bool filter_task_current(void)
{
	__u8 comm[FL_COMM_LEN] = {};
	__u32 pid;

	if (filter.npids) {
		bool found = false;

		pid = bpf_get_current_pid_tgid() >> 32;
		for (__u32 i = 0; i < FL_PIDS_MAX; i++) {
			if (i >= filter.npids)
				break;
			if (filter.pids[i] == pid)
				found = true;
		}
		if (!found)
			return false;
	}
	if (!filter.ncomms)
		return true;
	bpf_get_current_comm(comm, sizeof(comm));
	for (__u32 i = 0; i < FL_COMMS_MAX; i++) {
		const volatile __u64 *want = (const volatile __u64 *)filter.comms[i];
		const __u64 *have = (const __u64 *)comm;

		if (i >= filter.ncomms)
			break;
		if (have[0] == want[0] && have[1] == want[1])
			return true;
	}
	return false;
}

/*
 * In process context: decide by the current task, and remember a yes for this socket, unless it has
 * closed already, for then nothing would take it out of the map again.
 */
static __always_inline bool filter_task_decide(__u64 cookie, bool closed)
{
	if (!filter.task_wanted)
		return true;
	if (!filter_task_current())
		return false;
	if (!closed)
		filter_watch(cookie, FL_WATCH_TASK);
	return true;
}

/* In any context: was this socket's process wanted? */
static __always_inline bool filter_task_known(__u64 cookie)
{
	return !filter.task_wanted || filter_watched(cookie, FL_WATCH_TASK);
}

/* Are sockets watched at all, so that their cookies are wanted? */
static __always_inline bool filter_watches(void)
{
	return filter.task_wanted || filter.container_wanted;
}

static __always_inline void filter_forget(__u64 cookie)
{
	if (filter_watches())
		bpf_map_delete_elem(&watched, &cookie);
}

#endif
