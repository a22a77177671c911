// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/dns.h"

#include <errno.h>
#include <stdio.h>

#include "model/packet_internal.h"

#define HEADER 12

/* Of a name on the wire, its labels' lengths included. */
#define WIRE_MAX 255

/* What cannot be read: cut by the capture, or by itself. */
static int short_of(const struct packet_bytes *b)
{
	return b->cap < b->len ? -ENODATA : -EBADMSG;
}

/* A character of a label as a zone file has it, but for bytes above 0x7f, which stay. */
static size_t put_char(char *out, uint8_t c)
{
	if (c == '.' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c == 0) {
		memcpy(out, "\\000", 4);
		return 4;
	}
	out[0] = (char)c;
	return 1;
}

/*
 * The name at *at, which is moved behind it. A pointer has to point before the place where this
 * part of the name began, so that every jump goes further back.
 */
static int read_name(const struct packet_bytes *b, size_t *at, char out[DNS_NAME_MAX])
{
	size_t pos = *at, began = *at, wire = 0, n = 0;
	bool jumped = false;

	for (;;) {
		uint8_t len;

		if (!has(b, pos, 1))
			return short_of(b);
		len = b->p[pos];
		if (len >= 0xc0) {
			if (!has(b, pos, 2))
				return short_of(b);
			if (!jumped)
				*at = pos + 2;
			jumped = true;
			pos = (size_t)(len & 0x3f) << 8 | b->p[pos + 1];
			if (pos >= began)
				return -EBADMSG;
			began = pos;
			continue;
		}
		pos++;
		wire += len + 1u;
		if (len > 63 || wire > WIRE_MAX)
			return -EBADMSG;
		if (len == 0)
			break;
		if (!has(b, pos, len))
			return short_of(b);
		for (size_t i = 0; i < len; i++)
			n += put_char(out + n, b->p[pos + i]);
		out[n++] = '.';
		pos += len;
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
	if (!jumped)
		*at = pos;
	return 0;
}

int dns_open(struct dns_message *m, struct packet_bytes bytes)
{
	*m = (struct dns_message){.bytes = bytes, .at = HEADER};
	if (!has(&bytes, 0, HEADER))
		return 0;
	m->id = be16(bytes.p);
	m->flags = be16(bytes.p + 2);
	m->response = m->flags & 0x8000;
	m->opcode = (m->flags >> 11) & 15;
	m->authoritative = m->flags & 0x0400;
	m->cut = m->flags & 0x0200;
	m->recursion_desired = m->flags & 0x0100;
	m->recursion_available = m->flags & 0x0080;
	m->authentic = m->flags & 0x0020;
	m->checking_disabled = m->flags & 0x0010;
	m->rcode = m->flags & 15;
	for (int i = 0; i < DNS_SECTIONS; i++)
		m->count[i] = be16(bytes.p + 4 + 2 * i);
	return 1;
}

/* The first of the strings, each of which has its length in front. */
static bool read_text(const uint8_t *data, size_t len, char out[DNS_NAME_MAX])
{
	size_t n = 0;

	if (len < 1 || data[0] > len - 1)
		return false;
	for (size_t i = 0; i < data[0]; i++) {
		if (data[i + 1])
			out[n++] = (char)data[i + 1];
		else
			n += put_char(out + n, 0);
	}
	out[n] = '\0';
	return true;
}

/* The name `skip` bytes into the data; it has to end where they end. */
static bool read_target(const struct packet_bytes *b, size_t at, size_t skip, size_t len,
			struct dns_record *r)
{
	size_t pos = at + skip;

	return skip < len && !read_name(b, &pos, r->target) && pos == at + len;
}

/* `len` bytes of data at `at`, which are there. */
static bool read_data(const struct packet_bytes *b, size_t at, size_t len, struct dns_record *r)
{
	const uint8_t *data = b->p + at;

	switch (r->type) {
	case DNS_A:
		if (len == 4)
			r->addr = addr_make(AF_INET, data);
		return len == 4;
	case DNS_AAAA:
		if (len == 16)
			r->addr = addr_make(AF_INET6, data);
		return len == 16;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return read_target(b, at, 0, len, r);
	case DNS_MX:
		if (len >= 2)
			r->preference = be16(data);
		return read_target(b, at, 2, len, r);
	case DNS_SRV:
		if (len >= 6) {
			r->preference = be16(data);
			r->weight = be16(data + 2);
			r->port = be16(data + 4);
		}
		return read_target(b, at, 6, len, r);
	case DNS_TXT:
		return read_text(data, len, r->target);
	}
	return false;
}

static int read_record(struct dns_message *m, struct dns_record *r)
{
	const struct packet_bytes *b = &m->bytes;
	size_t at = m->at, len;
	int err = read_name(b, &at, r->name);

	if (err)
		return err;
	if (!has(b, at, 4))
		return short_of(b);
	r->type = be16(b->p + at);
	r->class = be16(b->p + at + 2);
	at += 4;
	if (r->section != DNS_QUESTION) {
		if (!has(b, at, 6))
			return short_of(b);
		r->ttl = be32(b->p + at);
		len = be16(b->p + at + 4);
		at += 6;
		if (!has(b, at, len))
			return short_of(b);
		r->known = read_data(b, at, len, r);
		at += len;
	}
	m->at = at;
	return 0;
}

int dns_next(struct dns_message *m, struct dns_record *r)
{
	int err;

	while (m->section < DNS_SECTIONS && m->done == m->count[m->section]) {
		m->section++;
		m->done = 0;
	}
	if (m->section == DNS_SECTIONS)
		return 0;
	r->section = m->section;
	r->known = false;
	r->ttl = 0;
	r->preference = r->weight = r->port = 0;
	r->target[0] = '\0';
	err = read_record(m, r);
	m->done++;
	return err ? err : 1;
}
