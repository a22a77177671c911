// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A client costs no buffer while it keeps up: what a read gives is written at once. What the socket
 * does not take (at most one read, LOOP_CHUNK bytes) waits in a buffer of its own, and nothing more
 * is read from that client until it is gone: TCP's window then holds the client back.
 */
#include "echo/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"

#define LOOP_CHUNK   65536
#define LOOP_EVENTS  256
#define ACCEPT_BATCH 32  /* then those already here get their turn */
#define ACCEPT_SHARE 4   /* the same where other loops wait for clients too */
#define RETRY_MS     100 /* out of descriptors: others of this process may have freed one */

struct client {
	struct client *prev, *next;
	uint8_t *unsent;   /* NULL: nothing waits */
	size_t begin, end; /* of what waits in it */
	int fd;
};

struct loop {
	int epoll, listener, stop;
	bool shared;
	bool paused; /* out of descriptors: the listener is not in the epoll set */
	bool warned;
	struct client *clients;
	struct echo_stats *stats;
	struct epoll_event events[LOOP_EVENTS];
	uint8_t chunk[LOOP_CHUNK];
};

static int listen_on(struct loop *l)
{
	/* Without EPOLLEXCLUSIVE each new client wakes every loop. */
	struct epoll_event ev = {
		.events = EPOLLIN | (l->shared ? EPOLLEXCLUSIVE : 0),
		.data.ptr = &l->listener,
	};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->listener, &ev)) {
		int err = -errno;

		log_error("epoll: %s", strerror(-err));
		return err;
	}
	l->paused = false;
	return 0;
}

int loop_new(struct loop **out, int listener, bool shared, int stop, struct echo_stats *stats)
{
	struct loop *l = malloc(sizeof(*l));
	struct epoll_event ev = {.events = EPOLLIN};
	int err;

	if (!l) {
		log_error("out of memory");
		return -ENOMEM;
	}
	l->listener = listener;
	l->stop = stop;
	l->shared = shared;
	l->paused = l->warned = false;
	l->clients = NULL;
	l->stats = stats;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	ev.data.ptr = &l->stop;
	if (l->epoll < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, stop, &ev)) {
		err = -errno;
		log_error("epoll: %s", strerror(-err));
		loop_free(l);
		return err;
	}
	err = listen_on(l);
	if (err) {
		loop_free(l);
		return err;
	}
	*out = l;
	return 0;
}

static void client_close(struct loop *l, struct client *c)
{
	DL_DELETE(l->clients, c);
	/*
	 * Close alone takes it out of the set only when nobody else has the file open, and whoever
	 * looks through all descriptors of the host has, for a moment: ss, lsof, flowner.
	 */
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	free(c->unsent);
	free(c);
}

void loop_free(struct loop *l)
{
	struct client *c, *tmp;

	if (!l)
		return;
	DL_FOREACH_SAFE(l->clients, c, tmp)
	client_close(l, c);
	if (l->epoll >= 0)
		close(l->epoll);
	free(l);
}

static void client_failed(struct loop *l, struct client *c, int err)
{
	log_debug("a connection ended with %s", strerror(err));
	/* Writing to a connection that was reset before is EPIPE. */
	if (err == ECONNRESET || err == EPIPE)
		l->stats->resets++;
	else
		l->stats->errors++;
	client_close(l, c);
}

static int wait_for(struct loop *l, struct client *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev) ? -errno : 0;
}

/* How much of it the socket took, or -errno. */
static ssize_t send_some(struct loop *l, struct client *c, const uint8_t *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	l->stats->bytes += (uint64_t)n;
	return n;
}

static void client_readable(struct loop *l, struct client *c)
{
	ssize_t n = recv(c->fd, l->chunk, sizeof(l->chunk), 0), sent;
	int err;

	if (n == 0) {
		client_close(l, c);
		return;
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client_failed(l, c, errno);
		return;
	}
	sent = send_some(l, c, l->chunk, (size_t)n);
	if (sent == n)
		return;
	if (sent < 0) {
		client_failed(l, c, (int)-sent);
		return;
	}
	c->end = (size_t)(n - sent);
	c->begin = 0;
	c->unsent = malloc(c->end);
	if (!c->unsent) {
		client_failed(l, c, ENOMEM);
		return;
	}
	memcpy(c->unsent, l->chunk + sent, c->end);
	err = wait_for(l, c, EPOLLOUT);
	if (err)
		client_failed(l, c, -err);
}

static void client_writable(struct loop *l, struct client *c)
{
	ssize_t sent = send_some(l, c, c->unsent + c->begin, c->end - c->begin);
	int err;

	if (sent < 0) {
		client_failed(l, c, (int)-sent);
		return;
	}
	c->begin += (size_t)sent;
	if (c->begin < c->end)
		return;
	free(c->unsent);
	c->unsent = NULL;
	err = wait_for(l, c, EPOLLIN);
	if (err)
		client_failed(l, c, -err);
}

static void client_new(struct loop *l, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	l->stats->connections++;
	if (!c) {
		l->stats->errors++;
		close(fd);
		return;
	}
	c->fd = fd;
	DL_APPEND(l->clients, c);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev))
		client_failed(l, c, errno); /* fs.epoll.max_user_watches, or no memory */
}

/* Out of descriptors the listener stays readable: take it out of the set, or the loop would spin.
 */
static void pause_accepting(struct loop *l, int err)
{
	if (!l->warned)
		log_warn("%s: new clients wait until others leave (%s)", strerror(err),
			 err == EMFILE ? "ulimit -n is this process's limit"
				       : "the system's limit");
	l->warned = true;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->listener, NULL);
	l->paused = true;
}

static void accept_clients(struct loop *l)
{
	for (int i = 0; i < (l->shared ? ACCEPT_SHARE : ACCEPT_BATCH); i++) {
		int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			client_new(l, fd);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			pause_accepting(l, errno);
			return;
		default:
			/* A client that went away while it waited; accept(2) lists more of the
			 * sort. */
			log_debug("accept: %s", strerror(errno));
		}
	}
}

static void client_event(struct loop *l, struct client *c)
{
	if (c->unsent)
		client_writable(l, c);
	else
		client_readable(l, c);
}

int loop_run(struct loop *l)
{
	for (;;) {
		int n = epoll_wait(l->epoll, l->events, LOOP_EVENTS, l->paused ? RETRY_MS : -1);
		bool listener_ready = false;

		if (n < 0 && errno != EINTR) {
			int err = -errno;

			log_error("epoll: %s", strerror(-err));
			return err;
		}
		for (int i = 0; i < n; i++) {
			void *what = l->events[i].data.ptr;

			if (what == &l->stop)
				return 0;
			if (what == &l->listener)
				listener_ready = true;
			else
				client_event(l, what);
		}
		/* Last: those who leave free descriptors for those who come. */
		if (listener_ready)
			accept_clients(l);
		else if (l->paused && listen_on(l))
			return -EIO;
	}
}
