// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/hash.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"

void hash_out_of_memory(void)
{
	log_error("out of memory");
	exit(EXIT_FAILED);
}
