/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets written out in hexadecimal, header by header, each with what an RFC reader makes of it.
 *
 *	<	the IP header begins
 *	TTTT	IPv4 total length: from < to >
 *	PPPP	IPv6 payload length: from < to >, less 40
 *	>	the datagram ends here (else where the packet does)
 *
 * All are of one conversation: 10.0.0.1:40000 to 10.0.0.2:443, 2001:db8::1 to 2001:db8::2.
 */
#ifndef FLOWNER_TESTS_PACKETS_H
#define FLOWNER_TESTS_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "flow_abi.h"

/* What a packet says, before it is a key. Host order but for the addresses. */
struct reading {
	uint8_t kind, proto;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t tags;
	uint16_t vid[2];
	bool fragment;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	/*
	 * What no key shows: not the first fragment; extension headers that libpcap cannot follow
	 * (pcap_witness.h).
	 */
	bool later, odd_chain;
};

struct row {
	const char *name; /* with a + in front: the fragments of the rows before are remembered */
	const char *hex;
	struct reading want;
};

/* --- headers --- */

#define MACS   "020000000002 020000000001 "
#define TAG(v) "8100 " v
#define AD(v)  "88a8 " v
#define Q1(v)  "9100 " v

#define IP4_(ihl, proto, id, fragment) \
	"0800 <4" ihl "00 TTTT " id fragment "40" proto "0000 0a000001 0a000002 "
#define IP4(proto)                   IP4_("5", proto, "1234 ", "4000 ")
#define FRAG4(proto, id, offset)     IP4_("5", proto, id, offset)
#define IP6(next)                    "86dd <60012345 PPPP " next "40 " A6 B6
#define A6                           "20010db8000000000000000000000001 "
#define B6                           "20010db8000000000000000000000002 "
#define HOPS(next)                   next "00 0104 00000000 "
#define DEST(next)                   next "01 010c 00000000 0000000000000000 "
#define ROUTING(next)                next "02 0400 00000000 " B6
#define AH(next)                     next "04 0000 00000001 00000001 000102030405060708090a0b "
#define FRAG6(next, offset_more, id) next "00 " offset_more id

#define PORTS      "9c40 01bb "
#define TCP(flags) PORTS "00000064 000000c8 50" flags "ffff 0000 0000 "
#define UDP        PORTS "0010 0000 "
#define SCTP       PORTS "00000001 00000000 "
#define DATA       "0102030405060708 "

#define ARP(op) "0806 0001 0800 06 04 " op "020000000001 0a000001 000000000000 0a000002 "

/* --- readings --- */

#define SRC4  .src = {[10] = 0xff, 0xff, 10, 0, 0, 1}
#define DST4  .dst = {[10] = 0xff, 0xff, 10, 0, 0, 2}
#define SRC6  .src = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}
#define DST6  .dst = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}
#define TO443 .sport = 40000, .dport = 443
#define SEQS  .seq = 100, .ack = 200

#define V4(p, ...)                                                            \
	{                                                                     \
		.kind = FL_FLOW_IPV4, .proto = (p), SRC4, DST4, ##__VA_ARGS__ \
	}
#define V6(p, ...)                                                            \
	{                                                                     \
		.kind = FL_FLOW_IPV6, .proto = (p), SRC6, DST6, ##__VA_ARGS__ \
	}
#define TCP4(f, ...) V4(6, TO443, SEQS, .tcp_flags = (f), ##__VA_ARGS__)
#define TCP6(f, ...) V6(6, TO443, SEQS, .tcp_flags = (f), ##__VA_ARGS__)
#define OTHER(type, ...)                                              \
	{                                                             \
		.kind = FL_FLOW_OTHER, .sport = (type), ##__VA_ARGS__ \
	}
#define FLAW(flaw, type, ...)                                                              \
	{                                                                                  \
		.kind = FL_FLOW_MALFORMED, .proto = (flaw), .sport = (type), ##__VA_ARGS__ \
	}
#define VID1(a)    .tags = 1, .vid = {a}
#define VID2(a, b) .tags = 2, .vid = {a, b}

