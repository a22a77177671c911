/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes pcapng, in the byte order of this machine, times in nanoseconds of the wall clock.
 *
 *	section, interface 0, interface 1, names, packet, packet, interface 2, packet, …, statistics
 *
 * Interfaces have the numbers 0, 1, 2… in the order in which they are put, and are put before
 * their first packet; names and further interfaces may come at any place.
 *
 * Every function appends one whole block, or nothing: what stands in the buffer can be flushed
 * at any time, and a file that ends behind a flush can be read. 0, or -ENOMEM (b->err), or what
 * is said below.
 *
 * Strings may hold anything and may be NULL (left out): what is not UTF-8, and control characters,
 * become \xNN; they are cut at PCAPNG_TEXT_MAX bytes.
 */
#ifndef FLOWNER_OUT_PCAPNG_H
#define FLOWNER_OUT_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/addr.h"
#include "model/packet.h"

#define PCAPNG_TEXT_MAX   4096
#define PCAPNG_NAME_MAX   255    /* of an address's name; what is longer is no host name */
#define PCAPNG_PACKET_MAX 262144 /* readers take more for a damaged file */

/* A number that is not known, and not written. */
#define PCAPNG_UNKNOWN UINT64_MAX

/* The machine, as uname(2) tells it. */
struct pcapng_host {
	char hardware[65], os[200];
};

void pcapng_host(struct pcapng_host *h);

/* The first block of a file; it says that flowner of this version wrote it. */
int pcapng_put_section(struct buf *b, const struct pcapng_host *host, const char *comment);

struct pcapng_interface {
	uint16_t link_type;      /* enum packet_link_type */
	uint32_t snaplen;        /* 0: no limit */
	const char *name;        /* "echo-server:eth0" */
	const char *description; /* netns, container, veth peer */
	const char *filter;      /* as libpcap writes it */
	const char *os;
	const char *comment;
};

int pcapng_put_interface(struct buf *b, const struct pcapng_interface *i);

struct pcapng_packet {
	uint32_t interface;
	uint64_t time;        /* wall clock, ns */
	const void *data;     /* caplen bytes */
	uint32_t caplen, len; /* what there is of it; what it was */
	enum packet_direction direction;
	const char *comment;
	uint64_t drops; /* lost between the interface's packet before and this one, or
			   PCAPNG_UNKNOWN */
	uint64_t id;    /* the same for one packet on several interfaces, or PCAPNG_UNKNOWN */
};

/* -EMSGSIZE: caplen > PCAPNG_PACKET_MAX; -EINVAL: caplen > len. */
int pcapng_put_packet(struct buf *b, const struct pcapng_packet *p);

struct pcapng_name {
	struct addr addr;
	const char *const *names; /* the first is the one that Wireshark shows */
	size_t n;
};

/* Addresses without a name are left out; no block if none has one. -EMSGSIZE: more than 1 MiB. */
int pcapng_put_names(struct buf *b, const struct pcapng_name *names, size_t n);

/* Each number may be PCAPNG_UNKNOWN, but not `time`. */
struct pcapng_statistics {
	uint32_t interface;
	uint64_t time;       /* when these were counted */
	uint64_t start, end; /* wall clock, ns: when capturing began and ended */
	uint64_t received;   /* packets that passed the interface */
	uint64_t if_dropped; /* lost by the interface */
	uint64_t accepted;   /* matched the filter */
	uint64_t os_dropped; /* of those, lost on their way to flowner */
	uint64_t delivered;  /* and came to flowner */
};

int pcapng_put_statistics(struct buf *b, const struct pcapng_statistics *s);

#endif
