// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "model/pcapng_format.h"
#include "out/text.h"

#define NAMES_BLOCK_MAX (1024 * 1024)

static void put_u16(struct buf *b, uint16_t v)
{
	buf_put(b, &v, sizeof(v));
}

static void put_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

/* A time is its upper half first, in either byte order. */
static void put_time(struct buf *b, uint64_t ns)
{
	put_u32(b, (uint32_t)(ns >> 32));
	put_u32(b, (uint32_t)ns);
}

static void patch(struct buf *b, size_t at, const void *v, size_t n)
{
	if (!b->err)
		memcpy(b->data + at, v, n);
}

/* Blocks begin at multiples of 4 in the file, not in the buffer. */
static void pad(struct buf *b, size_t len)
{
	buf_put(b, "\0\0\0", -len & 3);
}

/* --- blocks --- */

static size_t begin(struct buf *b, uint32_t type)
{
	size_t start = b->len;

	put_u32(b, type);
	put_u32(b, 0);
	return start;
}

static int end(struct buf *b, size_t start)
{
	uint32_t len = (uint32_t)(b->len - start + 4);

	put_u32(b, len);
	patch(b, start + 4, &len, sizeof(len));
	if (b->err)
		b->len = start;
	return b->err;
}

/* --- options --- */

static void put_option(struct buf *b, uint16_t code, const void *value, uint16_t len)
{
	put_u16(b, code);
	put_u16(b, len);
	buf_put(b, value, len);
	pad(b, len);
}

static void put_number(struct buf *b, uint16_t code, uint64_t v)
{
	if (v != PCAPNG_UNKNOWN)
		put_option(b, code, &v, sizeof(v));
}

static void put_time_option(struct buf *b, uint16_t code, uint64_t ns)
{
	if (ns == PCAPNG_UNKNOWN)
		return;
	put_u16(b, code);
	put_u16(b, 8);
	put_time(b, ns);
}

/* `prefix`: a byte that stands before the text, or -1. */
static void put_text_after(struct buf *b, uint16_t code, int prefix, const char *s)
{
	size_t start = b->len + 4;
	uint16_t len;

	if (!s || !*s)
		return;
	put_u16(b, code);
	put_u16(b, 0);
	if (prefix >= 0)
		buf_putc(b, (char)prefix);
	text_bounded(b, s, code == PCAPNG_OPT_COMMENT ? "\n\t" : "", PCAPNG_TEXT_MAX);
	len = (uint16_t)(b->len - start);
	patch(b, start - 2, &len, sizeof(len));
	pad(b, len);
}

static void put_text(struct buf *b, uint16_t code, const char *s)
{
	put_text_after(b, code, -1, s);
}

static void put_end_of_options(struct buf *b)
{
	put_option(b, PCAPNG_OPT_END, "", 0);
}

/* --- what there is to write --- */

void pcapng_host(struct pcapng_host *h)
{
	struct utsname u;

	*h = (struct pcapng_host){0};
	if (uname(&u))
		return;
	snprintf(h->hardware, sizeof(h->hardware), "%s", u.machine);
	snprintf(h->os, sizeof(h->os), "%s %s", u.sysname, u.release);
}

int pcapng_put_section(struct buf *b, const struct pcapng_host *host, const char *comment)
{
	size_t start;

	if (b->err)
		return b->err;
	start = begin(b, PCAPNG_SECTION);
	put_u32(b, PCAPNG_MAGIC);
	put_u16(b, 1); /* version 1.0 */
	put_u16(b, 0);
	put_u32(b, UINT32_MAX); /* the section's length, 64 bits: not known */
	put_u32(b, UINT32_MAX);
	put_text(b, PCAPNG_OPT_COMMENT, comment);
	put_text(b, PCAPNG_SHB_HARDWARE, host->hardware);
	put_text(b, PCAPNG_SHB_OS, host->os);
	put_text(b, PCAPNG_SHB_USERAPPL, "flowner " FLOWNER_VERSION);
	put_end_of_options(b);
	return end(b, start);
}

int pcapng_put_interface(struct buf *b, const struct pcapng_interface *i)
{
	const uint8_t nanoseconds = 9; /* 10^-9 s */
	size_t start;

	if (b->err)
		return b->err;
	start = begin(b, PCAPNG_INTERFACE);
	put_u16(b, i->link_type);
	put_u16(b, 0);
	put_u32(b, i->snaplen);
	put_text(b, PCAPNG_OPT_COMMENT, i->comment);
	put_text(b, PCAPNG_IF_NAME, i->name);
	put_text(b, PCAPNG_IF_DESCRIPTION, i->description);
	put_option(b, PCAPNG_IF_TSRESOL, &nanoseconds, 1);
	put_text_after(b, PCAPNG_IF_FILTER, 0 /* libpcap's language */, i->filter);
	put_text(b, PCAPNG_IF_OS, i->os);
	put_end_of_options(b);
	return end(b, start);
}

