// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/bpf_log.h"

#include <stdio.h>

#include <bpf/libbpf.h>

#include "base/log.h"

__attribute__((format(printf, 2, 0))) static int print(enum libbpf_print_level level,
						       const char *fmt, va_list ap)
{
	(void)level;
	if (log_get_level() < LOG_LEVEL_DEBUG)
		return 0;
	/* These come with their own newline. */
	return vfprintf(stderr, fmt, ap);
}

void bpf_log_init(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(print);
}
