/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet read a second time, from the RFCs, without a look at bpf/parse.bpf.h: one layer is one
 * function that takes what the layer below left it. Nothing is fast here.
 *
 * Where the RFCs leave a choice, this is what flowner has chosen:
 *
 *	8 extension headers and 2 tags are followed
 *	a payload length of 0 before a hop-by-hop header is a jumbogram's, whatever its options say
 *	a length of 0 is as much as there is where the packet is one that GSO will cut (BIG TCP)
 *	of several Fragment headers the last one read counts
 */
#ifndef FLOWNER_TESTS_REFERENCE_PARSE_H
#define FLOWNER_TESTS_REFERENCE_PARSE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "packets.h"

/* Bytes not read yet. */
struct span {
	const uint8_t *at;
	size_t left;
};

/* First fragments whose last one has not come, newest last. */
struct ref_memory {
	struct ref_first {
		uint8_t src[16], dst[16], kind, proto4, tags, egress;
		uint16_t vid[2];
		uint32_t id;
		struct reading is;
	} first[1024];
	size_t n;
};

struct ref_input {
	struct ref_memory *memory;
	const uint8_t *bytes;
	size_t len;
	bool ethernet; /* else `ethertype` says what it is */
	uint16_t ethertype;
	bool gso;
	bool egress;
};

/* What IP says of fragments. */
struct ref_part {
	bool later, more;
	uint32_t id;
	uint8_t declared; /* IPv4: the protocol */
};

static inline uint32_t be(const uint8_t *p, int bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v * 256 + *p++;
	return v;
}

static inline const uint8_t *take(struct span *s, size_t n)
{
	const uint8_t *p = s->at;

	if (n > s->left)
		return NULL;
	s->at += n;
	s->left -= n;
	return p;
}

/* --- transport --- */

static inline enum fl_flow_flaw ref_tcp(struct span s, bool cut, struct reading *r)
{
	size_t whole = s.left, header;
	const uint8_t *p = take(&s, 20);

	if (!p)
		return FL_FLAW_SHORT;
	header = (p[12] / 16u) * 4u;
	/* RFC 9293: 5 words at least. A first fragment may end within the options. */
	if (header < 20 || (header > whole && !cut))
		return FL_FLAW_LENGTH;
	r->seq = be(p + 4, 4);
	r->ack = be(p + 8, 4);
	r->tcp_flags = p[13];
	r->sport = (uint16_t)be(p, 2);
	r->dport = (uint16_t)be(p + 2, 2);
	return FL_FLAW_NONE;
}

static inline enum fl_flow_flaw ref_transport(struct span s, bool cut, struct reading *r)
{
	static const struct {
		uint8_t proto, header;
	} with_ports[] = {{17, 8}, {132, 12}};
	const uint8_t *p;

	if (r->proto == 6)
		return ref_tcp(s, cut, r);
	for (size_t i = 0; i < sizeof(with_ports) / sizeof(*with_ports); i++) {
		if (with_ports[i].proto != r->proto)
			continue;
		p = take(&s, with_ports[i].header);
		if (!p)
			return FL_FLAW_SHORT;
		r->sport = (uint16_t)be(p, 2);
		r->dport = (uint16_t)be(p + 2, 2);
	}
	if (r->proto == 1) { /* RFC 792: all messages have 8 bytes */
		p = take(&s, 8);
		if (!p)
			return FL_FLAW_SHORT;
		r->sport = (uint16_t)be(p, 2);
		switch (p[0]) {
		case 0:
		case 8:
		case 13:
		case 14:
		case 15:
		case 16:
			r->dport = (uint16_t)be(p + 4, 2);
		}
	}
	if (r->proto == 58) { /* RFC 4443: type, code, checksum; echo has 4 bytes more */
		p = take(&s, 4);
		if (!p)
			return FL_FLAW_SHORT;
		r->sport = (uint16_t)be(p, 2);
		if ((p[0] & 0xfe) == 128) {
			p = take(&s, 4);
			if (!p)
				return FL_FLAW_SHORT;
			r->dport = (uint16_t)be(p, 2);
		}
	}
	return FL_FLAW_NONE;
}

/* --- fragments --- */

static inline bool ref_same(const struct ref_first *a, const struct ref_first *b)
{
	return a->id == b->id && a->kind == b->kind && a->proto4 == b->proto4 &&
	       a->tags == b->tags && a->egress == b->egress &&
	       !memcmp(a->vid, b->vid, sizeof(a->vid)) && !memcmp(a->src, b->src, 16) &&
	       !memcmp(a->dst, b->dst, 16);
}

static inline void ref_forget(struct ref_memory *m, size_t i)
{
	memmove(&m->first[i], &m->first[i + 1], (m->n - i - 1) * sizeof(m->first[0]));
	m->n--;
}

static inline void ref_fragments(const struct ref_input *in, const struct ref_part *part,
				 struct reading *r)
{
	struct ref_first it = {
		.id = part->id, .kind = r->kind, .proto4 = part->declared, .egress = in->egress};
	struct ref_memory *m = in->memory;
	size_t i = 0;

	memcpy(it.src, r->src, 16);
	memcpy(it.dst, r->dst, 16);
	it.tags = r->tags;
	memcpy(it.vid, r->vid, sizeof(it.vid));
	it.is = *r;
	while (i < m->n && !ref_same(&m->first[i], &it))
		i++;
	r->later = part->later;
	if (!part->later) {
		if (!part->more)
			return;
		if (i < m->n)
			ref_forget(m, i);
		assert(m->n < sizeof(m->first) / sizeof(m->first[0]));
		m->first[m->n++] = it;
		return;
	}
	if (i == m->n) {
		r->fragment = true;
		return;
	}
	r->proto = m->first[i].is.proto;
	r->sport = m->first[i].is.sport;
	r->dport = m->first[i].is.dport;
	if (!part->more)
		ref_forget(m, i);
}

