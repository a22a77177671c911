/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where to listen and what to connect to.
 */
#ifndef FLOWNER_ECHO_TARGET_H
#define FLOWNER_ECHO_TARGET_H

#include <stdint.h>
#include <sys/socket.h>

struct target {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* "10.0.0.2:9000", "[fd77::3]:9000", "name:9000". 0; -EINVAL: not of that form; -ENOENT: no such name. */
int target_parse(const char *text, struct target *out);

/* An address literal and a port. 0 or -EINVAL. */
int target_literal(const char *addr, uint16_t port, struct target *out);

/* "10.0.0.2" and 9000 of a socket address; v4-mapped is shown as IPv4. */
void target_describe(const struct sockaddr_storage *addr, char text[64], uint16_t *port);

#endif
