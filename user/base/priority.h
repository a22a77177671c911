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
	unsigned int ticks;
};

/* CAP_SYS_NICE is wanted later, when it comes to that; without, a line says so. */
void priority_open(struct priority *p);
void priority_close(struct priority *p); /* one that is zeroed is fine */

/* Raised, if it is time, because what is at hand waits since `from` (CLOCK_BOOTTIME, ns). */
void priority_raise(struct priority *p, uint64_t from);

/*
 * For each thing that is read, or written, since a round of reading may take very long where there
 * is little time for it; the clock is looked at for one in some hundreds.
 */
static inline void priority_tick(struct priority *p, uint64_t from)
{
	if (++p->ticks % 256 == 0)
		priority_raise(p, from);
}

/* Taken back, if it is time; once a round of reading, and now and then while there is nothing. */
void priority_lower(struct priority *p, uint64_t now);

#endif
