// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/owner.h"

#include <stddef.h>

const char *owner_source_name(enum owner_source source)
{
	static const char *const names[] = {
		[OWNER_UNKNOWN] = NULL,    [OWNER_SNAPSHOT] = "snapshot",
		[OWNER_LISTEN] = "listen", [OWNER_CONNECT] = "connect",
		[OWNER_ACCEPT] = "accept",
	};

	return names[source];
}
