// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "echo/payload.h"

#define NODELAY_FROM 1024 /* smaller ones leave in one segment anyway */

uint64_t exchange_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t total(const struct client_config *cfg)
{
	return cfg->size * cfg->repeat;
}

/* What may be on its way by now: all rounds that have begun. */
static uint64_t round_end(const struct client_config *cfg, const struct exchange *x)
{
	uint64_t end;

	if (!cfg->size)
		return 0;
	end = (x->received / cfg->size + 1) * cfg->size;
	return end < total(cfg) ? end : total(cfg);
}

static void learn_local(struct exchange *x)
{
	struct echo_addr a = {.len = sizeof(a.v6)};

	if (getsockname(x->fd, &a.sa, &a.len))
		return;
	x->conn->port = echo_addr_port(&a);
	if (a.sa.sa_family == AF_INET6)
		x->conn->local.v6 = a.v6.sin6_addr;
	else
		x->conn->local.v4 = a.v4.sin_addr;
}

static void say_no_ports(struct exchange_run *run)
{
	if (run->no_ports)
		return;
	run->no_ports = true;
	log_warn(
		"no local port left for this destination: closed connections keep theirs for 60 s "
		"(TIME_WAIT); use --reset, another --source, or widen net.ipv4.ip_local_port_range");
}

static void say_different(struct exchange_run *run, const struct exchange *x, uint64_t at)
{
	if (run->differed)
		return;
	run->differed = true;
	if (at >= total(run->cfg))
		log_warn("the echo on local port %u is longer than the %" PRIu64 " bytes sent",
			 x->conn->port, total(run->cfg));
	else
		log_warn("the echo on local port %u differs from what was sent at byte %" PRIu64,
			 x->conn->port, at);
}

static void established(struct exchange *x, uint64_t now)
{
	if (x->conn->connected)
		return;
	x->conn->connected = true;
	x->conn->connect_us = latency_us(now - x->started);
}

static int want(struct exchange_run *run, struct exchange *x, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = x};

	if (x->events == events)
		return 0;
	if (epoll_ctl(run->epoll, x->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, x->fd, &ev))
		return -errno;
	x->events = events;
	return 0;
}

/* As much of the round as the socket takes. 0 or -errno. */
static int send_round(struct exchange_run *run, struct exchange *x)
{
	uint64_t end = round_end(run->cfg, x);

	while (x->sent < end) {
		size_t len = end - x->sent < EXCHANGE_CHUNK ? end - x->sent : EXCHANGE_CHUNK;
		ssize_t n;

		payload_fill(x->index, x->sent, run->chunk, len);
		n = send(x->fd, run->chunk, len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (!x->conn->connected)
			established(x, exchange_now());
		x->sent += (uint64_t)n;
		/* A short write is a full socket: let the echo be read. */
		if ((size_t)n < len)
			return 0;
	}
	return 0;
}

static void echoed(struct exchange *x)
{
	x->conn->us = latency_us(exchange_now() - x->started);
	x->state = EXCHANGE_ECHOED;
}

/* One read of the echo, checked. 0 (maybe there was nothing) or -errno. */
static int receive(struct exchange_run *run, struct exchange *x)
{
	ssize_t n = recv(x->fd, run->chunk, EXCHANGE_CHUNK, 0), bad;
	uint64_t wanted = total(run->cfg) - x->received;
	size_t len;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -PING_CLOSED;
	/* What comes after the end, or before it was sent, is no echo. */
	len = (uint64_t)n < wanted ? (size_t)n : (size_t)wanted;
	bad = payload_check(x->index, x->received, run->chunk, len);
	if (bad < 0 && ((size_t)n > len || x->received + len > x->sent))
		bad = (ssize_t)len;
	if (bad >= 0) {
		say_different(run, x, x->received + (uint64_t)bad);
		return -PING_MISMATCH;
	}
	x->received += len;
	return 0;
}

/* Send and receive what can be, then wait for the rest. 0 or -errno. */
static int go_on(struct exchange_run *run, struct exchange *x)
{
	int err = send_round(run, x);

	if (err)
		return err;
	if (x->conn->connected && !total(run->cfg))
		echoed(x);
	return want(run, x,
		    x->sent < round_end(run->cfg, x) || !x->conn->connected ? EPOLLIN | EPOLLOUT
									    : EPOLLIN);
}

static int open_socket(const struct client_config *cfg, struct exchange *x)
{
	int on = 1;

	x->fd = socket(cfg->to.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return -errno;
	if (cfg->size >= NODELAY_FROM &&
	    setsockopt(x->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		return -errno;
	if (!cfg->source.len)
		return 0;
	/* Else bind() takes a port for itself, whatever the destination, and they run out sooner.
	 */
	if (setsockopt(x->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)))
		return -errno;
	return bind(x->fd, &cfg->source.sa, cfg->source.len) ? -errno : 0;
}

static int start(struct exchange_run *run, struct exchange *x)
{
	const struct client_config *cfg = run->cfg;
	int err = open_socket(cfg, x);

	if (err)
		return err;
	x->started = exchange_now();
	if (connect(x->fd, &cfg->to.sa, cfg->to.len) == 0) {
		established(x, exchange_now());
	} else if (errno == EADDRNOTAVAIL) {
		say_no_ports(run);
		return -EADDRNOTAVAIL;
	} else if (errno != EINPROGRESS) {
		return -errno;
	}
	learn_local(x);
	/*
	 * Over loopback and veth the handshake is mostly done by now, though connect() says
	 * EINPROGRESS: sending at once saves waiting for EPOLLOUT.
	 */
	return go_on(run, x);
}

int exchange_start(struct exchange_run *run, struct exchange *x, uint64_t index,
		   struct ping_conn *conn)
{
	int err;

	*x = (struct exchange){.index = index, .conn = conn, .fd = -1};
	*conn = (struct ping_conn){0};
	err = start(run, x);
	if (err)
		exchange_end(run, x, -err);
	return err;
}

/* Events on a socket that was not established when last looked at. 0 or -errno. */
static int look_established(struct exchange *x)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	if (err)
		return -err;
	established(x, exchange_now());
	return 0;
}

int exchange_event(struct exchange_run *run, struct exchange *x, uint32_t events)
{
	int err;

	if (!x->conn->connected) {
		err = look_established(x);
		if (err)
			return err;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		err = receive(run, x);
		if (err || x->state == EXCHANGE_ECHOED)
			return err;
		if (x->received && x->received == total(run->cfg)) {
			echoed(x);
			return want(run, x, EPOLLIN);
		}
	}
	return go_on(run, x);
}

void exchange_end(const struct exchange_run *run, struct exchange *x, int error)
{
	static const struct linger at_once = {.l_onoff = 1};

	x->conn->error = (uint8_t)error;
	if (x->fd < 0)
		return;
	if (run->cfg->reset)
		setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	/* Not left to close(2): see client_close() in loop.c. */
	if (x->events)
		epoll_ctl(run->epoll, EPOLL_CTL_DEL, x->fd, NULL);
	close(x->fd);
	x->fd = -1;
}
