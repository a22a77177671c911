// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * By purpose, not by what one libc on one machine was seen to do: where libcs and architectures
 * have several calls for one thing, all of them are here.
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "collect/container_file.h"
#include "collect/privileges.h"
#include "collect/seccomp.h"

/* Two more groups, of builds rather than of commands. */
#define TASK_SANITIZER (1U << 16)
#define TASK_COVERAGE  (1U << 17)

/* int arguments: whatever stands in the upper half of the register, the kernel does not look there.
 */
#define INT UINT32_MAX

/* clang-format off */
#define ARG(n, m, v)       {.number = (n), .mask = (m), .value = (v)}
#define IS(n, v)           ARG(n, INT, (uint32_t)(v))
#define WITHOUT(n, bits)   ARG(n, (uint32_t)(bits), 0)
#define WITH(n, bits)      ARG(n, (uint32_t)(bits), (uint32_t)(bits))
#define CALL(t, c)         {.tasks = (t), .call = (c)}
#define CALL_IF(t, c, ...) {.tasks = (t), .call = (c), .args = {__VA_ARGS__}}
#define MISSING(c)         {.call = (c), .error = ENOSYS}
#define BPF(t, cmd)        CALL_IF(t, "bpf", IS(0, cmd))
#define IOCTL(t, cmd)      CALL_IF(t, "ioctl", IS(1, cmd))
/* clang-format on */

/* BPF_TOKEN_CREATE, newer than some linux/bpf.h. */
#define TOKEN_CREATE 36
/* TCGETS2, whose header and libc's exclude each other. */
#define TCGETS_2 _IOR('T', 0x2a, char[44])

/* What makes open(2) more than reading. O_TMPFILE has O_DIRECTORY in it, which is harmless. */
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))
/* A file that was not there before; what is in its place, a link above all, stays untouched. */
#define NEW_FILE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)

