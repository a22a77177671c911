// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/client.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/time_types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utlist.h>

#include "base/cleanup.h"
#include "base/fdlimit.h"
#include "base/log.h"
#include "base/signals.h"
#include "echo/exchange.h"

#define CLIENT_EVENTS 256
#define START_BATCH   128 /* then the answers are read */
#define OWN_FILES     16  /* descriptors that are no connection's */
#define NS_PER_S      1000000000u
#define RATE_SLACK    (NS_PER_S / 100) /* how far --rate catches up after a delay */
#define NEVER         UINT64_MAX

struct client {
	const struct client_config *cfg;
	struct ping_result *result;
	struct exchange *slots; /* as many as may be open at once */
	struct exchange **idle;
	size_t n_idle;
	struct exchange *busy; /* by deadline: all have the same timeout, so by start */
	struct exchange *held; /* by deadline as well */
	uint64_t next_start;
	int signals;
	bool stopped;
	struct exchange_run run;
	struct epoll_event events[CLIENT_EVENTS];
};

/* It is in no list and its descriptor is closed. */
static void retire(struct client *c, struct exchange *x)
{
	c->result->bytes_sent += x->sent;
	c->result->bytes_received += x->received;
	c->idle[c->n_idle++] = x;
}

static void end_busy(struct client *c, struct exchange *x, int error)
{
	DL_DELETE(c->busy, x);
	exchange_end(&c->run, x, error);
	retire(c, x);
}

static void end_held(struct client *c, struct exchange *x, int error)
{
	DL_DELETE(c->held, x);
	exchange_end(&c->run, x, error);
	retire(c, x);
}

/* Its echo is complete. */
static void echo_done(struct client *c, struct exchange *x)
{
	if (!c->cfg->hold_ns) {
		end_busy(c, x, 0);
		return;
	}
	DL_DELETE(c->busy, x);
	x->deadline = exchange_now() + c->cfg->hold_ns;
	DL_APPEND(c->held, x);
}

static void start_one(struct client *c)
{
	struct exchange *x = c->idle[--c->n_idle];
	uint64_t index = c->result->connections++;

	if (exchange_start(&c->run, x, index, &c->result->conns[index])) {
		retire(c, x);
		return;
	}
	x->deadline = x->started + c->cfg->timeout_ns;
	DL_APPEND(c->busy, x);
	if (x->state == EXCHANGE_ECHOED)
		echo_done(c, x);
}

static bool more_to_start(const struct client *c)
{
	return !c->stopped && c->n_idle && c->result->connections < c->cfg->connections;
}

/* Start those that are due; when the next one is: 0 at once, NEVER when it waits for another to
 * end. */
static uint64_t start_due(struct client *c)
{
	uint64_t now = c->cfg->rate ? exchange_now() : 0;

	for (int i = 0; i < START_BATCH; i++) {
		if (!more_to_start(c))
			return NEVER;
		if (c->cfg->rate) {
			if (c->next_start > now)
				return c->next_start;
			c->next_start += NS_PER_S / c->cfg->rate;
			if (c->next_start + RATE_SLACK < now)
				c->next_start = now - RATE_SLACK;
		}
		start_one(c);
	}
	return 0;
}

static void expire(struct client *c)
{
	uint64_t now;

	if (!c->busy && !c->held)
		return;
	now = exchange_now();
	while (c->busy && c->busy->deadline <= now)
		end_busy(c, c->busy, ETIMEDOUT);
	while (c->held && c->held->deadline <= now)
		end_held(c, c->held, 0);
}

static void interrupt(struct client *c)
{
	c->stopped = true;
	while (c->busy)
		end_busy(c, c->busy, PING_INTERRUPTED);
	while (c->held)
		end_held(c, c->held, 0);
}

static void connection_event(struct client *c, struct exchange *x, uint32_t events)
{
	bool held = x->state == EXCHANGE_ECHOED;
	int err = exchange_event(&c->run, x, events);

	if (err && held)
		end_held(c, x, -err);
	else if (err)
		end_busy(c, x, -err);
	else if (!held && x->state == EXCHANGE_ECHOED)
		echo_done(c, x);
}

