/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Classic tracepoints need their id from tracefs, which containers and small systems do not mount.
 */
#ifndef FLOWNER_COLLECT_TRACEFS_H
#define FLOWNER_COLLECT_TRACEFS_H

/*
 * A perf event for tracepoint `category/name`, for bpf_program__attach_perf_event(); owned by the
 * caller. Where tracefs is not mounted, it is mounted for the moment, detached, so that nobody sees
 * it. -ENOENT: there is no such tracepoint; or another -errno.
 */
int tracefs_open_event(const char *category, const char *name);

#endif
