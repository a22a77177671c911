// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/err.h"
#include "base/log.h"
#include "cmd/cmd.h"

int cmd_doctor(int argc, char **argv)
{
	(void)argc, (void)argv;
	log_error("doctor: being written");
	return EXIT_FAILED;
}
