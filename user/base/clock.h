/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel stamps records with CLOCK_BOOTTIME, which goes on during suspend and never jumps;
 * people want wall time. The difference is taken once, so that intervals stay exact whatever
 * happens to the wall clock.
 */
#ifndef FLOWNER_BASE_CLOCK_H
#define FLOWNER_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A second, rendered. */
struct wall_second {
	uint64_t second;
	bool rendered;
	char text[20]; /* "2026-11-21T03:10:11" */
	char local[9]; /* "03:10:11", in local time */
};

#define WALL_SECONDS 8

struct wall_clock {
	uint64_t offset; /* CLOCK_REALTIME - CLOCK_BOOTTIME, ns */
	/* Those rendered last: most lines share them with the ones before. */
	struct wall_second last[WALL_SECONDS];
};

uint64_t clock_boot_ns(void);
void wall_clock_init(struct wall_clock *c);

/* "2026-11-21T03:10:11.123456789Z" */
void wall_clock_rfc3339(struct wall_clock *c, uint64_t boot_ns, struct buf *b);
/* "03:10:11.123456", in local time */
void wall_clock_local(struct wall_clock *c, uint64_t boot_ns, struct buf *b);

#endif
