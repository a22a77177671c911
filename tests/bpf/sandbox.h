/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A world of its own for tests that watch all network namespaces: a pid namespace, where pid 1 is
 * the test, a mount namespace, where /run/netns is empty, and a network namespace, which is the
 * host's then. Nothing outside is seen, and nothing is left, however the test ends.
 */
#ifndef FLOWNER_TESTS_SANDBOX_H
#define FLOWNER_TESTS_SANDBOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/if_packet.h>

#include "net/netns.h"

#define OUR_TYPE 0x88b5

static inline int sandbox_enter(void)
{
	mkdir("/run/netns", 0755);
	if (unshare(CLONE_NEWNET) || mount("", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("tmpfs", "/run/netns", "tmpfs", 0, NULL))
		return -errno;
	return 0;
}

static inline int sandbox_wait(pid_t pid)
{
	pid_t ended;
	int status;

	do
		ended = wait(&status);
	while (ended > 0 && ended != pid);
	return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Run `body` in there, and end with its exit code. */
static inline int sandbox_run(int (*body)(void))
{
	pid_t pid;
	int err;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID))
		return 1;
	pid = fork();
	/* By _exit: for the leak checker's thread there is no pid in a namespace that has died. */
	if (pid)
		_exit(pid < 0 ? 1 : sandbox_wait(pid));
	/* Pid 1: its end is everybody's. It only waits; a leak checker cannot look into it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = sandbox_enter();
	if (err)
		fprintf(stderr, "no sandbox: %s\n", strerror(-err));
	pid = err ? -1 : fork();
	if (pid == 0)
		exit(body());
	_exit(pid < 0 ? 1 : sandbox_wait(pid));
}

/* A shell command; its exit code. */
__attribute__((format(printf, 1, 2))) static inline int sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

#define TCX_IN  ((enum bpf_attach_type)46)
#define TCX_OUT ((enum bpf_attach_type)47)

/* This kernel has tcx; asked about the loopback device. */
static inline bool has_tcx(void)
{
	uint32_t n = 0;

	return !bpf_prog_query(1, TCX_IN, 0, NULL, NULL, &n) || errno != EINVAL;
}

#define RUN_SH(...) assert_int_equal(sh(__VA_ARGS__), 0)

static inline int ns_bind_here(void *arg)
{
	_cleanup_close_ int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return netns_bind(arg, fd);
}

/* As ip netns add, but faster. */
static inline void ns_add(const char *name)
{
	assert_int_equal(netns_within(NETNS_NEW, ns_bind_here, (char *)name), 0);
}

static inline void ns_del(const char *name)
{
	assert_int_equal(netns_unbind(name), 0);
}

static inline int ns_open(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* "host": ours. */
static inline uint32_t ns_inode(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	if (!strcmp(name, "host"))
		snprintf(path, sizeof(path), "/proc/1/ns/net");
	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}

/* NULL: here. Returns what fn does. */
static inline int ns_within(const char *name, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int fd = -1;

	if (!name)
		return fn(arg);
	fd = ns_open(name);
	return netns_within(fd, fn, arg);
}

struct send_call {
	const char *dev;
	unsigned int n;
};

static inline int send_here(void *arg)
{
	const struct send_call *s = arg;
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	unsigned char frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};

	frame[12] = OUR_TYPE >> 8;
	frame[13] = OUR_TYPE & 0xff;
	to.sll_ifindex = (int)if_nametoindex(s->dev);
	for (unsigned int i = 0; i < s->n; i++)
		if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) !=
		    sizeof(frame))
			return -errno;
	return 0;
}

/* Packets out of a device. */
static inline void send_from(const char *ns, const char *dev, unsigned int n)
{
	struct send_call call = {dev, n};

	assert_int_equal(ns_within(ns, send_here, &call), 0);
}

static inline unsigned int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

#endif
