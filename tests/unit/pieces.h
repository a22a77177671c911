/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pieces as they are read of the kernel's maps, of links of one router:
 *
 *	netns 100 "blue", 10.77.0.2  -  c0, netns 300, s0  -  10.77.0.3, netns 200 "red"
 *
 * A piece can be changed before it is put into the table. Records of the same sockets: records.h.
 */
#ifndef FLOWNER_TESTS_PIECES_H
#define FLOWNER_TESTS_PIECES_H

#include "flows.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "model/flow_table.h"
#include "records.h"

#define S        1000000ULL /* in microseconds */
#define IDLE_S   30
#define CLOSED_S 5
#define OVER_MS  100
#define IN       false
#define OUT      true

static const struct netns router = {.inode = 300, .cookie = 3, .name = "router"};

struct world {
	struct tracker *tracker;
	struct flow_table *table;
	struct link *c0, *s0; /* watched */
	struct link *c, *s;   /* their other ends */
	struct addr_port client, server;
	bool elsewhere; /* no address is local to where a link leads */
};

struct piece {
	const struct netns *netns;
	struct fl_flow_key key;
	struct fl_flow_count count;
};

static inline struct link *new_link(const struct netns *ns, const char *name, uint32_t ifindex)
{
	struct link *l = malloc(sizeof(*l));

	assert_non_null(l);
	*l = device(ns, name, "veth", ifindex);
	l->attached = AT(0);
	return l;
}

static inline bool is_local(void *ctx, const struct link *l, const struct addr *addr)
{
	(void)l;
	(void)addr;
	return !((const struct world *)ctx)->elsewhere;
}

static inline struct world *new_world(uint32_t max)
{
	struct world *w = calloc(1, sizeof(*w));
	struct flow_table_options o = {
		.idle_ns = IDLE_S * SECOND,
		.closed_ns = CLOSED_S * SECOND,
		.over_ns = OVER_MS * SECOND / 1000,
		.max = max,
		.resolver = {.netns = find_netns, .cgroup = find_cgroup},
	};
	struct tracker_options to = {
		.resolver = o.resolver, .quiet = true, .linger_ns = SECOND, .max_cpus = CPUS};

	assert_non_null(w);
	assert_int_equal(tracker_new(&w->tracker, &to), 0);
	o.tracker = w->tracker;
	o.is_local = is_local;
	o.ctx = w;
	assert_int_equal(flow_table_new(&w->table, &o), 0);
	w->c0 = new_link(&router, "c0", 3);
	w->s0 = new_link(&router, "s0", 4);
	w->c = new_link(&blue, "eth0", 2);
	w->s = new_link(&red, "eth0", 2);
	link_pair(w->c0, w->c);
	link_pair(w->s0, w->s);
	assert_int_equal(flow_table_watch(w->table, w->c0), 0);
	assert_int_equal(flow_table_watch(w->table, w->s0), 0);
	w->client = at("10.77.0.2", 40000);
	w->server = at("10.77.0.3", 443);
	return w;
}

static inline void free_world(struct world *w)
{
	flow_table_free(w->table);
	tracker_free(w->tracker);
	link_put(w->c0);
	link_put(w->s0);
	link_put(w->c);
	link_put(w->s);
	free(w);
}

/* One packet of 100 bytes. */
static inline struct piece packet(const struct link *l, bool egress, uint8_t proto,
				  struct addr_port from, struct addr_port to, uint64_t us)
{
	uint64_t kind = addr_is_v4(&from.addr) ? FL_FLOW_IPV4 : FL_FLOW_IPV6;
	struct piece p = {
		.netns = l->netns,
		.key = {.sport_be = htons(from.port),
			.dport_be = htons(to.port),
			.ifindex = l->ifindex,
			.bits = FL_BITS_PUT(kind, FL_BITS_KIND) |
				FL_BITS_PUT(proto, FL_BITS_PROTO) |
				FL_BITS_PUT(egress, FL_BITS_EGRESS)},
		.count = {.packets = 1,
			  .segments = 1,
			  .bytes = 100,
			  .first = AT(us),
			  .last = AT(us)},
	};

	memcpy(p.key.src, from.addr.b, 16);
	memcpy(p.key.dst, to.addr.b, 16);
	return p;
}

/* What the client sends, and what the server does; on c0, where no test says otherwise. */
static inline struct piece sent_on(const struct world *w, const struct link *l, uint8_t flags,
				   uint64_t us)
{
	struct piece p = packet(l, l == w->s0 ? OUT : IN, IPPROTO_TCP, w->client, w->server, us);

	p.count.tcp_flags = flags;
	return p;
}

static inline struct piece answered_on(const struct world *w, const struct link *l, uint8_t flags,
				       uint64_t us)
{
	struct piece p = packet(l, l == w->s0 ? IN : OUT, IPPROTO_TCP, w->server, w->client, us);

	p.count.tcp_flags = flags;
	return p;
}

