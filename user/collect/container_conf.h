/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What runtimes are configured with: single values out of their files, and the arguments of those
 * that run.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_CONF_H
#define FLOWNER_COLLECT_CONTAINER_CONF_H

#include <stddef.h>

/*
 * A string out of a configuration file, owned by the caller; NULL: not there. Of TOML no more than
 * lines `key = "value"` below `[section]` ("": before the first) is understood.
 */
char *container_conf_json(const char *host, const char *path, const char *key);
char *container_conf_toml(const char *host, const char *path, const char *section, const char *key);

struct proc_args {
	const char *text; /* NUL after each */
	size_t len;
};

/* What stands after `--long VALUE`, `--long=VALUE`, `-s VALUE`; NULL: not there. */
const char *proc_args_get(const struct proc_args *a, const char *longer, const char *shorter);

/*
 * Call fn with the arguments of each container daemon (dockerd, containerd, conmon) of this host,
 * until it returns other than 0. Those in a container are left out: their files are elsewhere, and
 * they could claim anything of containers that are not theirs. So are those of other users than
 * root.
 */
void proc_args_each(const char *host,
		    int (*fn)(void *ctx, const char *comm, const struct proc_args *a), void *ctx);

#endif
