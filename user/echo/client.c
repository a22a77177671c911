// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/signals.h"
#include "echo/payload.h"

#define CHUNK  (64 << 10)
#define EVENTS 256
#define NS_PER_S 1000000000ULL
#define TICK_NS	 (10 * 1000000ULL)	/* how exactly holds and timeouts are kept */

struct slot {
	int fd;				/* -1: free */
	bool connected;
	uint64_t number;		/* of the connection: seeds its payload */
	uint64_t started, connected_at, hold_until;	/* CLOCK_BOOTTIME, ns; hold_until 0: not holding */
	uint64_t sent, received;	/* of all round trips */
	struct client_connect about;
};

struct run {
	const struct client_options *o;
	struct client_result *r;
	struct slot *slots;
	uint64_t next, active, begun;
	int epoll;
	struct payload payload;
	char buf[CHUNK];
};

static void count_error(struct client_result *r, int error)
{
	unsigned int i = 0;

	while (i < r->nerrors && r->errors[i].error != error)
		i++;
	if (i == CLIENT_ERRORS_MAX)
		return;
	if (i == r->nerrors)
		r->errors[r->nerrors++].error = error;
	r->errors[i].count++;
}

static void finish(struct run *run, struct slot *s, int error)
{
	struct client_result *r = run->r;
	struct linger reset = {.l_onoff = 1, .l_linger = 0};

	if (run->o->reset && !error)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->about.error = error;
	if (error) {
		count_error(r, error);
		r->failed++;
	} else {
		r->ok++;
	}
	r->bytes_sent += s->sent;
	r->bytes_received += s->received;
	r->each[r->ok + r->failed - 1] = s->about;
	run->active--;
}

static void note_local(struct slot *s)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	char text[64];

	if (getsockname(s->fd, (struct sockaddr *)&local, &len))
		return;
	target_describe(&local, text, &s->about.port);
	memcpy(s->about.addr, text, sizeof(s->about.addr) - 1);
}

/* What is to be sent and received in all, and up to the end of the round trip that is under way. */
static uint64_t total(const struct run *run)
{
	return run->o->size * run->o->repeat;
}

static uint64_t round_end(const struct run *run, const struct slot *s)
{
	return (s->received / run->o->size + 1) * run->o->size;
}

static void set_events(struct run *run, struct slot *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	epoll_ctl(run->epoll, EPOLL_CTL_MOD, s->fd, &ev);
}

/* The echo is complete: now, or after the hold. */
static void complete(struct run *run, struct slot *s, uint64_t now)
{
	s->about.total_us = (uint32_t)((now - s->started) / 1000);
	if (!run->o->hold_ns) {
		finish(run, s, 0);
		return;
	}
	s->hold_until = now + run->o->hold_ns;
	set_events(run, s, EPOLLIN);
}

