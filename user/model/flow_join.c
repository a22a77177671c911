// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whose flow is it? A flow's conn id comes, in this order, from
 *
 *   - its own SYN-ACK, which has both initial sequence numbers,
 *   - its own SYN and the SYN-ACK of the other direction,
 *   - the socket that sent its packets, where that was still at hand: up to the first router,
 *   - the other direction on the same link.
 *
 * With the conn id both sockets are known, wherever on the way the link is. Where there is no conn
 * id (UDP, ICMP, a refused connection) the sender is the socket that sent; the receiver the one
 * that answers, or the one that is bound to the address in the namespace that the link leads into.
 */
#include "model/flow_table_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static bool is_ip(const struct flow *f)
{
	return f->kind == FL_FLOW_IPV4 || f->kind == FL_FLOW_IPV6;
}

static bool is_tcp(const struct flow *f)
{
	return is_ip(f) && f->proto == IPPROTO_TCP;
}

/* --- the other direction --- */

/* ICMP has no ports to turn around: an echo's answer is of another type, with the same id. */
static bool reverse_key(const struct flow *f, const struct fl_flow_key *k, struct fl_flow_key *out)
{
	uint8_t type = f->icmp.type;
	bool v6 = f->kind == FL_FLOW_IPV6;

	*out = *k;
	memcpy(out->src, k->dst, sizeof(out->src));
	memcpy(out->dst, k->src, sizeof(out->dst));
	out->bits ^= FL_BITS_PUT(1, FL_BITS_EGRESS);
	if (f->proto == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		if (v6 ? type != 128 && type != 129 : type != 0 && type != 8)
			return false;
		type = v6 ? type ^ 1 : type ^ 8;
		out->sport_be = htons((uint16_t)(type << 8 | f->icmp.code));
		return true;
	}
	out->sport_be = k->dport_be;
	out->dport_be = k->sport_be;
	return true;
}

/* Two directions of one connection, or of two that had the same ports one after the other? */
static bool belong_together(const struct entry *a, const struct entry *b)
{
	if (!is_tcp(&a->flow))
		return true;
	if (a->isn_known & FL_ISN_SYNACK && b->isn_known == FL_ISN_SYN)
		return a->isn_other == b->isn;
	if (b->isn_known & FL_ISN_SYNACK && a->isn_known == FL_ISN_SYN)
		return b->isn_other == a->isn;
	/* Only one SYN was seen: what came before it was another connection. */
	if (a->isn_known && !b->isn_known)
		return b->flow.last >= a->flow.first;
	if (b->isn_known && !a->isn_known)
		return a->flow.last >= b->flow.first;
	return true;
}

static void find_reverse(struct flow_table *t, struct entry *e)
{
	struct fl_flow_key key;
	struct entry *r;

	if (e->reverse) {
		if (belong_together(e, e->reverse))
			return;
		flow_join_forget(e);
	}
	if (!is_ip(&e->flow) || e->flow.fragments || !reverse_key(&e->flow, &e->key, &key))
		return;
	r = flow_table_find(t, &key);
	while (r && !belong_together(e, r))
		r = r->older;
	if (!r || r->reverse)
		return;
	e->reverse = r;
	r->reverse = e;
}

void flow_join_forget(struct entry *e)
{
	if (e->reverse)
		e->reverse->reverse = NULL;
	e->reverse = NULL;
}

static bool only_syn(uint8_t flags)
{
	return (flags & (TH_SYN | TH_ACK)) == TH_SYN;
}

static bool only_synack(const struct entry *e)
{
	return e->isn_known & FL_ISN_SYNACK && !(e->flow.tcp_flags & (TH_PUSH | TH_URG));
}

static enum flow_state state_of(const struct entry *e)
{
	uint8_t there = e->flow.tcp_flags, back = e->reverse ? e->reverse->flow.tcp_flags : 0;

	if (!is_tcp(&e->flow))
		return FLOW_STATE_NONE;
	if ((there | back) & TH_RST)
		return FLOW_STATE_RESET;
	if (there & back & TH_FIN)
		return FLOW_STATE_CLOSED;
	if ((there | back) & TH_FIN)
		return FLOW_STATE_CLOSING;
	/* The opener has not acknowledged anything yet, as far as can be seen. */
	if (only_syn(there) || only_syn(back) || (!back && only_synack(e)))
		return FLOW_STATE_OPENING;
	return FLOW_STATE_OPEN;
}

/* --- the connection --- */

static void set_conn(struct flow *f, uint64_t conn, bool from_client)
{
	f->conn = conn;
	f->from_client = from_client;
}

/* The numbers as a server's socket has them: one more than in SYN and SYN-ACK. */
static uint64_t conn_of_synack(const struct entry *e)
{
	return conn_id(ROLE_SERVER, e->isn + 1, e->isn_other + 1);
}

