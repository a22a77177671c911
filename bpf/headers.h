/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Headers as they stand in a packet: what flows read of them. All multi-byte fields are in network
 * order. Not from vmlinux.h: these are defined by RFCs, not by a kernel.
 */
#ifndef FLOWNER_HEADERS_H
#define FLOWNER_HEADERS_H

#include "vmlinux.h"

#define HDR_PACKED __attribute__((packed))

/* IEEE 802.3, 802.1Q, 802.1ad; linux/if_ether.h */
#define ETH_P_802_2     0x0004
#define ETH_P_802_3_MIN 0x0600
#define ETH_P_IP        0x0800
#define ETH_P_ARP       0x0806
#define ETH_P_8021Q     0x8100
#define ETH_P_IPV6      0x86dd
#define ETH_P_8021AD    0x88a8
#define ETH_P_QINQ1     0x9100 /* QinQ before 802.1ad */

struct hdr_eth {
	__u8 dst[6], src[6];
	__be16 type;
} HDR_PACKED;

struct hdr_vlan {
	__be16 tci, type;
} HDR_PACKED;

/* RFC 826, for IPv4 over Ethernet */
struct hdr_arp {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 operation;
	__u8 sender_mac[6];
	__be32 sender_ip;
	__u8 target_mac[6];
	__be32 target_ip;
} HDR_PACKED;
#define HDR_ARP_FIXED 8

/* RFC 791 */
struct hdr_ipv4 {
	__u8 version_ihl, tos;
	__be16 total_len, id, fragment;
	__u8 ttl, proto;
	__be16 checksum;
	__be32 src, dst;
} HDR_PACKED;
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET         0x1fff

/* RFC 8200 */
struct hdr_ipv6 {
	__be32 version_class_label;
	__be16 payload_len;
	__u8 next, hop_limit;
	__u32 src[4], dst[4];
} HDR_PACKED;

struct hdr_ipv6_fragment {
	__u8 next, reserved;
	__be16 fragment;
	__be32 id;
} HDR_PACKED;
#define IPV6_MORE_FRAGMENTS 0x0001
#define IPV6_OFFSET         0xfff8

#define PROTO_HOPOPTS  0
#define PROTO_ICMP     1
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_ROUTING  43
#define PROTO_FRAGMENT 44
#define PROTO_AH       51
#define PROTO_ICMPV6   58
#define PROTO_DSTOPTS  60
#define PROTO_SCTP     132

/* RFC 9293 */
struct hdr_tcp {
	__be16 sport, dport;
	__be32 seq, ack;
	__u8 offset, flags;
	__be16 window, checksum, urgent;
} HDR_PACKED;
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define HDR_UDP_LEN    8
#define HDR_SCTP_LEN   12
#define HDR_ICMP_LEN   8
#define HDR_ICMPV6_LEN 4

struct hdr_icmp {
	__u8 type, code;
	__be16 checksum, id, sequence;
} HDR_PACKED;

#endif
