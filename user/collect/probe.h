/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this kernel can do, each thing tried rather than inferred from a version.
 */
#ifndef FLOWNER_COLLECT_PROBE_H
#define FLOWNER_COLLECT_PROBE_H

#include <stddef.h>

#include "model/feature.h"

struct btf;

/* How many features there are to ask for. */
size_t probe_count(void);
/* Try number `i`. */
struct feature probe_feature(size_t i);

/*
 * -EMFILE, -ENFILE or -ENOMEM where there is too little of these right now, whatever was made of it
 * on the way up (libbpf does not always tell); else `err`.
 */
int probe_shortage(int err);

/*
 * Loading failed with -errno `err`: find out what is missing and say so in one line. Returns -EPERM
 * (not permitted), -EOPNOTSUPP (this kernel cannot) or `err`.
 */
int probe_explain(int err);

/* How many arguments a tracepoint's BPF programs get, by the kernel's BTF; -1: no such tracepoint.
 */
int probe_tracepoint_args(const struct btf *btf, const char *name);

#endif
