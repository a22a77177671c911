// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pcap_filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

struct pcap_filter {
	struct bpf_program prog;
};

struct pcap_filter *pcap_filter_new(const char *text, bool l3)
{
	pcap_t *link = pcap_open_dead(l3 ? DLT_RAW : DLT_EN10MB, 65535);
	struct pcap_filter *f = calloc(1, sizeof(*f));

	if (link && f && pcap_compile(link, &f->prog, text, 1, PCAP_NETMASK_UNKNOWN)) {
		fprintf(stderr, "# %s: %s\n", text, pcap_geterr(link));
		free(f);
		f = NULL;
	}
	if (link)
		pcap_close(link);
	return f;
}

bool pcap_filter_matches(const struct pcap_filter *f, const uint8_t *bytes, size_t len)
{
	struct pcap_pkthdr h = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};

	return pcap_offline_filter(&f->prog, &h, bytes) != 0;
}

void pcap_filter_free(struct pcap_filter *f)
{
	pcap_freecode(&f->prog);
	free(f);
}
