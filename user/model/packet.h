/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a packet says, from its link header to its transport header, in a plain struct. Nothing of
 * it is trusted: no byte behind `caplen` is read, no length of the packet's own is believed, and
 * the time it takes is bounded. Bytes stay where they are: pointers in here point into the packet.
 */
#ifndef FLOWNER_MODEL_PACKET_H
#define FLOWNER_MODEL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/addr.h"

enum packet_direction { PACKET_DIRECTION_UNKNOWN, PACKET_IN, PACKET_OUT };

/* How packets begin, as files number it (LINKTYPE_*). */
enum packet_link_type {
	PACKET_LINK_NULL = 0,
	PACKET_LINK_ETHERNET = 1,
	PACKET_LINK_RAW = 101, /* with an IPv4 or IPv6 header */
	PACKET_LINK_SLL = 113, /* "cooked": tcpdump -i any */
	PACKET_LINK_IPV4 = 228,
	PACKET_LINK_IPV6 = 229,
	PACKET_LINK_SLL2 = 276,
};

/* The bytes of a part of it: `cap` are there, `len` there were; cap <= len. */
struct packet_bytes {
	const uint8_t *p;
	size_t cap, len;
};

enum packet_kind {
	PACKET_OTHER, /* an ethertype, or a link type, that is not looked into */
	PACKET_ARP,
	PACKET_TCP,
	PACKET_UDP,
	PACKET_ICMP,
	PACKET_ICMP6,
	PACKET_FRAGMENT, /* of an IP packet, and not the first */
	PACKET_IP_OTHER, /* a protocol that is not looked into */
};

struct packet_arp {
	uint16_t op; /* 1: request, 2: reply */
	uint8_t sender_mac[6], target_mac[6];
	struct addr sender, target;
	bool ethernet_ipv4; /* anything else is not looked into */
	uint16_t hardware, protocol;
};

#define PACKET_TCP_OPTIONS_MAX 40

struct packet_tcp_option {
	uint8_t kind;
	uint8_t len;         /* of the data */
	const uint8_t *data; /* all of it is there */
};

struct packet_tcp {
	bool header; /* the 20 bytes are there; otherwise only the ports are known */
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t flags;
	uint8_t header_len; /* as it says; 0 or <20: nonsense */
	struct packet_tcp_option options[PACKET_TCP_OPTIONS_MAX];
	unsigned int n_options;
	bool bad_option; /* behind the last of them */
};

struct packet_icmp {
	bool header; /* its type and code are there */
	uint8_t type, code;
	bool rest; /* the four bytes behind the checksum are there: */
	uint16_t id, seq;
	uint32_t word; /* the same as one number: an MTU, a gateway… */
	/* Of neighbour discovery the target, of a redirect the gateway, of an MLD report the group.
	 */
	bool has_target;
	struct addr target;
	/* Of an error: the packet that it is about. */
	bool has_inner, inner_ports;
	struct addr inner_src, inner_dst;
	uint8_t inner_proto;
	uint16_t inner_dst_port;
};

#define PACKET_VLANS_MAX 4

struct packet {
	enum packet_kind kind;
	size_t frame_len; /* of all of it, link header and padding included, as it was on the wire
			   */
	bool has_macs;
	uint8_t src_mac[6], dst_mac[6];
	uint16_t vlan[PACKET_VLANS_MAX]; /* tags, outermost first: priority and number */
	unsigned int n_vlans;
	bool has_ethertype;
	uint16_t ethertype;             /* behind the tags; below 1536: a length (802.3) */
	struct packet_bytes net;        /* behind the link header; all there is, padding included */
	struct packet_bytes net_header; /* of IP: the header alone, extensions included */

	uint8_t ip_version; /* 4, 6; 0: not IP */
	struct addr src, dst;
	uint8_t proto;
	uint8_t ttl; /* or hop limit */
	uint32_t ip_id;
	bool fragment; /* also the first */
	bool more_fragments;
	bool hop_by_hop;
	uint16_t fragment_offset; /* bytes */
	uint32_t missing;         /* bytes that its length promises and the wire did not carry */
	const char *bad;          /* NULL, or what is wrong with the IP header */

	bool has_ports;
	uint16_t src_port, dst_port;
	union {
		struct packet_arp arp;
		struct packet_tcp tcp;
		uint32_t udp_len; /* of its payload, as it says */
		struct packet_icmp icmp;
	};
	/* Behind the last header that was understood, without the padding of a short frame. */
	struct packet_bytes payload;
	/* NULL, or what was being read when the captured bytes ended: "tcp", "ip6"… */
	const char *truncated;
};

/* `len` is what the packet was; it is taken for caplen if it is less. data may be NULL if caplen is
 * 0. */
void packet_parse(struct packet *p, uint16_t link_type, const void *data, size_t caplen,
		  size_t len);

#endif
