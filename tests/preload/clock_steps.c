// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A wall clock that is set again and again, for one program (LD_PRELOAD): it is right, an hour
 * ahead, an hour behind, half an hour ahead, four steps a second. No other clock is touched, nor
 * anybody else's.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <time.h>

#define HOUR 3600

int clock_gettime(clockid_t id, struct timespec *ts);

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static const int64_t steps[] = {0, HOUR, -HOUR, HOUR / 2};
	int (*real)(clockid_t, struct timespec *);
	struct timespec up;
	int err;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	err = real(id, ts);
	if (err || id != CLOCK_REALTIME)
		return err;
	if (!real(CLOCK_MONOTONIC, &up))
		ts->tv_sec += steps[(up.tv_sec * 4 + up.tv_nsec / 250000000) & 3];
	return 0;
}
