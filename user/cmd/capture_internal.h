/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of `capture` share.
 */
#ifndef FLOWNER_CMD_CAPTURE_INTERNAL_H
#define FLOWNER_CMD_CAPTURE_INTERNAL_H

#include "base/clock.h"
#include "base/hash.h"
#include "base/priority.h"
#include "cmd/capture.h"
#include "cmd/sockets.h"
#include "collect/capture_source.h"
#include "collect/watcher.h"
#include "model/packet_queue.h"
#include "model/packet_who.h"
#include "out/packet_line.h"

/* A link that is captured, or was a moment ago: until all its packets have been read. */
struct captured {
	struct link *link; /* a reference */
	uint32_t number;   /* in packets; when it is gone, another link's */
	uint32_t serial;   /* no other link has, or had, the same */
	uint64_t began;    /* CLOCK_BOOTTIME, ns */
	uint64_t ended;    /* the device is no more; 0: it is there */
	/* Of the present file. */
	uint32_t interface;
	bool in_file;
	struct fl_capture_counters before; /* what the files before it have */
	uint64_t written;
	uint64_t *lost_of_cpu; /* as packets have told; for the drops between two */
	UT_hash_handle hh;
};

/* An address whose name is in the file. */
struct named {
	struct addr addr;
	UT_hash_handle hh;
};

struct capture {
	const struct capture_config *cfg;
	const struct filter no_filter; /* sockets of far ends are wanted too */
	struct sockets sockets;
	struct capture_source *source;
	struct watcher *watcher;
	struct packet_queue *queue;
	struct packet_who *who;
	struct wall_clock clock;
	struct captured *links;      /* by link */
	struct captured **by_number; /* NULL: the number is free */
	uint32_t nnumbers;
	uint32_t nlinks;                 /* ever */
	struct fl_capture_counters gone; /* of those that are no more */
	struct buf out;
	struct priority priority;
	int fd, epoll, signals;
	/* The present file. */
	uint64_t file_bytes, file_began;
	uint32_t file_interfaces;
	struct named *named;
	unsigned int files;
	uint64_t packets; /* shown or written */
	uint64_t newest;  /* time of a packet that was read; CLOCK_BOOTTIME, ns */
	uint64_t started, deadline, next_refresh, next_retire;
	struct packet_line_widths widths;
};

/* --- capture_links.c --- */

/* Links are watched from now on. 0 or -errno, logged. */
int capture_links_open(struct capture *c);
/* What came before `until` has been written: links that went before are forgotten. 0 or -errno,
 * logged. */
int capture_links_retire(struct capture *c, uint64_t until);
/* Over all links that there were. */
void capture_links_sum(const struct capture *c, struct fl_capture_counters *sum);
void capture_links_keep(void *c, const struct keeper *k);
void capture_links_free(struct capture *c);

/* --- capture_save.c: each 0 or -errno, logged --- */

/* The next file begins: it has the links that are captured now. */
int capture_save_begin(struct capture *c);
/* One more of them. */
int capture_save_link(struct capture *c, struct captured *l);
/* It is no more: its statistics, if this file has it. */
int capture_save_link_end(struct capture *c, struct captured *l);
/* What the addresses of captured namespaces are called now. */
int capture_save_names(struct capture *c);
int capture_save_packet(struct capture *c, struct captured *l, const struct queued_packet *p,
			const struct packet *parsed);
/* What has been put together so far, into the file. */
int capture_save_flush(struct capture *c);
int capture_save_end(struct capture *c);
void capture_forget_names(struct capture *c);

/* --- capture_show.c --- */

void capture_show_packet(struct capture *c, const struct captured *l, const struct queued_packet *p,
			 const struct packet *parsed);

#endif
