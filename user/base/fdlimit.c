// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/fdlimit.h"

#include <sys/resource.h>

uint64_t fdlimit_raise(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return 1024;
	if (lim.rlim_cur < lim.rlim_max) {
		rlim_t soft = lim.rlim_cur;

		lim.rlim_cur = lim.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &lim))
			lim.rlim_cur = soft;
	}
	return lim.rlim_cur;
}
