// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "collect/seccomp.h"

/* Reading the files of runtimes as another user. */
#define TASK_OTHERS_FILES (1 << 14)

/* Before libcap-ng 0.8 knew of them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

static const struct {
	unsigned int cap;
	const char *name;
	unsigned int needed; /* by these tasks, at the beginning */
	unsigned int wanted; /* by these: they are done without, but not as well */
	unsigned int kept;   /* for these, later */
	const char *why;     /* for what; or what is not done without it */
} caps[] = {
	/* Before 5.19 bpf(2) looks for it with every command (kernel.unprivileged_bpf_disabled). */
	{CAP_BPF, "CAP_BPF", .needed = TASK_PROGRAMS | TASK_LINKS,
	 .kept = TASK_MAPS | TASK_PROGRAMS | TASK_LINKS, .why = "loading BPF programs"},
	{CAP_PERFMON, "CAP_PERFMON", .needed = TASK_PROGRAMS | TASK_LINKS,
	 .kept = TASK_PROGRAMS | TASK_LINKS,
	 .why = "programs that see the kernel's sockets and processes"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", .needed = TASK_NETNS | TASK_LINKS,
	 .kept = TASK_NETNS | TASK_LINKS, .why = "the links of other network namespaces"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", .needed = TASK_PROCESSES, .kept = TASK_PROCESSES,
	 .why = "the network namespaces of others' processes"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", .needed = TASK_NETNS, .kept = TASK_NETNS,
	 .why = "entering network namespaces"},
	/* NETLINK_LISTEN_ALL_NSID asks for it, once. */
	{CAP_NET_BROADCAST, "CAP_NET_BROADCAST", .wanted = TASK_LINKS,
	 .why = "links that come or go are noticed once a second only"},
	/* open_by_handle_at; and, for who is not root, tracefs and the files of runtimes. */
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", .wanted = TASK_PROGRAMS | TASK_OTHERS_FILES,
	 .kept = TASK_PROCESSES,
	 .why = "containers whose processes have ended, or whose files are closed to us, stay "
		"unknown"},
	/* base/priority.h; its own only, as the filter for system calls has it. */
	{CAP_SYS_NICE, "CAP_SYS_NICE", .kept = TASK_MAPS},
	/* A folder of somebody else's, where root writes all the same. */
	{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", .kept = TASK_FILES},
};
#define CAPS (sizeof(caps) / sizeof(caps[0]))

static bool have(unsigned int cap)
{
	return capng_have_capability(CAPNG_EFFECTIVE, cap);
}

/* The kernel takes it instead of these (bpf_capable(), perfmon_capable(); 5.8). */
static bool stands_in(unsigned int cap)
{
	return (cap == CAP_BPF || cap == CAP_PERFMON) && have(CAP_SYS_ADMIN);
}

/* --- at the beginning --- */

/* How many of what `tasks` take are missing; *which is one of them. */
static unsigned int look(unsigned int tasks, char list[static PRIVILEGES_LIST], size_t *which)
{
	unsigned int n = 0;
	size_t len = 0;

	list[0] = '\0';
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process())
		return 0;
	for (size_t i = 0; i < CAPS; i++) {
		if (!(caps[i].needed & tasks) || have(caps[i].cap) || stands_in(caps[i].cap))
			continue;
		len += (size_t)snprintf(list + len, PRIVILEGES_LIST - len, "%s%s", n ? ", " : "",
					caps[i].name);
		*which = i;
		n++;
	}
	return n;
}

void privileges_missing(unsigned int tasks, char list[static PRIVILEGES_LIST])
{
	size_t which;

	look(tasks, list, &which);
}

static void tell_poorer(unsigned int tasks)
{
	if (geteuid() && (tasks & TASK_PROCESSES))
		tasks |= TASK_OTHERS_FILES;
	for (size_t i = 0; i < CAPS; i++) {
		if (have(caps[i].cap))
			continue;
		if (caps[i].needed & tasks)
			log_warn("%s is missing; CAP_SYS_ADMIN, which is there, stands for it",
				 caps[i].name);
		else if (caps[i].wanted & tasks)
			log_warn("%s is missing: %s", caps[i].name, caps[i].why);
	}
}

const char *privileges_advice(void)
{
	return geteuid()
		       ? "run it as root (sudo flowner …)"
		       : "whoever started this root took it away (a container gets it by --cap-add)";
}

int privileges_need(unsigned int tasks)
{
	char list[PRIVILEGES_LIST];
	size_t which = 0;
	unsigned int n = look(tasks, list, &which);

	if (!n) {
		tell_poorer(tasks);
		return 0;
	}
	log_error("not permitted: %s missing%s%s%s; %s", list, n == 1 ? " (for " : "",
		  n == 1 ? caps[which].why : "", n == 1 ? ")" : "", privileges_advice());
	return -EPERM;
}

/* --- later --- */

static bool is_kept(size_t i, unsigned int tasks)
{
	if (caps[i].kept & tasks)
		return true;
	/* Where it has to stand in. */
	return caps[i].cap == CAP_SYS_ADMIN && (tasks & TASK_MAPS) &&
	       !capng_have_capability(CAPNG_PERMITTED, CAP_BPF);
}

static void drop_caps(unsigned int tasks)
{
	bool keep[CAPS];

	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process()) {
		log_warn("cannot read our own capabilities; they stay as they are");
		return;
	}
	for (size_t i = 0; i < CAPS; i++)
		keep[i] = is_kept(i, tasks) && capng_have_capability(CAPNG_PERMITTED, caps[i].cap);
	/* Nothing is inheritable then: the kernel empties the ambient set with it. */
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < CAPS; i++)
		if (keep[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, caps[i].cap);
	/* The bounding set is only CAP_SETPCAP's to change, and matters only to what we execute. */
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		log_debug("the bounding set stays as it is");
	if (capng_apply(CAPNG_SELECT_CAPS))
		log_warn("cannot give up capabilities");
}

void privileges_drop(unsigned int tasks)
{
	int err;

	drop_caps(tasks);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		log_warn("no_new_privs: %s", strerror(errno));
	if (tasks & PRIVILEGES_UNFILTERED)
		return;
	err = seccomp_confine(tasks);
	if (err == -EOPNOTSUPP)
		log_warn("this kernel has no seccomp filters: system calls stay unconfined");
	else if (err)
		log_warn("cannot confine system calls: %s", strerror(-err));
}
