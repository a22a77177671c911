/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The socket that accept(2) has just returned, from a classic tracepoint, which is given nothing
 * but a descriptor.
 *
 *	sk = accepted_sock(fd, cast);
 *	accepted_fill(&out, sk, cast);
 *
 * There are no BTF pointers to walk from a file to its socket. `cast`, a constant: the kernel can
 * make them, by bpf_rdonly_cast() (a35b9af4ec2c, "bpf: Add a kfunc for generic type cast", 6.2).
 * Then everything is a plain load; else each takes a helper that may fail, ten times as long.
 */
#ifndef FLOWNER_ACCEPTED_BPF_H
#define FLOWNER_ACCEPTED_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "core_compat.h"
#include "flowner_abi.h"
#include "sock.bpf.h"

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define ACCEPTED_CAST(ptr, type) ((type *)bpf_rdonly_cast(ptr, bpf_core_type_id_kernel(type)))

static __always_inline struct sock *accepted_sock(int fd, bool cast)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = task->files->fdt;
	struct file **slots = fdt->fd, *file;
	struct socket *socket;

	if (fd < 0 || (__u32)fd >= fdt->max_fds ||
	    bpf_probe_read_kernel(&file, sizeof(file), &slots[fd]))
		return NULL;
	/* accept(2) has just returned it: it is a socket. */
	if (cast) {
		socket = ACCEPTED_CAST(file, struct file)->private_data;
		return ACCEPTED_CAST(socket, struct socket)->sk;
	}
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline __u32 accepted_netns(struct sock *sk, bool cast)
{
	if (cast)
		return sk->__sk_common.skc_net.net->ns.inum;
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline __u16 accepted_protocol(struct sock *sk, bool cast)
{
	return cast ? sk->sk_protocol : BPF_CORE_READ(sk, sk_protocol);
}

/*
 * accept(2) has let go of the socket: softirq on another CPU may be taking its first data, and what
 * was received is seen there before rcv_nxt is, by as long as a cache line travels. So the peer's
 * number is told by where reading begins. Nobody has read yet, but for a sockmap, maybe: then it is
 * another number than that of the socket's other records, by which user space goes.
 */
static __always_inline __u32 accepted_isn_other(struct sock *sk, bool cast)
{
	if (cast)
		return ACCEPTED_CAST(sk, struct tcp_sock)->copied_seq;
	return BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
}

/* As sock_fill(), by reads that may fail. */
static __always_inline void accepted_fill_probe(struct fl_sock *out, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	struct cgroup *cgrp = NULL;

	__builtin_memset(out, 0, sizeof(*out));
	out->cookie = (__u64)BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	out->netns_cookie = BPF_CORE_READ(net, net_cookie);
	out->netns_inum = BPF_CORE_READ(net, ns.inum);
	if (bpf_core_field_exists(struct sock_cgroup_data, cgroup)) {
		cgrp = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
		out->cgroup = BPF_CORE_READ(cgrp, kn, id);
	}
	out->uid = BPF_CORE_READ(sk, sk_uid.val);
	out->isn_own = BPF_CORE_READ(tp, snd_una) - (__u32)BPF_CORE_READ(tp, bytes_acked);
	out->isn_other = accepted_isn_other(sk, false);
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO(&out->local_addr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&out->remote_addr, sk, __sk_common.skc_v6_daddr);
	} else {
		bpf_core_read(out->local_addr, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(out->remote_addr, 4, &sk->__sk_common.skc_daddr);
	}
	out->local_port_be = BPF_CORE_READ(tp, inet_conn.icsk_inet.inet_sport);
	out->remote_port_be = BPF_CORE_READ(sk, __sk_common.skc_dport);
	out->state = out->old_state = BPF_CORE_READ(sk, __sk_common.skc_state);
}

/*
 * The cookie was made when the socket was established, unless that was before these programs were
 * attached.
 */
static __always_inline void accepted_fill(struct fl_sock *out, struct sock *sk, bool cast)
{
	if (!cast) {
		accepted_fill_probe(out, sk);
		return;
	}
	out->cookie = (__u64)sk->__sk_common.skc_cookie.counter;
	sock_fill_but_cookie(out, sk, ACCEPTED_CAST(sk, struct tcp_sock));
	out->isn_other = accepted_isn_other(sk, true);
}

#endif
