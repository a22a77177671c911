// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

bool offload_cuts_segments(const char *ifname)
{
	/* Of any family: what it does not know itself it passes on to the device. */
	_cleanup_close_ int sk = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value tso = {.cmd = ETHTOOL_GTSO};
	struct ifreq req = {.ifr_data = (void *)&tso};

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", ifname);
	return sk >= 0 && !ioctl(sk, SIOCETHTOOL, &req) && !tso.data;
}
