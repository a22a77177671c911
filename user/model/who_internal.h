/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 *	who.c		sockets in
 *	who_join.c	which of them belong together
 *	who_proxy.c	which connections are joined by a process
 */
#ifndef FLOWNER_MODEL_WHO_INTERNAL_H
#define FLOWNER_MODEL_WHO_INTERNAL_H

#include "model/endpoint.h"
#include "model/who.h"

struct who {
	struct who_options opt;
	struct who_socket *sockets;  /* by cookie, in the order in which they came */
	struct who_socket *by_tuple; /* the first of each netns-less tuple */
	struct who_socket *by_conn;
	struct endpoints listeners;
	struct who_row **rows;
	size_t n, room;
	bool prepared;
};

/* A new row, not yet filled. NULL: out of memory. */
struct who_row *who_new_row(struct who *w, enum who_kind kind);

/* Put each front and its back into one row. 0 or -ENOMEM. */
int who_join_proxies(struct who *w);

#endif