/* epoll_wait() knows whole milliseconds only, too coarse for --rate. glibc has this from 2.35. */
static int wait_until(struct client *c, uint64_t when)
{
	struct __kernel_timespec ts = {0};
	uint64_t now;

	if (when && when != NEVER) {
		now = exchange_now();
		if (when > now) {
			ts.tv_sec = (int64_t)((when - now) / NS_PER_S);
			ts.tv_nsec = (long long)((when - now) % NS_PER_S);
		}
	}
	return (int)syscall(SYS_epoll_pwait2, c->run.epoll, c->events, CLIENT_EVENTS,
			    when == NEVER ? NULL : &ts, NULL, 0);
}

static int client_loop(struct client *c)
{
	while (c->busy || c->held ||
	       (!c->stopped && c->result->connections < c->cfg->connections)) {
		uint64_t when = start_due(c);
		int n;

		if (c->busy && c->busy->deadline < when)
			when = c->busy->deadline;
		if (c->held && c->held->deadline < when)
			when = c->held->deadline;
		if (when == NEVER && !c->busy && !c->held)
			continue; /* the last ones ended as they began */
		n = wait_until(c, when);
		if (n < 0 && errno != EINTR) {
			int err = -errno;

			log_error("epoll_pwait2: %s", strerror(-err));
			return err;
		}
		for (int i = 0; i < n; i++) {
			void *what = c->events[i].data.ptr;

			if (what != &c->signals)
				connection_event(c, what, c->events[i].events);
			else
				c->stopped = true;
		}
		/* Once all events of this round are seen: they point at connections. */
		if (c->stopped)
			interrupt(c);
		else
			expire(c);
	}
	return 0;
}

/* An impossible --source is one clear error instead of one for each connection. */
static int try_source(const struct client_config *cfg)
{
	_cleanup_close_ int fd = -1;
	char text[ECHO_ADDR_TEXT];

	if (!cfg->source.len)
		return 0;
	fd = socket(cfg->source.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, &cfg->source.sa, cfg->source.len) == 0)
		return 0;
	echo_addr_host(&cfg->source, text);
	log_error("--source %s: %s", text,
		  errno == EADDRNOTAVAIL ? "not an address of this network namespace"
					 : strerror(errno));
	return -EADDRNOTAVAIL;
}

static int open_epoll(struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &c->signals};

	c->signals = signals_open();
	c->run.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->signals >= 0 && c->run.epoll >= 0 &&
	    epoll_ctl(c->run.epoll, EPOLL_CTL_ADD, c->signals, &ev) == 0)
		return 0;
	log_error("cannot wait for events: %s", strerror(errno));
	return -EIO;
}

static void client_close(struct client *c)
{
	cleanup_close(&c->signals);
	cleanup_close(&c->run.epoll);
	free(c->slots);
	free(c->idle);
}

static int client_open(struct client *c, uint64_t slots)
{
	c->slots = calloc(slots, sizeof(*c->slots));
	c->idle = calloc(slots, sizeof(struct exchange *));
	/* Pages that no connection needs are never touched. */
	c->result->conns = calloc(c->cfg->connections, sizeof(*c->result->conns));
	if (!c->slots || !c->idle || !c->result->conns) {
		log_error("out of memory: fewer connections (-n) or at once (-c)");
		return -ENOMEM;
	}
	while (c->n_idle < slots) {
		c->idle[c->n_idle] = &c->slots[c->n_idle];
		c->n_idle++;
	}
	return open_epoll(c);
}

int client_run(const struct client_config *cfg, struct ping_result *result)
{
	uint64_t slots = cfg->concurrency < cfg->connections ? cfg->concurrency : cfg->connections;
	uint64_t files = fdlimit_raise(), begin;
	_cleanup_free_ struct client *c = calloc(1, sizeof(*c));
	int err;

	*result = (struct ping_result){
		.family = cfg->to.sa.sa_family,
		.requested = cfg->connections,
	};
	if (!c) {
		log_error("out of memory");
		return -ENOMEM;
	}
	if (slots + OWN_FILES > files) {
		log_error("%" PRIu64 " connections at once need more than the %" PRIu64
			  " open files of ulimit -Hn: fewer (-c), or raise it",
			  slots, files);
		return -EMFILE;
	}
	err = try_source(cfg);
	if (err)
		return err;
	c->cfg = c->run.cfg = cfg;
	c->result = result;
	c->signals = c->run.epoll = -1;
	err = client_open(c, slots);
	if (!err) {
		begin = c->next_start = exchange_now();
		err = client_loop(c);
		result->duration_ns = exchange_now() - begin;
		interrupt(c); /* what an error left behind */
	}
	client_close(c);
	return err ? err : ping_result_summarize(result);
}
