/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What libpcap says of a packet that was filed as a flow: expressions made from the flow's key have
 * to match it.
 *
 * Nothing is asked of malformed packets: libpcap's filters look at no length. Besides, it differs
 * from flowner, and is not asked, in these:
 *
 *	`port`, `tcp[]`, `icmp6[]`	do not look behind IPv6 extension headers
 *	`ip6 protochain`		takes the Fragment header's reserved byte for a length, and
 *					loses its place in a chain that goes on behind an AH
 *	later fragments			have ports, and in IPv6 a protocol, that only the first
 *					one shows
 *	links without Ethernet		only IP (DLT_RAW); there "ip" goes by the version
 */
#ifndef FLOWNER_TESTS_PCAP_WITNESS_H
#define FLOWNER_TESTS_PCAP_WITNESS_H

#include <uthash.h>

#include "flow_check.h"
#include "pcap_filter.h"

struct witness_expr {
	char text[200];
	struct pcap_filter *filter;
	UT_hash_handle hh;
};

struct witness {
	struct witness_expr *kept[2]; /* Ethernet, none */
	uint64_t asked, exactly;
};

static inline void witness_stop(struct witness *w)
{
	for (int i = 0; i < 2; i++) {
		struct witness_expr *e, *next;

		HASH_ITER (hh, w->kept[i], e, next) {
			HASH_DEL(w->kept[i], e);
			pcap_filter_free(e->filter);
			free(e);
		}
	}
}

static inline void witness_match(const struct pcap_filter *filter, const char *text,
				 const struct frame *f)
{
	if (pcap_filter_matches(filter, f->bytes, f->len))
		return;
	frame_print(f);
	fail_msg("libpcap does not find it by: %s", text);
}

/* A few hundred of these serve all packets. */
static inline void witness_ask(struct witness *w, bool l3, const char *text, const struct frame *f)
{
	struct witness_expr *e;

	HASH_FIND_STR(w->kept[l3], text, e);
	if (!e) {
		e = calloc(1, sizeof(*e));
		assert_non_null(e);
		snprintf(e->text, sizeof(e->text), "%s", text);
		e->filter = pcap_filter_new(text, l3);
		assert_non_null(e->filter);
		HASH_ADD_STR(w->kept[l3], text, e);
	}
	witness_match(e->filter, text, f);
	w->asked++;
}

/* Is the transport header right behind the IPv6 header? */
static inline bool witness_direct(const struct reading *r, const struct frame *f, bool l3)
{
	return f->bytes[(l3 ? 0 : 14 + 4 * r->tags) + 6] == r->proto;
}

/* What kind of packet it is. */
static inline void witness_kind(struct witness *w, bool l3, const struct reading *r,
				const struct frame *f)
{
	static const char *const behind[] = {"", "vlan and ", "vlan and vlan and "};
	const char *tags = behind[r->tags];
	char text[200] = "";

	if (r->kind == FL_FLOW_IPV4)
		snprintf(text, sizeof(text), "%sip proto %u", tags, r->proto);
	else if (r->kind == FL_FLOW_IPV6 && witness_direct(r, f, l3))
		snprintf(text, sizeof(text), "%sip6 proto %u", tags, r->proto);
	else if (r->kind == FL_FLOW_IPV6 && !r->odd_chain && (!r->later || r->fragment))
		snprintf(text, sizeof(text), "%sip6 protochain %u", tags, r->proto);
	else if (r->kind == FL_FLOW_IPV6)
		snprintf(text, sizeof(text), "%sip6", tags);
	else if (r->kind == FL_FLOW_ARP)
		snprintf(text, sizeof(text), "%sarp", tags);
	else if (r->kind == FL_FLOW_OTHER && r->sport == 4)
		snprintf(text, sizeof(text), "ether[%d:2] < 0x600", 12 + 4 * r->tags);
	else if (r->kind == FL_FLOW_OTHER)
		snprintf(text, sizeof(text), "%snot (ip or ip6 or arp%s)", tags,
			 r->tags == 2 ? "" : " or vlan");
	if (*text)
		witness_ask(w, l3, text, f);
}