static inline struct piece sent(const struct world *w, uint8_t flags, uint64_t us)
{
	return sent_on(w, w->c0, flags, us);
}

static inline struct piece answered(const struct world *w, uint8_t flags, uint64_t us)
{
	return answered_on(w, w->c0, flags, us);
}

static inline struct piece with_syn(struct piece p, uint32_t isn)
{
	p.count.tcp_flags |= TH_SYN;
	p.count.isn = isn;
	p.count.isn_known = FL_ISN_SYN;
	return p;
}

static inline struct piece with_synack(struct piece p, uint32_t isn, uint32_t isn_other)
{
	p = with_syn(p, isn);
	p.count.tcp_flags |= TH_ACK;
	p.count.isn_other = isn_other;
	p.count.isn_known |= FL_ISN_SYNACK;
	return p;
}

static inline struct piece until(struct piece p, uint64_t us)
{
	p.count.last = AT(us);
	return p;
}

static inline struct piece by_socket(struct piece p, uint64_t cookie)
{
	p.count.cookie = cookie;
	return p;
}

static inline struct piece times(struct piece p, uint64_t packets)
{
	p.count.packets = p.count.segments = packets;
	p.count.bytes = packets * 100;
	return p;
}

/* Bound in that namespace, as a look at its sockets finds it. */
static inline struct fl_snapshot udp_socket(uint64_t cookie, const struct netns *ns,
					    struct addr_port local, struct fl_task task)
{
	struct fl_snapshot s = {.sock = {.cookie = cookie,
					 .netns_cookie = ns->cookie,
					 .netns_inum = ns->inode,
					 .local_port_be = htons(local.port),
					 .family = AF_INET6},
				.task = task,
				.protocol = IPPROTO_UDP};

	memcpy(s.sock.local_addr, local.addr.b, 16);
	return s;
}

static inline void put(struct world *w, struct piece p)
{
	flow_table_add(w->table, p.netns, &p.key, &p.count);
}

static inline void settle(struct world *w, uint64_t us)
{
	flow_table_settle(w->table, AT(us));
}

static inline size_t flows(const struct world *w)
{
	size_t n;

	flow_table_rows(w->table, &n);
	return n;
}

static inline bool is_flow_of(const struct flow *f, const struct piece *p, const struct link *l)
{
	return f->link == l && f->egress == FL_BITS_GET(p->key.bits, FL_BITS_EGRESS) &&
	       f->proto == FL_BITS_GET(p->key.bits, FL_BITS_PROTO) &&
	       !memcmp(f->src.addr.b, p->key.src, 16) && !memcmp(f->dst.addr.b, p->key.dst, 16) &&
	       (f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6
			? f->icmp.type == ntohs(p->key.sport_be) >> 8 &&
				  f->icmp.id == ntohs(p->key.dport_be)
			: f->src.port == ntohs(p->key.sport_be) &&
				  f->dst.port == ntohs(p->key.dport_be));
}

static inline bool is_before(const struct flow *f, const struct flow *g)
{
	return f->first < g->first || (f->first == g->first && (uintptr_t)f < (uintptr_t)g);
}

/* The nth, by time, of the flows with the piece's tuple on that link; NULL: there are fewer. */
static inline struct flow *nth(const struct world *w, const struct link *l, struct piece p,
			       size_t i)
{
	struct flow *found = NULL, *before = NULL;
	size_t n;
	struct flow *const *rows = flow_table_rows(w->table, &n);

	do {
		before = found;
		found = NULL;
		for (size_t k = 0; k < n; k++)
			if (is_flow_of(rows[k], &p, l) && (!before || is_before(before, rows[k])) &&
			    (!found || is_before(rows[k], found)))
				found = rows[k];
	} while (found && i-- > 0);
	return found;
}

/* The only one. */
static inline struct flow *only(const struct world *w, const struct link *l, struct piece p)
{
	struct flow *f = nth(w, l, p, 0);

	assert_non_null(f);
	assert_null(nth(w, l, p, 1));
	return f;
}

static inline struct flow *sent_flow(const struct world *w)
{
	return only(w, w->c0, sent(w, 0, 0));
}

static inline struct flow *answer_flow(const struct world *w)
{
	return only(w, w->c0, answered(w, 0, 0));
}

/* SYN, SYN-ACK and the ACK, on that link. */
static inline void put_handshake(struct world *w, const struct link *l, uint64_t us)
{
	put(w, until(with_syn(sent_on(w, l, TH_ACK, us), C_ISN), us + 2));
	put(w, with_synack(answered_on(w, l, 0, us + 1), S_ISN, C_ISN));
}

/* The two sockets of the connection, accepted. */
static inline void open_sockets(struct world *w)
{
	FEED(w->tracker, rec_syn_sent(1));
	FEED(w->tracker, rec_client_est(2));
	FEED(w->tracker, rec_server_est(3));
	FEED(w->tracker, rec_accept(4));
}

#endif
