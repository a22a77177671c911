// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"

static int explain(int err, const struct echo_addr *addr)
{
	char text[ECHO_ADDR_TEXT];

	echo_addr_text(addr, text);
	switch (err) {
	case -EADDRINUSE:
		log_error("%s is in use; ss -ltnp says by whom", text);
		break;
	case -EACCES:
		log_error(
			"%s: not permitted; a port under net.ipv4.ip_unprivileged_port_start needs "
			"CAP_NET_BIND_SERVICE",
			text);
		break;
	case -EADDRNOTAVAIL:
		log_error("%s: not an address of this network namespace", text);
		break;
	default:
		log_error("%s: %s", text, strerror(-err));
	}
	return err;
}

static int bind_one(struct echo_addr *addr, bool reuseport)
{
	_cleanup_close_ int fd = -1;
	int on = 1, only = !addr->dual_stack && !IN6_IS_ADDR_V4MAPPED(&addr->v6.sin6_addr);

	fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A server started anew does not wait for the TIME_WAITs of the one before. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return -errno;
	if (addr->sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
		return -errno;
	if (bind(fd, &addr->sa, addr->len))
		return -errno;
	if (getsockname(fd, &addr->sa, &addr->len))
		return -errno;
	return take_fd(&fd);
}

int listener_bind(struct echo_addr *addr, bool reuseport)
{
	in_port_t port = addr->v4.sin_port;
	int fd;

	if (addr->len) {
		fd = bind_one(addr, reuseport);
		return fd < 0 ? explain(fd, addr) : fd;
	}
	*addr = (struct echo_addr){
		.v6 = {.sin6_family = AF_INET6, .sin6_port = port},
		.len = sizeof(addr->v6),
		.dual_stack = true,
	};
	fd = bind_one(addr, reuseport);
	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {
		log_debug("no IPv6 here: listening on IPv4 only");
		*addr = (struct echo_addr){
			.v4 = {.sin_family = AF_INET, .sin_port = port},
			.len = sizeof(addr->v4),
		};
		fd = bind_one(addr, reuseport);
	}
	return fd < 0 ? explain(fd, addr) : fd;
}

int listener_listen(int fd, const struct echo_addr *addr)
{
	return listen(fd, LISTENER_BACKLOG) ? explain(-errno, addr) : 0;
}
