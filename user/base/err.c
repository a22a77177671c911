// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/err.h"

#include <errno.h>

int exit_code_of_options(int err)
{
	return err == -EPERM ? EXIT_PERMISSION : EXIT_USAGE;
}

int exit_code_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_DONE;
	case -EPERM:
	case -EACCES:
		return EXIT_PERMISSION;
	case -EOPNOTSUPP:
	case -EAFNOSUPPORT:
		return EXIT_KERNEL;
	default:
		return EXIT_FAILED;
	}
}
