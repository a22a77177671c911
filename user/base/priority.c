// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MS 1000000ULL
/* Rings and maps have room for some tenths of a second at the highest rates. */
#define LATE_NS (100 * MS)
#define LOOK_NS (50 * MS)
/* When it has not been late for so long, it takes a step back. */
#define CALM_NS (10000 * MS)

#define NICE_STEP 10
#define NICE_MIN  (-20)

void priority_open(struct priority *p)
{
	*p = (struct priority){0};
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) || errno)
		return;
	/* Not on kernels without CONFIG_SCHED_INFO, which distributions have. */
	p->fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	if (p->fd >= 0)
		p->ours = true;
	else
		p->fd = 0;
}

void priority_close(struct priority *p)
{
	if (p->fd)
		close(p->fd);
	*p = (struct priority){0};
}

/* How long ever, ready to run, we waited for a processor. */
static uint64_t waited(const struct priority *p)
{
	uint64_t ran, delay;
	char line[96];
	ssize_t n = pread(p->fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return p->waited;
	line[n] = '\0';
	return sscanf(line, "%" SCNu64 " %" SCNu64, &ran, &delay) == 2 ? delay : p->waited;
}

static void change(struct priority *p, int to, uint64_t now)
{
	if (to < NICE_MIN)
		to = NICE_MIN;
	p->changed = now;
	if (to == p->nice)
		return;
	if (setpriority(PRIO_PROCESS, 0, to)) {
		log_warn(
			"this machine's processors are busy, and flowner's priority cannot be raised "
			"(CAP_SYS_NICE is missing): what is not read in time is lost, and counted");
		p->ours = false;
		return;
	}
	if (to < p->said) {
		log_info("this machine's processors are busy: to lose nothing, flowner's priority "
			 "is raised (nice %d)",
			 to);
		p->said = to;
	}
	p->nice = to;
}

void priority_raise(struct priority *p, uint64_t from)
{
	uint64_t now, before = p->waited, elapsed;

	if (!p->ours)
		return;
	now = clock_boot_ns();
	elapsed = now - p->looked;
	if (elapsed < LOOK_NS)
		return;
	p->waited = waited(p);
	p->looked = now;
	if (now < from + LATE_NS || (p->waited - before) * 2 < elapsed)
		return;
	p->last_late = now;
	change(p, p->nice - NICE_STEP, now);
}

void priority_lower(struct priority *p, uint64_t now)
{
	if (p->nice && now > p->last_late + CALM_NS && now > p->changed + CALM_NS)
		change(p, p->nice + NICE_STEP, now);
}
