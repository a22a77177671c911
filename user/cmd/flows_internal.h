/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What flows_run.c and flows_show.c share.
 */
#ifndef FLOWNER_CMD_FLOWS_INTERNAL_H
#define FLOWNER_CMD_FLOWS_INTERNAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/priority.h"
#include "cmd/flows.h"
#include "cmd/sockets.h"
#include "collect/flow_source.h"
#include "collect/local_addr.h"
#include "collect/watcher.h"
#include "model/flow_table.h"
#include "out/screen.h"

struct flows {
	const struct flows_config *cfg;
	const struct table_columns *columns;
	const struct filter no_filter; /* all sockets: those of the far ends are wanted too */
	struct sockets sockets;
	struct flow_source *source;
	struct flow_table *table;
	struct watcher *watcher;
	struct local_addrs *local;
	struct wall_clock clock;
	struct screen screen;
	struct buf out;
	struct flow **shown;
	size_t shown_room;
	uint64_t started, deadline; /* CLOCK_BOOTTIME, ns; 0: none */
	uint64_t last_read, last_named, last_show, next_show, next_refresh;
	uint64_t intervals;
	struct priority priority;
	uint64_t due;           /* when what is being done was to begin */
	uint64_t contained_sum; /* naming_contained_sum() */
	bool nap;               /* the socket ring is not listened to */
	bool overfull;          /* nor that of the flows */
	int signals, epoll;
};

/* Nothing is shown of a flow that nothing new can be said of. */
bool flows_only_news(const struct flows *f);

/* One table, or the records of one interval; then the interval is over. 1: it was the last that is
 * wanted (--count, --once); 0; or -errno. */
int flows_show(struct flows *f);

#endif
