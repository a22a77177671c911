/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the echo client did, for people and as the ground truth for programs.
 */
#ifndef FLOWNER_OUT_PING_VIEW_H
#define FLOWNER_OUT_PING_VIEW_H

#include "base/buf.h"
#include "echo/client.h"

void ping_table(const struct client_result *r, struct buf *b);
void ping_json(const struct client_options *o, const struct client_result *r, struct buf *b);

#endif
