// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sockets as they change: one record for LISTEN, SYN_SENT, ESTABLISHED, CLOSE and accept(2),
 *others only where asked for. No state is kept here: user space joins records by socket cookie.
 *
 *	client		SYN_SENT (process)	ESTABLISHED (softirq)			CLOSE
 *	server		LISTEN (process)	ESTABLISHED (softirq)	accept (process)
 *CLOSE
 *
 * "process": the current task is the one that acts, and is recorded. In softirq the current task is
 * whichever was interrupted, and is never read.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "accepted.bpf.h"
#include "again.bpf.h"
#include "emit.bpf.h"
#include "far.bpf.h"
#include "filter.bpf.h"
#include "filter_container.bpf.h"
#include "flowner_abi.h"
#include "sock.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool all_states;       /* --states */
const volatile bool reset_has_reason; /* tcp_send_reset's third argument, 6.10 */

static __always_inline void emit_owned(__u16 type, struct sock *sk, struct tcp_sock *tp,
				       __u8 old_state, __u8 state)
{
	struct fl_owned *r = emit_begin(type, sizeof(*r));

	if (!r)
		return;
	sock_fill(&r->sock, sk, tp);
	r->sock.old_state = old_state;
	r->sock.state = state;
	task_fill(&r->task);
	r->backlog = type == FL_LISTEN ? sk->sk_max_ack_backlog : 0;
	r->pad = 0;
	emit_end(r);
}

static __always_inline void emit_state(__u16 type, struct sock *sk, struct tcp_sock *tp,
				       __u8 old_state, __u8 state)
{
	struct fl_state *r = emit_begin(type, sizeof(*r));

	if (!r)
		return;
	sock_fill(&r->sock, sk, tp);
	r->sock.old_state = old_state;
	r->sock.state = state;
	emit_end(r);
}

static __always_inline void emit_close(struct sock *sk, struct tcp_sock *tp, __u8 old_state)
{
	struct fl_close *r = emit_begin(FL_CLOSE, sizeof(*r));

	if (!r)
		return;
	sock_fill(&r->sock, sk, tp);
	r->sock.old_state = old_state;
	r->sock.state = TCP_CLOSE;
	counts_fill(&r->counts, sk, tp);
	emit_end(r);
}

static __always_inline int set_state(struct sock *sk, int old_state, int state)
{
	struct tcp_sock *tp;
	enum fl_verdict contained;
	bool known;
	__u64 cookie;

	if (!filter_netns_inum(sk->__sk_common.skc_net.net->ns.inum))
		goto filtered;
	/* tcp_done() and friends set CLOSE where it is set already. */
	if (old_state == state)
		return 0;
	if (!all_states && state != TCP_LISTEN && state != TCP_SYN_SENT &&
	    state != TCP_ESTABLISHED && state != TCP_CLOSE)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp) /* SCTP, MPTCP's own: they use this tracepoint too */
		return 0;
	/*
	 * inet_csk_clone_lock() sets SYN_RECV on a child that does not have its addresses yet; its
	 * next state, ESTABLISHED, shows where it came from.
	 */
	if (state == TCP_SYN_RECV && old_state == TCP_LISTEN)
		return 0;
	/* Before filters that want a remote address, of which it has none. */
	if (state == TCP_LISTEN)
		far_listens = true;
	cookie = filter_watches() ? bpf_get_socket_cookie(sk) : 0;
	known = filter_task_known(cookie);
	contained = filter_container_sock(sk, cookie);
	/* Before any other filter: whatever is watched has to be forgotten once. */
	if (state == TCP_CLOSE)
		filter_forget(cookie);
	if (!filter_sock(sk, tp))
		goto filtered;
	if (contained == FL_VERDICT_UNWANTED && !((state == TCP_LISTEN || state == TCP_SYN_SENT) &&
						  filter_container_task(cookie, false)))
		goto filtered;
	if (state != TCP_CLOSE)
		filter_container_told(contained, cookie);

	switch (state) {
	case TCP_LISTEN:
		if (!filter_task_decide(cookie, false))
			goto filtered;
		emit_owned(FL_LISTEN, sk, tp, old_state, state);
		break;
	case TCP_SYN_SENT:
		if (!filter_task_decide(cookie, false))
			goto filtered;
		emit_owned(FL_SYN_SENT, sk, tp, old_state, state);
		break;
	case TCP_ESTABLISHED:
		/* Nobody has accepted it yet: its process is not known. */
		if (old_state != TCP_SYN_RECV) {
			if (!known)
				goto filtered;
			far_expect_server(tp);
		} else {
			far_tell_client(tp->snd_una - (__u32)tp->bytes_acked,
					tp->rcv_nxt - (__u32)tp->bytes_received);
		}
		emit_state(FL_ESTABLISHED, sk, tp, old_state, state);
		break;
	case TCP_CLOSE:
		if (!known)
			goto filtered;
		emit_close(sk, tp, old_state);
		break;
	default:
		if (!known)
			goto filtered;
		emit_state(FL_STATE, sk, tp, old_state, state);
	}
	return 0;
