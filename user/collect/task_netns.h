/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network namespace that a process is in.
 */
#ifndef FLOWNER_COLLECT_TASK_NETNS_H
#define FLOWNER_COLLECT_TASK_NETNS_H

#include <sys/stat.h>

#define TASK_NETNS_PATH 64

/*
 * Its namespace, and the path in /proc that leads there: the process's own, or where its first
 * thread has ended, which leaves that one empty, another thread's. `pid`: as a folder in /proc is
 * called. 0, or -errno: -ENOENT, mostly, when it has ended.
 */
int task_netns(const char *pid, char path[TASK_NETNS_PATH], struct stat *st);

#endif
