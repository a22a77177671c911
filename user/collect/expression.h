/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A filter expression, in tcpdump's language (pcap-filter(7)), compiled by libpcap.
 *
 * libpcap looks up names of hosts, networks, ports and protocols by itself, as the C library does:
 * in the namespace of the caller, over the network where that is how names are looked up there.
 */
#ifndef FLOWNER_COLLECT_EXPRESSION_H
#define FLOWNER_COLLECT_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/cbpf.h"

struct expression {
	struct cbpf_insn *insns;
	size_t n;   /* at most CBPF_MAX */
	bool loops; /* cbpf_has_loops() */
	bool unset; /* cbpf_reads_unset() */
};

struct expression_options {
	bool l3;          /* packets begin with their IP header: no Ethernet header */
	uint32_t snaplen; /* what of each is kept; 0: all. An expression does not look further. */
};

/* Room for what is wrong. */
#define EXPRESSION_ERROR 320

/*
 * `text`: NULL or empty matches everything. `why` (EXPRESSION_ERROR bytes) says in one line what is
 * wrong with it, in libpcap's words; they may have parts of the text.
 *
 * 0; -EINVAL: libpcap does not take it; -EOPNOTSUPP: it asks for what the bytes of a packet do not
 * say (`inbound`, `ifindex`); -E2BIG; -ENOMEM. Owned by the caller. Not by two threads at once.
 */
int expression_compile(struct expression **out, const char *text,
		       const struct expression_options *o, char *why);
void expression_free(struct expression *e); /* NULL is fine */

/*
 * Does it match that packet, of which `caplen` bytes are there and which had `len`? In user space,
 * for packets out of a file.
 */
bool expression_matches(const struct expression *e, const uint8_t *packet, uint32_t caplen,
			uint32_t len);

#endif