/* 0, or an errno that ends the connection. */
static int send_some(struct run *run, struct slot *s)
{
	while (run->o->size && s->sent < round_end(run, s) && s->sent < total(run)) {
		uint64_t left = round_end(run, s) - s->sent;
		const void *data;
		size_t len = payload_at(&run->payload, s->number, s->sent, &data);
		ssize_t n = send(s->fd, data, len < left ? len : left, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return errno;
		s->sent += (uint64_t)n;
	}
	return 0;
}

static int receive_some(struct run *run, struct slot *s)
{
	for (;;) {
		ssize_t n = read(s->fd, run->buf, sizeof(run->buf));

		if (n < 0)
			return errno == EAGAIN ? 0 : errno;
		if (n == 0)
			return ECONNRESET;	/* it hung up before all was back */
		if (s->received + (uint64_t)n > s->sent ||
		    !payload_is(&run->payload, s->number, s->received, run->buf, (size_t)n))
			return CLIENT_EMISMATCH;
		s->received += (uint64_t)n;
		if (s->received == total(run) || (size_t)n < sizeof(run->buf))
			return 0;
	}
}

static void on_connected(struct slot *s, uint64_t now)
{
	s->connected = true;
	s->connected_at = now;
	s->about.connect_us = (uint32_t)((now - s->started) / 1000);
	note_local(s);
}

static void advance(struct run *run, struct slot *s, uint32_t events)
{
	uint64_t now = clock_boot_ns();
	socklen_t len = sizeof(int);
	int error = 0;

	if (s->fd < 0)
		return;
	if (s->hold_until) {
		/* Nothing is expected any more. */
		finish(run, s, ECONNRESET);
		return;
	}
	if (!s->connected) {
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			note_local(s);
			finish(run, s, error);
			return;
		}
		on_connected(s, now);
	}
	error = send_some(run, s);
	if (!error && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		error = receive_some(run, s);
	/* The reply may have ended a round trip: the next one's bytes go at once. */
	if (!error && s->sent < total(run))
		error = send_some(run, s);
	if (error)
		finish(run, s, error);
	else if (s->received == total(run))
		complete(run, s, now);
	else
		set_events(run, s, run->o->size && s->sent < round_end(run, s) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int open_socket(struct run *run, struct slot *s)
{
	const struct client_options *o = run->o;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = s};
	int on = 1;

	s->fd = socket(o->target.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* The port is chosen at connect(2), where one may serve several destinations. */
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (o->source.len && bind(s->fd, (const struct sockaddr *)&o->source.addr, o->source.len))
		return errno;
	if (connect(s->fd, (const struct sockaddr *)&o->target.addr, o->target.len) && errno != EINPROGRESS)
		return errno;
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, s->fd, &ev) ? errno : 0;
}

static void start(struct run *run, struct slot *s, uint64_t now)
{
	int error;

	*s = (struct slot){.fd = -1, .number = run->next++, .started = now};
	run->active++;
	error = open_socket(run, s);
	if (error) {
		if (s->fd >= 0)
			note_local(s);
		finish(run, s, error);
	}
}

/* When connection number n may start. */
static uint64_t due(const struct run *run, uint64_t n)
{
	return run->o->rate ? run->begun + (uint64_t)((double)n * NS_PER_S / (double)run->o->rate) : run->begun;
}

/* Fill free slots as far as the rate allows; returns when to come again, 0: not before something happens. */
static uint64_t start_more(struct run *run, uint64_t now)
{
	for (uint64_t i = 0; i < run->o->concurrency && run->active < run->o->concurrency; i++) {
		while (run->slots[i].fd < 0 && run->next < run->o->connections) {
			if (due(run, run->next) > now)
				return due(run, run->next);
			start(run, &run->slots[i], now);
		}
	}
	return 0;
}

static void check_clocks(struct run *run, uint64_t now)
{
	for (uint64_t i = 0; i < run->o->concurrency; i++) {
		struct slot *s = &run->slots[i];

		if (s->fd < 0)
			continue;
		if (s->hold_until && s->hold_until <= now)
			finish(run, s, 0);
		else if (!s->hold_until && s->started + run->o->timeout_ns <= now)
			finish(run, s, ETIMEDOUT);
	}
}

static int loop(struct run *run)
{
	struct epoll_event ev[EVENTS];
	uint64_t tick = run->begun + TICK_NS, now = run->begun;
	int n, timeout;

	while (run->r->ok + run->r->failed < run->o->connections) {
		uint64_t again = start_more(run, now);

		if (!run->active && !again)
			continue;
		if (again && again < tick)
			timeout = (int)((again - now) / 1000000);	/* the rest of a millisecond is spun away */
		else
			timeout = (int)(TICK_NS / 1000000);
		n = epoll_wait(run->epoll, ev, EVENTS, timeout);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			if (!ev[i].data.ptr)
				return 0;
			advance(run, ev[i].data.ptr, ev[i].events);
		}
		now = clock_boot_ns();
		if (now >= tick) {
			check_clocks(run, now);
			tick = now + TICK_NS;
		}
	}
	return 0;
}

static int prepare(struct run *run, int *signals)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};	/* NULL: no slot */
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	run->slots = malloc(run->o->concurrency * sizeof(*run->slots));
	run->r->each = calloc(run->o->connections, sizeof(*run->r->each));
	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	*signals = signals_open();
	if (!run->slots || !run->r->each)
		return -ENOMEM;
	if (run->epoll < 0)
		return -errno;
	if (*signals < 0)
		return *signals;
	for (uint64_t i = 0; i < run->o->concurrency; i++)
		run->slots[i].fd = -1;
	payload_init(&run->payload);
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, *signals, &ev) ? -errno : 0;
}

int client_run(const struct client_options *o, struct client_result *r)
{
	_cleanup_free_ struct run *run = calloc(1, sizeof(*run));
	int signals = -1, err;

	*r = (struct client_result){0};
	if (!run)
		return -ENOMEM;
	run->o = o;
	run->r = r;
	err = prepare(run, &signals);
	if (!err) {
		run->begun = clock_boot_ns();
		err = loop(run);
		/* Interrupted: what had its echo is done, the rest never was. */
		for (uint64_t i = 0; i < o->concurrency; i++)
			if (run->slots[i].fd >= 0)
				finish(run, &run->slots[i], run->slots[i].hold_until ? 0 : EINTR);
		r->duration_ns = clock_boot_ns() - run->begun;
	}
	if (err)
		log_error("cannot run: %s", strerror(-err));
	free(run->slots);
	cleanup_close(&run->epoll);
	cleanup_close(&signals);
	return err;
}

void client_result_free(struct client_result *r)
{
	free(r->each);
	*r = (struct client_result){0};
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

bool client_latency(const struct client_result *r, bool connect, struct client_latency *out)
{
	_cleanup_free_ uint32_t *us = malloc((r->ok + 1) * sizeof(*us));
	uint64_t n = 0;

	if (!us)
		return false;
	for (uint64_t i = 0; i < r->ok + r->failed; i++)
		if (!r->each[i].error)
			us[n++] = connect ? r->each[i].connect_us : r->each[i].total_us;
	if (!n)
		return false;
	qsort(us, n, sizeof(*us), by_value);
	/* Nearest rank: the smallest value that p percent do not exceed. */
	*out = (struct client_latency){us[0], us[(n * 50 + 99) / 100 - 1], us[(n * 99 + 99) / 100 - 1], us[n - 1]};
	return true;
}
