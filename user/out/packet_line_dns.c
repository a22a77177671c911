// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "model/dns.h"
#include "out/packet_line_internal.h"
#include "out/text.h"

/* An answer has a few; a message made to flood the terminal has thousands. */
#define SHOWN_MAX 64

static void put_type(struct buf *b, uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *name;
	} names[] = {
		{DNS_A, "A"},       {DNS_NS, "NS"},   {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"},
		{DNS_PTR, "PTR"},   {13, "HINFO"},    {DNS_MX, "MX"},       {DNS_TXT, "TXT"},
		{DNS_AAAA, "AAAA"}, {DNS_SRV, "SRV"}, {35, "NAPTR"},        {39, "DNAME"},
		{41, "OPT"},        {43, "DS"},       {46, "RRSIG"},        {47, "NSEC"},
		{48, "DNSKEY"},     {64, "SVCB"},     {65, "HTTPS"},        {252, "AXFR"},
		{255, "ANY"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].type == type) {
			buf_puts(b, names[i].name);
			return;
		}
	}
	buf_printf(b, "Type%u", type);
}

static void put_opcode(struct buf *b, uint8_t opcode)
{
	static const char *const names[] = {"", " inv_q", " stat", " op3", " notify", " update"};

	if (opcode < sizeof(names) / sizeof(names[0]))
		buf_puts(b, names[opcode]);
	else
		buf_printf(b, " op%u", opcode);
}

static void put_rcode(struct buf *b, uint8_t rcode)
{
	static const char *const names[] = {"",         " FormErr", " ServFail", " NXDomain",
					    " NotImp",  " Refused", " YXDomain", " YXRRSet",
					    " NXRRSet", " NotAuth", " NotZone"};

	if (rcode < sizeof(names) / sizeof(names[0]))
		buf_puts(b, names[rcode]);
	else
		buf_printf(b, " Resp%u", rcode);
}

static void put_class(struct buf *b, uint16_t class)
{
	/* The highest bit is mDNS's: "QU" in a question, "cache flush" in an answer. */
	if ((class & 0x7fff) != 1)
		buf_printf(b, " class %u", class & 0x7fff);
}

static void put_question(struct buf *b, const struct dns_record *r)
{
	buf_putc(b, ' ');
	put_type(b, r->type);
	put_class(b, r->class);
	buf_lit(b, "? ");
	text_plain(b, r->name);
}

static void put_data(struct buf *b, const struct dns_record *r)
{
	if (!r->known)
		return;
	buf_putc(b, ' ');
	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		packet_put_addr(b, &r->addr);
		break;
	case DNS_TXT:
		buf_putc(b, '"');
		text_plain(b, r->target);
		buf_putc(b, '"');
		break;
	case DNS_MX:
		text_plain(b, r->target);
		buf_printf(b, " %u", r->preference);
		break;
	case DNS_SRV:
		text_plain(b, r->target);
		buf_printf(b, ":%u %u %u", r->port, r->preference, r->weight);
		break;
	default:
		text_plain(b, r->target);
	}
}

static void put_answer(struct buf *b, const struct dns_record *r)
{
	buf_putc(b, ' ');
	put_type(b, r->type);
	if (r->type != 41) /* OPT has a size there */
		put_class(b, r->class);
	put_data(b, r);
}

static void put_header(struct buf *b, const struct dns_message *m)
{
	buf_printf(b, "%u", m->id);
	put_opcode(b, m->opcode);
	if (m->response) {
		put_rcode(b, m->rcode);
		buf_printf(b, "%s%s%s%s", m->authoritative ? "*" : "",
			   m->recursion_available ? "" : "-", m->cut ? "|" : "",
			   m->authentic ? "$" : "");
		if (m->count[DNS_QUESTION] != 1)
			buf_printf(b, " [%uq]", m->count[DNS_QUESTION]);
		buf_printf(b, " %u/%u/%u", m->count[DNS_ANSWER], m->count[DNS_AUTHORITY],
			   m->count[DNS_ADDITIONAL]);
		return;
	}
	buf_printf(b, "%s%s", m->recursion_desired ? "+" : "", m->checking_disabled ? "%" : "");
	if (m->count[DNS_ANSWER])
		buf_printf(b, " [%ua]", m->count[DNS_ANSWER]);
	if (m->count[DNS_QUESTION] != 1)
		buf_printf(b, " [%uq]", m->count[DNS_QUESTION]);
	if (m->count[DNS_AUTHORITY])
		buf_printf(b, " [%un]", m->count[DNS_AUTHORITY]);
	if (m->count[DNS_ADDITIONAL])
		buf_printf(b, " [%uau]", m->count[DNS_ADDITIONAL]);
}

/* Questions are shown of a question, answers of an answer. 0, or what dns_next() found wrong. */
static int put_records(struct buf *b, struct dns_message *m)
{
	enum dns_section wanted = m->response ? DNS_ANSWER : DNS_QUESTION;
	unsigned int shown = 0;
	struct dns_record r;
	int more;

	while (m->section <= wanted && (more = dns_next(m, &r)) != 0) {
		if (more < 0)
			return r.section > wanted ? 0 : more;
		if (r.section > wanted)
			break;
		if (r.section != wanted)
			continue;
		if (shown == SHOWN_MAX) {
			buf_lit(b, ", …");
			break;
		}
		if (shown++)
			buf_putc(b, ',');
		if (m->response)
			put_answer(b, &r);
		else
			put_question(b, &r);
	}
	return 0;
}

void packet_put_dns(struct buf *b, struct packet_bytes message)
{
	struct dns_message m;
	int err;

	if (!dns_open(&m, message)) {
		if (message.cap < message.len)
			buf_lit(b, "[|domain]");
		else
			buf_printf(b, "domain, length %zu", message.len);
		return;
	}
	put_header(b, &m);
	err = put_records(b, &m);
	if (err == -ENODATA)
		buf_lit(b, " [|domain]");
	else if (err)
		buf_lit(b, " [bad domain]");
	if (err != -ENODATA)
		buf_printf(b, " (%zu)", message.len);
}
