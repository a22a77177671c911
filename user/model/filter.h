/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * FILTER, the same for all commands: each kind may be given several times, which is OR within the
 * kind and AND between kinds. The kernel side applies what it can know; filter_event() applies all
 * of it again where the facts are complete.
 */
#ifndef FLOWNER_MODEL_FILTER_H
#define FLOWNER_MODEL_FILTER_H

#include "flowner_abi.h"
#include "model/addr.h"
#include "model/event.h"

#define FILTER_NETNS_MAX      4096
#define FILTER_CONTAINERS_MAX 32

struct filter {
	uint32_t *netns; /* inodes; owned, freed by filter_free() */
	unsigned int nnetns;
	uint32_t pids[FL_PIDS_MAX];
	unsigned int npids;
	char comms[FL_COMMS_MAX][OWNER_COMM_LEN + 1]; /* cut to 15 bytes, as the kernel cuts them */
	unsigned int ncomms;
	uint16_t ports[FL_PORTS_MAX];
	unsigned int nports;
	struct addr_prefix hosts[FL_HOSTS_MAX];
	unsigned int nhosts;
	bool only_v4, only_v6;                         /* both: neither */
	const char *containers[FILTER_CONTAINERS_MAX]; /* as container_is() takes them; borrowed */
	unsigned int ncontainers;
};

/* Each adds one value. 0; -EINVAL: not such a thing; -E2BIG: more than fit; -ENOMEM. */
int filter_add_netns(struct filter *f, uint32_t inode);
int filter_add_pid(struct filter *f, const char *value);
int filter_add_comm(struct filter *f, const char *value);
int filter_add_port(struct filter *f, const char *value);
int filter_add_host(struct filter *f, const char *value);
int filter_add_container(struct filter *f, const char *value); /* kept, not copied */
void filter_free(struct filter *f);

/* Is it one of those asked for? NULL is not. */
bool filter_container(const struct filter *f, const struct container *c);

/* Does this end pass? */
bool filter_party(const struct filter *f, const struct party *p);

/* Does the event's own end pass? `lost` always does. */
bool filter_event(const struct filter *f, const struct event *e);

/* Does that namespace pass? */
bool filter_netns(const struct filter *f, uint32_t inode);

/* Does this process pass, by pid and name? */
bool filter_process(const struct filter *f, uint32_t pid, const char *comm);

/* The part that the kernel side applies; the netns list is handed over by itself. */
void filter_to_kernel(const struct filter *f, struct fl_filter *out);

#endif
