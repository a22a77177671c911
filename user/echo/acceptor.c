// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/signals.h"

#define CHUNK	    (64 << 10)
#define EVENTS	    256
#define READS_AT_ONCE 16	/* then the others have their turn */

struct client {
	int fd;
	bool writing;		/* waits for room; reads nothing meanwhile */
	char *unsent;		/* CHUNK bytes, only while needed */
	size_t off, len;
	struct client *prev, *next;
};

struct loop {
	int epoll, listener, stop, signals;
	bool paused;		/* out of descriptors: the listener is not watched */
	struct client *clients;
	struct server_stats stats;
	char buf[CHUNK];
};

/* What epoll hands back: a client, or the address of one of these. */
static char is_listener, is_stop, is_signal;

static int watch(struct loop *l, int fd, uint32_t events, void *what)
{
	struct epoll_event ev = {.events = events, .data.ptr = what};

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static void pause_accepting(struct loop *l)
{
	if (!l->paused) {
		log_warn("out of file descriptors (ulimit -n): new clients wait until others leave");
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->listener, NULL);
	}
	l->paused = true;
}

static void drop(struct loop *l, struct client *c, bool error)
{
	l->stats.errors += error;
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		l->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c->unsent);
	free(c);
	if (l->paused && watch(l, l->listener, EPOLLIN | EPOLLEXCLUSIVE, &is_listener) == 0)
		l->paused = false;
}

static void accept_some(struct loop *l)
{
	struct client *c;
	int fd, on = 1;

	for (int i = 0; i < READS_AT_ONCE; i++) {
		fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				pause_accepting(l);
			return;
		}
		c = calloc(1, sizeof(*c));
		if (!c || watch(l, fd, EPOLLIN, c)) {
			l->stats.errors++;
			free(c);
			close(fd);
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->fd = fd;
		c->next = l->clients;
		if (c->next)
			c->next->prev = c;
		l->clients = c;
		l->stats.connections++;
	}
}

static void set_writing(struct loop *l, struct client *c, bool writing)
{
	struct epoll_event ev = {.events = writing ? EPOLLOUT : EPOLLIN, .data.ptr = c};

	c->writing = writing;
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

/* False: the client has been dropped. */
static bool send_unsent(struct loop *l, struct client *c)
{
	while (c->off < c->len) {
		ssize_t n = write(c->fd, c->unsent + c->off, c->len - c->off);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			drop(l, c, true);
			return false;
		}
		c->off += (size_t)n;
		l->stats.bytes += (uint64_t)n;
	}
	free(c->unsent);
	c->unsent = NULL;
	set_writing(l, c, false);
	return true;
}

static bool keep_rest(struct loop *l, struct client *c, size_t done, size_t len)
{
	c->unsent = malloc(CHUNK);
	if (!c->unsent) {
		drop(l, c, true);
		return false;
	}
	memcpy(c->unsent, l->buf + done, len - done);
	c->off = 0;
	c->len = len - done;
	set_writing(l, c, true);
	return true;
}

static void serve(struct loop *l, struct client *c)
{
	if (c->writing && (!send_unsent(l, c) || c->writing))
		return;
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t n = read(c->fd, l->buf, sizeof(l->buf)), sent;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			/* The end of what it sends; all of it has been echoed. */
			drop(l, c, n < 0);
			return;
		}
		sent = write(c->fd, l->buf, (size_t)n);
		if (sent < 0 && errno != EAGAIN) {
			drop(l, c, true);
			return;
		}
		if (sent < 0)
			sent = 0;
		l->stats.bytes += (uint64_t)sent;
		if (sent < n) {
			keep_rest(l, c, (size_t)sent, (size_t)n);
			return;
		}
	}
}

/* Runs until told to stop; a thread's body too. */
static void *run(void *arg)
{
	struct loop *l = arg;
	struct epoll_event ev[EVENTS];
	uint64_t one = 1;
	int n;

	for (;;) {
		n = epoll_wait(l->epoll, ev, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == &is_stop)
				return NULL;
			if (ev[i].data.ptr == &is_signal) {
				/* Stays readable: every thread sees it. */
				if (write(l->stop, &one, sizeof(one)) < 0)
					log_debug("eventfd: %s", strerror(errno));
				return NULL;
			}
			if (ev[i].data.ptr == &is_listener)
				accept_some(l);
			else
				serve(l, ev[i].data.ptr);
		}
	}
}

static void loop_close(struct loop *l)
{
	struct client *next;

	for (struct client *c = l->clients; c; c = next) {
		next = c->next;
		close(c->fd);
		free(c->unsent);
		free(c);
	}
	cleanup_close(&l->epoll);
}

static int loop_open(struct loop *l, int listener, int stop, int signals)
{
	int err;

	*l = (struct loop){.listener = listener, .stop = stop, .signals = signals};
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return -errno;
	/* One waiting thread or worker a connection, not all of them. */
	err = watch(l, listener, EPOLLIN | EPOLLEXCLUSIVE, &is_listener);
	if (!err)
		err = watch(l, stop, EPOLLIN, &is_stop);
	if (!err && signals >= 0)
		err = watch(l, signals, EPOLLIN, &is_signal);
	return err;
}

int acceptor_run(int listener, unsigned int threads, struct server_stats *stats)
{
	_cleanup_close_ int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), signals = signals_open();
	_cleanup_free_ struct loop *loops = calloc(threads, sizeof(*loops));
	_cleanup_free_ pthread_t *ids = calloc(threads, sizeof(*ids));
	unsigned int n = 0, running = 1;
	uint64_t one = 1;
	int err = 0;

	if (stop < 0 || signals < 0 || !loops || !ids)
		err = -ENOMEM;
	for (; !err && n < threads; n++)
		err = loop_open(&loops[n], listener, stop, n == 0 ? signals : -1);
	for (; !err && running < threads; running++)
		err = -pthread_create(&ids[running], NULL, run, &loops[running]);
	if (!err)
		run(&loops[0]);
	else if (write(stop, &one, sizeof(one)) < 0)
		log_debug("eventfd: %s", strerror(errno));
	if (err)
		log_error("cannot serve: %s", strerror(-err));
	for (unsigned int i = 1; i < running && i < n; i++)
		if (ids[i])
			pthread_join(ids[i], NULL);
	for (unsigned int i = 0; i < n; i++) {
		stats->connections += loops[i].stats.connections;
		stats->bytes += loops[i].stats.bytes;
		stats->errors += loops[i].stats.errors;
		loop_close(&loops[i]);
	}
	return err;
}
