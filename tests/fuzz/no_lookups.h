/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libpcap looks names up over the network, which random ones should not be. Only what stands in
 * files of this machine is found: these stand in for the C library's in the programs that include
 * this.
 */
#ifndef FLOWNER_TESTS_FUZZ_NO_LOOKUPS_H
#define FLOWNER_TESTS_FUZZ_NO_LOOKUPS_H

#include <netdb.h>
#include <stddef.h>

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	(void)node;
	(void)service;
	(void)hints;
	*res = NULL;
	return EAI_NONAME;
}

struct netent *getnetbyname(const char *name)
{
	(void)name;
	return NULL;
}

#endif
