/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP addresses and their ends. One shape for both families: IPv4 is held as v4-mapped IPv6
 * (RFC 4291 §2.5.5.2), so that a socket of either family that talks IPv4 compares equal.
 */
#ifndef FLOWNER_MODEL_ADDR_H
#define FLOWNER_MODEL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
	uint8_t b[16]; /* network order */
};

struct addr_port {
	struct addr addr;
	uint16_t port; /* host order; 0: unknown or none */
};

/* The longest text: an IPv6 address, in brackets, with a port. */
#define ADDR_TEXT_MAX 56

/* `bytes` is what the kernel holds: 4 of them for AF_INET, 16 for AF_INET6. */
struct addr addr_make(int family, const uint8_t *bytes);

bool addr_is_v4(const struct addr *a);
bool addr_is_any(const struct addr *a);      /* 0.0.0.0 and :: */
bool addr_is_loopback(const struct addr *a); /* 127.0.0.0/8 and ::1 */
bool addr_equal(const struct addr *a, const struct addr *b);

/* "10.0.0.2", "fd77::2" into ADDR_TEXT_MAX bytes; returns the length. */
size_t addr_format(const struct addr *a, char *out);
/* "10.0.0.2:80", "[fd77::2]:80"; port 0 is shown as "*". */
size_t addr_port_format(const struct addr_port *ap, char *out);

/* A literal, no names, brackets allowed around IPv6. 0 or -EINVAL. */
int addr_parse(const char *s, struct addr *out);

struct addr_prefix {
	struct addr addr; /* bits behind the mask are zero */
	struct addr mask;
};

/* "10.0.0.0/8", "fd77::/64", or an address alone. 0 or -EINVAL. */
int addr_prefix_parse(const char *s, struct addr_prefix *out);
bool addr_prefix_has(const struct addr_prefix *p, const struct addr *a);

#endif
