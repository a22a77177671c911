// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/link.h"

#include <stdlib.h>

struct link *link_get(struct link *l)
{
	l->refs++;
	return l;
}

void link_put(struct link *l)
{
	if (l && --l->refs == 0)
		free(l);
}
