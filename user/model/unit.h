/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which systemd unit a cgroup belongs to, by its path: systemd names the folders after its units.
 */
#ifndef FLOWNER_MODEL_UNIT_H
#define FLOWNER_MODEL_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#define UNIT_NAME_MAX 255 /* systemd's own limit */

/*
 * The innermost unit that is no slice, in `out`: "/system.slice/nginx.service/sub" gives
 * nginx.service. False, and "" in `out`: none. Slices only group units, so they are none.
 */
bool cgroup_unit(const char *path, char out[static UNIT_NAME_MAX + 1]);

/* systemd's escapes undone in place: "\x2d" is "-" (systemd-escape(1)). NUL is left escaped. */
void unit_unescape(char *s);

#endif
