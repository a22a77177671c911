// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pcapng: see model/pcapng_format.h. A block is read as a whole, if it is of a kind that says
 * something to us; others are passed over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collect/packet_file_internal.h"
#include "model/pcapng_format.h"

static int damaged(struct packet_file *f, const char *what)
{
	return packet_file_fail(f, -EBADMSG, "damaged after packet %" PRIu64 ": %s", f->packets,
				what);
}

/* --- options --- */

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

/*
 * The option at *at of the block, which is moved behind it. What does not fit into the block ends
 * the list: it is only what somebody remarked about the packet.
 */
static bool next_option(const struct packet_file *f, size_t *at, struct option *o)
{
	size_t left = f->block_len - *at, padded;

	if (*at > f->block_len || left < 4)
		return false;
	o->code = packet_file_u16(f, f->block + *at);
	o->len = packet_file_u16(f, f->block + *at + 2);
	o->value = f->block + *at + 4;
	padded = (o->len + 3u) & ~3u;
	if (o->code == PCAPNG_OPT_END || padded > left - 4)
		return false;
	*at += 4 + padded;
	return true;
}

/* 0 or -ENOMEM. An option that is there twice: the last. */
static int set_text(struct packet_file *f, char **text, const struct option *o, size_t skip)
{
	char *copy = packet_file_text(o->value + skip, o->len - skip);

	if (!copy)
		return packet_file_fail(f, -ENOMEM, "out of memory");
	free(*text);
	*text = copy;
	return 0;
}

static int add_comment(struct packet_file *f, const struct option *o)
{
	size_t had = f->comment ? strlen(f->comment) : 0;
	size_t len = strnlen((const char *)o->value, o->len);
	char *grown;

	if (len > PACKET_FILE_TEXT_MAX)
		len = PACKET_FILE_TEXT_MAX;
	if (had + len > 16 * PACKET_FILE_TEXT_MAX || !len)
		return 0;
	grown = realloc(f->comment, had + len + 2);
	if (!grown)
		return packet_file_fail(f, -ENOMEM, "out of memory");
	f->comment = grown;
	if (had)
		grown[had++] = '\n';
	memcpy(grown + had, o->value, len);
	grown[had + len] = '\0';
	return 0;
}

/* --- time --- */

