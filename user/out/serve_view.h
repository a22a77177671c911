/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `flowner echo serve -o json` says on stdout: a line when it listens, a line when it ends.
 */
#ifndef FLOWNER_OUT_SERVE_VIEW_H
#define FLOWNER_OUT_SERVE_VIEW_H

#include <stddef.h>

#include "model/echo.h"

/* Both: 0 or -errno. */
int serve_view_listening(const char *addr, uint16_t port, int fd);
int serve_view_served(const struct echo_stats *rows, size_t n, int fd);

#endif
