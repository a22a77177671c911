// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"

static const unsigned int kept[] = {
	CAP_BPF,        CAP_PERFMON,         CAP_NET_ADMIN,    CAP_SYS_ADMIN,
	CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, /* the last one only for files */
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

void privileges_drop(bool files)
{
	bool had[KEPT] = {false};

	if (capng_get_caps_process()) {
		log_warn("cannot read our own capabilities; they stay as they are");
		return;
	}
	for (size_t i = 0; i < KEPT - !files; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < KEPT; i++)
		if (had[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i]);
	/* The bounding set is only CAP_SETPCAP's to change, and matters only to what we execute. */
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		log_debug("the bounding set stays as it is");
	if (capng_apply(CAPNG_SELECT_CAPS))
		log_warn("cannot give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		log_warn("no_new_privs: %s", strerror(errno));
}
