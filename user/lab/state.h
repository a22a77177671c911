/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `lab up` has made, on disk: one file a lab, DIR/NAME.json, written before the first
 *namespace is made and, with a namespace's inode and cookie, before it gets its name. So whatever
 *moment a killed `up` stopped at, the file says what there may be, and `down` can tell it from
 *another's.
 *
 *	{"version":1,"name":"lab","kind":"pair","hosts":2,"complete":true,
 *	 "namespaces":[{"name":"lab-client","inode":4026532607,"cookie":4101}, …]}
 *
 * A file is replaced as a whole (rename); inode 0 means: not made yet.
 */
#ifndef FLOWNER_LAB_STATE_H
#define FLOWNER_LAB_STATE_H

#include "base/buf.h"
#include "net/netns.h"
#include "model/lab.h"

#define LAB_STATE_DIR "/run/flowner/lab"

struct lab_state_ns {
	char name[LAB_NETNS_MAX];
	struct netns_id id;
};

struct lab_state {
	char name[LAB_NAME_MAX + 1];
	enum lab_kind kind;
	unsigned int hosts;
	bool complete; /* `up` came to its end */
	struct lab_state_ns *ns;
	size_t n_ns;
};

/* A state with all of the topology's namespaces, none made yet. */
int lab_state_new(struct lab_state **out, const struct lab_topology *t);
void lab_state_free(struct lab_state *s);
void lab_state_cleanup(struct lab_state **s);

/* To and from text. Parsing trusts nothing; -EBADMSG with the reason in *why. Both pure. */
int lab_state_format(const struct lab_state *s, struct buf *out);
int lab_state_parse(const char *text, size_t len, const char *name, struct lab_state **out,
		    const char **why);

/*
 * The directory's descriptor, the caller's to close. -ENOENT, not logged: it is not there and
 * `create` is false.
 */
int lab_store_open(const char *dir, bool create);

/*
 * Keep other `up`s and `down`s out until dirfd is closed; waits for them, and says so after a
 * second. -EINTR when cancel_fd (a signalfd, or -1) becomes readable.
 */
int lab_store_lock(int dirfd, int cancel_fd);

/* With the lock held. All of them log, except -ENOENT of lab_state_read. */
int lab_state_write(int dirfd, const struct lab_state *s);
int lab_state_read(int dirfd, const char *name, struct lab_state **out);
int lab_state_remove(int dirfd, const char *name);

/* The names of all labs, sorted: *names is an array of *n strings, one allocation, to be freed. */
int lab_store_list(int dirfd, char (**names)[LAB_NAME_MAX + 1], size_t *n);

#define _cleanup_lab_state_ __attribute__((cleanup(lab_state_cleanup)))

#endif