static void put_packet_options(struct buf *b, const struct pcapng_packet *p)
{
	uint32_t flags = p->direction == PACKET_IN    ? PCAPNG_INBOUND
			 : p->direction == PACKET_OUT ? PCAPNG_OUTBOUND
						      : 0;
	bool comment = p->comment && *p->comment;

	if (!flags && !comment && p->drops == PCAPNG_UNKNOWN && p->id == PCAPNG_UNKNOWN)
		return;
	put_text(b, PCAPNG_OPT_COMMENT, p->comment);
	if (flags)
		put_option(b, PCAPNG_EPB_FLAGS, &flags, sizeof(flags));
	put_number(b, PCAPNG_EPB_DROPCOUNT, p->drops);
	put_number(b, PCAPNG_EPB_PACKETID, p->id);
	put_end_of_options(b);
}

int pcapng_put_packet(struct buf *b, const struct pcapng_packet *p)
{
	size_t start;

	if (b->err)
		return b->err;
	if (p->caplen > PCAPNG_PACKET_MAX)
		return -EMSGSIZE;
	if (p->caplen > p->len)
		return -EINVAL;
	start = begin(b, PCAPNG_PACKET);
	put_u32(b, p->interface);
	put_time(b, p->time);
	put_u32(b, p->caplen);
	put_u32(b, p->len);
	if (p->caplen)
		buf_put(b, p->data, p->caplen);
	pad(b, p->caplen);
	put_packet_options(b, p);
	return end(b, start);
}

/* A record's length is 16 bits: names that would make it longer are left out. */
static void put_name_record(struct buf *b, const struct pcapng_name *n)
{
	bool v4 = addr_is_v4(&n->addr);
	size_t start = b->len + 4;
	uint16_t len;

	put_u16(b, v4 ? PCAPNG_NAME_IPV4 : PCAPNG_NAME_IPV6);
	put_u16(b, 0);
	buf_put(b, n->addr.b + (v4 ? 12 : 0), v4 ? 4 : 16);
	for (size_t i = 0; i < n->n && b->len - start + PCAPNG_NAME_MAX + 1 <= UINT16_MAX; i++) {
		if (!*n->names[i])
			continue;
		text_bounded(b, n->names[i], "", PCAPNG_NAME_MAX);
		buf_putc(b, '\0');
	}
	len = (uint16_t)(b->len - start);
	patch(b, start - 2, &len, sizeof(len));
	pad(b, len);
}

static bool has_name(const struct pcapng_name *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (*n->names[i])
			return true;
	return false;
}

int pcapng_put_names(struct buf *b, const struct pcapng_name *names, size_t n)
{
	size_t start = b->len, empty;

	if (b->err)
		return b->err;
	begin(b, PCAPNG_NAMES);
	empty = b->len;
	for (size_t i = 0; i < n; i++)
		if (has_name(&names[i]))
			put_name_record(b, &names[i]);
	if (b->len == empty || b->len - start > NAMES_BLOCK_MAX) {
		int err = b->len == empty ? 0 : -EMSGSIZE;

		b->len = start;
		return b->err ? b->err : err;
	}
	put_u16(b, PCAPNG_NAME_END);
	put_u16(b, 0);
	return end(b, start);
}

int pcapng_put_statistics(struct buf *b, const struct pcapng_statistics *s)
{
	size_t start;

	if (b->err)
		return b->err;
	start = begin(b, PCAPNG_STATISTICS);
	put_u32(b, s->interface);
	put_time(b, s->time);
	put_time_option(b, PCAPNG_ISB_STARTTIME, s->start);
	put_time_option(b, PCAPNG_ISB_ENDTIME, s->end);
	put_number(b, PCAPNG_ISB_IFRECV, s->received);
	put_number(b, PCAPNG_ISB_IFDROP, s->if_dropped);
	put_number(b, PCAPNG_ISB_FILTERACCEPT, s->accepted);
	put_number(b, PCAPNG_ISB_OSDROP, s->os_dropped);
	put_number(b, PCAPNG_ISB_USRDELIV, s->delivered);
	put_end_of_options(b);
	return end(b, start);
}
