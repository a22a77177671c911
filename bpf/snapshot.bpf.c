// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The IP sockets that there are:
 *
 *	each_socket	those that processes hold, in every network namespace, with the process: one
 *			pass over all descriptors of all tasks
 *	each_tcp,	those of one namespace, whoever holds them: that of the process which makes
 *	each_udp	the iterator
 *
 * TCP only, others where they are asked for.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
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

/* Since data was last sent or received: the younger of both. Before ESTABLISHED neither is set. */
static __always_inline __u32 idle(struct tcp_sock *tp, __u8 state)
{
	__u32 now = (__u32)bpf_jiffies64(), sent, received;

	if (state == TCP_LISTEN || state == TCP_SYN_SENT)
		return FL_IDLE_UNKNOWN;
	sent = now - tp->lsndtime;
	received = now - tp->inet_conn.icsk_ack.lrcvtime;
	return sent < received ? sent : received;
}

static __always_inline void tcp_fill(struct fl_snapshot *s, struct sock *sk, struct tcp_sock *tp)
{
	sock_fill(&s->sock, sk, tp);
	counts_fill(&s->counts, sk, tp);
	s->backlog = sk->sk_max_ack_backlog;
	s->queued = sk->sk_ack_backlog;
	s->idle = idle(tp, s->sock.state);
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
	s.idle = FL_IDLE_UNKNOWN;
	if (s.protocol == IPPROTO_TCP) {
		tp = bpf_skc_to_tcp_sock(sk);
		if (!tp)
			return 0;
		if (sk->__sk_common.skc_state == TCP_CLOSE) /* neither connected nor listening */
			return 0;
		tcp_fill(&s, sk, tp);
	} else {
		if (tcp_only)
			return 0;
		datagram_fill(&s.sock, sk);
	}
	task_describe(&s.task, task);
	s.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &s, sizeof(s));
	return 0;
}

/* What listens gives a connection its struct socket when it is accepted; close(2) takes it away. */
static __always_inline __u8 held_by(struct sock *sk)
{
	struct socket *socket = sk->sk_socket;

	if (socket)
		return socket->file ? FL_HELD_FILE : FL_HELD_KERNEL;
	return sk->__sk_common.skc_flags & (1UL << SOCK_DEAD) ? FL_HELD_NOBODY : FL_HELD_QUEUE;
}

/* Of a socket that is none yet, or none any more. */
static __always_inline void mini_fill(struct fl_snapshot *s, struct sock_common *skc, __u8 state)
{
	struct net *net = skc->skc_net.net;

	s->sock.cookie = bpf_get_socket_cookie(skc);
	s->sock.netns_cookie = net->net_cookie;
	s->sock.netns_inum = net->ns.inum;
	sock_fill_addresses(&s->sock, (struct sock *)skc);
	s->sock.local_port_be = bpf_htons(skc->skc_num);
	s->sock.remote_port_be = skc->skc_dport;
	s->sock.old_state = s->sock.state = state;
	s->mini = 1;
}

SEC("iter/tcp")
int each_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;
	struct fl_snapshot s = {.protocol = IPPROTO_TCP, .idle = FL_IDLE_UNKNOWN};
	struct tcp_timewait_sock *tw;
	struct tcp_request_sock *req;
	struct tcp_sock *tp;

	if (!skc)
		return 0;
	tp = bpf_skc_to_tcp_sock(skc);
	if (tp) {
		struct sock *sk = (struct sock *)tp;

		tcp_fill(&s, sk, tp);
		s.held = held_by(sk);
		goto out;
	}
	tw = bpf_skc_to_tcp_timewait_sock(skc);
	if (tw) {
		mini_fill(&s, skc, tw->tw_sk.tw_substate);
		s.held = FL_HELD_NOBODY;
		goto out;
	}
	req = bpf_skc_to_tcp_request_sock(skc);
	if (!req)
		return 0;
	mini_fill(&s, skc, TCP_NEW_SYN_RECV);
	/* As an accepted socket has them: each one more. */
	s.sock.isn_own = req->snt_isn + 1;
	s.sock.isn_other = req->rcv_isn + 1;
	s.held = FL_HELD_QUEUE;
out:
	bpf_seq_write(ctx->meta->seq, &s, sizeof(s));
	return 0;
}

SEC("iter/udp")
int each_udp(struct bpf_iter__udp *ctx)
{
	struct fl_snapshot s = {.protocol = IPPROTO_UDP, .idle = FL_IDLE_UNKNOWN};
	struct sock *sk = (struct sock *)ctx->udp_sk;

	if (!sk)
		return 0;
	datagram_fill(&s.sock, sk);
	s.held = held_by(sk);
	bpf_seq_write(ctx->meta->seq, &s, sizeof(s));
	return 0;
}
