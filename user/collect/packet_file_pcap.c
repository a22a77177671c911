// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then packets, each with one of 16.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collect/packet_file_internal.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS  0xa1b23c4du

bool packet_file_is_pcap(uint32_t magic)
{
	uint32_t other = __builtin_bswap32(magic);

	return magic == MAGIC_MICROSECONDS || magic == MAGIC_NANOSECONDS ||
	       other == MAGIC_MICROSECONDS || other == MAGIC_NANOSECONDS;
}

static int next(struct packet_file *f, struct packet_record *r)
{
	uint8_t h[16];
	uint64_t fraction;
	size_t got;
	int ok = packet_file_read(f, h, sizeof(h), &got);

	if (ok <= 0)
		return ok < 0 || got == 0 ? ok : packet_file_cut(f);
	fraction = packet_file_u32(f, h + 4);
	r->interface = f->interfaces[0];
	r->has_time = true;
	r->time = packet_file_u32(f, h) * UINT64_C(1000000000) +
		  fraction * (f->nanoseconds ? 1 : 1000);
	r->caplen = packet_file_u32(f, h + 8);
	r->len = packet_file_u32(f, h + 12);
	if (r->caplen > PACKET_FILE_BLOCK_MAX)
		return packet_file_fail(f, -EBADMSG,
					"damaged: packet %" PRIu64 " would have %" PRIu32 " bytes",
					f->packets + 1, r->caplen);
	ok = packet_file_load(f, r->caplen);
	if (ok <= 0)
		return ok < 0 ? ok : packet_file_cut(f);
	r->data = f->block ? f->block : (const uint8_t *)"";
	return 1;
}

int packet_file_start_pcap(struct packet_file *f, uint32_t magic)
{
	struct packet_interface i = {0};
	uint8_t h[20];
	size_t got;
	int err;

	f->swapped = magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS;
	if (f->swapped)
		magic = __builtin_bswap32(magic);
	f->nanoseconds = magic == MAGIC_NANOSECONDS;
	err = packet_file_read(f, h, sizeof(h), &got);
	if (err <= 0)
		return err < 0 ? err : packet_file_fail(f, -EINVAL, "the file ends in its header");
	if (packet_file_u16(f, h) != 2)
		return packet_file_fail(f, -EINVAL, "pcap of version %u: not known",
					packet_file_u16(f, h));
	i.snaplen = packet_file_u32(f, h + 12);
	/* The upper bits are about frame check sequences. */
	i.link_type = (uint16_t)packet_file_u32(f, h + 16);
	i.exponent = f->nanoseconds ? 9 : 6;
	i.name = strdup("");
	i.description = strdup("");
	i.filter = strdup("");
	err = i.name && i.description && i.filter ? packet_file_add_interface(f, &i) : -ENOMEM;
	if (err)
		packet_interface_free(&i);
	f->next = next;
	return err;
}
