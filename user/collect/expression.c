// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/expression.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn) &&
		       offsetof(struct cbpf_insn, jt) == offsetof(struct bpf_insn, jt) &&
		       offsetof(struct cbpf_insn, jf) == offsetof(struct bpf_insn, jf) &&
		       offsetof(struct cbpf_insn, k) == offsetof(struct bpf_insn, k),
	       "libpcap's instructions are ours");

/* libpcap's limit for Linux (MAXIMUM_SNAPLEN): what a program returns for a packet kept whole. */
#define SNAPLEN 262144

static void cleanup_pcap(pcap_t **p)
{
	if (*p)
		pcap_close(*p);
}

static int copy_program(struct expression **out, const struct bpf_program *prog)
{
	struct expression *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->n = prog->bf_len;
	e->insns = calloc(e->n, sizeof(*e->insns));
	if (!e->insns) {
		free(e);
		return -ENOMEM;
	}
	memcpy(e->insns, prog->bf_insns, e->n * sizeof(*e->insns));
	e->loops = cbpf_has_loops(e->insns, e->n);
	e->unset = !e->loops && cbpf_reads_unset(e->insns, e->n);
	*out = e;
	return 0;
}

static int explain(int err, char *why)
{
	const char *what = strerror(-err);

	if (err == -EOPNOTSUPP)
		what = "it asks for what is not in a packet's bytes";
	else if (err == -E2BIG)
		what = "it is too long";
	if (err)
		snprintf(why, EXPRESSION_ERROR, "%s", what);
	return err;
}

/* Some of libpcap's messages end with a newline, and what they quote may have any. */
static void make_one_line(char *why)
{
	size_t n = strlen(why);

	while (n && why[n - 1] == '\n')
		why[--n] = '\0';
	for (char *s = why; (s = strpbrk(s, "\r\n"));)
		*s = ' ';
}

int expression_compile(struct expression **out, const char *text,
		       const struct expression_options *o, char *why)
{
	int snaplen = o->snaplen && o->snaplen < SNAPLEN ? (int)o->snaplen : SNAPLEN;
	_cleanup_(cleanup_pcap) pcap_t *link =
		pcap_open_dead(o->l3 ? DLT_RAW : DLT_EN10MB, snaplen);
	struct bpf_program prog;
	int err;

	*why = '\0';
	if (!link)
		return explain(-ENOMEM, why);
	if (pcap_compile(link, &prog, text ?: "", 1, PCAP_NETMASK_UNKNOWN)) {
		snprintf(why, EXPRESSION_ERROR, "%s", pcap_geterr(link));
		make_one_line(why);
		return -EINVAL;
	}
	err = cbpf_check((const struct cbpf_insn *)prog.bf_insns, prog.bf_len);
	if (!err)
		err = copy_program(out, &prog);
	pcap_freecode(&prog);
	return explain(err, why);
}

void expression_free(struct expression *e)
{
	if (!e)
		return;
	free(e->insns);
	free(e);
}

bool expression_matches(const struct expression *e, const uint8_t *packet, uint32_t caplen,
			uint32_t len)
{
	/*
	 * What libpcap makes of `protochain` does not end on every packet; and its interpreter's
	 * memory holds at first what was left on the stack.
	 */
	if (e->loops || e->unset)
		return cbpf_run(e->insns, e->n, packet, caplen, len);
	return bpf_filter((const struct bpf_insn *)e->insns, packet, len, caplen) != 0;
}