static const struct row rows[] = {
	/* TCP, UDP and the rest over IPv4 */
	{"TCP", MACS IP4("06") TCP("10"), TCP4(0x10)},
	{"TCP, data", MACS IP4("06") TCP("18") DATA, TCP4(0x18)},
	{"TCP, SYN", MACS IP4("06") TCP("02"), TCP4(0x02)},
	{"TCP, SYN-ACK", MACS IP4("06") TCP("12"), TCP4(0x12)},
	{"TCP, all flags", MACS IP4("06") TCP("ff"), TCP4(0xff)},
	{"TCP, no flags", MACS IP4("06") TCP("00"), TCP4(0)},
	{"TCP, accurate ECN bit", MACS IP4("06") PORTS "00000064 000000c8 5112 ffff 0000 0000",
	 TCP4(0x12)},
	{"TCP, options",
	 MACS IP4("06") PORTS "00000064 000000c8 8002 ffff 0000 0000 020405b4 01030307 01010402",
	 TCP4(0x02)},
	{"TCP, 40 bytes of options",
	 MACS IP4("06") PORTS "00000064 000000c8 f010 ffff 0000 0000" DATA DATA DATA DATA DATA,
	 TCP4(0x10)},
	{"UDP", MACS IP4("11") UDP DATA, V4(17, TO443)},
	{"UDP, nothing in it", MACS IP4("11") UDP, V4(17, TO443)},
	{"UDP, ports 0", MACS IP4("11") "00000000 0008 0000", V4(17)},
	{"SCTP", MACS IP4("84") SCTP DATA, V4(132, TO443)},
	{"ICMP, echo", MACS IP4("01") "0800 0000 beef 0001" DATA,
	 V4(1, .sport = 0x0800, .dport = 0xbeef)},
	{"ICMP, echo reply", MACS IP4("01") "0000 0000 beef 0001" DATA,
	 V4(1, .sport = 0, .dport = 0xbeef)},
	{"ICMP, timestamp", MACS IP4("01") "0d00 0000 beef 0001 00000000 00000000 00000000",
	 V4(1, .sport = 0x0d00, .dport = 0xbeef)},
	{"ICMP, address mask has no id here", MACS IP4("01") "1100 0000 beef 0001 ffffff00",
	 V4(1, .sport = 0x1100)},
	{"ICMP, port unreachable", MACS IP4("01") "0303 0000 0000 0000 4500" DATA,
	 V4(1, .sport = 0x0303)},
	{"ICMP, too big", MACS IP4("01") "0304 0000 0000 05dc 4500" DATA, V4(1, .sport = 0x0304)},
	{"GRE", MACS IP4("2f") "0000 0800" DATA, V4(47)},
	{"ESP", MACS IP4("32") "00000001 00000001" DATA, V4(50)},
	{"AH over IPv4 is not followed", MACS IP4("33") AH("06") TCP("10"), V4(51)},
	{"IGMP", MACS IP4("02") "1600 0000 e0000001", V4(2)},
	{"IPv4 in IPv4", MACS IP4("04") "45000014 00000000 40060000 0a000003 0a000004", V4(4)},
	{"UDP-Lite has no ports here", MACS IP4("88") UDP DATA, V4(136)},
	{"protocol 255, nothing in it", MACS IP4("ff"), V4(255)},
	{"IPv4, options", MACS IP4_("7", "06", "1234 ", "4000 ") "94040000 01010100" TCP("10"),
	 TCP4(0x10)},
	{"IPv4, 40 bytes of options",
	 MACS IP4_("f", "11", "1234 ", "0000 ") DATA DATA DATA DATA DATA UDP, V4(17, TO443)},
	{"IPv4, the reserved bit", MACS IP4_("5", "06", "1234 ", "8000 ") TCP("10"), TCP4(0x10)},
	{"IPv4, padded", MACS IP4("06") TCP("10") ">000000000000", TCP4(0x10)},
	{"IPv4, options, padded",
	 MACS IP4_("6", "06", "1234 ", "4000 ") "01010100" TCP("10") ">000000000000", TCP4(0x10)},

	/* IPv6 */
	{"IPv6 TCP", MACS IP6("06") TCP("10"), TCP6(0x10)},
	{"IPv6 TCP, SYN", MACS IP6("06") TCP("02"), TCP6(0x02)},
	{"IPv6 UDP", MACS IP6("11") UDP DATA, V6(17, TO443)},
	{"IPv6 SCTP", MACS IP6("84") SCTP, V6(132, TO443)},
	{"IPv6, padded", MACS IP6("11") UDP ">000000000000", V6(17, TO443)},
	{"ICMPv6, echo", MACS IP6("3a") "8000 0000 beef 0001" DATA,
	 V6(58, .sport = 0x8000, .dport = 0xbeef)},
	{"ICMPv6, echo reply", MACS IP6("3a") "8100 0000 beef 0001",
	 V6(58, .sport = 0x8100, .dport = 0xbeef)},
	{"ICMPv6, neighbour solicitation", MACS IP6("3a") "8700 0000 00000000" B6,
	 V6(58, .sport = 0x8700)},
	{"ICMPv6, a header and no more", MACS IP6("3a") "0100 0000", V6(58, .sport = 0x0100)},
	{"IPv6, no next header", MACS IP6("3b"), V6(59)},
	{"IPv6, ESP", MACS IP6("32") "00000001 00000001", V6(50)},
	{"IPv6, hop-by-hop", MACS IP6("00") HOPS("06") TCP("10"), TCP6(0x10)},
	{"IPv6, routing", MACS IP6("2b") ROUTING("11") UDP, V6(17, TO443)},
	{"IPv6, destination options", MACS IP6("3c") DEST("06") TCP("10"), TCP6(0x10)},
	{"IPv6, AH", MACS IP6("33") AH("06") TCP("10"), TCP6(0x10)},
	{"IPv6, hop-by-hop, MLD", MACS IP6("00") HOPS("3a") "8f00 0000 0000 0000",
	 V6(58, .sport = 0x8f00)},
	{"IPv6, all of them",
	 MACS IP6("00") HOPS("3c") DEST("2b") ROUTING("2c") FRAG6("33", "0000", "00000007") AH("3c")
		 DEST("06") TCP("02"),
	 TCP6(0x02)},
	{"IPv6, 8 extension headers",
	 MACS IP6("00") HOPS("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c")
		 DEST("11") UDP,
	 V6(17, TO443)},
	{"IPv6, 9 extension headers",
	 MACS IP6("00") HOPS("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c")
		 DEST("3c") DEST("11") UDP,
	 FLAW(FL_FLAW_CHAIN, 0x86dd)},
	{"IPv6, jumbogram", MACS "86dd <60000000 0000 0040 " A6 B6 "0600 c204 00010000" TCP("10"),
	 TCP6(0x10)},
	{"IPv6, payload length 0 without it", MACS "86dd <60000000 0000 1140 " A6 B6 UDP,
	 FLAW(FL_FLAW_SHORT, 0x86dd)},

	/* tags */
	{"802.1Q", MACS TAG("0064") IP4("06") TCP("10"), TCP4(0x10, VID1(100))},
	{"802.1Q, priority", MACS TAG("e064") IP4("11") UDP, V4(17, TO443, VID1(100))},
	{"802.1Q, VID 0", MACS TAG("a000") IP4("11") UDP, V4(17, TO443, VID1(0))},
	{"802.1Q, VID 4095", MACS TAG("0fff") IP6("11") UDP, V6(17, TO443, VID1(4095))},
	{"802.1ad", MACS AD("0064") IP6("06") TCP("12"), TCP6(0x12, VID1(100))},
	{"QinQ", MACS AD("0064") TAG("00c8") IP4("06") TCP("10"), TCP4(0x10, VID2(100, 200))},
	{"QinQ, 8100 twice", MACS TAG("0064") TAG("00c8") IP6("06") TCP("10"),
	 TCP6(0x10, VID2(100, 200))},
	{"QinQ, 9100", MACS Q1("0064") TAG("00c8") IP4("11") UDP, V4(17, TO443, VID2(100, 200))},
	{"9100 alone", MACS Q1("0064") IP4("11") UDP, V4(17, TO443, VID1(100))},
	{"three tags", MACS AD("0064") TAG("00c8") TAG("012c") IP4("11") UDP,
	 OTHER(0x8100, VID2(100, 200))},
	{"802.1Q, ARP",
	 MACS TAG("0064") ARP("0001"),
	 {.kind = FL_FLOW_ARP, .proto = 1, SRC4, DST4, VID1(100)}},
	{"802.1Q, LLC", MACS TAG("0064") "0026 424203" DATA, OTHER(4, VID1(100))},
	{"802.1Q, malformed", MACS TAG("0064") "0800 <55000014", FLAW(1, 0x0800, VID1(100))},

	/* not IP */
	{"ARP, request", MACS ARP("0001"), {.kind = FL_FLOW_ARP, .proto = 1, SRC4, DST4}},
	{"ARP, reply", MACS ARP("0002"), {.kind = FL_FLOW_ARP, .proto = 2, SRC4, DST4}},
	{"ARP, padded",
	 MACS ARP("0002") ">00000000",
	 {.kind = FL_FLOW_ARP, .proto = 2, SRC4, DST4}},
	{"ARP, not for IPv4",
	 MACS "0806 0001 86dd 06 10 0001" DATA DATA,
	 {.kind = FL_FLOW_ARP, .proto = 1}},
	{"ARP, long protocol addresses",
	 MACS "0806 0001 0800 06 10 0001" DATA DATA DATA,
	 {.kind = FL_FLOW_ARP, .proto = 1}},
	{"ARP, long hardware addresses",
	 MACS "0806 0001 0800 08 04 0001" DATA DATA DATA,
	 {.kind = FL_FLOW_ARP, .proto = 1}},
	{"ARP, not over Ethernet",
	 MACS "0806 0020 0800 14 04 0002" DATA,
	 {.kind = FL_FLOW_ARP, .proto = 2}},
	{"LLDP", MACS "88cc 0207" DATA, OTHER(0x88cc)},
	{"MPLS", MACS "8847 00001140" DATA, OTHER(0x8847)},
	{"802.3 length, STP", MACS "0026 424203" DATA, OTHER(4)},
	{"802.3, length 1500", MACS "05dc aaaa03" DATA, OTHER(4)},
	{"ethertype 05ff", MACS "05ff" DATA, OTHER(4)},
	{"ethertype 0600", MACS "0600" DATA, OTHER(0x0600)},
	{"nothing behind the ethertype", MACS "88b5", OTHER(0x88b5)},

	/* malformed */
	{"ihl 4", MACS "0800 <4400 TTTT 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"ihl beyond the total length",
	 MACS "0800 <4f00 001c 1234 0000 4011 0000 0a000001 0a000002" UDP DATA DATA DATA DATA DATA,
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"total length too big",
	 MACS "0800 <4500 0029 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"total length less than a header",
	 MACS "0800 <4500 0013 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"total length 0", MACS "0800 <4500 0000 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"total length within the TCP header",
	 MACS "0800 <4500 0027 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_SHORT, 0x0800)},
	{"total length within the UDP header",
	 MACS "0800 <4500 001b 1234 0000 4011 0000 0a000001 0a000002" UDP,
	 FLAW(FL_FLAW_SHORT, 0x0800)},
	{"IPv4, version 6", MACS "0800 <6500 TTTT 1234 0000 4006 0000 0a000001 0a000002" TCP("10"),
	 FLAW(FL_FLAW_VERSION, 0x0800)},
	{"IPv6, version 4", MACS "86dd <40012345 PPPP 0640 " A6 B6 TCP("10"),
	 FLAW(FL_FLAW_VERSION, 0x86dd)},
	{"IPv6, payload too long", MACS "86dd <60012345 0015 0640 " A6 B6 TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x86dd)},
	{"IPv6, payload within the TCP header", MACS "86dd <60012345 0013 0640 " A6 B6 TCP("10"),
	 FLAW(FL_FLAW_SHORT, 0x86dd)},
	{"IPv6, an extension header too long", MACS IP6("3c") "06ff 0104 00000000" TCP("10"),
	 FLAW(FL_FLAW_LENGTH, 0x86dd)},
	{"IPv6, an extension header cut", MACS IP6("3c") "0600 0104", FLAW(FL_FLAW_SHORT, 0x86dd)},
	{"TCP offset 4", MACS IP4("06") PORTS "00000064 000000c8 4010 ffff 0000 0000",
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"TCP offset 0", MACS IP6("06") PORTS "00000064 000000c8 0002 ffff 0000 0000",
	 FLAW(FL_FLAW_LENGTH, 0x86dd)},
	{"TCP offset beyond", MACS IP4("06") PORTS "00000064 000000c8 6010 ffff 0000 0000",
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"TCP offset into the padding",
	 MACS IP4("06") PORTS "00000064 000000c8 6010 ffff 0000 0000 >00000000",
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"ICMP cut", MACS IP4("01") "0800 0000 beef", FLAW(FL_FLAW_SHORT, 0x0800)},
	{"ICMPv6 echo cut", MACS IP6("3a") "8000 0000 beef", FLAW(FL_FLAW_SHORT, 0x86dd)},
	{"SCTP cut", MACS IP4("84") PORTS "00000001 000000", FLAW(FL_FLAW_SHORT, 0x0800)},
	{"ARP cut", MACS "0806 0001 0800 06 04 0001 020000000001 0a0000",
	 FLAW(FL_FLAW_SHORT, 0x0806)},
	{"a tag cut", MACS "8100 0064 08", FLAW(FL_FLAW_SHORT, 0x8100)},
	{"the second tag cut", MACS TAG("0064") "8100 00c8 ",
	 FLAW(FL_FLAW_SHORT, 0x8100, VID1(100))},

	/* fragments */
	{"v4, first", MACS FRAG4("11", "0007", "2000") UDP, V4(17, TO443)},
	{"+ v4, middle", MACS FRAG4("11", "0007", "2001") DATA, V4(17, TO443)},
	{"+ v4, middle, of another protocol", MACS FRAG4("06", "0007", "2001") DATA,
	 V4(6, .fragment = true)},
	{"+ v4, middle, another id", MACS FRAG4("11", "0008", "2001") DATA,
	 V4(17, .fragment = true)},
	{"+ v4, last", MACS FRAG4("11", "0007", "0002") DATA, V4(17, TO443)},
	{"+ v4, middle behind the last", MACS FRAG4("11", "0007", "2001") DATA,
	 V4(17, .fragment = true)},
	{"+ v4, first, id used again", MACS FRAG4("11", "0007", "2000") "0035 0036 0010 0000",
	 V4(17, .sport = 53, .dport = 54)},
	{"+ v4, middle of that", MACS FRAG4("11", "0007", "2001") DATA,
	 V4(17, .sport = 53, .dport = 54)},
	{"+ v4, first again, last not seen", MACS FRAG4("11", "0007", "2000") UDP, V4(17, TO443)},
	{"+ v4, last of the second", MACS FRAG4("11", "0007", "0001") DATA, V4(17, TO443)},
	{"v4, later without its first", MACS FRAG4("11", "0007", "0002") DATA,
	 V4(17, .fragment = true)},
	{"v4, later, 32768 bytes on", MACS FRAG4("11", "0007", "1000") UDP,
	 V4(17, .fragment = true)},
	{"v4, later, too short for ports", MACS FRAG4("06", "0007", "0002") "00",
	 V4(6, .fragment = true)},
	{"v4, first of TCP", MACS FRAG4("06", "0007", "2000") TCP("02") DATA, TCP4(0x02)},
	{"+ v4, last of TCP", MACS FRAG4("06", "0007", "0003") TCP("02"), V4(6, TO443)},
	{"v4, first, TCP options in the second",
	 MACS FRAG4("06", "0007", "2000") PORTS "00000064 000000c8 8002 ffff 0000 0000 020405b4",
	 TCP4(0x02)},
	{"v4, first, TCP header cut", MACS FRAG4("06", "0007", "2000") PORTS "00000064 000000c8",
	 FLAW(FL_FLAW_SHORT, 0x0800)},
	{"v4, first of ICMP echo", MACS FRAG4("01", "0009", "2000") "0800 0000 beef 0001",
	 V4(1, .sport = 0x0800, .dport = 0xbeef)},
	{"+ v4, last of ICMP echo", MACS FRAG4("01", "0009", "0001") DATA,
	 V4(1, .sport = 0x0800, .dport = 0xbeef)},
	{"v4, first of GRE", MACS FRAG4("2f", "0009", "2000") DATA, V4(47)},
	{"+ v4, last of GRE", MACS FRAG4("2f", "0009", "0001") DATA, V4(47)},
	{"v4, first, VLAN 100", MACS TAG("0064") FRAG4("11", "0007", "2000") UDP,
	 V4(17, TO443, VID1(100))},
	{"+ v4, last, VLAN 200", MACS TAG("00c8") FRAG4("11", "0007", "0001") DATA,
	 V4(17, VID1(200), .fragment = true)},
	{"+ v4, last, VLAN 100", MACS TAG("0064") FRAG4("11", "0007", "0001") DATA,
	 V4(17, TO443, VID1(100))},
	{"v6, atomic", MACS IP6("2c") FRAG6("11", "0000", "00000007") UDP, V6(17, TO443)},
	{"+ v6, later, after an atomic one", MACS IP6("2c") FRAG6("11", "0008", "00000007") DATA,
	 V6(17, .fragment = true)},
	{"v6, first", MACS IP6("2c") FRAG6("11", "0001", "00010007") UDP, V6(17, TO443)},
	{"+ v6, middle", MACS IP6("2c") FRAG6("11", "0009", "00010007") DATA, V6(17, TO443)},
	{"+ v6, middle, another id", MACS IP6("2c") FRAG6("11", "0009", "00020007") DATA,
	 V6(17, .fragment = true)},
	{"+ v6, last", MACS IP6("2c") FRAG6("11", "0010", "00010007") DATA, V6(17, TO443)},
	{"+ v6, last once more", MACS IP6("2c") FRAG6("11", "0010", "00010007") DATA,
	 V6(17, .fragment = true)},
	{"v6, first, options behind",
	 MACS IP6("2c") FRAG6("3c", "0001", "00000007") DEST("06") TCP("02"), TCP6(0x02)},
	{"+ v6, last of that", MACS IP6("2c") FRAG6("3c", "0028", "00000007") DATA, V6(6, TO443)},
	{"v6, later without its first, options",
	 MACS IP6("00") HOPS("2c") FRAG6("3c", "0028", "00000007") DATA, V6(60, .fragment = true)},
	{"v6, later, nothing in it", MACS IP6("2c") FRAG6("06", "0028", "00000007"),
	 V6(6, .fragment = true)},
	{"v6, first, chain cut", MACS IP6("2c") FRAG6("3c", "0001", "00000007") "06010104 00000000",
	 FLAW(FL_FLAW_LENGTH, 0x86dd)},
};

