// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "echo/listener.h"
#include "echo/loop.h"

struct thread {
	struct loop *loop;
	struct echo_stats *stats;
	int listener; /* its own, or -1 */
	pthread_t id;
	int err;
};

/* Stop all threads: they watch for this signal. */
static void end_all(void)
{
	kill(getpid(), SIGTERM);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	t->stats->pid = getpid();
	t->stats->tid = gettid();
	t->err = loop_run(t->loop);
	if (t->err)
		end_all();
	return NULL;
}

static int open_thread(const struct worker *w, struct thread *t, struct echo_stats *stats)
{
	struct echo_addr addr = w->addr;
	/* Workers share a listener as threads do. */
	bool shared = w->listener >= 0 && (w->cfg->workers > 1 || w->cfg->threads > 1);
	int err;

	t->stats = stats;
	if (w->listener < 0) {
		t->listener = listener_bind(&addr, true);
		if (t->listener < 0)
			return t->listener;
		err = listener_listen(t->listener, &addr);
		if (err)
			return err;
	}
	return loop_new(&t->loop, w->listener < 0 ? t->listener : w->listener, shared, w->stop,
			stats);
}

/* The first of them is the thread we are in. */
static int run_threads(const struct worker *w, struct thread *threads)
{
	size_t started = 1;
	int err = 0;

	while (started < w->cfg->threads) {
		struct thread *t = &threads[started];

		err = -pthread_create(&t->id, NULL, thread_main, t);
		if (err) {
			log_error("cannot start thread %zu: %s", started + 1, strerror(-err));
			break;
		}
		started++;
	}
	if (!err)
		err = w->ready(w->arg);
	if (err)
		end_all();
	thread_main(&threads[0]);
	for (size_t i = 0; i < started; i++) {
		if (i)
			pthread_join(threads[i].id, NULL);
		if (!err)
			err = threads[i].err;
	}
	return err;
}

int worker_run(const struct worker *w)
{
	size_t n = w->cfg->threads, opened = 0;
	_cleanup_free_ struct thread *threads = calloc(n, sizeof(*threads));
	int err = 0;

	if (!threads) {
		log_error("out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		threads[i].listener = -1;
	while (opened < n && !err) {
		err = open_thread(w, &threads[opened], &w->stats[opened]);
		opened++;
	}
	if (!err)
		err = run_threads(w, threads);
	for (size_t i = 0; i < opened; i++) {
		loop_free(threads[i].loop);
		cleanup_close(&threads[i].listener);
	}
	return err;
}
