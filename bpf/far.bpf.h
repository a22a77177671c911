/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The far ends of wanted connections. With --netns, --pid or --comm one end of a connection is
 * wanted and the other is filtered out; yet who is there is what the user asks. So
 *
 *   - of an unwanted client the kernel side remembers, by the connection's pair of initial sequence
 * numbers, who it is; the wanted server's ESTABLISHED, which comes after it, sends that along;
 *   - a wanted client leaves its pair, and what happens to an unwanted server of that pair is let
 * through.
 *
 * The maps forget the least recently used. Nothing of this runs without such a filter, and what it
 * costs an unwanted connection is two map updates and no record; and nothing while there is no
 * wanted socket that it could have to do with.
 */
#ifndef FLOWNER_FAR_BPF_H
#define FLOWNER_FAR_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "emit.bpf.h"
#include "flowner_abi.h"
#include "sock.bpf.h"

const volatile bool far_wanted;
/*
 * Only namespaces are filtered: then a wanted server has a wanted listener. A process may accept
 * from another's.
 */
const volatile bool far_by_netns;

bool far_unsettled = true; /* user space has yet to look for listeners that were there before */
bool far_listens;          /* a socket of a wanted namespace has listened */
bool far_connects;         /* a wanted client has had a connection */

static __always_inline bool far_clients_matter(void)
{
	return !far_by_netns || far_unsettled || far_listens;
}

/* As in user space's conn id: an active opener's own number is the ISN, everything else is one
 * more. */
struct far_pair {
	__u32 client, server;
};

struct far_end {
	struct fl_sock sock;
	struct fl_task task;
};

#define FAR_MAX 16384

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FAR_MAX);
	__type(key, __u64); /* socket cookie, from SYN_SENT to ESTABLISHED */
	__type(value, struct fl_task);
} far_openers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FAR_MAX);
	__type(key, struct far_pair);
	__type(value, struct far_end);
} far_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FAR_MAX);
	__type(key, struct far_pair);
	__type(value, __u8);
} near_pairs SEC(".maps");

static __always_inline struct far_pair far_pair_of_client(__u32 own, __u32 other)
{
	return (struct far_pair){.client = own, .server = other - 1};
}

static __always_inline struct far_pair far_pair_of_server(__u32 own, __u32 other)
{
	return (struct far_pair){.client = other - 1, .server = own - 1};
}

/* The state of an unwanted socket changes. */
static __always_inline void far_remember(struct sock *sk, int old_state, int state)
{
	struct far_end end = {};
	struct far_pair pair;
	struct fl_task *task;
	struct tcp_sock *tp;
	struct fl_state *r;
	__u64 cookie;

	if (!far_wanted)
		return;
	if (state == TCP_SYN_SENT || old_state == TCP_SYN_SENT ? !far_clients_matter()
							       : !far_connects)
		return;
	if (state == TCP_SYN_SENT) {
		cookie = bpf_get_socket_cookie(sk);
		task_fill(&end.task);
		bpf_map_update_elem(&far_openers, &cookie, &end.task, BPF_ANY);
		return;
	}
	if (state == TCP_CLOSE && old_state == TCP_SYN_SENT) {
		cookie = bpf_get_socket_cookie(sk);
		bpf_map_delete_elem(&far_openers, &cookie);
		return;
	}
	if (state != TCP_ESTABLISHED)
		return;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	if (old_state == TCP_SYN_SENT) {
		sock_fill(&end.sock, sk, tp);
		end.sock.old_state = old_state;
		end.sock.state = state;
		pair = far_pair_of_client(end.sock.isn_own, end.sock.isn_other);
		task = bpf_map_lookup_elem(&far_openers, &end.sock.cookie);
		if (task) {
			end.task = *task;
			bpf_map_delete_elem(&far_openers, &end.sock.cookie);
		}
		bpf_map_update_elem(&far_clients, &pair, &end, BPF_ANY);
		return;
	}
	pair = far_pair_of_server(tp->snd_una - (__u32)tp->bytes_acked,
				  tp->rcv_nxt - (__u32)tp->bytes_received);
	if (!bpf_map_lookup_elem(&near_pairs, &pair))
		return;
	r = emit_begin(FL_ESTABLISHED, sizeof(*r));
	if (!r)
		return;
	r->hdr.flags = FL_FAR;
	sock_fill(&r->sock, sk, tp);
	r->sock.old_state = old_state;
	r->sock.state = state;
	emit_end(r);
}

/* An unwanted process accepted a connection: true if its client is wanted, so that it has to be
 * told. */
static __always_inline bool far_accept_wanted(const struct fl_sock *s)
{
	struct far_pair pair = far_pair_of_server(s->isn_own, s->isn_other);

	return far_wanted && far_connects && bpf_map_lookup_elem(&near_pairs, &pair);
}

/* A wanted client has a connection: whatever its server does next is wanted too. */
static __always_inline void far_expect_server(struct tcp_sock *tp)
{
	struct far_pair pair;
	__u8 yes = 1;

	if (!far_wanted)
		return;
	pair = far_pair_of_client(tp->snd_una - (__u32)tp->bytes_acked,
				  tp->rcv_nxt - (__u32)tp->bytes_received);
	bpf_map_update_elem(&near_pairs, &pair, &yes, BPF_ANY);
	far_connects = true;
}

/* A wanted server has a connection: say who its client is, if that was filtered out. */
static __always_inline void far_tell_client(__u32 isn_own, __u32 isn_other)
{
	struct far_end *end;
	struct far_pair pair;
	struct fl_owned *r;

	if (!far_wanted)
		return;
	pair = far_pair_of_server(isn_own, isn_other);
	end = bpf_map_lookup_elem(&far_clients, &pair);
	if (!end)
		return;
	r = emit_begin(FL_FAR_CLIENT, sizeof(*r));
	if (r) {
		r->hdr.flags = FL_FAR;
		r->sock = end->sock;
		r->task = end->task;
		r->backlog = r->pad = 0;
		emit_end(r);
	}
	bpf_map_delete_elem(&far_clients, &pair);
}

#endif
