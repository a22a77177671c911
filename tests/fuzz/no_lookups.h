/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libpcap looks names up over the network, which random ones should not be. Only what stands in
 * files of this machine is found: these stand in for the C library's in the programs that include
 * this.
 */
#ifndef FLOWNER_TESTS_FUZZ_NO_LOOKUPS_H
#define FLOWNER_TESTS_FUZZ_NO_LOOKUPS_H

#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	typedef int function(const char *, const char *, const struct addrinfo *,
			     struct addrinfo **);
	function *real = (function *)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo numeric = hints ? *hints : (struct addrinfo){0};

	if (node)
		numeric.ai_flags |= AI_NUMERICHOST;
	return real ? real(node, service, &numeric, res) : EAI_NONAME;
}

struct netent *getnetbyname(const char *name)
{
	(void)name;
	return NULL;
}

#endif
