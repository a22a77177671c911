/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * On a machine whose processors are all taken, whoever reads what the kernel records gets its fair
 * share of them, and loses what it cannot read in that time. So it takes more when, and as long as,
 * it is late for want of a processor, and for no other reason: a reader that is slow itself, or
 * waits for its output, gains nothing.
 *
 * Who began us with a priority of their own choice (nice(1)) knows best: it stays.
 */
#ifndef FLOWNER_BASE_PRIORITY_H
#define FLOWNER_BASE_PRIORITY_H

#include <stdbool.h>
#include <stdint.h>

struct priority {
	bool ours;                   /* to change */
	int nice, said;              /* now; the highest that was told of */
	int fd;                      /* tells how long we waited for a processor; 0: none */
	uint64_t looked, waited;     /* when last, and how long until then; ns */
	uint64_t last_late, changed; /* CLOCK_BOOTTIME, ns */
};

/* CAP_SYS_NICE is wanted later, when it comes to that; without, a line says so. */
void priority_open(struct priority *p);
void priority_close(struct priority *p); /* one that is zeroed is fine */

/* How old is what is from then? 0: there is nothing. */
static inline uint64_t priority_age(uint64_t from, uint64_t now)
{
	return from && from < now ? now - from : 0;
}

/*
 * What is being read at `now` (CLOCK_BOOTTIME, ns) has waited for `late` ns. Cheap enough for each
 * round of reading.
 */
void priority_check(struct priority *p, uint64_t late, uint64_t now);

#endif