/* 10^n, n <= 19 */
static uint64_t power_of_ten(unsigned int n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* What does not fit into 64 bits of nanoseconds is the nearest that does. */
static uint64_t saturate(__int128 ns)
{
	return ns < 0 ? 0 : ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

static uint64_t time_of(const struct packet_interface *i, uint64_t v)
{
	const __int128 second = 1000000000;
	__int128 ns;

	if (i->binary)
		ns = i->exponent < 126 ? v * second >> i->exponent : 0;
	else if (i->exponent <= 9)
		ns = (__int128)v * (int64_t)power_of_ten(9 - i->exponent);
	else
		ns = i->exponent <= 28 ? v / power_of_ten(i->exponent - 9) : 0;
	return saturate(ns + i->offset * second);
}

/* Two halves, the upper first. */
static uint64_t time_at(const struct packet_file *f, const uint8_t *p)
{
	return (uint64_t)packet_file_u32(f, p) << 32 | packet_file_u32(f, p + 4);
}

/* --- blocks that are about packets --- */

static int read_interface_options(struct packet_file *f, struct packet_interface *i)
{
	struct option o;
	size_t at = 8;
	int err = 0;

	while (!err && next_option(f, &at, &o)) {
		if (o.code == PCAPNG_IF_NAME) {
			err = set_text(f, &i->name, &o, 0);
		} else if (o.code == PCAPNG_IF_DESCRIPTION) {
			err = set_text(f, &i->description, &o, 0);
		} else if (o.code == PCAPNG_IF_FILTER && o.len > 1 && o.value[0] == 0) {
			err = set_text(f, &i->filter, &o, 1);
		} else if (o.code == PCAPNG_IF_TSRESOL && o.len == 1) {
			i->binary = o.value[0] & 0x80;
			i->exponent = o.value[0] & 0x7f;
		} else if (o.code == PCAPNG_IF_TSOFFSET && o.len == 8) {
			i->offset = (int64_t)packet_file_u64(f, o.value);
		}
	}
	return err;
}

static int read_interface(struct packet_file *f)
{
	struct packet_interface i = {.exponent = 6};
	int err;

	if (f->block_len < 8)
		return damaged(f, "an interface description is too short");
	i.link_type = packet_file_u16(f, f->block);
	i.snaplen = packet_file_u32(f, f->block + 4);
	i.name = strdup("");
	i.description = strdup("");
	i.filter = strdup("");
	if (i.name && i.description && i.filter)
		err = read_interface_options(f, &i);
	else
		err = packet_file_fail(f, -ENOMEM, "out of memory");
	if (!err)
		err = packet_file_add_interface(f, &i);
	if (err)
		packet_interface_free(&i);
	return err;
}

static int read_packet_options(struct packet_file *f, struct packet_record *r, size_t at)
{
	struct option o;
	int err = 0;

	while (!err && next_option(f, &at, &o)) {
		if (o.code == PCAPNG_OPT_COMMENT) {
			err = add_comment(f, &o);
		} else if (o.code == PCAPNG_EPB_FLAGS && o.len == 4) {
			uint32_t flags = packet_file_u32(f, o.value) & PCAPNG_DIRECTION_MASK;

			r->direction = flags == PCAPNG_INBOUND    ? PACKET_IN
				       : flags == PCAPNG_OUTBOUND ? PACKET_OUT
								  : PACKET_DIRECTION_UNKNOWN;
		} else if (o.code == PCAPNG_EPB_DROPCOUNT && o.len == 8) {
			r->has_drops = true;
			r->drops = packet_file_u64(f, o.value);
		} else if (o.code == PCAPNG_EPB_PACKETID && o.len == 8) {
			r->has_id = true;
			r->id = packet_file_u64(f, o.value);
		}
	}
	return err;
}

static int set_interface(struct packet_file *f, struct packet_record *r, uint32_t number)
{
	if (number >= f->n_interfaces)
		return damaged(f, "a packet of an interface that is not described");
	r->interface = f->interfaces[number];
	return 0;
}

/* Both kinds have the same 20 bytes in front, but for the interface's number, 16 bits in the old
 * one. */
static int read_packet(struct packet_file *f, struct packet_record *r, bool old)
{
	const uint8_t *p = f->block;
	int err;

	if (f->block_len < 20)
		return damaged(f, "a packet block is too short");
	err = set_interface(f, r, old ? packet_file_u16(f, p) : packet_file_u32(f, p));
	if (err)
		return err;
	r->has_time = true;
	r->time = time_of(r->interface, time_at(f, p + 4));
	r->caplen = packet_file_u32(f, p + 12);
	r->len = packet_file_u32(f, p + 16);
	if (r->caplen > f->block_len - 20)
		return damaged(f, "a packet is longer than its block");
	r->data = p + 20;
	if (old && packet_file_u16(f, p + 2) != UINT16_MAX) {
		r->has_drops = true;
		r->drops = packet_file_u16(f, p + 2);
	}
	err = read_packet_options(f, r, 20 + (((size_t)r->caplen + 3) & ~(size_t)3));
	return err ? err : 1;
}

/* Of interface 0, without a time; how much of it is there follows from the block's length. */
static int read_simple_packet(struct packet_file *f, struct packet_record *r)
{
	uint32_t snaplen;
	int err;

	if (f->block_len < 4)
		return damaged(f, "a packet block is too short");
	err = set_interface(f, r, 0);
	if (err)
		return err;
	snaplen = r->interface->snaplen;
	r->len = packet_file_u32(f, f->block);
	r->caplen = snaplen && r->len > snaplen ? snaplen : r->len;
	if (r->caplen > f->block_len - 4)
		return damaged(f, "a packet is longer than its block");
	r->data = f->block + 4;
	return 1;
}

/* --- names --- */

static int add_name(struct packet_file *f, const struct addr *a, const uint8_t *name, size_t len)
{
	if (f->text + len + sizeof(struct packet_name) > PACKET_FILE_BLOCK_MAX)
		return 0; /* more names than anyone reads */
	if (f->n_names == f->cap_names) {
		size_t cap = f->cap_names ? 2 * f->cap_names : 16;
		struct packet_name *grown = realloc(f->names, cap * sizeof(*grown));

		if (!grown)
			return packet_file_fail(f, -ENOMEM, "out of memory");
		f->names = grown;
		f->cap_names = cap;
	}
	f->names[f->n_names].addr = *a;
	f->names[f->n_names].name = packet_file_text(name, len);
	if (!f->names[f->n_names].name)
		return packet_file_fail(f, -ENOMEM, "out of memory");
	f->n_names++;
	f->text += len + sizeof(struct packet_name);
	return 0;
}

static int read_name_record(struct packet_file *f, const struct option *o)
{
	size_t at = o->code == PCAPNG_NAME_IPV4 ? 4 : 16;
	struct addr a;
	int err = 0;

	if ((o->code != PCAPNG_NAME_IPV4 && o->code != PCAPNG_NAME_IPV6) || o->len < at)
		return 0;
	a = addr_make(at == 4 ? AF_INET : AF_INET6, o->value);
	while (!err && at < o->len) {
		size_t len = strnlen((const char *)o->value + at, o->len - at);

		if (len)
			err = add_name(f, &a, o->value + at, len);
		at += len + 1;
	}
	return err;
}

/* Records have the shape of options, and so has their end. */
static int read_names(struct packet_file *f)
{
	struct option o;
	size_t at = 0;
	int err = 0;

	while (!err && next_option(f, &at, &o))
		err = read_name_record(f, &o);
	return err;
}

/* --- sections and blocks --- */

/* Behind the block's body: its length once more. */
static int read_trailer(struct packet_file *f, uint32_t total)
{
	uint8_t p[4];
	size_t got;
	int r = packet_file_read(f, p, sizeof(p), &got);

	if (r <= 0)
		return r < 0 ? r : packet_file_cut(f);
	if (packet_file_u32(f, p) != total)
		return damaged(f, "a block's two lengths differ");
	return 1;
}

static bool is_length(uint32_t total, uint32_t least)
{
	return total >= least && total % 4 == 0;
}

/* Its type has been read. 1, 0 (cut), or -errno. Its own magic says in which order its length is.
 */
static int read_section(struct packet_file *f)
{
	uint8_t h[8];
	uint32_t magic, total;
	struct option o;
	size_t got, at = 12;
	int r = packet_file_read(f, h, sizeof(h), &got);

	if (r <= 0)
		return r < 0 ? r : packet_file_cut(f);
	memcpy(&magic, h + 4, sizeof(magic));
	f->swapped = magic == __builtin_bswap32(PCAPNG_MAGIC);
	total = packet_file_u32(f, h);
	if (!f->swapped && magic != PCAPNG_MAGIC)
		return damaged(f, "a section without its magic number");
	if (!is_length(total, 28) || total > PACKET_FILE_BLOCK_MAX)
		return damaged(f, "a section header of a senseless length");
	r = packet_file_load(f, total - 16);
	if (r <= 0)
		return r < 0 ? r : packet_file_cut(f);
	if (packet_file_u16(f, f->block) != 1)
		return packet_file_fail(f, -EINVAL, "pcapng of version %u: not known",
					packet_file_u16(f, f->block));
	packet_file_drop_interfaces(f);
	free(f->writer);
	f->writer = NULL;
	while (next_option(f, &at, &o))
		if (o.code == PCAPNG_SHB_USERAPPL && set_text(f, &f->writer, &o, 0))
			return -ENOMEM;
	return read_trailer(f, total);
}

static bool is_of_use(uint32_t type)
{
	return type == PCAPNG_INTERFACE || type == PCAPNG_OLD_PACKET ||
	       type == PCAPNG_SIMPLE_PACKET || type == PCAPNG_NAMES || type == PCAPNG_PACKET;
}

static int pass_over(struct packet_file *f, size_t len)
{
	uint8_t scratch[4096];

	while (len > 0) {
		size_t part = len < sizeof(scratch) ? len : sizeof(scratch), got;
		int r = packet_file_read(f, scratch, part, &got);

		if (r <= 0)
			return r;
		len -= part;
	}
	return 1;
}

/* 1: a packet; 0: no packet; or -errno. */
static int understand(struct packet_file *f, uint32_t type, struct packet_record *r)
{
	switch (type) {
	case PCAPNG_INTERFACE:
		return read_interface(f);
	case PCAPNG_NAMES:
		return read_names(f);
	case PCAPNG_PACKET:
	case PCAPNG_OLD_PACKET:
		return read_packet(f, r, type == PCAPNG_OLD_PACKET);
	case PCAPNG_SIMPLE_PACKET:
		return read_simple_packet(f, r);
	}
	return 0;
}

/* One block; its type has been read. 1, 0 (the file is cut), -errno. *packet: it was one. */
static int read_block(struct packet_file *f, uint32_t type, struct packet_record *r, bool *packet)
{
	uint8_t h[4];
	uint32_t total;
	size_t got;
	int ok;

	if (type == PCAPNG_SECTION)
		return read_section(f);
	ok = packet_file_read(f, h, sizeof(h), &got);
	if (ok <= 0)
		return ok < 0 ? ok : packet_file_cut(f);
	total = packet_file_u32(f, h);
	if (!is_length(total, PCAPNG_BLOCK_MIN))
		return damaged(f, "a block of a senseless length");
	if (is_of_use(type) && total > PACKET_FILE_BLOCK_MAX)
		return damaged(f, "a block of more than 16 MiB");
	ok = is_of_use(type) ? packet_file_load(f, total - PCAPNG_BLOCK_MIN)
			     : pass_over(f, total - PCAPNG_BLOCK_MIN);
	if (ok <= 0)
		return ok < 0 ? ok : packet_file_cut(f);
	ok = read_trailer(f, total);
	if (ok <= 0 || !is_of_use(type))
		return ok;
	ok = understand(f, type, r);
	*packet = ok > 0;
	return ok < 0 ? ok : 1;
}

static int next(struct packet_file *f, struct packet_record *r)
{
	bool packet = false;

	while (!packet) {
		uint8_t type[4];
		size_t got;
		int ok = packet_file_read(f, type, sizeof(type), &got);

		if (ok <= 0)
			return ok < 0 || got == 0 ? ok : packet_file_cut(f);
		ok = read_block(f, packet_file_u32(f, type), r, &packet);
		if (ok <= 0)
			return ok;
	}
	return 1;
}

int packet_file_start_pcapng(struct packet_file *f)
{
	int r = read_section(f);

	f->next = next;
	if (r == 0)
		return packet_file_fail(f, -EINVAL, "the file ends in its header");
	return r < 0 ? r : 0;
}