static void find_conn(struct flow_table *t, struct entry *e)
{
	const struct entry *r = e->reverse;
	const struct endpoint *ep;
	struct flow *f = &e->flow;

	if (f->conn || !is_tcp(f))
		return;
	if (e->isn_known & FL_ISN_SYNACK) {
		set_conn(f, conn_of_synack(e), false);
		return;
	}
	if (r && r->isn_known & FL_ISN_SYNACK) {
		set_conn(f, conn_of_synack(r), true);
		return;
	}
	ep = tracker_endpoint(t->opt.tracker, e->cookie);
	/* A SYN's socket has no id yet, and may have had another connection before. */
	if (ep && ep->key.conn && !e->isn_known)
		set_conn(f, ep->key.conn, ep->role == ROLE_CLIENT);
	else if (r && r->flow.conn)
		set_conn(f, r->flow.conn, !r->flow.from_client);
}

/* --- the ends --- */

static void set_end(struct flow_end *end, const struct endpoint *ep)
{
	if (!ep)
		return;
	end->netns = ep->self.netns;
	end->owner = ep->self.owner;
}

static bool is_known(const struct flow_end *end)
{
	return end->owner.source != OWNER_UNKNOWN;
}

/*
 * The socket that takes these packets in the namespace that they arrive in. One that is bound to
 * all addresses does so only if the address is one of that namespace: a router may have a name
 * server of its own and forward what is for another.
 */
static const struct endpoint *bound_there(const struct flow_table *t, const struct flow *f)
{
	const struct netns *netns = f->egress ? f->link->peer_netns : f->link->netns;
	const struct link *there = f->egress ? f->link->peer : f->link;
	const struct endpoint *ep;

	ep = netns ? tracker_udp(t->opt.tracker, netns->cookie, &f->dst) : NULL;
	if (!ep || !addr_is_any(&ep->self.local.addr))
		return ep;
	return there && t->opt.is_local && t->opt.is_local(t->opt.ctx, there, &f->dst.addr) ? ep
											    : NULL;
}

/* The socket that opened the flow's connection, or the other one. */
static const struct endpoint *end_of_conn(const struct flow_table *t, const struct flow *f,
					  bool client)
{
	if (!f->conn)
		return NULL;
	return tracker_connection(t->opt.tracker, f->conn, client ? ROLE_CLIENT : ROLE_SERVER);
}

static void find_sender(struct flow_table *t, struct entry *e)
{
	struct flow *f = &e->flow;
	const struct endpoint *ep;

	/* Better known, perhaps, than the last time: the process that accepted. */
	set_end(&f->sender, end_of_conn(t, f, f->from_client));
	if (is_known(&f->sender))
		return;
	ep = tracker_endpoint(t->opt.tracker, e->cookie);
	if (ep) {
		set_end(&f->sender, ep);
		return;
	}
	if (e->cgroup && !f->sender.owner.cgroup)
		f->sender.owner.cgroup =
			t->opt.resolver.cgroup(t->opt.resolver.ctx, NULL, e->cgroup, 0, 0);
	if (e->cookie && !is_tcp(f) && !e->asked) {
		e->asked = true;
		t->asks = true;
	}
}

static void find_receiver(struct flow_table *t, struct entry *e)
{
	const struct flow_end *answers = e->reverse ? &e->reverse->flow.sender : NULL;
	struct flow *f = &e->flow;

	set_end(&f->receiver, end_of_conn(t, f, !f->from_client));
	/* Of a connection it is known already; who is bound there was but a guess. */
	if (answers && is_known(answers) && (!f->conn || !is_known(&f->receiver))) {
		f->receiver = *answers;
		return;
	}
	if (is_known(&f->receiver))
		return;
	if (answers && (answers->netns || answers->owner.cgroup)) {
		f->receiver = *answers;
		return;
	}
	if (is_ip(f) && f->proto == IPPROTO_UDP)
		set_end(&f->receiver, bound_there(t, f));
}

static bool is_final(const struct flow_end *end)
{
	/* A listener's process is shown only until another has accepted. */
	return is_known(end) && end->owner.source != OWNER_LISTEN;
}

bool flow_join_is_complete(const struct entry *e)
{
	const struct flow *f = &e->flow;

	return f->conn && is_final(&f->sender) && is_final(&f->receiver);
}

void flow_join_over(const struct flow_table *t, struct entry *e)
{
	const struct endpoint *client = end_of_conn(t, &e->flow, true),
			      *server = end_of_conn(t, &e->flow, false);

	if (!client || !server || !client->closed || !server->closed)
		return;
	e->over = endpoint_closed(client);
	if (endpoint_closed(server) > e->over)
		e->over = endpoint_closed(server);
}

/* Both directions at once: what is known of one tells of the other. */
void flow_join(struct flow_table *t, struct entry *e)
{
	struct entry *r;

	if (e->rest)
		return;
	find_reverse(t, e);
	r = e->reverse;
	e->flow.state = state_of(e);
	find_conn(t, e);
	if (r) {
		r->flow.state = state_of(r);
		find_conn(t, r);
		find_conn(t, e);
		find_sender(t, r);
	}
	find_sender(t, e);
	find_receiver(t, e);
	if (r)
		find_receiver(t, r);
}
