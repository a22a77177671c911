// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every TCP socket that a process holds, in every network namespace, with that process: one pass
 * over all descriptors of all tasks. Sockets of other IP protocols where they are asked for.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "flowner_abi.h"
#include "sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool tcp_only = true;

/* A UDP, ICMP or raw socket: what all of AF_INET and AF_INET6 have. */
static __always_inline void datagram_fill(struct fl_sock *out, struct sock *sk)
{
	struct net *net = sk->__sk_common.skc_net.net;
	struct inet_sock *inet = (struct inet_sock *)sk;

	out->cookie = bpf_get_socket_cookie(sk);
	out->netns_cookie = net->net_cookie;
	out->netns_inum = net->ns.inum;
	out->cgroup = sock_cgroup_id(sk);
	out->uid = sk->sk_uid.val;
	sock_fill_addresses(out, sk);
	out->local_port_be = BPF_CORE_READ(inet, inet_sport);
	out->remote_port_be = sk->__sk_common.skc_dport;
	out->old_state = out->state = sk->__sk_common.skc_state;
}

SEC("iter/task_file")
int each_socket(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct fl_snapshot s = {};
	struct socket *socket;
	struct tcp_sock *tp;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	if (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6)
		return 0;
	s.protocol = sk->sk_protocol;
	if (s.protocol == IPPROTO_TCP) {
		tp = bpf_skc_to_tcp_sock(sk);
		if (!tp)
			return 0;
		if (sk->__sk_common.skc_state == TCP_CLOSE) /* neither connected nor listening */
			return 0;
		sock_fill(&s.sock, sk, tp);
		counts_fill(&s.counts, sk, tp);
	} else {
		if (tcp_only)
			return 0;
		datagram_fill(&s.sock, sk);
	}
	task_describe(&s.task, task);
	s.backlog = sk->sk_max_ack_backlog;
	s.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &s, sizeof(s));
	return 0;
}
