/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses as users write them for the echo endpoints.
 */
#ifndef FLOWNER_ECHO_ADDR_H
#define FLOWNER_ECHO_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct echo_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;   /* 0: none */
	bool dual_stack; /* [::] that takes IPv4 as well */
};

#define ECHO_ADDR_TEXT (INET6_ADDRSTRLEN + 32) /* "[addr%interface]:65535" */

/*
 * "HOST:PORT", "[IPV6]:PORT". host gets HOST without the brackets; family AF_INET6 where there were
 * brackets, otherwise AF_UNSPEC. 0, or -EINVAL after *why says what is wrong.
 */
int echo_addr_split(const char *text, char *host, size_t size, uint16_t *port, int *family,
		    const char **why);

/* An IPv4 or IPv6 literal, an IPv6 one with %INTERFACE or not. 0 or -EINVAL, silently. */
int echo_addr_literal(const char *text, uint16_t port, struct echo_addr *out);

/* A literal or a name; the first address of that family (AF_UNSPEC: any). Logs; 0 or -EHOSTUNREACH.
 */
int echo_addr_resolve(const char *host, uint16_t port, int family, struct echo_addr *out);

uint16_t echo_addr_port(const struct echo_addr *a);

/* "10.0.0.1", "fe80::1%eth0", "::" */
void echo_addr_host(const struct echo_addr *a, char out[ECHO_ADDR_TEXT]);

/* "10.0.0.1:9000", "[::]:9000" */
void echo_addr_text(const struct echo_addr *a, char out[ECHO_ADDR_TEXT]);

#endif
