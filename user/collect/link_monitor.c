// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/link_monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "collect/addr_list.h"
#include "collect/netns_set.h"
#include "collect/rtnl_events.h"
#include "collect/rtnl_query.h"
#include "collect/rtnl_read.h"

#define MS 1000000ULL

/* Notifications read in one go, so that devices that come fast get their programs meanwhile. */
#define EVENTS_BATCH 512

/*
 * A mount tells that a name may have appeared; that a process has entered a new namespace nobody
 * tells. Neither search is to take more than a small part of a CPU, however much there is to
 * search.
 */
#define NAMES_GAP_NS     (20 * MS)
#define PROCESSES_GAP_NS (1000 * MS)
#define SCAN_SHARE       20

#define DUMP_TRIES 5

struct dirty_key {
	uint64_t netns;
	uint32_t ifindex, zero;
};

/* A device to be asked about. */
struct dirty {
	struct dirty_key key;
	UT_hash_handle hh;
};

struct link_monitor {
	struct topology *topology;
	struct netns_set *set;
	struct rtnl_query *query;
	link_monitor_netns *netns;
	void *ctx;
	int epoll, events, timer;
	/*
	 * Both /proc/self/mountinfo, which tells of a change by poll(2) once each time it is
	 * opened: a look at whether `epoll` is readable uses up what the first has to tell.
	 */
	int mounts_wake, mounts;
	struct dirty *dirty;
	char *buf;           /* RTNL_EVENT_MAX */
	bool hears_all;      /* of what happens in other namespaces */
	bool lost;           /* notifications */
	bool search_mounts;  /* names are to be searched, when scan_gap allows */
	bool search_all;     /* processes too */
	uint64_t next_all;   /* CLOCK_BOOTTIME, ns: when it is time for that anyway */
	uint64_t not_before; /* for any search */
};

/* --- what rtnetlink says, into the topology --- */

static void mark_dirty(struct link_monitor *m, uint64_t netns, uint32_t ifindex)
{
	struct dirty_key key = {.netns = netns, .ifindex = ifindex};
	struct dirty *d;

	HASH_FIND (hh, m->dirty, &key, sizeof(key), d)
		;
	if (d)
		return;
	d = calloc(1, sizeof(*d));
	if (!d) {
		m->lost = true;
		return;
	}
	d->key = key;
	HASH_ADD(hh, m->dirty, key, sizeof(d->key), d);
}

struct listing {
	struct link_monitor *m;
	const struct netns_member *member;
	const struct netns *netns;
	int err;
};

static const struct netns_member *
peer_netns(const struct link_monitor *m, const struct netns_member *own, const struct rtnl_link *l)
{
	return l->link_nsid == RTNL_NO_NSID ? own : netns_set_by_nsid(m->set, l->link_nsid);
}

static void put_link(void *ctx, const struct rtnl_link *l)
{
	struct listing *list = ctx;
	const struct netns_member *peer = peer_netns(list->m, list->member, l);
	struct link_facts f = {
		.ifindex = l->ifindex,
		.name = l->name,
		.kind = l->kind,
		.ethernet = l->ethernet,
		.up = l->up,
		.master_ifindex = l->master,
		.peer_ifindex = l->link,
	};

	f.peer_netns = peer ? peer->id.cookie : 0;
	if (topology_set(list->m->topology, list->netns, &f))
		list->err = -ENOMEM;
}

static int start_listing(struct link_monitor *m, const struct netns_member *member,
			 struct listing *list)
{
	*list = (struct listing){.m = m, .member = member};
	list->netns = m->netns(m->ctx, (uint32_t)member->id.inode, member->id.cookie);
	return list->netns ? 0 : -ENOMEM;
}

/* The whole namespace. */
static void list_netns(void *ctx, const struct netns_member *member)
{
	struct link_monitor *m = ctx;
	struct listing list;
	int err = start_listing(m, member, &list);

	topology_sweep_begin(m->topology, member->id.cookie);
	for (int i = 0; !err && i < DUMP_TRIES; i++) {
		err = rtnl_query_links(m->query, member->nsid, put_link, &list);
		if (err != -EINTR)
			break;
		err = i + 1 < DUMP_TRIES ? 0 : -EINTR;
	}
	if (!err)
		err = list.err;
	if (!err)
		topology_sweep_end(m->topology, member->id.cookie);
	else if (err == -ENOMEM || err == -EINTR)
		m->lost = true;
}

