/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listening sockets of the echo server.
 */
#ifndef FLOWNER_ECHO_LISTENER_H
#define FLOWNER_ECHO_LISTENER_H

#include <stdbool.h>

#include "echo/addr.h"

/* The kernel caps it at net.core.somaxconn. */
#define LISTENER_BACKLOG 4096

/*
 * A bound, non-blocking socket. `addr` with len 0 is every address: dual-stack [::], or 0.0.0.0
 * where there is no IPv6; its port counts. *addr becomes what was bound (port 0: what the kernel
 * chose). Returns a descriptor the caller owns, or -errno after saying why.
 */
int listener_bind(struct echo_addr *addr, bool reuseport);

/* 0 or -errno after saying why. */
int listener_listen(int fd, const struct echo_addr *addr);

#endif
