// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes a process do a system call, as code that an attacker runs inside of it would: instead of
 *the next one that it makes itself, which it makes afterwards if it still can.
 *
 *	make_do PID CALL [ARG …]	ARG: a number, or str:TEXT
 *
 * Prints what the call returned, or "SIGSYS". A seccomp filter sees the call after a tracer has
 * changed it (Linux 4.8). x86_64 only; elsewhere it exits with 77.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__

static int fail(const char *what)
{
	fprintf(stderr, "make_do: %s: %s\n", what, strerror(errno));
	return 1;
}

/* The next stop of the process: a signal number, with 0x80 for a system call. -1: it is gone. */
static int next_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -1;
	return WSTOPSIG(status);
}

static int go_to_syscall(pid_t pid)
{
	int stop, pass = 0;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, 0, pass))
			return -1;
		stop = next_stop(pid);
		/* The interruption itself is no signal; all others are its own affair. */
		pass = stop == SIGTRAP ? 0 : stop;
	} while (stop > 0 && stop != (SIGTRAP | 0x80) && stop != SIGSYS);
	return stop;
}

/* Below the stack, and below what of it a function without a frame uses. */
static unsigned long put_text(pid_t pid, unsigned long at, const char *text)
{
	char padded[512] = "";

	snprintf(padded, sizeof(padded), "%s", text);
	for (size_t i = 0; i < sizeof(padded); i += sizeof(long)) {
		long word;

		memcpy(&word, padded + i, sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, at + i, word))
			return 0;
	}
	return at;
}

/* A call that a filter traps ends like any other; the signal is on its way then. */
static bool is_trapped(pid_t pid)
{
	unsigned long long pending = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "SigPnd: %llx", &pending) != 1)
		;
	if (f)
		fclose(f);
	return pending >> (SIGSYS - 1) & 1;
}

static int set_args(pid_t pid, struct user_regs_struct *r, char **args)
{
	unsigned long long *const to[] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};

	for (int i = 0; i < 6; i++)
		*to[i] = 0;
	for (int i = 0; i < 6 && args[i]; i++) {
		if (strncmp(args[i], "str:", 4)) {
			*to[i] = strtoull(args[i], NULL, 0);
			continue;
		}
		*to[i] =
			put_text(pid, (r->rsp - 4096 - 512 * (unsigned long)i) & ~7UL, args[i] + 4);
		if (!*to[i])
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const pid_t pid = argc > 2 ? (pid_t)atol(argv[1]) : 0;
	const int call = pid ? seccomp_syscall_resolve_name(argv[2]) : __NR_SCMP_ERROR;
	struct user_regs_struct own, regs;
	int stop;

	if (call < 0) {
		fprintf(stderr, "usage: make_do PID CALL [ARG …]\n");
		return 2;
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) || next_stop(pid) < 0)
		return fail("seize");
	/* From within a call that was interrupted the first stop is its end. */
	do
		if (go_to_syscall(pid) != (SIGTRAP | 0x80) || ptrace(PTRACE_GETREGS, pid, 0, &own))
			return fail("wait for a system call");
	while ((long long)own.rax != -ENOSYS); /* what stands there on entry, x86's convention */
	regs = own;
	regs.orig_rax = (unsigned int)call;
	if (set_args(pid, &regs, argv + 3) || ptrace(PTRACE_SETREGS, pid, 0, &regs))
		return fail("change the call");
	stop = go_to_syscall(pid);
	if (stop == (SIGTRAP | 0x80) && is_trapped(pid))
		stop = go_to_syscall(pid);
	if (stop == SIGSYS) {
		puts("SIGSYS");
		return ptrace(PTRACE_DETACH, pid, 0, SIGSYS) ? fail("detach") : 0;
	}
	if (stop < 0) {
		puts("gone");
		return 0;
	}
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return fail("read the result");
	printf("%lld\n", (long long)regs.rax);
	/* Its own once more: the instruction has two bytes. */
	own.rip -= 2;
	own.rax = own.orig_rax;
	if (ptrace(PTRACE_SETREGS, pid, 0, &own) || ptrace(PTRACE_DETACH, pid, 0, 0))
		return fail("detach");
	return 0;
}

#else

int main(void)
{
	fprintf(stderr, "make_do: not on this architecture\n");
	return 77;
}

#endif
