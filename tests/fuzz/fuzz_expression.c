// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Expressions to eBPF: whatever libpcap compiles says of a packet what pcap_offline_filter() says
 * of it, in user space and as a tc program. A byte of options, then the expression, up to a
 * newline: as text, or as the words that bytes stand for; what follows is a packet.
 */
#include "fuzz.h"
#include "no_lookups.h"

#include <errno.h>

#include <linux/bpf.h>

#include "../bpf/pcap_filter.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "collect/expression.h"
#include "collect/packet_filter.h"
#include "ebpf_run.h"

enum { L3 = 1, COMPACT = 2, WORDS = 4, CUT = 8, TAGGED = 16 };

/* libpcap's optimizer takes its time for long ones. */
#define TEXT_MAX 200
#define TAG      4

static const char *const words[] = {
	"host",
	"net",
	"port",
	"portrange",
	"src",
	"dst",
	"src or dst",
	"ether",
	"ip",
	"ip6",
	"arp",
	"rarp",
	"tcp",
	"udp",
	"icmp",
	"icmp6",
	"sctp",
	"igmp",
	"ah",
	"esp",
	"vrrp",
	"carp",
	"pim",
	"vlan",
	"mpls",
	"pppoed",
	"pppoes",
	"geneve",
	"proto",
	"protochain",
	"broadcast",
	"multicast",
	"less",
	"greater",
	"len",
	"and",
	"or",
	"not",
	"(",
	")",
	"[",
	"]",
	":",
	"+",
	"-",
	"*",
	"/",
	"&",
	"|",
	"^",
	"<<",
	">>",
	"=",
	"!=",
	"<",
	">",
	"<=",
	">=",
	"0",
	"1",
	"2",
	"4",
	"6",
	"9",
	"12",
	"13",
	"14",
	"17",
	"20",
	"53",
	"80",
	"443",
	"100",
	"40000",
	"65535",
	"0xff",
	"0x0800",
	"0x86dd",
	"0x8100",
	"10.0.0.1",
	"10.0.0.2",
	"10.0.0.0/8",
	"2001:db8::1",
	"2001:db8::/32",
	"fd00::/8",
	"02:00:00:00:00:01",
	"tcpflags",
	"tcp-syn",
	"icmptype",
	"icmp-echo",
	"wlan",
	"llc",
	"iso",
	"stp",
	"inbound",
	"mask",
	"255.255.255.0",
	"gateway",
	"atalk",
	"ipx",
	"decnet",
	"802.1q",
	"mod",
	"%",
	"!",
	"&&",
	"||",
	"tcp[13]",
	"ip[6:2]",
	"ether[12:2]",
	"ip6[40]",
	"udp[4:2]",
};

static char *take_expression(struct input *in, bool of_words)
{
	char *bytes = take_text(in);
	struct buf text = {0};

	if (!of_words) {
		bytes[strnlen(bytes, TEXT_MAX)] = '\0';
		return bytes;
	}
	for (const char *s = bytes; *s && text.len < TEXT_MAX; s++) {
		buf_puts(&text, words[(uint8_t)*s % COUNT(words)]);
		buf_putc(&text, ' ');
	}
	free(bytes);
	buf_putc(&text, '\0');
	CHECK(!text.err);
	return text.data;
}

/* As tc has the frame: a tag may be beside it, and a part of it in fragments. */
static bool make_packet(const uint8_t *frame, uint32_t len, uint8_t options, struct ebpf_packet *p,
			uint8_t *bytes)
{
	*p = (struct ebpf_packet){.bytes = bytes, .len = len};
	memcpy(bytes, frame, len);
	if (options & TAGGED && !(options & L3)) {
		if (len < 14 + TAG)
			return false;
		p->tagged = true;
		memcpy(&p->vlan_proto_be, frame + 12, 2);
		p->vlan_tci = (uint16_t)(frame[14] << 8 | frame[15]);
		memmove(bytes + 12, bytes + 16, len - 16);
		p->len -= TAG;
	}
	p->linear = options & CUT && p->len > 14 ? 14 + (p->len - 14) / 2 : p->len;
	return true;
}

static void check_translation(const struct expression *e, uint8_t options, const uint8_t *frame,
			      uint32_t len, bool want)
{
	const struct packet_filter_options o = {
		.l3 = options & L3, .compact = options & COMPACT, .prog_array_fd = -1};
	_cleanup_free_ struct bpf_insn *insns = NULL;
	_cleanup_free_ uint8_t *bytes = malloc(len + 1);
	struct ebpf_packet p;
	const char *wrong;
	size_t n = 0;
	int got = 0;

	/* So short an expression is never too long. */
	CHECK(bytes && !packet_filter_translate(&insns, &n, e->insns, e->n, &o));
	CHECK(!ebpf_check(insns, n));
	if (!make_packet(frame, len, options, &p, bytes))
		return;
	wrong = ebpf_run(insns, n, &p, &got);
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	CHECK(!wrong);
	CHECK(got == (want ? PACKET_FILTER_YES : PACKET_FILTER_NO));
}

/* Both of our ways to ask of the first caplen bytes. */
static bool matches(const struct expression *e, const char *text, const uint8_t *frame,
		    uint32_t caplen, uint32_t len)
{
	bool a = expression_matches(e, frame, caplen, len);
	bool b = cbpf_run(e->insns, e->n, frame, caplen, len);

	if (a != b) {
		fprintf(stderr, "%s: of %u of %u bytes %d and %d\n", text, caplen, len, a, b);
		for (size_t i = 0; i < e->n; i++)
			fprintf(stderr, "%3zu: %04x %3u %3u %#x\n", i, e->insns[i].code,
				e->insns[i].jt, e->insns[i].jf, e->insns[i].k);
	}
	CHECK(a == b);
	return a;
}

static void check(const char *text, uint8_t options, const uint8_t *frame, uint32_t len)
{
	const struct expression_options o = {.l3 = options & L3};
	struct expression *e = NULL;
	struct pcap_filter *witness;
	char why[EXPRESSION_ERROR] = "";
	int err = expression_compile(&e, text, &o, why);
	bool want;

	CHECK(!err == !!e && !err == !*why);
	CHECK(strnlen(why, sizeof(why)) < sizeof(why) && !strchr(why, '\n'));
	if (err)
		return;
	CHECK(e->n && e->n <= CBPF_MAX && e->loops == cbpf_has_loops(e->insns, e->n));
	want = matches(e, text, frame, len, len);
	/* libpcap's interpreter may go on for ever where there are loops, or throw dice. */
	witness = e->loops || e->unset ? NULL : pcap_filter_new(text, options & L3);
	CHECK(e->loops || e->unset || witness);
	if (witness) {
		CHECK(pcap_filter_matches(witness, frame, len) == want);
		pcap_filter_free(witness);
	}
	check_translation(e, options, frame, len, want);
	/* Of a packet that was cut nothing more is looked at. */
	matches(e, text, frame, len / 2, len);
	expression_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t options = take8(&in), *frame;
	char *text = take_expression(&in, options & WORDS);
	size_t len = in.left;

	frame = take_block(&in, len);
	check(text, options, frame, (uint32_t)len);
	free(frame);
	free(text);
	return 0;
}
