// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/target.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "base/opt.h"
#include "model/addr.h"

int target_literal(const char *text, uint16_t port, struct target *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->addr;
	struct addr a;

	if (addr_parse(text, &a))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (addr_is_v4(&a) && !strchr(text, ':')) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a.b + 12, 4);
		out->len = sizeof(*v4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, a.b, 16);
		out->len = sizeof(*v6);
	}
	return 0;
}

int target_parse(const char *text, struct target *out)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
	const char *colon = strrchr(text, ':');
	char host[256];
	uint64_t port;
	size_t len;

	if (!colon || colon == text || opt_parse_uint(colon + 1, 1, 65535, &port))
		return -EINVAL;
	len = (size_t)(colon - text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	/* An IPv6 address needs its brackets, or its last group would be taken for the port. */
	if (strchr(host, ':') && host[0] != '[')
		return -EINVAL;
	if (target_literal(host, (uint16_t)port, out) == 0)
		return 0;
	if (host[0] == '[')
		return -EINVAL;
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -ENOENT;
	memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

void target_describe(const struct sockaddr_storage *ss, char text[64], uint16_t *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)ss;
	struct addr a;

	if (ss->ss_family == AF_INET) {
		a = addr_make(AF_INET, (const uint8_t *)&v4->sin_addr);
		*port = ntohs(v4->sin_port);
	} else {
		a = addr_make(AF_INET6, (const uint8_t *)&v6->sin6_addr);
		*port = ntohs(v6->sin6_port);
	}
	addr_format(&a, text);
}
