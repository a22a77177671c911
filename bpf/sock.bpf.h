/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A socket and a task, as records show them.
 *
 *	sock_fill(out, sk, tp)	tuple, netns, cgroup, initial sequence numbers
 *	counts_fill(out, tp)	bytes, segments, rtt, error
 *	task_fill(out)		the current task; only where it is the one that acts
 *
 * Fields are read through BTF pointers, without a helper call each: a fault reads as zero.
 */
#ifndef FLOWNER_SOCK_BPF_H
#define FLOWNER_SOCK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "core_compat.h"
#include "flowner_abi.h"

#ifndef AF_INET
#define AF_INET  2
#define AF_INET6 10
#endif
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

static __always_inline void sock_fill_addresses(struct fl_sock *out, struct sock *sk)
{
	out->family = sk->__sk_common.skc_family;
	if (out->family == AF_INET6) {
		__builtin_memcpy(out->local_addr, &sk->__sk_common.skc_v6_rcv_saddr, 16);
		__builtin_memcpy(out->remote_addr, &sk->__sk_common.skc_v6_daddr, 16);
	} else {
		__u32 local = sk->__sk_common.skc_rcv_saddr;
		__u32 remote = sk->__sk_common.skc_daddr;

		__builtin_memset(out->local_addr, 0, 16);
		__builtin_memset(out->remote_addr, 0, 16);
		__builtin_memcpy(out->local_addr, &local, 4);
		__builtin_memcpy(out->remote_addr, &remote, 4);
	}
}

static __always_inline void sock_fill_but_cookie(struct fl_sock *out, struct sock *sk,
						 struct tcp_sock *tp)
{
	struct net *net = sk->__sk_common.skc_net.net;

	out->netns_cookie = net->net_cookie;
	out->netns_inum = net->ns.inum;
	out->cgroup = sock_cgroup_id(sk);
	out->uid = sk->sk_uid.val;
	out->isn_own = tp->snd_una - (__u32)tp->bytes_acked;
	out->isn_other = tp->rcv_nxt - (__u32)tp->bytes_received;
	sock_fill_addresses(out, sk);
	/* Not skc_num: tcp_set_state(CLOSE) has given the port back before its tracepoint runs. */
	out->local_port_be = tp->inet_conn.icsk_inet.inet_sport;
	out->remote_port_be = sk->__sk_common.skc_dport;
	out->old_state = out->state = sk->__sk_common.skc_state;
}

static __always_inline void sock_fill(struct fl_sock *out, struct sock *sk, struct tcp_sock *tp)
{
	out->cookie = bpf_get_socket_cookie(sk);
	sock_fill_but_cookie(out, sk, tp);
}

static __always_inline void counts_fill(struct fl_counts *out, struct sock *sk, struct tcp_sock *tp)
{
	out->tx_bytes = tp->bytes_sent - tp->bytes_retrans;
	out->rx_bytes = tp->bytes_received;
	out->acked_bytes = tp->bytes_acked;
	out->in_flight = tp->snd_nxt - tp->snd_una;
	out->tx_segments = tp->segs_out;
	out->rx_segments = tp->segs_in;
	out->retransmits = tp->total_retrans;
	out->srtt_us = tp->srtt_us >> 3; /* held as eight times the value */
	out->min_rtt_us = tp->rtt_min.s[0].v;
	if (out->min_rtt_us == ~0U) /* no sample yet */
		out->min_rtt_us = 0;
	out->error = (__u16)sk->sk_err;
	/* tcp_fin() sets it; RCV_SHUTDOWN alone may be the process's own shutdown(2). */
	out->flags = sk->__sk_common.skc_flags & (1UL << SOCK_DONE) ? FL_FIN_RECEIVED : 0;
	if (tp->write_seq != tp->snd_nxt)
		out->flags |= FL_SEND_QUEUE;
	if (sk->sk_max_ack_backlog)
		out->flags |= FL_OF_LISTENER;
	out->pad = 0;
}

static __always_inline void task_describe(struct fl_task *out, struct task_struct *task)
{
	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->ppid = BPF_CORE_READ(task, real_parent, tgid);
	out->uid = BPF_CORE_READ(task, cred, uid.val);
	out->cgroup = task_cgroup_id(task);
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), &task->comm);
}

static __always_inline void task_fill(struct fl_task *out)
{
	struct task_struct *task = bpf_get_current_task_btf();

	out->pid = task->tgid;
	out->tid = task->pid;
	out->ppid = task->real_parent->tgid;
	out->uid = task->cred->uid.val;
	out->cgroup = current_cgroup_id(task);
	bpf_get_current_comm(out->comm, sizeof(out->comm));
}

#endif
