/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A socket to rtnetlink. It belongs to the namespace it was opened in, for good, so one thread can
 * work in many namespaces without entering them; and it keeps that namespace alive.
 */
#ifndef FLOWNER_NET_NLSOCK_H
#define FLOWNER_NET_NLSOCK_H

struct nl_sock;
struct nl_msg;

/* In the calling thread's namespace. 0 or -errno. Owned by the caller. */
int nlsock_open(struct nl_sock **out);
void nlsock_close(struct nl_sock *sk); /* NULL is fine */

/* Send, wait for the acknowledgement, and return the kernel's own errno, or 0. Frees msg. */
int nlsock_talk(struct nl_sock *sk, struct nl_msg *msg);

/* libnl's code to -errno, for where no answer of the kernel is at hand. */
int nlsock_errno(int nl_err);

#endif