/* --- network --- */

static inline enum fl_flow_flaw ref_ipv4(const struct ref_input *in, struct span s,
					 struct reading *r)
{
	struct span all = s;
	const uint8_t *p = take(&s, 20);
	size_t header, total;
	struct ref_part part;
	enum fl_flow_flaw flaw;

	if (!p)
		return FL_FLAW_SHORT;
	if (p[0] / 16 != 4)
		return FL_FLAW_VERSION;
	header = p[0] % 16 * 4u;
	total = be(p + 2, 2);
	if (in->gso && !total)
		total = all.left;
	if (header < 20 || header > total || total > all.left)
		return FL_FLAW_LENGTH;
	memcpy(r->src, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	memcpy(r->dst, r->src, 12);
	memcpy(r->src + 12, p + 12, 4);
	memcpy(r->dst + 12, p + 16, 4);
	r->kind = FL_FLOW_IPV4;
	r->proto = p[9];
	part = (struct ref_part){
		.later = be(p + 6, 2) % 0x2000 != 0,
		.more = p[6] >> 5 & 1,
		.id = be(p + 4, 2),
		.declared = p[9],
	};
	s = (struct span){all.at + header, total - header};
	flaw = part.later ? FL_FLAW_NONE : ref_transport(s, part.more, r);
	if (!flaw)
		ref_fragments(in, &part, r);
	return flaw;
}

static inline enum fl_flow_flaw ref_ipv6(const struct ref_input *in, struct span s,
					 struct reading *r)
{
	const uint8_t *p = take(&s, 40);
	struct ref_part part = {0};
	enum fl_flow_flaw flaw;
	bool seen_ah = false;
	size_t payload;
	uint8_t next;

	if (!p)
		return FL_FLAW_SHORT;
	if (p[0] / 16 != 6)
		return FL_FLAW_VERSION;
	payload = be(p + 4, 2);
	next = p[6];
	if (!payload && (in->gso || next == 0))
		payload = s.left;
	if (payload > s.left)
		return FL_FLAW_LENGTH;
	s.left = payload;
	memcpy(r->src, p + 8, 16);
	memcpy(r->dst, p + 24, 16);
	for (int seen = 0; !part.later; seen++) {
		size_t len;

		if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60)
			break;
		if (seen == 8)
			return FL_FLAW_CHAIN;
		if (s.left < 8)
			return FL_FLAW_SHORT;
		if (next == 51)
			len = 4u * (s.at[1] + 2u);
		else if (next == 44)
			len = 8;
		else
			len = 8u * (s.at[1] + 1u);
		p = take(&s, len);
		if (!p)
			return FL_FLAW_LENGTH;
		r->odd_chain |= seen_ah;
		seen_ah |= next == 51;
		if (next == 44) {
			part.later = be(p + 2, 2) / 8 != 0;
			part.more = p[3] & 1;
			part.id = be(p + 4, 4);
			r->odd_chain |= p[1] != 0;
		}
		next = p[0];
	}
	r->kind = FL_FLOW_IPV6;
	r->proto = next;
	flaw = part.later ? FL_FLAW_NONE : ref_transport(s, part.more, r);
	if (!flaw)
		ref_fragments(in, &part, r);
	return flaw;
}

static inline enum fl_flow_flaw ref_arp(struct span s, struct reading *r)
{
	static const uint8_t for_ipv4[] = {0, 1, 8, 0, 6, 4};
	const uint8_t *p = take(&s, 8);

	if (!p)
		return FL_FLAW_SHORT;
	r->kind = FL_FLOW_ARP;
	r->proto = p[7];
	if (memcmp(p, for_ipv4, sizeof(for_ipv4)) != 0)
		return FL_FLAW_NONE;
	p = take(&s, 20);
	if (!p)
		return FL_FLAW_SHORT;
	r->src[10] = r->src[11] = r->dst[10] = r->dst[11] = 0xff;
	memcpy(r->src + 12, p + 6, 4);
	memcpy(r->dst + 12, p + 16, 4);
	return FL_FLAW_NONE;
}

/* --- link --- */

static inline struct reading ref_read(const struct ref_input *in)
{
	struct span s = {in->bytes, in->len};
	uint16_t type = in->ethertype, vid[2] = {0};
	enum fl_flow_flaw flaw = FL_FLAW_NONE;
	struct reading r = {0};
	uint8_t tags = 0;

	if (in->ethernet) {
		const uint8_t *p = take(&s, 14);

		type = (uint16_t)be(p + 12, 2);
		while (tags < 2 && (type == 0x8100 || type == 0x88a8 || type == 0x9100)) {
			p = take(&s, 4);
			if (!p) {
				flaw = FL_FLAW_SHORT;
				break;
			}
			vid[tags++] = be(p, 2) % 4096;
			type = (uint16_t)be(p + 2, 2);
		}
	}
	r.tags = tags;
	memcpy(r.vid, vid, sizeof(vid));
	if (!flaw && type == 0x0800)
		flaw = ref_ipv4(in, s, &r);
	else if (!flaw && type == 0x86dd)
		flaw = ref_ipv6(in, s, &r);
	else if (!flaw && type == 0x0806)
		flaw = ref_arp(s, &r);
	else if (!flaw)
		r = (struct reading){.kind = FL_FLOW_OTHER, .sport = type < 0x600 ? 4 : type};
	if (flaw)
		r = (struct reading){.kind = FL_FLOW_MALFORMED, .proto = flaw, .sport = type};
	r.tags = tags;
	memcpy(r.vid, vid, sizeof(vid));
	return r;
}

#endif
