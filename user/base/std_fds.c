// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/std_fds.h"

#include <fcntl.h>
#include <unistd.h>

void std_fds_occupy(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest that is free: this one. The wrong way round, so that its use fails. */
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}
