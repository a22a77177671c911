// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

static void ending(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

int signals_open(void)
{
	sigset_t set;
	int fd;

	ending(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool signals_held(void)
{
	sigset_t set;

	return !sigprocmask(SIG_BLOCK, NULL, &set) && sigismember(&set, SIGTERM) > 0;
}

bool signals_waiting(void)
{
	sigset_t set;

	return !sigpending(&set) &&
	       (sigismember(&set, SIGINT) > 0 || sigismember(&set, SIGTERM) > 0);
}

void signals_restore(void)
{
	sigset_t set;

	ending(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}
