// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/opt.h"

int filter_add_netns(struct filter *f, uint32_t inode)
{
	uint32_t *grown;

	for (unsigned int i = 0; i < f->nnetns; i++)
		if (f->netns[i] == inode)
			return 0;
	if (f->nnetns >= FILTER_NETNS_MAX)
		return -E2BIG;
	grown = realloc(f->netns, (f->nnetns + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->netns = grown;
	f->netns[f->nnetns++] = inode;
	return 0;
}

int filter_add_pid(struct filter *f, const char *value)
{
	uint64_t v;

	if (opt_parse_uint(value, 1, 1 << 22, &v)) /* PID_MAX_LIMIT */
		return -EINVAL;
	if (f->npids >= FL_PIDS_MAX)
		return -E2BIG;
	f->pids[f->npids++] = (uint32_t)v;
	return 0;
}

int filter_add_comm(struct filter *f, const char *value)
{
	size_t len = strlen(value);

	if (len == 0)
		return -EINVAL;
	if (f->ncomms >= FL_COMMS_MAX)
		return -E2BIG;
	if (len > FL_COMM_LEN - 1)
		len = FL_COMM_LEN - 1;
	memset(f->comms[f->ncomms], 0, sizeof(f->comms[0]));
	memcpy(f->comms[f->ncomms++], value, len);
	return 0;
}

int filter_add_port(struct filter *f, const char *value)
{
	uint64_t v;

	if (opt_parse_uint(value, 1, 65535, &v))
		return -EINVAL;
	if (f->nports >= FL_PORTS_MAX)
		return -E2BIG;
	f->ports[f->nports++] = (uint16_t)v;
	return 0;
}

int filter_add_host(struct filter *f, const char *value)
{
	if (f->nhosts >= FL_HOSTS_MAX)
		return -E2BIG;
	if (addr_prefix_parse(value, &f->hosts[f->nhosts]))
		return -EINVAL;
	f->nhosts++;
	return 0;
}

int filter_add_container(struct filter *f, const char *value)
{
	if (!*value)
		return -EINVAL;
	if (f->ncontainers >= FILTER_CONTAINERS_MAX)
		return -E2BIG;
	f->containers[f->ncontainers++] = value;
	return 0;
}

void filter_free(struct filter *f)
{
	free(f->netns);
	*f = (struct filter){0};
}

bool filter_netns(const struct filter *f, uint32_t inode)
{
	for (unsigned int i = 0; i < f->nnetns; i++)
		if (f->netns[i] == inode)
			return true;
	return !f->nnetns;
}

static bool has_netns(const struct filter *f, const struct party *p)
{
	return p->netns ? filter_netns(f, p->netns->inode) : !f->nnetns;
}

bool filter_process(const struct filter *f, uint32_t pid, const char *comm)
{
	bool pid_ok = !f->npids, comm_ok = !f->ncomms;

	for (unsigned int i = 0; i < f->npids; i++)
		pid_ok = pid_ok || f->pids[i] == pid;
	for (unsigned int i = 0; i < f->ncomms; i++)
		comm_ok = comm_ok || !strcmp(f->comms[i], comm);
	return pid_ok && comm_ok;
}

static bool has_process(const struct filter *f, const struct owner *o)
{
	if (!f->npids && !f->ncomms)
		return true;
	return o->source != OWNER_UNKNOWN && filter_process(f, o->pid, o->comm);
}

static bool has_port(const struct filter *f, const struct party *p)
{
	for (unsigned int i = 0; i < f->nports; i++)
		if (f->ports[i] == p->local.port || f->ports[i] == p->remote.port)
			return true;
	return !f->nports;
}

static bool has_host(const struct filter *f, const struct party *p)
{
	for (unsigned int i = 0; i < f->nhosts; i++)
		if (addr_prefix_has(&f->hosts[i], &p->local.addr) ||
		    addr_prefix_has(&f->hosts[i], &p->remote.addr))
			return true;
	return !f->nhosts;
}

static bool has_family(const struct filter *f, const struct party *p)
{
	bool v4 = party_is_v4(p);

	if (f->only_v4 == f->only_v6)
		return true;
	/* A listener on [::] may take IPv4 too. */
	if (f->only_v4 && addr_is_any(&p->remote.addr) && addr_is_any(&p->local.addr))
		return true;
	return v4 == f->only_v4;
}

bool filter_container(const struct filter *f, const struct container *c)
{
	for (unsigned int i = 0; i < f->ncontainers; i++)
		if (c && container_is(c, f->containers[i]))
			return true;
	return false;
}

/* Its process is in it; or it is in none, and the namespace is its. */
static bool has_container(const struct filter *f, const struct party *p)
{
	const struct container *own = p->owner.cgroup ? p->owner.cgroup->container : NULL;
	const struct container *of_netns = p->netns ? p->netns->container : NULL;

	return !f->ncontainers || filter_container(f, own ? own : of_netns);
}

bool filter_party(const struct filter *f, const struct party *p)
{
	return has_netns(f, p) && has_container(f, p) && has_process(f, &p->owner) &&
	       has_port(f, p) && has_host(f, p) && has_family(f, p);
}

bool filter_event(const struct filter *f, const struct event *e)
{
	return e->type == EVENT_LOST || filter_party(f, &e->self);
}

void filter_to_kernel(const struct filter *f, struct fl_filter *out)
{
	memset(out, 0, sizeof(*out));
	out->task_wanted = f->npids || f->ncomms;
	out->container_wanted = f->ncontainers > 0;
	out->npids = f->npids;
	out->ncomms = f->ncomms;
	out->nports = f->nports;
	out->nhosts = f->nhosts;
	if (f->only_v4 != f->only_v6)
		out->family = f->only_v4 ? AF_INET : AF_INET6;
	memcpy(out->pids, f->pids, sizeof(out->pids));
	memcpy(out->ports, f->ports, sizeof(out->ports));
	for (unsigned int i = 0; i < f->ncomms; i++)
		memcpy(out->comms[i], f->comms[i], FL_COMM_LEN);
	for (unsigned int i = 0; i < f->nhosts; i++) {
		memcpy(out->hosts[i].addr, f->hosts[i].addr.b, 16);
		memcpy(out->hosts[i].mask, f->hosts[i].mask.b, 16);
	}
}