filtered:
	emit_filtered();
	far_remember(sk, old_state, state);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_set_state, struct sock *sk, int old_state, int state)
{
	again_took(bpf_get_socket_cookie(sk), state);
	return set_state(sk, old_state, state);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_set_state_again, struct sock *sk, int old_state, int state)
{
	struct again a;

	if (again_missed(&a, bpf_get_socket_cookie(sk), state))
		set_state(sk, old_state, state);
	again_end(&a);
	return 0;
}

static __always_inline int emit_trouble(__u16 type, struct sock *sk, int reason)
{
	struct fl_trouble *r;
	struct tcp_sock *tp;
	__u64 cookie;

	/* A request or time-wait socket has no tcp_sock, and for a closed port there is none at
	 * all. */
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	cookie = filter_watches() ? bpf_get_socket_cookie(sk) : 0;
	if (!filter_netns_inum(sk->__sk_common.skc_net.net->ns.inum) || !filter_sock(sk, tp) ||
	    !filter_task_known(cookie) ||
	    filter_container_sock(sk, cookie) == FL_VERDICT_UNWANTED) {
		emit_filtered();
		return 0;
	}
	r = emit_begin(type, sizeof(*r));
	if (!r)
		return 0;
	sock_fill(&r->sock, sk, tp);
	r->retransmits = tp->total_retrans;
	r->reason = reason;
	emit_end(r);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, struct sock *sk)
{
	return emit_trouble(FL_RETRANSMIT, sk, -1);
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset_received, struct sock *sk)
{
	return emit_trouble(FL_RESET_RECEIVED, sk, -1);
}

SEC("tp_btf/tcp_send_reset")
int on_reset_sent(unsigned long long *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int reason = -1;

	if (!sk)
		return 0;
	/* c63c5be7f0f4 ("trace: tcp: fully support trace_tcp_send_reset"), cb7fbe2a2ca1 (6.10). */
	if (reset_has_reason)
		reason = (int)ctx[2];
	return emit_trouble(FL_RESET_SENT, sk, reason);
}

/* `cast`: constant; whether the kernel has bpf_rdonly_cast(). */
static __always_inline int on_accept(long fd, bool cast)
{
	struct fl_counters *c;
	struct fl_owned *r;
	bool wanted, closed, far = false;
	enum fl_verdict contained;
	struct fl_sock s;
	struct sock *sk;

	if (fd < 0)
		return 0;
	sk = accepted_sock((int)fd, cast);
	if (!sk) {
		/* Another thread closed the descriptor before we came to look. */
		c = emit_counters();
		if (c)
			emit_count(c->unknown);
		return 0;
	}
	wanted = filter_netns_inum(accepted_netns(sk, cast));
	if (!wanted && !far_wanted) {
		emit_filtered();
		return 0;
	}
	/* AF_UNIX and others come by here too. */
	if (accepted_protocol(sk, cast) != IPPROTO_TCP)
		return 0;
	accepted_fill(&s, sk, cast);
	if (s.family != AF_INET && s.family != AF_INET6)
		return 0;
	if (!filter_record(&s)) {
		emit_filtered();
		return 0;
	}
	closed = s.state == TCP_CLOSE; /* reset while it waited */
	contained = filter_container(s.netns_cookie, s.cgroup, s.cookie);
	if (!closed)
		filter_container_told(contained, s.cookie);
	wanted = wanted &&
		 (contained != FL_VERDICT_UNWANTED || filter_container_task(s.cookie, closed));
	if (!wanted || !filter_task_decide(s.cookie, closed)) {
		emit_filtered();
		if (!far_accept_wanted(&s))
			return 0;
		far = true;
	}
	r = emit_begin(FL_ACCEPT, sizeof(*r));
	if (!r)
		return 0;
	if (far)
		r->hdr.flags = FL_FAR;
	r->sock = s;
	task_fill(&r->task);
	r->backlog = r->pad = 0;
	emit_end(r);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept")
int on_exit_accept(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept(ctx->ret, true);
}

SEC("tp/syscalls/sys_exit_accept4")
int on_exit_accept4(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept(ctx->ret, true);
}

SEC("tp/syscalls/sys_exit_accept")
int on_exit_accept_probe(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept(ctx->ret, false);
}

SEC("tp/syscalls/sys_exit_accept4")
int on_exit_accept4_probe(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept(ctx->ret, false);
}
