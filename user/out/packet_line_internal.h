/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the parts of packet_line.c share.
 */
#ifndef FLOWNER_OUT_PACKET_LINE_INTERNAL_H
#define FLOWNER_OUT_PACKET_LINE_INTERNAL_H

#include "base/buf.h"
#include "model/packet.h"

void packet_put_addr(struct buf *b, const struct addr *a);
void packet_put_mac(struct buf *b, const uint8_t mac[6]);
/* " [|tcp]" */
void packet_put_truncated(struct buf *b, const struct packet *p);
/* "udp", or "ip-proto-253" */
void packet_put_proto(struct buf *b, uint8_t proto);

/* Each from behind the addresses' ": " on. */
void packet_put_tcp(struct buf *b, const struct packet *p);
void packet_put_icmp(struct buf *b, const struct packet *p);
void packet_put_icmp6(struct buf *b, const struct packet *p);
void packet_put_dns(struct buf *b, struct packet_bytes message);

#endif
