// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct addr addr_make(int family, const uint8_t *bytes)
{
	struct addr a;

	if (family == AF_INET) {
		memcpy(a.b, mapped_prefix, sizeof(mapped_prefix));
		memcpy(a.b + 12, bytes, 4);
	} else {
		memcpy(a.b, bytes, 16);
	}
	return a;
}

bool addr_is_v4(const struct addr *a)
{
	return !memcmp(a->b, mapped_prefix, sizeof(mapped_prefix));
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return !memcmp(a->b + 12, zero, 4) && (addr_is_v4(a) || !memcmp(a->b, zero, 12));
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return addr_is_v4(a) ? a->b[12] == 127 : !memcmp(a->b, one, sizeof(one));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

static char *put_u8(char *p, unsigned int v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

/* inet_ntop() for IPv4 goes through snprintf; this stands on the event path, four times a line. */
size_t addr_format(const struct addr *a, char *out)
{
	char *p = out;

	if (!addr_is_v4(a)) {
		inet_ntop(AF_INET6, a->b, out, INET6_ADDRSTRLEN);
		return strlen(out);
	}
	for (int i = 12; i < 16; i++) {
		p = put_u8(p, a->b[i]);
		*p++ = '.';
	}
	*--p = '\0';
	return (size_t)(p - out);
}

size_t addr_port_format(const struct addr_port *ap, char *out)
{
	bool v6 = !addr_is_v4(&ap->addr);
	size_t n = 0;
	char digits[5];
	unsigned int port = ap->port, i = sizeof(digits);

	if (v6)
		out[n++] = '[';
	n += addr_format(&ap->addr, out + n);
	if (v6)
		out[n++] = ']';
	out[n++] = ':';
	if (port) {
		while (port) {
			digits[--i] = (char)('0' + port % 10);
			port /= 10;
		}
		memcpy(out + n, digits + i, sizeof(digits) - i);
		n += sizeof(digits) - i;
	} else {
		out[n++] = '*';
	}
	out[n] = '\0';
	return n;
}

int addr_parse(const char *s, struct addr *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strlen(s);
	uint8_t bytes[16];

	if (len >= 2 && s[0] == '[' && s[len - 1] == ']') {
		s++;
		len -= 2;
	}
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, bytes) == 1)
		*out = addr_make(AF_INET, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out = addr_make(AF_INET6, bytes);
	else
		return -EINVAL;
	return 0;
}

int addr_prefix_parse(const char *s, struct addr_prefix *out)
{
	const char *slash = strchr(s, '/');
	char text[INET6_ADDRSTRLEN + 2];
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	unsigned long bits, most;
	char *end;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	if (addr_parse(text, &out->addr))
		return -EINVAL;
	most = addr_is_v4(&out->addr) ? 32 : 128;
	bits = most;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return -EINVAL;
	}
	bits += 128 - most;
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int here = bits > i * 8 ? (unsigned int)bits - i * 8 : 0;

		out->mask.b[i] = here >= 8 ? 0xff : (uint8_t)(0xff00 >> here);
		out->addr.b[i] &= out->mask.b[i];
	}
	return 0;
}

bool addr_prefix_has(const struct addr_prefix *p, const struct addr *a)
{
	for (unsigned int i = 0; i < 16; i++)
		if ((a->b[i] & p->mask.b[i]) != p->addr.b[i])
			return false;
	return true;
}
