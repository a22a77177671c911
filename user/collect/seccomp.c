// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/seccomp.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/err.h"
#include "syscall_names.h"

/* --- a call that is not let pass --- */

/* In a signal handler: no memory, no stdio. */
struct line {
	char text[256];
	size_t len;
};

static void put(struct line *l, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof(l->text) - l->len)
		n = sizeof(l->text) - l->len;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void put_number(struct line *l, uint64_t v, unsigned int base)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = "0123456789abcdef"[v % base];
	while (v /= base);
	put(l, at);
}

/* What is asked of bpf, ioctl, openat stands in the first three. */
static void put_args(struct line *l, const ucontext_t *u)
{
#if defined(__x86_64__)
	const long long *r = u->uc_mcontext.gregs;
	const uint64_t args[] = {(uint64_t)r[REG_RDI], (uint64_t)r[REG_RSI], (uint64_t)r[REG_RDX]};
#elif defined(__aarch64__)
	const unsigned long long *r = u->uc_mcontext.regs;
	const uint64_t args[] = {r[0], r[1], r[2]};
#else
	const uint64_t args[1] = {0};

	(void)u;
	return;
#endif
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		put(l, i ? ", 0x" : "(0x");
		put_number(l, args[i], 16);
	}
	put(l, ")");
}

/*
 * The call has not been made. Whoever comes here is either an attacker, whom nothing more may be
 * given, or a library that does something in another way than where the rules were written: the
 * name of the call is all that is needed to mend them.
 */
static void on_violation(int signal, siginfo_t *info, void *context)
{
	const unsigned int n = (unsigned int)info->si_syscall;
	struct line l = {.len = 0};

	(void)signal;
	put(&l, "flowner: stopped: system call ");
	put_number(&l, n, 10);
	if (n < sizeof(syscall_names) / sizeof(syscall_names[0]) && syscall_names[n]) {
		put(&l, ", ");
		put(&l, syscall_names[n]);
	}
	put_args(&l, context);
	put(&l, ", is none that flowner makes once it runs; please report this line\n");
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		_exit(EXIT_FAILED);
	_exit(EXIT_FAILED);
}

/* --- the filter --- */

static struct scmp_arg_cmp of_arg(const struct seccomp_arg *a)
{
	const uint64_t value = a->address   ? (uintptr_t)a->address
			       : a->own_pid ? (uint64_t)getpid()
					    : a->value;

	return (struct scmp_arg_cmp){a->number, SCMP_CMP_MASKED_EQ, a->mask, value};
}

static int add(scmp_filter_ctx ctx, const struct seccomp_rule *r)
{
	const uint32_t action =
		r->error ? SCMP_ACT_ERRNO((uint16_t)r->error) : (uint32_t)SCMP_ACT_ALLOW;
	int call = seccomp_syscall_resolve_name(r->call);
	struct scmp_arg_cmp cmp[SECCOMP_ARGS];
	unsigned int n = 0;

	if (call == __NR_SCMP_ERROR)
		return 0;
	for (; n < SECCOMP_ARGS && r->args[n].mask; n++)
		cmp[n] = of_arg(&r->args[n]);
	return seccomp_rule_add_array(ctx, action, call, n, cmp);
}

static int fill(scmp_filter_ctx ctx, unsigned int tasks)
{
	const struct seccomp_rule *r;
	int err = 0;

	for (size_t i = 0; !err && (r = seccomp_rule(i)); i++)
		if (!r->tasks || (r->tasks & tasks))
			err = add(ctx, r);
	return err;
}

static int configure(scmp_filter_ctx ctx)
{
	/* Calls of another architecture (int 0x80, x32) have other numbers. */
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	/* Else kernels before 5.16 turn off speculation past stores, for all that we do. */
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	/* A tree rather than a list: some kernels have no cache of calls that always pass (5.11).
	 */
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	return err;
}

int seccomp_confine(unsigned int tasks)
{
	const struct sigaction violation = {.sa_sigaction = on_violation, .sa_flags = SA_SIGINFO};
	scmp_filter_ctx ctx;
	int err;

	/* EINVAL: CONFIG_SECCOMP is not set. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return -EOPNOTSUPP;
	/* What libc reads when it is first asked for local time. */
	tzset();
	if (sigaction(SIGSYS, &violation, NULL))
		return -errno;
	ctx = seccomp_init(SCMP_ACT_TRAP);
	if (!ctx)
		return -ENOMEM;
	err = configure(ctx);
	if (!err)
		err = fill(ctx, tasks | seccomp_build_tasks());
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err == -ENOSYS ? -EOPNOTSUPP : err;
}