/*
 * Without an Ethernet header. BPF_PROG_TEST_RUN takes one off all the same to learn skb->protocol
 * (eth_type_trans), and puts it back, so that the program's data begin with the first byte given:
 * what is to be an IP packet there needs its ethertype in bytes 12 and 13, which are in the source
 * address. Thus 8.0.0.1, and 2001:db8:86dd::1. All have the bytes that frame_runs() asks for.
 */
#define L3_IP4(proto) "<4500 TTTT 1234 4000 40" proto "0000 08000001 0a000002 "
#define L3_IP6(next)  "<60012345 PPPP " next "40 20010db8 86dd0000 00000000 00000001 " B6
#define L3_V4(p, ...)                                                                             \
	{                                                                                         \
		.kind = FL_FLOW_IPV4, .proto = (p), .src = {[10] = 0xff, 0xff, 8, 0, 0, 1}, DST4, \
		##__VA_ARGS__                                                                     \
	}
#define L3_V6(p, ...)                                                                      \
	{                                                                                  \
		.kind = FL_FLOW_IPV6, .proto = (p),                                        \
		.src = {0x20, 0x01, 0x0d, 0xb8, 0x86, 0xdd, [15] = 1}, DST6, ##__VA_ARGS__ \
	}

static const struct row l3_rows[] = {
	{"TCP", L3_IP4("06") TCP("12"), L3_V4(6, TO443, SEQS, .tcp_flags = 0x12)},
	{"UDP", L3_IP4("11") UDP DATA, L3_V4(17, TO443)},
	{"GRE", L3_IP4("2f") DATA DATA, L3_V4(47)},
	{"IPv4, options", "<4600 TTTT 1234 0000 4011 0000 08000001 0a000002 01010100" UDP DATA,
	 L3_V4(17, TO443)},
	{"IPv4, padded", L3_IP4("11") UDP ">000000000000", L3_V4(17, TO443)},
	{"IPv4, first", "<4500 TTTT 0007 2000 4011 0000 08000001 0a000002" UDP DATA,
	 L3_V4(17, TO443)},
	{"+ IPv4, last", "<4500 TTTT 0007 0001 4011 0000 08000001 0a000002" DATA DATA,
	 L3_V4(17, TO443)},
	{"IPv4, ihl 4", "<4400 TTTT 1234 0000 4011 0000 08000001 0a000002" UDP DATA,
	 FLAW(FL_FLAW_LENGTH, 0x0800)},
	{"IPv4, version 6", "<6500 TTTT 1234 0000 4011 0000 08000001 0a000002" UDP DATA,
	 FLAW(FL_FLAW_VERSION, 0x0800)},
	{"IPv6 TCP", L3_IP6("06") TCP("02"), L3_V6(6, TO443, SEQS, .tcp_flags = 0x02)},
	{"IPv6 UDP", L3_IP6("11") UDP DATA, L3_V6(17, TO443)},
	{"IPv6, hop-by-hop", L3_IP6("00") HOPS("11") UDP, L3_V6(17, TO443)},
	{"IPv6, payload too long",
	 "<60012345 0011 1140 20010db8 86dd0000 00000000 00000001 " B6 UDP DATA,
	 FLAW(FL_FLAW_LENGTH, 0x86dd)},
	{"neither, by its protocol", MACS "8847" DATA, OTHER(0x8847)},
	{"tags are not looked for", MACS "8100 0064 0800" DATA, OTHER(0x8100)},
};

#endif
