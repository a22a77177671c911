// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What user space takes for an event of trace: records of short connections, made up here, are
 * decoded, tracked, filtered and written as lines, as flowner trace does it, without a kernel in
 * between. Nothing but one thread's CPU time is measured. Prints one JSON object a line for each
 * format.
 *
 *	replay [CONNECTIONS [ROUNDS]]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/decode.h"
#include "collect/naming.h"
#include "model/filter.h"
#include "net/netns.h"
#include "out/event_view.h"

#include "../unit/unit.h"
#include "../unit/records.h"

/* One every so often: about as many as two processors can make. */
#define GAP_US 20
/* Records between two looks for events that are ripe, as a nap of trace gathers them. */
#define BATCH 600

enum { RECORDS = 6, EVENTS = 4 }; /* of a connection */

struct replay {
	struct naming naming;
	struct netns_id own;
	struct tracker *tracker;
	struct event_view view;
	struct event_columns columns;
	struct filter filter;
	struct wall_clock clock;
	struct buf out;
	uint64_t events, bytes;
	uint32_t pid;
	bool json;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void feed(struct replay *r, const void *record, size_t len)
{
	const struct fl_header *hdr;
	int err = decode_record(record, len, &hdr);

	if (err)
		die("a record", err);
	tracker_record(r->tracker, hdr);
}

/* Of the i-th connection: its sockets, ports and sequence numbers are its own. */
static struct fl_sock socket_of(const struct replay *r, struct fl_sock s, uint64_t i)
{
	bool client = s.cookie == CLIENT;
	uint16_t port_be = htons((uint16_t)(1024 + i % 60000));
	uint32_t isn = (uint32_t)i * 2654435761u;

	s.cookie = 100 + 2 * i + !client;
	s.netns_cookie = r->own.cookie;
	s.netns_inum = (uint32_t)r->own.inode;
	s.cgroup = 0;
	s.isn_own = client ? isn : ~isn + 1;
	s.isn_other = client ? ~isn + 1 : isn + 1;
	if (client)
		s.local_port_be = port_be;
	else
		s.remote_port_be = port_be;
	return s;
}

static void feed_connection(struct replay *r, uint64_t i)
{
	uint64_t us = i * GAP_US;
	struct fl_owned syn = rec_syn_sent(us), accept = rec_accept(us + 5);
	struct fl_state client = rec_client_est(us + 3), server = rec_server_est(us + 4);
	struct fl_close active = rec_close(us + 12, client_sock(FIN_WAIT2, CLOSED));
	struct fl_close passive = rec_close(us + 14, server_sock(LAST_ACK, CLOSED));

	syn.sock = socket_of(r, syn.sock, i);
	client.sock = socket_of(r, client.sock, i);
	server.sock = socket_of(r, server.sock, i);
	accept.sock = socket_of(r, accept.sock, i);
	active.sock = socket_of(r, active.sock, i);
	passive.sock = socket_of(r, passive.sock, i);
	syn.task.pid = accept.task.pid = r->pid;
	active.counts = passive.counts = (struct fl_counts){.tx_bytes = 64,
							    .rx_bytes = 64,
							    .tx_segments = 5,
							    .rx_segments = 5,
							    .srtt_us = 23,
							    .min_rtt_us = 11};
	feed(r, &syn, sizeof(syn));
	feed(r, &client, sizeof(client));
	feed(r, &server, sizeof(server));
	feed(r, &accept, sizeof(accept));
	feed(r, &active, sizeof(active));
	feed(r, &passive, sizeof(passive));
}

static void show(struct replay *r, uint64_t now)
{
	const struct event *e;

	naming_refresh(&r->naming);
	while ((e = tracker_next(r->tracker, now))) {
		if (!filter_event(&r->filter, e))
			continue;
		r->events++;
		if (r->json)
			event_json(&r->view, e, &r->out);
		else
			event_table_line(&r->view, &r->columns, e, &r->out);
	}
	r->bytes += r->out.len;
	r->out.len = 0; /* what a write takes is for the file system to say */
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void run(struct replay *r, uint64_t connections)
{
	struct tracker_options o = {.resolver = r->naming.resolver, .max_cpus = CPUS};
	struct tracker_stats st;
	uint64_t ns;
	int err = tracker_new(&r->tracker, &o);

	if (err)
		die("the tracker", err);
	r->events = r->bytes = 0;
	ns = cpu_ns();
	for (uint64_t i = 0; i < connections; i++) {
		feed_connection(r, i);
		if ((i + 1) % (BATCH / RECORDS) == 0)
			show(r, tracker_last(r->tracker));
	}
	show(r, UINT64_MAX);
	ns = cpu_ns() - ns;
	tracker_get_stats(r->tracker, &st);
	if (r->events != connections * EVENTS || st.records != connections * RECORDS)
		die("events are missing", -EPROTO);
	printf("{\"part\":\"user-space\",\"format\":\"%s\",\"events\":%" PRIu64 ",\"ns\":%.1f,"
	       "\"ns_a_record\":%.1f,\"bytes\":%.1f}\n",
	       r->json ? "json" : "table", r->events, (double)ns / (double)r->events,
	       (double)ns / (double)st.records, (double)r->bytes / (double)r->events);
	tracker_free(r->tracker);
}

int main(int argc, char **argv)
{
	uint64_t connections = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 3;
	struct replay r = {.pid = (uint32_t)getpid()};
	const char *bad;
	int err;

	err = naming_open(&r.naming, NULL, 0);
	if (!err)
		err = netns_self(NULL, &r.own);
	if (!err)
		err = event_columns_parse(NULL, &r.columns, &bad);
	if (err)
		die("setting up", err);
	wall_clock_init(&r.clock);
	r.view.clock = &r.clock;
	for (uint64_t i = 0; i < 2 * rounds; i++) {
		r.json = i % 2 == 0;
		run(&r, connections);
	}
	buf_free(&r.out);
	naming_close(&r.naming);
	return 0;
}
