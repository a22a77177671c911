// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/filter_opts.h"

#include <errno.h>

#include "collect/netns_names.h"
#include "collect/privileges.h"

static int result(const struct opt *opt, const char *value, int err, const char *what, int most)
{
	if (err == -E2BIG)
		return opt_error(opt, value, "more than %d of them", most);
	if (err == -ENOMEM)
		return opt_error(opt, value, "out of memory");
	if (err)
		return opt_error(opt, value, "%s", what);
	return 0;
}

static int add_netns(const struct opt *opt, const char *value, void *var)
{
	uint32_t inode;
	int err = netns_names_find(value, &inode);

	if (err == -EACCES) {
		char missing[PRIVILEGES_LIST];

		privileges_missing(TASK_PROCESSES, missing);
		return *missing ? privileges_need(TASK_PROCESSES)
				: opt_error(opt, value, "not permitted to look at it");
	}
	if (err == -EINVAL)
		return opt_error(opt, value, "not a network namespace");
	if (err)
		return opt_error(
			opt, value,
			"no such network namespace (a name from `ip netns list`, an inode, a "
			"path, or pid:N)");
	return result(opt, value, filter_add_netns(var, inode), "", FILTER_NETNS_MAX);
}

static int add_container(const struct opt *opt, const char *value, void *var)
{
	return result(opt, value, filter_add_container(var, value),
		      "not the name or id of a container", FILTER_CONTAINERS_MAX);
}

static int add_pid(const struct opt *opt, const char *value, void *var)
{
	return result(opt, value, filter_add_pid(var, value), "not a process id", FL_PIDS_MAX);
}

static int add_comm(const struct opt *opt, const char *value, void *var)
{
	return result(opt, value, filter_add_comm(var, value), "not a process name", FL_COMMS_MAX);
}

static int add_port(const struct opt *opt, const char *value, void *var)
{
	return result(opt, value, filter_add_port(var, value), "not a port from 1 to 65535",
		      FL_PORTS_MAX);
}

static int add_host(const struct opt *opt, const char *value, void *var)
{
	return result(opt, value, filter_add_host(var, value),
		      "not an address or prefix, as in 10.0.0.2, 10.0.0.0/8 or fd00::/8",
		      FL_HOSTS_MAX);
}

#define CALL(letter, name, arg, help, call)                                   \
	{                                                                     \
		letter, name, arg, help, OPT_CALL, 0, 0, 0, NULL, call, false \
	}

const struct opt filter_opts[] = {
	CALL(0, "netns", "NETNS", "only this network namespace: a name, an inode, a path or pid:N",
	     add_netns),
	CALL(0, "container", "NAME|ID",
	     "only this container or pod, running or yet to come: its name or the beginning of its id",
	     add_container),
	CALL(0, "pid", "PID", "only this process", add_pid),
	CALL(0, "comm", "NAME", "only processes of this name (of its first 15 bytes)", add_comm),
	CALL(0, "host", "ADDR[/LEN]", "only this address or prefix, local or remote", add_host),
	CALL(0, "port", "PORT", "only this port, local or remote", add_port),
	{.letter = '4',
	 .name = "ipv4",
	 .help = "only IPv4 (v4-mapped IPv6 is IPv4)",
	 .type = OPT_FLAG,
	 .off = offsetof(struct filter, only_v4)},
	{.letter = '6',
	 .name = "ipv6",
	 .help = "only IPv6",
	 .type = OPT_FLAG,
	 .off = offsetof(struct filter, only_v6)},
	{0},
};

const struct opt filter_netns_opts[] = {
	CALL(0, "netns", "NETNS", "only this network namespace: a name, an inode, a path or pid:N",
	     add_netns),
	CALL(0, "container", "CONTAINER",
	     "only the network namespaces of this container: its name or the beginning of its id",
	     add_container),
	{0},
};
