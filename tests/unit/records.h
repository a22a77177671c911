/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records as the kernel side makes them, of one connection:
 *
 *	curl[10] in netns 100 "blue", 10.77.0.2:40000  →  nginx[20] in netns 200
 *"red", 10.77.0.3:443
 *
 * Times are microseconds behind an arbitrary beginning. A record can be changed before it is fed.
 */
#ifndef FLOWNER_TESTS_RECORDS_H
#define FLOWNER_TESTS_RECORDS_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "model/tracker.h"

enum {
	EST = 1,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSED,
	CLOSE_WAIT,
	LAST_ACK,
	LISTENING,
	CLOSING
};

#define CLIENT   11
#define SERVER   12
#define LISTENER 13
#define C_ISN    0xfffffff0u
#define S_ISN    5000u
#define AT(us)   (1000000000000ULL + (us)*1000ULL)
#define CPUS     4

static const struct netns blue = {.inode = 100, .cookie = 1, .name = "blue"};
static const struct netns red = {.inode = 200, .cookie = 2, .name = "red"};
static const struct cgroup box = {
	.path = "/docker/box",
	.container = &(const struct container){.runtime = "docker", .id = "box"}};
static const struct cgroup plain = {.path = "/user.slice"};

static inline const struct netns *find_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	(void)ctx;
	(void)cookie;
	return inode == blue.inode ? &blue : inode == red.inode ? &red : NULL;
}

/* A socket's own cgroup before its task's. */
static inline const struct cgroup *find_cgroup(void *ctx, const struct netns *netns, uint64_t sock,
					       uint64_t task, uint32_t pid)
{
	(void)ctx;
	(void)netns;
	(void)pid;
	return sock == 77 || (!sock && task == 77) ? &box : task == 88 ? &plain : NULL;
}

static inline struct tracker *new_tracker(bool states, bool undecided)
{
	struct tracker_options o = {
		.resolver = {.netns = find_netns, .cgroup = find_cgroup},
		.states = states,
		.undecided_clients = undecided,
		.undecided_servers = undecided,
		.max_cpus = CPUS,
	};
	struct tracker *t;

	assert_int_equal(tracker_new(&t, &o), 0);
	return t;
}

static inline struct fl_header header(uint16_t type, size_t len, uint64_t us)
{
	return (struct fl_header){.time = AT(us), .type = type, .len = (uint16_t)len};
}

static inline struct fl_sock client_sock(uint8_t old_state, uint8_t state)
{
	return (struct fl_sock){
		.cookie = CLIENT,
		.netns_cookie = 1,
		.netns_inum = 100,
		.isn_own = C_ISN,
		.isn_other = S_ISN + 1,
		.local_addr = {10, 77, 0, 2},
		.remote_addr = {10, 77, 0, 3},
		.local_port_be = htons(40000),
		.remote_port_be = htons(443),
		.family = AF_INET,
		.old_state = old_state,
		.state = state,
	};
}

static inline struct fl_sock server_sock(uint8_t old_state, uint8_t state)
{
	return (struct fl_sock){
		.cookie = SERVER,
		.netns_cookie = 2,
		.netns_inum = 200,
		.cgroup = 77,
		.isn_own = S_ISN + 1,
		.isn_other = C_ISN + 1,
		.local_addr = {10, 77, 0, 3},
		.remote_addr = {10, 77, 0, 2},
		.local_port_be = htons(443),
		.remote_port_be = htons(40000),
		.family = AF_INET,
		.old_state = old_state,
		.state = state,
	};
}

static inline struct fl_task curl(void)
{
	return (struct fl_task){.pid = 10, .tid = 11, .ppid = 1, .uid = 1000, .comm = "curl"};
}

static inline struct fl_task nginx(void)
{
	return (struct fl_task){.pid = 20, .tid = 20, .ppid = 19, .uid = 33, .comm = "nginx"};
}

static inline struct fl_task worker(void)
{
	return (struct fl_task){.pid = 21, .tid = 22, .ppid = 20, .uid = 33, .comm = "worker"};
}

static inline struct fl_owned rec_listen(uint64_t us)
{
	struct fl_owned r = {
		.hdr = header(FL_LISTEN, sizeof(r), us),
		.sock = server_sock(CLOSED, LISTENING),
		.task = nginx(),
		.backlog = 128,
	};

	r.sock.cookie = LISTENER;
	r.sock.remote_port_be = 0;
	r.sock.isn_own = r.sock.isn_other = 0;
	memset(r.sock.local_addr, 0, 16);
	memset(r.sock.remote_addr, 0, 16);
	return r;
}

static inline struct fl_owned rec_syn_sent(uint64_t us)
{
	struct fl_owned r = {
		.hdr = header(FL_SYN_SENT, sizeof(r), us),
		.sock = client_sock(CLOSED, SYN_SENT),
		.task = curl(),
	};

	r.sock.local_port_be = 0; /* connect(2) picks it just after */
	return r;
}

static inline struct fl_state rec_client_est(uint64_t us)
{
	return (struct fl_state){header(FL_ESTABLISHED, sizeof(struct fl_state), us),
				 client_sock(SYN_SENT, EST)};
}

static inline struct fl_state rec_server_est(uint64_t us)
{
	return (struct fl_state){header(FL_ESTABLISHED, sizeof(struct fl_state), us),
				 server_sock(SYN_RECV, EST)};
}

static inline struct fl_owned rec_accept(uint64_t us)
{
	return (struct fl_owned){
		.hdr = header(FL_ACCEPT, sizeof(struct fl_owned), us),
		.sock = server_sock(EST, EST),
		.task = worker(),
	};
}

static inline struct fl_close rec_close(uint64_t us, struct fl_sock s)
{
	return (struct fl_close){.hdr = header(FL_CLOSE, sizeof(struct fl_close), us), .sock = s};
}

static inline struct fl_trouble rec_trouble(uint16_t type, uint64_t us, struct fl_sock s)
{
	return (struct fl_trouble){
		.hdr = header(type, sizeof(struct fl_trouble), us), .sock = s, .reason = -1};
}

#define FEED(t, record)                              \
	({                                           \
		__typeof__(record) record_ = record; \
		tracker_record(t, &record_.hdr);     \
	})

/* The next event at `now` has to be of that type. */
static inline const struct event *expect(struct tracker *t, uint64_t now, enum event_type type)
{
	const struct event *e = tracker_next(t, now);

	assert_non_null(e);
	assert_string_equal(event_type_name(e->type), event_type_name(type));
	return e;
}

static inline void expect_none(struct tracker *t, uint64_t now)
{
	assert_null(tracker_next(t, now));
}

static inline void assert_owner(const struct owner *o, enum owner_source source, uint32_t pid,
				const char *comm)
{
	assert_int_equal(o->source, source);
	if (source == OWNER_UNKNOWN)
		return;
	assert_int_equal(o->pid, pid);
	assert_string_equal(o->comm, comm);
}

static inline uint64_t tracked(const struct tracker *t)
{
	struct tracker_stats st;

	tracker_get_stats(t, &st);
	return st.endpoints;
}

static inline uint64_t told_lost(const struct tracker *t)
{
	struct tracker_stats st;

	tracker_get_stats(t, &st);
	return st.lost;
}

#endif
