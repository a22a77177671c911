/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every difference between kernels that the programs have to know, each behind one accessor, with
 * the commit that made it. Nothing here compares version numbers.
 */
#ifndef FLOWNER_CORE_COMPAT_H
#define FLOWNER_CORE_COMPAT_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The v2 cgroup a socket was created in; 0 where the kernel gives none: before 8520e224f547 ("bpf,
 * cgroups: Fix cgroup v2 fallback on v1/v2 mixed mode", 5.15) the pointer shared its word with v1
 * ids.
 */
static __always_inline __u64 sock_cgroup_id(struct sock *sk)
{
	if (bpf_core_field_exists(struct sock_cgroup_data, cgroup)) {
		struct cgroup *cgrp = sk->sk_cgrp_data.cgroup;

		return cgrp ? cgrp->kn->id : 0;
	}
	return 0;
}

/*
 * The cgroup of the current task, as bpf_get_current_task_btf() gives it, in the hierarchy that has
 * the pids controller; 0 without that controller. By plain loads: a helper for each would take ten
 * times as long.
 */
static __always_inline __u64 current_cgroup_id(struct task_struct *task)
{
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return 0;
	return task->cgroups->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]
		->cgroup->kn->id;
}

/* The same of any task, however its address was come by. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return 0;
	return BPF_CORE_READ(task, cgroups,
			     subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)],
			     cgroup, kn, id);
}

#endif
