/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 *	capture.c	the options
 *	capture_run.c	the loop: links and packets in
 *	capture_save.c	pcapng out
 *	capture_show.c	lines out
 *	capture_read.c	capture -r
 */
#ifndef FLOWNER_CMD_CAPTURE_H
#define FLOWNER_CMD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/naming_opts.h"
#include "collect/expression.h"
#include "model/filter.h"

#define CAPTURE_DEVS_MAX 16

enum capture_comments { COMMENTS_FIRST, COMMENTS_ALL, COMMENTS_NONE };

struct capture_config {
	struct filter filter;
	struct naming_config naming;
	const char *write, *read; /* NULL: not asked for; "-": stdout, stdin */
	const char *expression;   /* FILTER's addresses, ports and family in it; "": everything */
	uint64_t snaplen, count, duration_ns, ring_size;
	uint64_t rotate_bytes, rotate_ns; /* 0: never */
	int comments;
	unsigned int without; /* WITHOUT_* bits */
	const char *devs[CAPTURE_DEVS_MAX];
	unsigned int ndevs;
	bool host_side, ascii, hex, strict;
};

/* Each returns the exit code. */
int capture_run(const struct capture_config *cfg);
int capture_read(const struct capture_config *cfg);

/* "10M" is a size, "60" and "60s" are seconds: one of the two is set. 0 or -EINVAL, silently. */
int capture_parse_rotate(const char *s, uint64_t *bytes, uint64_t *ns);

/*
 * The words of the command line, and what FILTER wants of addresses, ports and family, as one
 * expression with its NUL. 0 or -ENOMEM.
 */
int capture_compose(const struct filter *f, char *const *words, int n, struct buf *b);

/*
 * cfg->expression for links with an Ethernet header, or (l3) without. NULL: it is empty. 0 or
 * -EINVAL, logged. The caller frees it.
 */
int capture_compile(const struct capture_config *cfg, bool l3, struct expression **out);

#endif
