// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fdlimit.h"
#include "base/log.h"
#include "base/signals.h"
#include "echo/listener.h"
#include "echo/worker.h"

/* The forked workers, seen from their parent. */
struct pool {
	const struct server_config *cfg;
	const struct echo_addr *addr;
	pid_t *pids;          /* 0: has ended */
	struct pollfd *polls; /* signals, the ready pipe, then a pidfd for each worker */
	size_t n, alive, ready;
	int signals, ready_read, ready_write;
	bool ending;
};

enum { POLL_SIGNALS, POLL_READY, POLL_WORKERS };

static int tell_caller(void *arg)
{
	const struct pool *p = arg;

	return p->cfg->ready(p->addr, p->cfg->arg);
}

static int tell_parent(void *arg)
{
	const struct pool *p = arg;

	return write(p->ready_write, "", 1) == 1 ? 0 : -EPIPE;
}

/* What a worker does instead of returning from fork(). */
static int child_main(struct pool *p, struct worker *w, pid_t parent)
{
	_cleanup_close_ int signals = -1;

	/* A parent that was killed tells nobody. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return EXIT_FAILED;
	/* The parent's signalfd tells of the parent's signals. */
	signals = signals_open();
	if (signals < 0) {
		log_error("signals: %s", strerror(-signals));
		return EXIT_FAILED;
	}
	w->stop = signals;
	w->ready = tell_parent;
	w->arg = p;
	return worker_run(w) ? EXIT_FAILED : EXIT_DONE;
}

static void end_workers(struct pool *p)
{
	p->ending = true;
	for (size_t i = 0; i < p->n; i++)
		if (p->pids[i] > 0)
			kill(p->pids[i], SIGTERM);
}

/* 0, or -ECHILD for a worker that did not end as it should. */
static int reap(struct pool *p, size_t i)
{
	pid_t pid = p->pids[i];
	int status = 0;

	waitpid(pid, &status, 0);
	cleanup_close(&p->polls[POLL_WORKERS + i].fd);
	p->polls[POLL_WORKERS + i].fd = -1;
	p->pids[i] = 0;
	p->alive--;
	if (p->ending && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE)
		return 0;
	if (WIFSIGNALED(status))
		log_warn("worker %d was killed (%s), %zu left", pid, strsignal(WTERMSIG(status)),
			 p->alive);
	else if (WEXITSTATUS(status) == EXIT_DONE)
		log_warn("worker %d ended, %zu left", pid, p->alive);
	return -ECHILD;
}

static int start_workers(struct pool *p, struct worker *w)
{
	pid_t parent = getpid();

	for (size_t i = 0; i < p->n; i++) {
		struct worker mine = *w;
		pid_t pid;

		mine.stats = w->stats + i * p->cfg->threads;
		pid = fork();
		if (pid == 0)
			exit(child_main(p, &mine, parent));
		if (pid < 0) {
			int err = -errno;

			log_error("cannot start worker %zu: %s", i + 1, strerror(-err));
			return err;
		}
		p->pids[i] = pid;
		p->alive++;
		p->polls[POLL_WORKERS + i].fd = (int)syscall(SYS_pidfd_open, pid, 0);
		p->polls[POLL_WORKERS + i].events = POLLIN;
		if (p->polls[POLL_WORKERS + i].fd < 0) {
			int err = -errno;

			log_error("pidfd_open: %s", strerror(-err));
			return err;
		}
	}
	return 0;
}

static int workers_ready(struct pool *p)
{
	char bytes[64];
	ssize_t n = read(p->ready_read, bytes, sizeof(bytes));

	if (n > 0)
		p->ready += (size_t)n;
	if (p->ready < p->n)
		return 0;
	p->polls[POLL_READY].fd = -1;
	return tell_caller(p);
}

/* Until all workers have ended. */
static int watch_workers(struct pool *p, int err)
{
	if (err)
		end_workers(p);
	while (p->alive) {
		if (poll(p->polls, POLL_WORKERS + p->n, -1) < 0 && errno != EINTR)
			return -errno;
		if (p->polls[POLL_READY].revents && !p->ending && !err) {
			err = workers_ready(p);
			if (err)
				end_workers(p);
		}
		if (p->polls[POLL_SIGNALS].revents) {
			/* Once: it stays readable. */
			p->polls[POLL_SIGNALS].fd = -1;
			end_workers(p);
		}
		for (size_t i = 0; i < p->n; i++) {
			if (!p->pids[i] || !p->polls[POLL_WORKERS + i].revents)
				continue;
			if (reap(p, i) && !err && (p->ready < p->n || !p->alive)) {
				err = -ECHILD;
				end_workers(p);
			}
		}
	}
	return err;
}

static int run_workers(const struct server_config *cfg, struct worker *w, int signals)
{
	_cleanup_free_ pid_t *pids = calloc(cfg->workers, sizeof(*pids));
	_cleanup_free_ struct pollfd *polls = calloc(POLL_WORKERS + cfg->workers, sizeof(*polls));
	_cleanup_close_ int ready_read = -1, ready_write = -1;
	struct pool p = {.cfg = cfg,
			 .addr = &w->addr,
			 .pids = pids,
			 .polls = polls,
			 .n = cfg->workers,
			 .signals = signals};
	int ends[2], err;

	if (!pids || !polls) {
		log_error("out of memory");
		return -ENOMEM;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		err = -errno;
		log_error("pipe: %s", strerror(-err));
		return err;
	}
	p.ready_read = ready_read = ends[0];
	p.ready_write = ready_write = ends[1];
	polls[POLL_SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
	polls[POLL_READY] = (struct pollfd){.fd = ready_read, .events = POLLIN};
	for (size_t i = 0; i < p.n; i++)
		polls[POLL_WORKERS + i].fd = -1;
	err = start_workers(&p, w);
	/* Without a pidfd poll() would never tell: wait for those directly. */
	if (err)
		end_workers(&p);
	for (size_t i = 0; err && i < p.n; i++)
		if (pids[i])
			reap(&p, i);
	return err ? err : watch_workers(&p, 0);
}

int server_run(const struct server_config *cfg, struct server_report *report)
{
	size_t rows = (cfg->workers ? cfg->workers : 1) * cfg->threads;
	_cleanup_close_ int signals = -1, listener = -1;
	struct pool here = {.cfg = cfg};
	struct worker w = {.cfg = cfg, .addr = cfg->addr, .listener = -1};
	int err;

	*report = (struct server_report){0};
	fdlimit_raise();
	signals = signals_open();
	if (signals < 0) {
		log_error("signals: %s", strerror(-signals));
		return signals;
	}
	/* With --reuseport nobody listens here: it holds the port that the threads then listen on.
	 */
	listener = listener_bind(&w.addr, cfg->reuseport);
	if (listener < 0)
		return listener;
	if (!cfg->reuseport) {
		err = listener_listen(listener, &w.addr);
		if (err)
			return err;
		w.listener = listener;
	}
	/* Shared with the workers, and still there when one of them was killed. */
	report->stats = mmap(NULL, rows * sizeof(*report->stats), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report->stats == MAP_FAILED) {
		*report = (struct server_report){0};
		log_error("out of memory");
		return -ENOMEM;
	}
	report->rows = rows;
	w.stats = report->stats;
	if (cfg->workers)
		return run_workers(cfg, &w, signals);
	here.addr = &w.addr;
	w.stop = signals;
	w.ready = tell_caller;
	w.arg = &here;
	return worker_run(&w);
}

void server_report_free(struct server_report *report)
{
	if (report->stats)
		munmap(report->stats, report->rows * sizeof(*report->stats));
	*report = (struct server_report){0};
}
