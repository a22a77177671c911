// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/opt.h"

int echo_addr_split(const char *text, char *host, size_t size, uint16_t *port, int *family,
		    const char **why)
{
	const char *begin = text, *end, *colon = strrchr(text, ':');
	uint64_t number;

	*family = AF_UNSPEC;
	if (*text == '[') {
		begin = text + 1;
		end = strchr(text, ']');
		if (!end) {
			*why = "the ] is missing";
			return -EINVAL;
		}
		if (end[1] != ':') {
			*why = "the port is missing, as in [::1]:9000";
			return -EINVAL;
		}
		*family = AF_INET6;
		colon = end + 1;
	} else {
		if (!colon) {
			*why = "the port is missing, as in 127.0.0.1:9000";
			return -EINVAL;
		}
		if (strchr(text, ':') != colon) {
			*why = "an IPv6 address stands in brackets, as in [::1]:9000";
			return -EINVAL;
		}
		end = colon;
	}
	if (end == begin || (size_t)(end - begin) >= size) {
		*why = end == begin ? "the host is missing" : "the host is too long";
		return -EINVAL;
	}
	if (opt_parse_uint(colon + 1, 1, 65535, &number)) {
		*why = "the port is not a number from 1 to 65535";
		return -EINVAL;
	}
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*port = (uint16_t)number;
	return 0;
}

/* getaddrinfo()'s return value. */
static int look_up(const char *host, uint16_t port, int family, int flags, struct echo_addr *out)
{
	struct addrinfo hints = {
		.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list, *found;
	int err;

	err = getaddrinfo(host, NULL, &hints, &list);
	if (err)
		return err;
	for (found = list; found; found = found->ai_next)
		if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
			break;
	if (!found) {
		freeaddrinfo(list);
		return EAI_NONAME;
	}
	*out = (struct echo_addr){.len = found->ai_addrlen};
	memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(list);
	/* Where the port stands is the same in both. */
	out->v4.sin_port = htons(port);
	return 0;
}

int echo_addr_literal(const char *text, uint16_t port, struct echo_addr *out)
{
	struct in_addr v4;

	/* getaddrinfo() takes "1" and "127.1" for IPv4: nobody who writes that means it. */
	if (!strchr(text, ':') && inet_pton(AF_INET, text, &v4) != 1)
		return -EINVAL;
	return look_up(text, port, AF_UNSPEC, AI_NUMERICHOST, out) ? -EINVAL : 0;
}

int echo_addr_resolve(const char *host, uint16_t port, int family, struct echo_addr *out)
{
	int err = look_up(host, port, family, 0, out);

	if (!err)
		return 0;
	log_error("%s: %s%s", host, err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err),
		  family == AF_INET    ? " (looked for IPv4)"
		  : family == AF_INET6 ? " (looked for IPv6)"
				       : "");
	return -EHOSTUNREACH;
}

uint16_t echo_addr_port(const struct echo_addr *a)
{
	return ntohs(a->v4.sin_port);
}

void echo_addr_host(const struct echo_addr *a, char out[ECHO_ADDR_TEXT])
{
	if (getnameinfo(&a->sa, a->len, out, ECHO_ADDR_TEXT, NULL, 0, NI_NUMERICHOST))
		snprintf(out, ECHO_ADDR_TEXT, "?");
}

void echo_addr_text(const struct echo_addr *a, char out[ECHO_ADDR_TEXT])
{
	char host[ECHO_ADDR_TEXT];

	echo_addr_host(a, host);
	snprintf(out, ECHO_ADDR_TEXT, a->sa.sa_family == AF_INET6 ? "[%.*s]:%u" : "%.*s:%u",
		 ECHO_ADDR_TEXT - 10, host, echo_addr_port(a));
}
