// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The least that a tracer of states can do: one record of 64 bytes a change, and nobody woken. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

struct bare_record {
	__u64 time, sk, words[6];
};

#define BPF_RB_NO_WAKEUP 1 /* include/uapi/linux/bpf.h */

__u64 lost;

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(bare, struct sock *sk, int old_state, int state)
{
	struct bare_record *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	r->time = bpf_ktime_get_boot_ns();
	r->sk = (__u64)sk;
	r->words[0] = (__u64)old_state;
	r->words[1] = (__u64)state;
	r->words[2] = sk->__sk_common.skc_daddr;
	r->words[3] = sk->__sk_common.skc_rcv_saddr;
	r->words[4] = sk->__sk_common.skc_dport;
	r->words[5] = sk->__sk_common.skc_net.net->ns.inum;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}
