// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/signals.h"
#include "echo/acceptor.h"

/* As large as net.core.somaxconn lets it be. */
#define BACKLOG 4096

static int listen_on(const struct target *t, bool reuseport)
{
	_cleanup_close_ int fd = socket(t->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return -errno;
	if (t->addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&t->addr, t->len) || listen(fd, BACKLOG))
		return -errno;
	return take_fd(&fd);
}

/* The first listener, and where it is: with port 0 that is known only now. */
static int listen_first(const struct server_options *o, struct target *where)
{
	int fd;

	*where = o->bind;
	if (!where->len)
		target_literal("::", o->port, where);
	fd = listen_on(where, o->reuseport);
	if (fd == -EAFNOSUPPORT && !o->bind.len) {
		target_literal("0.0.0.0", o->port, where);
		fd = listen_on(where, o->reuseport);
	}
	if (fd < 0)
		return fd;
	where->len = sizeof(where->addr);
	getsockname(fd, (struct sockaddr *)&where->addr, &where->len);
	return fd;
}

static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int report(const struct target *where, int err)
{
	char text[64];
	uint16_t port;

	target_describe(&where->addr, text, &port);
	log_error("cannot listen on %s%s%s:%u: %s", strchr(text, ':') ? "[" : "", text,
		  strchr(text, ':') ? "]" : "", port, strerror(-err));
	return err;
}

static void announce(const struct server_options *o, const struct target *where)
{
	char text[64];
	uint16_t port;

	target_describe(&where->addr, text, &port);
	o->listening(text, port);
}

static void add_stats(struct server_stats *sum, const struct server_stats *s)
{
	sum->connections += s->connections;
	sum->bytes += s->bytes;
	sum->errors += s->errors;
}

/* A worker goes when its parent goes, however that ends. */
static void worker(int listener, unsigned int threads, struct server_stats *stats, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	_exit(getppid() == parent && acceptor_run(listener, threads, stats) == 0 ? 0 : 1);
}

static int run_workers(const struct server_options *o, int first, const struct target *where,
		       struct server_stats *sum)
{
	size_t size = o->workers * sizeof(struct server_stats);
	struct server_stats *stats = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_cleanup_free_ pid_t *pids = calloc(o->workers, sizeof(*pids));
	_cleanup_free_ int *listeners = calloc(o->workers, sizeof(*listeners));
	pid_t self = getpid();
	unsigned int n = 0;
	int err = 0, sig;
	sigset_t set;

	if (stats == MAP_FAILED || !pids || !listeners)
		return -ENOMEM;
	/* All listen before any serves, so that "listening" is true of all. */
	for (unsigned int i = 0; i < o->workers && !err; i++) {
		listeners[i] = o->reuseport && i ? listen_on(where, true) : first;
		if (listeners[i] < 0)
			err = report(where, listeners[i]);
	}
	for (; n < o->workers && !err; n++) {
		pids[n] = fork();
		if (pids[n] == 0)
			worker(listeners[n], o->threads, &stats[n], self);
		if (pids[n] < 0)
			err = -errno;
	}
	if (!err)
		announce(o, where);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!err)
		sigwait(&set, &sig);
	for (unsigned int i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGTERM);
	for (unsigned int i = 0; i < n; i++) {
		if (pids[i] > 0)
			waitpid(pids[i], NULL, 0);
		add_stats(sum, &stats[i]);
	}
	for (unsigned int i = 1; o->reuseport && i < o->workers; i++)
		if (listeners[i] > 0)
			close(listeners[i]);
	munmap(stats, size);
	return err;
}

int server_run(const struct server_options *o, struct server_stats *stats)
{
	_cleanup_close_ int signals = signals_open(), listener = -1;
	struct target where;

	*stats = (struct server_stats){0};
	if (signals < 0)
		return signals;
	raise_fd_limit();
	listener = listen_first(o, &where);
	if (listener < 0)
		return report(&where, listener);
	if (o->workers)
		return run_workers(o, listener, &where, stats);
	announce(o, &where);
	return acceptor_run(listener, o->threads, stats);
}