static void forget_netns(void *ctx, const struct netns_member *member)
{
	struct link_monitor *m = ctx;

	topology_remove_netns(m->topology, member->id.cookie);
}

/* So that it is decided about both at once, though the other end's own news is yet to come. */
static void look_for_peer(struct link_monitor *m, const struct listing *list,
			  const struct rtnl_link *l)
{
	const struct netns_member *peer = peer_netns(m, list->member, l);

	if (l->link && !strcmp(l->kind, "veth") && peer &&
	    !topology_find(m->topology, peer->id.cookie, l->link))
		mark_dirty(m, peer->id.cookie, l->link);
}

static void ask_about(struct link_monitor *m, const struct dirty_key *key)
{
	const struct netns_member *member = netns_set_by_cookie(m->set, key->netns);
	struct listing list;
	struct rtnl_link l;
	int err;

	if (!member)
		return;
	err = rtnl_query_link(m->query, member->nsid, key->ifindex, &l);
	if (!err)
		err = start_listing(m, member, &list);
	if (!err) {
		put_link(&list, &l);
		err = list.err;
	}
	if (!err)
		look_for_peer(m, &list, &l);
	if (err == -ENODEV)
		topology_remove(m->topology, key->netns, key->ifindex);
	else if (err == -ENOMEM) /* -EINVAL: the namespace is going */
		m->lost = true;
}

static void ask_about_dirty(struct link_monitor *m)
{
	struct dirty *d, *tmp;

	/* Some more may come of it. */
	while (m->dirty) {
		HASH_ITER (hh, m->dirty, d, tmp) {
			struct dirty_key key = d->key;

			HASH_DEL(m->dirty, d);
			free(d);
			ask_about(m, &key);
		}
	}
}

/* --- notifications --- */

/*
 * Gone, or moved; nobody tells its peer, which has a new one in the latter case. It may be another
 * device with that ifindex that is there by now: its own notification is to come.
 */
static void on_link_gone(struct link_monitor *m, uint64_t netns, uint32_t ifindex)
{
	struct link *l = topology_find(m->topology, netns, ifindex);

	if (l && l->peer)
		mark_dirty(m, l->peer->netns->cookie, l->peer->ifindex);
	topology_remove(m->topology, netns, ifindex);
}

static void on_nsid_gone(struct link_monitor *m, int32_t nsid)
{
	const struct netns_member *member = netns_set_by_nsid(m->set, nsid);

	/*
	 * The kernel frees the number before it says so (net_namespace.c, unhash_nsid()), and a
	 * namespace made in between has it already: what dies cannot be entered.
	 */
	if (!member || member->self || netns_set_is_reachable(member))
		return;
	forget_netns(m, member);
	netns_set_drop(m->set, member);
	/* Its inode may be another one's by now, which was taken for this one. */
	m->search_mounts = true;
}

static void on_event(struct link_monitor *m, int32_t nsid, struct nlmsghdr *h)
{
	const struct netns_member *self = netns_set_self(m->set);
	const struct netns_member *member =
		nsid == RTNL_NO_NSID ? self : netns_set_by_nsid(m->set, nsid);
	struct rtnl_event e;

	/* Not a member: listed whole when it is found. */
	if (!member || !rtnl_read_event(h, &e))
		return;
	switch (e.type) {
	case RTNL_LINK_CHANGED:
		/*
		 * Only a hint: peers are numbered in it as that namespace sees others. The state is
		 * asked for when the batch is through.
		 */
		mark_dirty(m, member->id.cookie, e.ifindex);
		break;
	case RTNL_LINK_GONE:
		on_link_gone(m, member->id.cookie, e.ifindex);
		break;
	case RTNL_NSID_NEW:
		/*
		 * Other namespaces number namespaces too. A peer's, mostly. Its namespace has a
		 * name or a process now or within moments.
		 */
		if (member == self && !netns_set_by_nsid(m->set, e.nsid))
			m->search_all = true;
		break;
	case RTNL_NSID_GONE:
		if (member == self)
			on_nsid_gone(m, e.nsid);
		break;
	}
}

