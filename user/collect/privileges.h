/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a tracer may do once it runs.
 */
#ifndef FLOWNER_COLLECT_PRIVILEGES_H
#define FLOWNER_COLLECT_PRIVILEGES_H

#include <stdbool.h>

/*
 * Give up for good all capabilities but those that following namespaces, links, processes and
 * containers takes: CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN (setns), CAP_SYS_PTRACE
 * (/proc/PID/ns), CAP_DAC_READ_SEARCH (cgroups by handle, the files of other users' containers),
 * and, if `files` are still to be made, CAP_DAC_OVERRIDE. No program that is executed gets any
 * back. What cannot be given up is logged.
 */
void privileges_drop(bool files);

#endif
