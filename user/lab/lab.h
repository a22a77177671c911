/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Build, remove, look at and enter labs (model/lab.h says what they are). Everything logs its own
 * errors, once, and returns 0 or -errno.
 */
#ifndef FLOWNER_LAB_LAB_H
#define FLOWNER_LAB_LAB_H

#include "lab/state.h"
#include "model/lab.h"

struct lab_ctx {
	const char *state_dir; /* LAB_STATE_DIR */
	int cancel_fd;         /* readable: stop and undo; a signalfd, or -1 */
};

/*
 * Build it, wait until it can be used, or leave nothing behind. -EEXIST: there is one of that name,
 * or one of its namespaces.
 */
int lab_up(const struct lab_ctx *ctx, const struct lab_topology *t);

/*
 * Remove what `up` made and nothing else; does not mind pieces that are missing. Warns of processes
 * that keep a namespace alive, and of names that somebody else uses by now. -ENOENT: no such lab.
 */
int lab_down(const struct lab_ctx *ctx, const char *name);

/* All labs; goes on after a failure and returns the first one. *count: how many are gone. */
int lab_down_all(const struct lab_ctx *ctx, size_t *count);

/* Those there are, sorted; none is no error. *names is one allocation, to be freed. */
int lab_list(const struct lab_ctx *ctx, char (**names)[LAB_NAME_MAX + 1], size_t *n);

/* -ENOENT: no such lab; logged. */
int lab_inspect(const struct lab_ctx *ctx, const char *name, struct lab_report **out);

/*
 * Enter a host's namespace as `ip netns exec` does it (with a /sys of its own and /etc/netns/NAME
 * in place) and become `argv`. Returns only if that fails: the exit code, 127 for a command that is
 * not there, 126 for one that cannot be run.
 */
int lab_exec(const struct lab_ctx *ctx, const char *name, const char *host, char **argv);

/* For the files of lab/: open, lock (if asked) and read. -ENOENT is logged as "no lab …". */
int lab_load(const struct lab_ctx *ctx, const char *name, bool lock, int *dirfd,
	     struct lab_state **out);

/* Remove the namespaces of a state that `up` has made, and the state's file. */
int lab_remove(int dirfd, const struct lab_state *s);

#endif
