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

static char *put_two(char *at, int n, char next)
{
	at[0] = (char)('0' + n / 10 % 10);
	at[1] = (char)('0' + n % 10);
	at[2] = next;
	return at + 3;
}

/*
 * Not strftime: glibc's looks at /etc/localtime each time, which is closed to us by then
 * (collect/seccomp.h).
 */
static void put_time(char *at, const struct tm *tm)
{
	put_two(put_two(put_two(at, tm->tm_hour, ':'), tm->tm_min, ':'), tm->tm_sec, '\0');
}

static const struct wall_second *render(struct wall_clock *c, uint64_t boot_ns, uint64_t *ns)
{
	uint64_t real = boot_ns + c->offset;
	time_t second = (time_t)(real / NS_PER_S);
	struct wall_second *s = &c->last[(uint64_t)second % WALL_SECONDS];
	struct tm tm;

	if (!s->rendered || (uint64_t)second != s->second) {
		s->rendered = true;
		s->second = (uint64_t)second;
		gmtime_r(&second, &tm);
		put_two(s->text, (tm.tm_year + 1900) / 100, '\0');
		put_two(s->text + 2, tm.tm_year % 100, '-');
		put_two(put_two(s->text + 5, tm.tm_mon + 1, '-'), tm.tm_mday, 'T');
		put_time(s->text + 11, &tm);
		localtime_r(&second, &tm);
		put_time(s->local, &tm);
	}
	*ns = real % NS_PER_S;
	return s;
}

void wall_clock_rfc3339(struct wall_clock *c, uint64_t boot_ns, struct buf *b)
{
	uint64_t ns;

	buf_puts(b, render(c, boot_ns, &ns)->text);
	buf_putc(b, '.');
	buf_pad(b, ns, 9);
	buf_putc(b, 'Z');
}

void wall_clock_local(struct wall_clock *c, uint64_t boot_ns, struct buf *b)
{
	uint64_t ns;

	buf_puts(b, render(c, boot_ns, &ns)->local);
	buf_putc(b, '.');
	buf_pad(b, ns / 1000, 6);
}
