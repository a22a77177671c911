// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/clock.h"

#include <time.h>

#define NS_PER_S 1000000000ULL

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return now_ns(CLOCK_BOOTTIME);
}

void wall_clock_init(struct wall_clock *c)
{
	uint64_t before, real, after, least = UINT64_MAX;

	*c = (struct wall_clock){0};
	/* The closest of a few tries: being scheduled away in between would show as an offset. */
	for (int i = 0; i < 5; i++) {
		before = now_ns(CLOCK_BOOTTIME);
		real = now_ns(CLOCK_REALTIME);
		after = now_ns(CLOCK_BOOTTIME);
		if (after - before < least) {
			least = after - before;
			c->offset = real - (before + least / 2);
		}
	}
}

static uint64_t render_second(struct wall_clock *c, uint64_t boot_ns)
{
	uint64_t real = boot_ns + c->offset;
	time_t second = (time_t)(real / NS_PER_S);
	struct tm tm;

	if (!c->rendered || (uint64_t)second != c->second) {
		c->rendered = true;
		c->second = (uint64_t)second;
		gmtime_r(&second, &tm);
		strftime(c->text, sizeof(c->text), "%Y-%m-%dT%H:%M:%S", &tm);
		localtime_r(&second, &tm);
		strftime(c->local, sizeof(c->local), "%H:%M:%S", &tm);
	}
	return real % NS_PER_S;
}

void wall_clock_rfc3339(struct wall_clock *c, uint64_t boot_ns, struct buf *b)
{
	uint64_t ns = render_second(c, boot_ns);

	buf_puts(b, c->text);
	buf_putc(b, '.');
	buf_pad(b, ns, 9);
	buf_putc(b, 'Z');
}

void wall_clock_local(struct wall_clock *c, uint64_t boot_ns, struct buf *b)
{
	uint64_t ns = render_second(c, boot_ns);

	buf_puts(b, c->local);
	buf_putc(b, '.');
	buf_pad(b, ns / 1000, 6);
}
