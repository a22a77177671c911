// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/decode.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#define TCP_STATE_MAX 12 /* TCP_NEW_SYN_RECV */

static const uint16_t length_of_type[FL_TYPE_MAX] = {
	[FL_LISTEN] = sizeof(struct fl_owned),
	[FL_SYN_SENT] = sizeof(struct fl_owned),
	[FL_ESTABLISHED] = sizeof(struct fl_state),
	[FL_STATE] = sizeof(struct fl_state),
	[FL_CLOSE] = sizeof(struct fl_close),
	[FL_ACCEPT] = sizeof(struct fl_owned),
	[FL_RETRANSMIT] = sizeof(struct fl_trouble),
	[FL_RESET_SENT] = sizeof(struct fl_trouble),
	[FL_RESET_RECEIVED] = sizeof(struct fl_trouble),
	[FL_FAR_CLIENT] = sizeof(struct fl_owned),
};

static bool sock_ok(const struct fl_sock *s)
{
	return (s->family == AF_INET || s->family == AF_INET6) && s->state <= TCP_STATE_MAX &&
	       s->old_state <= TCP_STATE_MAX;
}

int decode_record(const void *data, size_t len, const struct fl_header **out)
{
	const struct fl_header *hdr = data;

	if (len < sizeof(*hdr) || hdr->type >= FL_TYPE_MAX || length_of_type[hdr->type] == 0)
		return -EBADMSG;
	if (hdr->len != length_of_type[hdr->type] || len < hdr->len)
		return -EBADMSG;
	/* Every record has its fl_sock right behind the header. */
	if (!sock_ok(&((const struct fl_state *)data)->sock))
		return -EBADMSG;
	*out = hdr;
	return 0;
}

int decode_snapshot(const void *data, size_t len, const struct fl_snapshot **out)
{
	const struct fl_snapshot *s = data;

	if (len < sizeof(*s) || !sock_ok(&s->sock) || s->held >= FL_HELD_MAX)
		return -EBADMSG;
	*out = s;
	return 0;
}

int decode_packet(const void *data, size_t len, const struct fl_packet **out)
{
	const struct fl_packet *p = data;

	if (len < sizeof(*p) || p->caplen > len - sizeof(*p) || p->caplen > p->len ||
	    p->len > INT32_MAX)
		return -EBADMSG;
	*out = p;
	return 0;
}

bool decode_flow_key(const struct fl_flow_key *key)
{
	return FL_BITS_GET(key->bits, FL_BITS_KIND) < FL_FLOW_KINDS;
}

int decode_flow(const void *data, size_t len, const struct fl_flow_record **out)
{
	const struct fl_flow_record *r = data;

	if (len < sizeof(*r) || r->hdr.type != FL_FLOW || r->hdr.len != sizeof(*r) ||
	    !decode_flow_key(&r->key) || !r->count.packets)
		return -EBADMSG;
	*out = r;
	return 0;
}
