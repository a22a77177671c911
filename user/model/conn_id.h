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

#include <stddef.h>
#include <stdint.h>

enum role { ROLE_UNKNOWN, ROLE_CLIENT, ROLE_SERVER, ROLE_LISTENER };

/* SipHash-2-4 (Aumasson, Bernstein, 2012). */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);

/* `own` and `other` as described above. Never 0, which means unknown. ROLE_CLIENT or ROLE_SERVER
 * only. */
uint64_t conn_id(enum role role, uint32_t own, uint32_t other);

/*
 * Who opened a connection that is older than the tracer? Everything acknowledged or in flight was
 * sent: bytes_acked + in_flight - (bytes_sent - bytes_retrans) is 1 for the active opener, whose
 * SYN is in bytes_acked, and 0 for the passive one. `fin_sent`: our FIN is in flight or
 * acknowledged and counts one more. ROLE_UNKNOWN where the sum is anything else.
 */
enum role conn_role(uint64_t acked, uint32_t in_flight, uint64_t sent_once, int fin_sent);

#endif
