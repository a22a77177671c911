/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS messages (RFC 1035), read a record at a time. Names are followed backwards only, so that no
 * message makes a loop.
 *
 *	struct dns_message m;
 *	struct dns_record r;
 *
 *	for (int more = dns_open(&m, bytes); more > 0 && (more = dns_next(&m, &r)) > 0;)
 *		…
 */
#ifndef FLOWNER_MODEL_DNS_H
#define FLOWNER_MODEL_DNS_H

#include "model/packet.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
};

/* RFC 1035 §3.1: 255 bytes, each of which may be shown as \DDD. */
#define DNS_NAME_MAX 1024

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_message {
	uint16_t id;
	uint16_t flags; /* the second word of it */
	bool response, authoritative, cut, recursion_desired, recursion_available, authentic;
	bool checking_disabled;
	uint8_t opcode, rcode;
	uint16_t count[DNS_SECTIONS]; /* as it says */

	/* where dns_next() is */
	struct packet_bytes bytes;
	size_t at;
	enum dns_section section;
	uint16_t done;
};

struct dns_record {
	enum dns_section section;
	char name[DNS_NAME_MAX]; /* "example.com.", "." */
	uint16_t type, class;
	uint32_t ttl;
	/* Of MX, SRV: */
	uint16_t preference, weight, port;
	/* Of A and AAAA. */
	struct addr addr;
	/* Of NS, CNAME, PTR, MX, SRV the name; of TXT the first string. */
	char target[DNS_NAME_MAX];
	bool known; /* the type is one of those, and its data makes sense */
};

/* 1, or 0: it is shorter than a header. Bytes of one message; they have to stay as long as m is
 * used. */
int dns_open(struct dns_message *m, struct packet_bytes bytes);
/* 1: a record; 0: there are no more; -ENODATA: the captured bytes end here; -EBADMSG: it is
 * nonsense. */
int dns_next(struct dns_message *m, struct dns_record *r);

#endif