/* --- this one flow --- */

static inline void witness_host(char *out, size_t size, const uint8_t *a, uint8_t kind)
{
	if (kind != FL_FLOW_IPV6)
		snprintf(out, size, "%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
	else
		snprintf(out, size, "%x:%x:%x:%x:%x:%x:%x:%x", be(a, 2), be(a + 2, 2), be(a + 4, 2),
			 be(a + 6, 2), be(a + 8, 2), be(a + 10, 2), be(a + 12, 2), be(a + 14, 2));
}

static inline void witness_transport(char *out, size_t size, const struct reading *r)
{
	bool v6 = r->kind == FL_FLOW_IPV6;

	*out = '\0';
	if (r->proto == 17 || r->proto == 132)
		snprintf(out, size, " and %s src port %u and dst port %u",
			 r->proto == 17 ? "udp" : "sctp", r->sport, r->dport);
	else if (r->proto == 6)
		snprintf(out, size, " and tcp src port %u and dst port %u and %s = %u", r->sport,
			 r->dport, v6 ? "ip6[53]" : "tcp[13]", r->tcp_flags);
	else if (r->proto == 1 && !v6)
		snprintf(out, size, " and icmp[0:2] = %u", r->sport);
	else if (r->proto == 58 && v6)
		snprintf(out, size, " and icmp6[0:2] = %u", r->sport);
	/* The id; where there is none the place may hold anything. */
	if ((r->proto == 1 && !v6) || (r->proto == 58 && v6)) {
		size_t n = strlen(out);

		if (r->dport)
			snprintf(out + n, size - n, " and icmp%s[4:2] = %u", v6 ? "6" : "",
				 r->dport);
	}
}

/* Every field of the key, as far as libpcap can tell. */
static inline void witness_exact(struct witness *w, bool l3, const struct reading *r,
				 const struct frame *f)
{
	char src[64], dst[64], tags[64] = "", transport[120] = "";
	struct pcap_filter *filter;
	char text[400];
	bool v6 = r->kind == FL_FLOW_IPV6;

	if (r->tags == 1)
		snprintf(tags, sizeof(tags), "vlan %u and ", r->vid[0]);
	else if (r->tags == 2)
		snprintf(tags, sizeof(tags), "vlan %u and vlan %u and ", r->vid[0], r->vid[1]);
	witness_host(src, sizeof(src), r->src, r->kind);
	witness_host(dst, sizeof(dst), r->dst, r->kind);
	if (r->kind == FL_FLOW_IPV4 || v6) {
		if (!r->later && (!v6 || witness_direct(r, f, l3)))
			witness_transport(transport, sizeof(transport), r);
		snprintf(text, sizeof(text), "%s%s src host %s and %s dst host %s%s", tags,
			 v6 ? "ip6" : "ip", src, v6 ? "ip6" : "ip", dst, transport);
	} else if (r->kind == FL_FLOW_ARP && r->src[10]) {
		snprintf(text, sizeof(text),
			 "%sarp src host %s and arp dst host %s and arp[7] = %u", tags, src, dst,
			 r->proto);
	} else if (r->kind == FL_FLOW_OTHER && r->sport != 4) {
		snprintf(text, sizeof(text), "%sether proto %u", tags, r->sport);
	} else {
		return;
	}
	filter = pcap_filter_new(text, l3);
	assert_non_null(filter);
	witness_match(filter, text, f);
	pcap_filter_free(filter);
	w->exactly++;
}

static inline void witness_see(struct witness *w, enum flow_prog p, const struct reading *r,
			       const struct frame *f, bool exact)
{
	bool l3 = p == L3_IN || p == L3_OUT;

	if (l3 && r->kind != FL_FLOW_IPV4 && r->kind != FL_FLOW_IPV6)
		return;
	witness_kind(w, l3, r, f);
	if (exact)
		witness_exact(w, l3, r, f);
}

#endif
