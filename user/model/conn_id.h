/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The conn id: 64 bits that both ends of a TCP connection, every link on its way and every host
 * agree on, through NAT: a keyed hash of the two initial sequence numbers.
 *
 * What the kernel side sends of a socket are snd_una - bytes_acked and rcv_nxt - bytes_received. Of
 * a socket that opened actively these are {ISN, other ISN + 1}: bytes_acked counts the acknowledged
 * SYN. Of one that was accepted {ISN + 1, other ISN + 1}: it starts with snd_una behind the SYN.
 *
 * The hash hides the numbers: knowing them would help an attacker to inject into the connection
 * blindly.
 */
#ifndef FLOWNER_MODEL_CONN_ID_H
#define FLOWNER_MODEL_CONN_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role { ROLE_UNKNOWN, ROLE_CLIENT, ROLE_SERVER, ROLE_LISTENER };

/* SipHash-2-4 (Aumasson, Bernstein, 2012). */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);

/* `own` and `other` as described above. Never 0, which means unknown. ROLE_CLIENT or ROLE_SERVER
 * only. */
uint64_t conn_id(enum role role, uint32_t own, uint32_t other);

/* What a socket has sent, by the kernel's counters. */
struct conn_sent {
	uint64_t acked;     /* bytes_acked */
	uint32_t in_flight; /* snd_nxt - snd_una */
	uint64_t once;      /* bytes_sent - bytes_retrans */
	bool fin;           /* our FIN is in flight or acknowledged */
	bool of_listener;   /* it was accepted; false: it was not, or its listener's backlog is 0 */
};

/*
 * Who opened a connection that is older than the tracer? Everything acknowledged or in flight was
 * sent: acked + in_flight - once - fin is 1 for the active opener, whose SYN is in bytes_acked, and
 * 0 for the passive one. It is less where this host itself refused a segment, by a rule of a
 * firewall or a full queue: __tcp_transmit_skb() counts bytes_sent before it knows, and the segment
 * goes out once more as a new one. Then the listener's backlog tells. ROLE_UNKNOWN where the sum is
 * anything else.
 */
enum role conn_role(const struct conn_sent *c);

/* The payload sent, each byte once, and no byte that this host refused. Exact where `role` is
 * known. */
uint64_t conn_payload(const struct conn_sent *c, enum role role);

#endif
