/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a kernel may lack that flowner runs on all the same, by another path. Each such path can be
 * chosen where the kernel lacks nothing, so that it is tested on every kernel.
 */
#ifndef FLOWNER_COLLECT_WITHOUT_H
#define FLOWNER_COLLECT_WITHOUT_H

enum {
	WITHOUT_TCX = 1 << 0,          /* 6.6; filters of clsact qdiscs */
	WITHOUT_BATCH = 1 << 1,        /* BPF_MAP_LOOKUP_AND_DELETE_BATCH, 5.6; one by one */
	WITHOUT_SYSCALLS = 1 << 2,     /* CONFIG_FTRACE_SYSCALLS; no accept events */
	WITHOUT_RESET_REASON = 1 << 3, /* 6.10; resets without one */
	WITHOUT_SECCOMP = 1 << 4,      /* CONFIG_SECCOMP_FILTER; all system calls stay */
	WITHOUT_CAST = 1 << 5, /* bpf_rdonly_cast(), 6.2; a helper for each read at accept(2) */
};

#endif
