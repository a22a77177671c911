// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program costs that does nothing: to be taken off what bench_flows measures. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return -1;
}

/* What all BPF programs of this build were compiled with: test_costs. */
const volatile int clang_major = __clang_major__;
