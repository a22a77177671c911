// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/sockstat.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* "TCP: inuse 1 orphan 0 tw 0 alloc 3 mem 0": SYN_RECV alone is in no count, but has a listener. */
static bool counts_any(const char *line, bool udp)
{
	unsigned int inuse = 0, tw = 0;
	const char *at;

	if (strncmp(line, "TCP", 3) && (!udp || strncmp(line, "UDP", 3)))
		return false;
	at = strstr(line, " inuse ");
	if (!at || sscanf(at, " inuse %u", &inuse) != 1)
		return true;
	at = strstr(line, " tw ");
	if (at && sscanf(at, " tw %u", &tw) != 1)
		return true;
	return inuse || tw;
}

static bool file_counts_any(const char *path, bool udp)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256];

	if (!f)
		return true;
	while (fgets(line, sizeof(line), f))
		if (counts_any(line, udp))
			return true;
	return false;
}

bool sockstat_any(bool udp)
{
	static const char v6[] = "/proc/thread-self/net/sockstat6";

	return file_counts_any("/proc/thread-self/net/sockstat", udp) ||
	       (!access(v6, F_OK) && file_counts_any(v6, udp));
}
