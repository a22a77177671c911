// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/capture_internal.h"

#include <inttypes.h>
#include <stdio.h>

void capture_show_packet(struct capture *c, const struct captured *l, const struct queued_packet *p,
			 const struct packet *parsed)
{
	const struct netns *n = l->link->netns;
	char inode[16];
	struct packet_line_who who = {
		.netns = n->name,
		.container = n->container ? n->container->pod ?: n->container->name : NULL,
		.interface = l->link->name,
		.direction = p->meta.egress ? PACKET_OUT : PACKET_IN,
	};

	/* An engine's own name of a namespace is a number in disguise. */
	if (who.container)
		who.netns = NULL;
	if (!who.netns && !who.container) {
		snprintf(inode, sizeof(inode), "%" PRIu32, n->inode);
		who.netns = inode;
	}
	packet_line(&c->out, &c->widths, &c->clock, p->meta.time, &who, parsed);
	if (c->cfg->hex)
		packet_hex(&c->out, parsed->net.p, parsed->net.cap);
	if (c->cfg->ascii)
		packet_ascii(&c->out, parsed->net.p, parsed->net.cap);
}
