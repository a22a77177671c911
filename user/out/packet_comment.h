/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a packet is from and for, in one line of text: a comment in a file.
 *
 *	from nc[7870] in echo-client (docker 9061b343c784), netns 4026533313; to nc[7666] in
 *	echo-server (docker e1e8c99466ab), netns 4026533093; conn 9f0c2c6f1f3d5a77
 *
 * Names cannot add a line to it: a comment's line breaks are kept by files (out/pcapng.h).
 */
#ifndef FLOWNER_OUT_PACKET_COMMENT_H
#define FLOWNER_OUT_PACKET_COMMENT_H

#include "base/buf.h"
#include "model/link.h"
#include "model/packet_who.h"

/* Appends; nothing if nothing is known. */
void packet_comment(struct buf *b, const struct packet_ends *e);

/* "web (docker 9061b343c784)", "blue", "netns 4026533313" */
void packet_comment_netns(struct buf *b, const struct netns *n);

/* "eth0 of web (docker …), netns 40265…, cable to veth0a1b2c of netns 40265…" */
void packet_comment_link(struct buf *b, const struct link *l);

#endif