static const struct seccomp_rule rules[] = {
	/* --- any command: what is open, memory, time, the end --- */

	CALL(0, "read"),
	CALL(0, "readv"),
	CALL(0, "pread64"),
	CALL(0, "write"),
	CALL(0, "writev"),
	CALL(0, "lseek"),
	CALL(0, "_llseek"),
	CALL(0, "close"),
	CALL(0, "fstat"),
	CALL(0, "fstat64"),
	/* fstat by another name: glibc 2.33 and later, and where there is no other. */
	CALL_IF(0, "newfstatat", WITH(3, AT_EMPTY_PATH)),
	CALL_IF(0, "fstatat64", WITH(3, AT_EMPTY_PATH)),
	CALL_IF(0, "statx", WITH(2, AT_EMPTY_PATH)),
	CALL_IF(0, "fcntl", IS(1, F_GETFD)),
	CALL_IF(0, "fcntl", IS(1, F_SETFD)),
	CALL_IF(0, "fcntl", IS(1, F_GETFL)),
	CALL_IF(0, "fcntl", IS(1, F_SETFL)),
	CALL_IF(0, "fcntl", IS(1, F_DUPFD_CLOEXEC)),
	CALL_IF(0, "fcntl64", IS(1, F_GETFD)),
	CALL_IF(0, "fcntl64", IS(1, F_SETFD)),
	CALL_IF(0, "fcntl64", IS(1, F_GETFL)),
	CALL_IF(0, "fcntl64", IS(1, F_SETFL)),
	CALL_IF(0, "fcntl64", IS(1, F_DUPFD_CLOEXEC)),
	/* capture -w: what of a block did not fit is taken back. */
	CALL(0, "ftruncate"),
	CALL(0, "ftruncate64"),
	/* isatty, and how wide it is now. */
	IOCTL(0, TCGETS),
	IOCTL(0, TIOCGWINSZ),
	IOCTL(0, TCGETS_2),

	/*
	 * Never memory that can be executed. The kernel's maps are laid over memory (MAP_FIXED)
	 * when programs for links are loaded; else nothing is ever put in another's place.
	 */
	CALL(0, "brk"),
	CALL_IF(0, "mmap", WITHOUT(2, PROT_EXEC), WITHOUT(3, MAP_FIXED)),
	CALL_IF(0, "mmap2", WITHOUT(2, PROT_EXEC), WITHOUT(3, MAP_FIXED)),
	CALL_IF(TASK_LINKS, "mmap", WITHOUT(2, PROT_EXEC)),
	CALL_IF(TASK_LINKS, "mmap2", WITHOUT(2, PROT_EXEC)),
	CALL(0, "munmap"),
	CALL_IF(0, "mremap", WITHOUT(3, MREMAP_FIXED)),
	CALL(0, "madvise"),
	CALL_IF(TASK_LINKS, "mprotect", WITHOUT(2, PROT_EXEC)),
#ifndef __GLIBC__
	/* musl's malloc; glibc's has no need where there are no threads. */
	CALL_IF(0, "mprotect", WITHOUT(2, PROT_EXEC)),
#endif
	/* malloc's secrets (glibc 2.36). */
	CALL(0, "getrandom"),
	/* qsort asks how much memory there is (glibc before 2.37). */
	CALL(0, "sysinfo"),
	CALL(0, "futex"),
	CALL(0, "futex_time64"),
	CALL(0, "sched_yield"),
	CALL(0, "membarrier"),

	/* The vDSO does without, if the clock is one that it can read. */
	CALL(0, "clock_gettime"),
	CALL(0, "clock_gettime64"),
	CALL(0, "clock_getres"),
	CALL(0, "clock_getres_time64"),
	CALL(0, "gettimeofday"),
	CALL(0, "time"),

	CALL(0, "epoll_wait"),
	CALL(0, "epoll_pwait"),
	CALL(0, "epoll_pwait2"),
	CALL(0, "epoll_ctl"),
	CALL(0, "poll"),
	CALL(0, "ppoll"),
	CALL(0, "ppoll_time64"),
	/* After a SIGSTOP. */
	CALL(0, "restart_syscall"),

	CALL(0, "getpid"),
	CALL(0, "gettid"),
	CALL(0, "getuid"),
	CALL(0, "geteuid"),
	CALL(0, "rt_sigprocmask"),
	/* Whether to end, while nobody reads what we write. */
	CALL(0, "rt_sigpending"),
	CALL(0, "rt_sigreturn"),
	CALL(0, "sigreturn"),
	CALL(0, "exit"),
	CALL(0, "exit_group"),
	/* abort(), when a namespace cannot be left again, or the heap is damaged. */
	CALL_IF(0, "rt_sigaction", IS(0, SIGABRT)),
	CALL_IF(0, "tgkill", {.number = 0, .mask = INT, .own_pid = true}, IS(2, SIGABRT)),

	/* What a libc may try first; it knows another way where there is none. */
	MISSING("clone3"),
	MISSING("rseq"),
	MISSING("set_robust_list"),
	MISSING("futex_wait"),
	MISSING("futex_wake"),

	/* --- TASK_MAPS --- */

	BPF(TASK_MAPS, BPF_MAP_LOOKUP_ELEM),
	BPF(TASK_MAPS, BPF_MAP_UPDATE_ELEM), /* what the kernel is to let pass; maps take turns */
	BPF(TASK_MAPS, BPF_MAP_DELETE_ELEM),
	BPF(TASK_MAPS, BPF_MAP_GET_NEXT_KEY),
	BPF(TASK_MAPS, BPF_MAP_LOOKUP_AND_DELETE_ELEM),
	BPF(TASK_MAPS, BPF_MAP_LOOKUP_BATCH),
	BPF(TASK_MAPS, BPF_MAP_LOOKUP_AND_DELETE_BATCH),
	BPF(TASK_MAPS, BPF_MAP_UPDATE_BATCH),
	BPF(TASK_MAPS, BPF_MAP_DELETE_BATCH),
	BPF(TASK_MAPS, BPF_OBJ_GET_INFO_BY_FD), /* what was skipped */
	BPF(TASK_MAPS, BPF_ITER_CREATE),        /* a look at the datagram sockets */
	/* When they are read too late: our own. */
	CALL_IF(TASK_MAPS, "setpriority", IS(0, PRIO_PROCESS), IS(1, 0)),
	/* The end of a tracepoint. */
	IOCTL(TASK_MAPS, PERF_EVENT_IOC_DISABLE),

	/* --- TASK_PROCESSES: read only --- */

	CALL_IF(TASK_PROCESSES, "open", WITHOUT(1, WRITING)),
	CALL_IF(TASK_PROCESSES, "openat", WITHOUT(2, WRITING)),
	/* Its flags stand in memory, which a filter cannot see: only this one, which is constant.
	 */
	CALL_IF(TASK_PROCESSES, "openat2",
		{.number = 2, .mask = UINT64_MAX, .address = &container_file_how},
		ARG(3, UINT64_MAX, sizeof(struct open_how))),
	/* Cgroups by their id: to learn their name, not to read. */
	CALL_IF(TASK_PROCESSES, "open_by_handle_at", WITH(2, O_PATH)),
	CALL(TASK_PROCESSES, "getdents64"),
	CALL(TASK_PROCESSES, "getdents"),
	CALL(TASK_PROCESSES, "readlink"),
	CALL(TASK_PROCESSES, "readlinkat"),
	CALL(TASK_PROCESSES, "stat"),
	CALL(TASK_PROCESSES, "stat64"),
	CALL(TASK_PROCESSES, "lstat"),
	CALL(TASK_PROCESSES, "lstat64"),
	CALL(TASK_PROCESSES, "newfstatat"),
	CALL(TASK_PROCESSES, "fstatat64"),
	CALL(TASK_PROCESSES, "statx"),
	CALL(TASK_PROCESSES, "statfs"),
	CALL(TASK_PROCESSES, "statfs64"),
	CALL(TASK_PROCESSES, "fstatfs"),
	CALL(TASK_PROCESSES, "fstatfs64"),
	CALL(TASK_PROCESSES, "access"),
	CALL(TASK_PROCESSES, "faccessat"),
	CALL(TASK_PROCESSES, "faccessat2"),
	/* Whether a name's file is a network namespace: it need not be one that we enter. */
	IOCTL(TASK_PROCESSES, NS_GET_NSTYPE),

	/* --- TASK_NETNS --- */

	CALL_IF(TASK_NETNS, "setns", IS(1, CLONE_NEWNET)),
	/* rtnetlink (protocol 0), no other of netlink's families. */
	CALL_IF(TASK_NETNS, "socket", IS(0, AF_NETLINK), IS(2, 0)),
	/* Which namespace is this? (SO_NETNS_COOKIE) What does its device do? (ETHTOOL_GTSO) */
	CALL_IF(TASK_NETNS, "socket", IS(0, AF_UNIX)),
	/* Is this address one of its own? (bind) */
	CALL_IF(TASK_NETNS, "socket", IS(0, AF_INET), IS(2, IPPROTO_UDP)),
	CALL_IF(TASK_NETNS, "socket", IS(0, AF_INET6), IS(2, IPPROTO_UDP)),
	IOCTL(TASK_NETNS, SIOCETHTOOL),
	CALL(TASK_NETNS, "bind"),
	CALL(TASK_NETNS, "getsockname"),
	CALL(TASK_NETNS, "setsockopt"),
	CALL(TASK_NETNS, "getsockopt"),
	CALL(TASK_NETNS, "sendmsg"),
	CALL(TASK_NETNS, "recvmsg"),
	CALL(TASK_NETNS, "send"),
	CALL(TASK_NETNS, "recv"),
	/* Looking again after a while (collect/link_monitor.c). */
	CALL(TASK_NETNS, "timerfd_settime"),
	CALL(TASK_NETNS, "timerfd_settime64"),
	/* To whom the socket is bound already, if to anybody. */
	CALL_IF(TASK_NETNS, "sendto", ARG(4, UINT64_MAX, 0)),
	CALL(TASK_NETNS, "recvfrom"),

	/* --- TASK_LINKS --- */

	BPF(TASK_LINKS, BPF_MAP_CREATE),
	BPF(TASK_LINKS, BPF_MAP_FREEZE),
	BPF(TASK_LINKS, BPF_BTF_LOAD),
	BPF(TASK_LINKS, BPF_PROG_LOAD),
	BPF(TASK_LINKS, BPF_PROG_BIND_MAP),
	BPF(TASK_LINKS, BPF_LINK_CREATE),
	BPF(TASK_LINKS, BPF_PROG_QUERY),
	/* libbpf tries what this kernel has when it first needs it. */
	BPF(TASK_LINKS, BPF_RAW_TRACEPOINT_OPEN),
	BPF(TASK_LINKS, BPF_BTF_GET_NEXT_ID),
	BPF(TASK_LINKS, BPF_BTF_GET_FD_BY_ID),
	/* libbpf 1.4 and later: a place for a map's descriptor before there is a map. */
	CALL(TASK_LINKS, "memfd_create"),
	/* …and asks for a token (6.9) that nobody has left for us; it goes on without. */
	{.tasks = TASK_LINKS, .call = "bpf", .args = {IS(0, TOKEN_CREATE)}, .error = ENOENT},
	CALL(TASK_LINKS, "uname"),
	CALL(TASK_LINKS, "dup"),
	CALL(TASK_LINKS, "dup3"),
	/* Is the flowner that left this filter still there? */
	CALL_IF(TASK_LINKS, "kill", IS(1, 0)),

	/* --- TASK_FILES --- */

	CALL_IF(TASK_FILES, "open", ARG(1, WRITING | NEW_FILE, NEW_FILE)),
	CALL_IF(TASK_FILES, "openat", ARG(2, WRITING | NEW_FILE, NEW_FILE)),
	/* For its owner alone, whatever the umask is. */
	CALL_IF(TASK_FILES, "fchmod", IS(1, 0600)),

	/* --- AddressSanitizer's and LeakSanitizer's own, which stops the program by ptrace --- */

	CALL(TASK_SANITIZER, "mmap"),
	CALL(TASK_SANITIZER, "mprotect"),
	CALL(TASK_SANITIZER, "clone"),
	CALL(TASK_SANITIZER, "ptrace"),
	CALL(TASK_SANITIZER, "process_vm_readv"),
	CALL(TASK_SANITIZER, "wait4"),
	CALL(TASK_SANITIZER, "prctl"),
	CALL(TASK_SANITIZER, "sigaltstack"),
	CALL(TASK_SANITIZER, "rt_sigaction"),
	CALL(TASK_SANITIZER, "getppid"),
	CALL(TASK_SANITIZER, "prlimit64"),
	CALL(TASK_SANITIZER, "getrlimit"),
	CALL(TASK_SANITIZER, "sched_getaffinity"),
	CALL(TASK_SANITIZER, "pipe"),
	CALL(TASK_SANITIZER, "pipe2"),
	CALL(TASK_SANITIZER, "mincore"),
	CALL(TASK_SANITIZER, "msync"),

	/* --- gcov's, which writes its counts beside the objects --- */

	CALL(TASK_COVERAGE, "open"),
	CALL(TASK_COVERAGE, "openat"),
	CALL(TASK_COVERAGE, "fcntl"),
	CALL(TASK_COVERAGE, "mkdir"),
	CALL(TASK_COVERAGE, "umask"),
	CALL(TASK_COVERAGE, "getcwd"),
	CALL(TASK_COVERAGE, "unlink"),
};

const struct seccomp_rule *seccomp_rule(size_t i)
{
	return i < sizeof(rules) / sizeof(rules[0]) ? &rules[i] : NULL;
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

unsigned int seccomp_build_tasks(void)
{
	unsigned int tasks = 0;

#ifdef SANITIZED
	/* It reads /proc/self, too. */
	tasks |= TASK_SANITIZER | TASK_PROCESSES;
#endif
#ifdef FLOWNER_COVERAGE
	tasks |= TASK_COVERAGE;
#endif
	return tasks;
}