static int read_events(struct link_monitor *m)
{
	for (int i = 0; i < EVENTS_BATCH; i++) {
		struct nlmsghdr *h = (struct nlmsghdr *)m->buf;
		int32_t nsid = RTNL_NO_NSID;
		ssize_t len = rtnl_events_read(m->events, m->buf, &nsid);

		if (len == 0)
			return 0;
		if (len == -ENOBUFS) {
			m->lost = true;
			continue;
		}
		if (len < 0)
			return (int)len;
		for (; NLMSG_OK(h, (size_t)len); h = NLMSG_NEXT(h, len))
			on_event(m, nsid, h);
	}
	return 0;
}

/* --- searching for namespaces --- */

static void wake_at(struct link_monitor *m, uint64_t at)
{
	struct itimerspec when = {0};

	when.it_value.tv_sec = (time_t)(at / 1000000000ULL);
	when.it_value.tv_nsec = (long)(at % 1000000000ULL);
	timerfd_settime(m->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void arm_timer(struct link_monitor *m)
{
	bool soon = m->search_mounts || m->search_all || m->lost;

	wake_at(m, soon && m->not_before < m->next_all ? m->not_before : m->next_all);
}

void link_monitor_wake(struct link_monitor *m)
{
	wake_at(m, 1);
}

static uint64_t gap(uint64_t took, uint64_t least)
{
	return took * SCAN_SHARE > least ? took * SCAN_SHARE : least;
}

/* Of a CPU, not of the clock: to wait for the kernel's locks costs nothing. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* What is lost is looked up again: whatever has happened, this is how it is now. */
static void search(struct link_monitor *m)
{
	uint64_t now = clock_boot_ns(), cpu = cpu_ns();
	/* What nobody tells us of may have happened. */
	bool lost = m->lost || (!m->hears_all && now >= m->next_all);
	bool all = m->search_all || lost || now >= m->next_all;
	int ret;

	if (!(all || m->search_mounts) || (now < m->not_before && now < m->next_all))
		return;
	m->lost = m->search_all = m->search_mounts = false;
	if (lost)
		ret = netns_set_rescan(m->set, forget_netns, list_netns, m);
	else
		ret = netns_set_scan(m->set, all ? NETNS_SCAN_PROCESSES : NETNS_SCAN_NAMES,
				     list_netns, m);
	cpu = cpu_ns() - cpu;
	m->not_before = now + gap(cpu, NAMES_GAP_NS);
	if (all)
		m->next_all = now + gap(cpu, PROCESSES_GAP_NS);
	/* Out of descriptors or memory: again, when it is time. */
	m->lost = m->lost || ret == -ENOMEM;
}

static void look_for_wakeups(struct link_monitor *m)
{
	struct pollfd mounts = {.fd = m->mounts, .events = POLLPRI};
	uint64_t ticks;

	if (m->mounts >= 0 && poll(&mounts, 1, 0) > 0)
		m->search_mounts = true;
	/* Whether it has run out search() sees by the clock. */
	if (read(m->timer, &ticks, sizeof(ticks)) < 0)
		ticks = 0;
}

int link_monitor_dispatch(struct link_monitor *m)
{
	int err;

	look_for_wakeups(m);
	err = read_events(m);
	if (err) {
		log_error("cannot read the kernel's news of network devices: %s", strerror(-err));
		return err;
	}
	/* Before devices are asked about: their peers are in namespaces that are known then. */
	search(m);
	ask_about_dirty(m);
	arm_timer(m);
	return 0;
}

/* --- making --- */

static int wake_on(struct link_monitor *m, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int open_wakeups(struct link_monitor *m)
{
	int err;

	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->epoll < 0 || m->timer < 0)
		return -errno;
	m->events = rtnl_events_open(&m->hears_all);
	if (m->events < 0)
		return m->events;
	err = wake_on(m, m->events, EPOLLIN);
	if (!err)
		err = wake_on(m, m->timer, EPOLLIN);
	/* Without it names are found as processes are, once a second. */
	m->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	m->mounts_wake = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (!err && m->mounts_wake >= 0)
		err = wake_on(m, m->mounts_wake, EPOLLPRI);
	return err;
}

static int start(struct link_monitor *m)
{
	struct stat host;
	int err;

	m->buf = malloc(RTNL_EVENT_MAX);
	m->topology = topology_new(stat("/proc/1/ns/net", &host) ? 0 : (uint32_t)host.st_ino);
	if (!m->buf || !m->topology)
		return -ENOMEM;
	/* Before anything is listed, so that what comes later is not missed. */
	err = open_wakeups(m);
	if (!err)
		err = rtnl_query_open(&m->query);
	if (!err)
		err = netns_set_new(&m->set, m->query);
	if (err)
		return err;
	list_netns(m, netns_set_self(m->set));
	return link_monitor_dispatch(m); /* next_all is 0: a search is due */
}

int link_monitor_new(struct link_monitor **out, link_monitor_netns *netns, void *ctx)
{
	struct link_monitor *m = calloc(1, sizeof(*m));
	int err = -ENOMEM;

	if (m) {
		m->epoll = m->events = m->timer = m->mounts = m->mounts_wake = -1;
		m->netns = netns;
		m->ctx = ctx;
		err = start(m);
	}
	if (err) {
		log_error("cannot follow the network devices: %s%s", strerror(-err),
			  err == -EPERM ? ": run as root" : "");
		link_monitor_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void link_monitor_free(struct link_monitor *m)
{
	struct dirty *d, *tmp;

	if (!m)
		return;
	HASH_ITER (hh, m->dirty, d, tmp) {
		HASH_DEL(m->dirty, d);
		free(d);
	}
	netns_set_free(m->set);
	rtnl_query_close(m->query);
	topology_free(m->topology);
	cleanup_close(&m->mounts);
	cleanup_close(&m->mounts_wake);
	cleanup_close(&m->events);
	cleanup_close(&m->timer);
	cleanup_close(&m->epoll);
	free(m->buf);
	free(m);
}

int link_monitor_fd(const struct link_monitor *m)
{
	return m->epoll;
}

struct topology *link_monitor_topology(const struct link_monitor *m)
{
	return m->topology;
}

unsigned int link_monitor_namespaces(const struct link_monitor *m)
{
	return netns_set_count(m->set);
}

int link_monitor_packets(struct link_monitor *m, const struct link *l, uint64_t *packets)
{
	const struct netns_member *member = netns_set_by_cookie(m->set, l->netns->cookie);
	struct rtnl_link now;
	int err;

	if (!member)
		return -ENODEV;
	err = rtnl_query_link(m->query, member->nsid, l->ifindex, &now);
	if (err)
		return err == -EINVAL ? -ENODEV : err;
	*packets = now.packets;
	return 0;
}

int link_monitor_within(struct link_monitor *m, const struct link *l, int (*fn)(void *arg),
			void *arg)
{
	return netns_set_within(m->set, l->netns->cookie, fn, arg);
}

int link_monitor_within_netns(struct link_monitor *m, uint64_t netns_cookie, int (*fn)(void *arg),
			      void *arg)
{
	return netns_set_within(m->set, netns_cookie, fn, arg);
}

struct each_netns {
	struct link_monitor *m;
	void (*fn)(void *ctx, const struct netns *n);
	void *ctx;
};

static void name_member(void *arg, const struct netns_member *member)
{
	const struct each_netns *each = arg;
	const struct netns *n =
		each->m->netns(each->m->ctx, (uint32_t)member->id.inode, member->id.cookie);

	if (n)
		each->fn(each->ctx, n);
}

void link_monitor_each_netns(struct link_monitor *m, void (*fn)(void *ctx, const struct netns *n),
			     void *ctx)
{
	struct each_netns each = {m, fn, ctx};

	netns_set_each(m->set, name_member, &each);
}

int link_monitor_addrs(struct link_monitor *m,
		       void (*fn)(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a),
		       void *ctx)
{
	return addr_list(m->set, m->query, fn, ctx);
}
