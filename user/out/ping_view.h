/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `flowner echo ping` found, as a table or as one JSON object, on stdout.
 */
#ifndef FLOWNER_OUT_PING_VIEW_H
#define FLOWNER_OUT_PING_VIEW_H

#include "model/echo.h"

/* Both: 0 or -errno (-EPIPE: the reader has gone). */
int ping_view_table(const struct ping_result *r, int fd);

/* `host` as the user wrote it, `addr` what it resolved to. */
int ping_view_json(const struct ping_result *r, const char *host, const char *addr, uint16_t port,
		   int fd);

#endif
