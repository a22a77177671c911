/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libpcap's filters, apart from libbpf: both have a struct bpf_program, and a struct bpf_insn. */
#ifndef FLOWNER_TESTS_PCAP_FILTER_H
#define FLOWNER_TESTS_PCAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcap_filter;

/* `l3`: packets begin with their IP header. NULL: libpcap does not take it, and has said why. */
struct pcap_filter *pcap_filter_new(const char *text, bool l3);
bool pcap_filter_matches(const struct pcap_filter *f, const uint8_t *bytes, size_t len);
void pcap_filter_free(struct pcap_filter *f);

#endif
