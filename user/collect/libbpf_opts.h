/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libbpf's LIBBPF_OPTS assigns a literal, whose padding the compiler may leave as it finds it
 *(clang 19 does); libbpf refuses options with anything in there. Hence field by field:
 *
 *	struct bpf_tc_opts o;
 *
 *	OPTS_ZERO(o);
 *	o.priority = 1;
 */
#ifndef FLOWNER_COLLECT_LIBBPF_OPTS_H
#define FLOWNER_COLLECT_LIBBPF_OPTS_H

#include <string.h>

#define OPTS_ZERO(o) (memset(&(o), 0, sizeof(o)), (o).sz = sizeof(o))

#endif
