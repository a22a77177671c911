// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter by itself: a struct fl_sock stands in a variable, the verdict is what the program
 * returns. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "filter.bpf.h"
#include "filter_container.bpf.h"
#include "flowner_abi.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct fl_sock input; /* a map of its own (.bss), written before each run */

SEC("tc")
int record(void *ctx)
{
	struct fl_sock s = input;

	return filter_record(&s);
}

SEC("tc")
int port(void *ctx)
{
	return filter_port(input.local_port_be, input.remote_port_be);
}

SEC("tc")
int netns(void *ctx)
{
	return filter_netns_inum(input.netns_inum);
}

SEC("tc")
int container(void *ctx)
{
	return filter_container(input.netns_cookie, input.cgroup, input.cookie);
}

SEC("tc")
int container_told(void *ctx)
{
	enum fl_verdict v = filter_container(input.netns_cookie, input.cgroup, input.cookie);

	filter_container_told(v, input.cookie);
	return v;
}

/* The task is the test itself. */
SEC("tc")
int container_task(void *ctx)
{
	return filter_container_task(input.cookie, input.state == TCP_CLOSE);
}

SEC("tc")
int cgroup_of_task(void *ctx)
{
	return (int)current_cgroup_id(bpf_get_current_task_btf());
}
