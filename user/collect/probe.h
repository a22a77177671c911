/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this kernel can do and what this user may, each tried rather than inferred from a version.
 */
#ifndef FLOWNER_COLLECT_PROBE_H
#define FLOWNER_COLLECT_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct btf;

enum probe_answer { PROBE_NO, PROBE_YES, PROBE_UNKNOWN /* not permitted to try */ };

struct probe {
	const char *name;
	const char *why;	/* what of flowner needs it */
	const char *since;	/* the kernel version that brought it, or what turns it on */
	bool required;		/* `trace` cannot do without */
	enum probe_answer (*try)(void);
};

extern const struct probe probe_table[];
extern const size_t probe_count;

/* Capabilities, as a list of those missing of what the commands need ("" for none). Static. */
const char *probe_missing_caps(void);

/*
 * Loading failed with -errno `err`: find out what is missing and say so in one line. Returns -EPERM (not
 * permitted), -EOPNOTSUPP (this kernel cannot) or `err`.
 */
int probe_explain(int err);

/* How many arguments a tracepoint's BPF programs get, by the kernel's BTF; -1: no such tracepoint. */
int probe_tracepoint_args(const struct btf *btf, const char *name);

#endif
