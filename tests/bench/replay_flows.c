// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What user space takes for a flow of flowner flows: short connections through a router with a pair
 * on either side, made up here, are added up, joined with their sockets, and written as lines of
 * JSON, second after second, as flowner flows does it, without a kernel in between. Nothing but one
 * thread's CPU time is measured. Prints one JSON object a line for each round.
 *
 *	replay_flows [CONNECTIONS_A_SECOND [SECONDS [ROUNDS]]]
 */
#include "../unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/pieces.h"

#include "model/flow_paths.h"
#include "out/flow_view.h"

struct costs {
	uint64_t track, add, settle, group, write, advance;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void since(uint64_t *sum, uint64_t *begin)
{
	uint64_t now = cpu_ns();

	*sum += now - *begin;
	*begin = now;
}

/* The i-th connection's port and sequence numbers are its own. */
static void sockets(struct world *w, uint64_t i, uint64_t us, uint16_t port)
{
	uint32_t isn = (uint32_t)i * 2654435761u;
	struct fl_owned syn = rec_syn_sent(us), accept = rec_accept(us + 5);
	struct fl_state client = rec_client_est(us + 3), server = rec_server_est(us + 4);
	struct fl_close active = rec_close(us + 12, client_sock(FIN_WAIT2, CLOSED));
	struct fl_close passive = rec_close(us + 14, server_sock(LAST_ACK, CLOSED));
	struct fl_sock *of_client[] = {&syn.sock, &client.sock, &active.sock};
	struct fl_sock *of_server[] = {&server.sock, &accept.sock, &passive.sock};

	for (size_t k = 0; k < 3; k++) {
		of_client[k]->cookie = 100 + 2 * i;
		of_server[k]->cookie = 101 + 2 * i;
		of_client[k]->local_port_be = of_server[k]->remote_port_be = htons(port);
		of_client[k]->isn_own = isn;
		of_client[k]->isn_other = ~isn + 1;
		of_server[k]->isn_own = ~isn + 1;
		of_server[k]->isn_other = isn + 1;
	}
	tracker_record(w->tracker, &syn.hdr);
	tracker_record(w->tracker, &client.hdr);
	tracker_record(w->tracker, &server.hdr);
	tracker_record(w->tracker, &accept.hdr);
	tracker_record(w->tracker, &active.hdr);
	tracker_record(w->tracker, &passive.hdr);
}

static void add(struct world *w, struct piece p, uint32_t isn, uint32_t isn_other, uint8_t known)
{
	p.count.packets = p.count.segments = 5;
	p.count.isn = isn;
	p.count.isn_other = isn_other;
	p.count.isn_known = known;
	flow_table_add(w->table, p.netns, &p.key, &p.count);
}

/* As the kernel's map has it: a piece for each link and direction. */
static void pieces(struct world *w, uint64_t i, uint64_t us, uint16_t port)
{
	const uint8_t flags = TH_ACK | TH_PUSH | TH_FIN | TH_SYN;
	uint32_t isn = (uint32_t)i * 2654435761u;

	w->client.port = port;
	add(w, sent_on(w, w->c0, flags, us), isn, 0, FL_ISN_SYN);
	add(w, answered_on(w, w->c0, flags, us), ~isn, isn, FL_ISN_SYNACK);
	add(w, sent_on(w, w->s0, flags, us), isn, 0, FL_ISN_SYN);
	add(w, answered_on(w, w->s0, flags, us), ~isn, isn, FL_ISN_SYNACK);
}

static uint64_t write_lines(struct world *w, struct buf *out, uint64_t now, struct costs *c,
			    uint64_t *t)
{
	struct wall_clock clock;
	struct flow_view v = {.clock = &clock, .now = now};
	size_t n, n_all, lines = 0;
	struct flow *const *rows = flow_table_awake(w->table, &n), *const * all;
	struct flow **news = calloc(n + 1, sizeof(struct flow *));

	assert_non_null(news);
	wall_clock_init(&clock);
	for (size_t i = 0; i < n; i++)
		if (rows[i]->packets != rows[i]->packets_before || rows[i]->ended)
			news[lines++] = rows[i];
	all = flow_table_rows(w->table, &n_all);
	assert_int_equal(
		flow_paths_new(&v.paths, all, flow_table_conns(w->table), n_all, news, lines), 0);
	since(&c->group, t);
	for (size_t i = 0; i < lines; i++) {
		flow_json(&v, news[i], out);
		if (out->len > 64 << 10)
			out->len = 0; /* what a write takes is for the file system to say */
	}
	flow_paths_free(v.paths);
	free(news);
	since(&c->write, t);
	return lines;
}

static void run(uint64_t connections, uint64_t seconds)
{
	struct world *w = new_world(1u << 20);
	uint64_t i = 0, lines = 0, all, t = cpu_ns();
	struct buf out = {0};
	struct costs c = {0};

	for (uint64_t s = 0; s < seconds; s++) {
		uint64_t first = i, us = s * S;

		for (uint64_t k = 0; k < connections; k++, i++)
			sockets(w, i, us + k * S / connections, (uint16_t)(1024 + i % 60000));
		tracker_next(w->tracker, AT(us + S));
		since(&c.track, &t);
		for (uint64_t k = 0; k < connections; k++)
			pieces(w, first + k, us + k * S / connections,
			       (uint16_t)(1024 + (first + k) % 60000));
		since(&c.add, &t);
		flow_table_settle(w->table, AT(us + S));
		since(&c.settle, &t);
		lines += write_lines(w, &out, AT(us + S), &c, &t);
		flow_table_advance(w->table);
		since(&c.advance, &t);
	}
	all = c.track + c.add + c.settle + c.group + c.write + c.advance;
	printf("{\"part\":\"user-space-flows\",\"flows\":%" PRIu64 ",\"lines\":%" PRIu64
	       ",\"ns_a_flow\":%.1f,\"ns_a_line\":%.1f,\"track\":%.1f,\"add\":%.1f,\"settle\":%.1f,"
	       "\"group\":%.1f,\"write\":%.1f,\"advance\":%.1f}\n",
	       4 * i, lines, (double)all / (double)(4 * i), (double)all / (double)lines,
	       (double)c.track / (double)(4 * i), (double)c.add / (double)(4 * i),
	       (double)c.settle / (double)(4 * i), (double)c.group / (double)(4 * i),
	       (double)c.write / (double)(4 * i), (double)c.advance / (double)(4 * i));
	buf_free(&out);
	free_world(w);
}

int main(int argc, char **argv)
{
	uint64_t connections = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 10;
	uint64_t rounds = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;

	for (uint64_t r = 0; r < rounds; r++)
		run(connections, seconds);
	return 0;
}
