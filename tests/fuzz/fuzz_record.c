// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records of sockets, as the ring and the iterator hand them over: through the decoder into a
 * tracker, whose events are shown. One byte of options, then steps:
 *
 *	0	a length and as many bytes, as they are
 *	1	the same, of the iterator
 *	2	take what events are ripe
 *	3	the kernel's count of losses, and what is done with datagram sockets
 *	4…	a record of that kind that is one, about one of a few sockets
 */
#include "fuzz.h"
#include "names.h"
#include "shown.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "collect/decode.h"
#include "model/tracker.h"
#include "out/event_view.h"

#define CPUS      4
#define STEPS_MAX 400
#define BEGIN     1000000000000ULL

struct state {
	struct tracker *t;
	struct tracker_options opt;
	struct event_view view;
	struct wall_clock clock;
	struct event_columns columns;
	struct buf out;
	uint64_t now;            /* of records that are made */
	uint64_t fed, told_lost; /* records; of events */
};

/* --- what comes out --- */

static void check_event(struct state *s, const struct event *e)
{
	CHECK(e->type < EVENT_TYPES);
	CHECK(event_type_name(e->type));
	/* A time of so many years is a difference the wrong way round. */
	CHECK(e->latency_ns <= e->time);
	CHECK(!e->has_peer || e->type != EVENT_LOST);
	if (e->type == EVENT_CLOSE) {
		CHECK(e->u.close.reason < CLOSE_REASONS);
		CHECK(e->u.close.duration_ns <= e->time);
	}
	if (e->type == EVENT_LOST) {
		CHECK(e->u.lost);
		s->told_lost += e->u.lost;
	}
	CHECK(memchr(e->self.owner.comm, '\0', sizeof(e->self.owner.comm)));
	CHECK(memchr(e->peer.owner.comm, '\0', sizeof(e->peer.owner.comm)));
	/* Both ends of one connection: two of one role are none. */
	CHECK(!e->conn || e->role != ROLE_UNKNOWN || e->type == EVENT_CLOSE);

	event_table_line(&s->view, &s->columns, e, &s->out);
	shown_line(&s->out);
	s->out.len = 0;
	event_json(&s->view, e, &s->out);
	shown_json(&s->out);
	s->out.len = 0;
}

static void drain(struct state *s, uint64_t now)
{
	const struct event *e;
	uint64_t last = 0;

	while ((e = tracker_next(s->t, now))) {
		CHECK(e->time >= last);
		last = e->time;
		check_event(s, e);
	}
	CHECK(now != UINT64_MAX || !tracker_pending(s->t));
}

/* What it still points to is what it was given. */
static void keep_netns(void *ctx, const struct netns *n)
{
	(void)ctx;
	CHECK(n >= names_netns && n < names_netns + COUNT(names_netns));
}

static void keep_cgroup(void *ctx, const struct cgroup *cg)
{
	(void)ctx;
	CHECK(cg == &names_cgroups[0] || cg == &names_cgroups[1]);
}

/* --- what goes in --- */

static void feed(struct state *s, const void *data, size_t len)
{
	const struct fl_header *hdr = NULL;

	if (decode_record(data, len, &hdr))
		return;
	CHECK((const void *)hdr == data && hdr->len <= len && hdr->type < FL_TYPE_MAX);
	tracker_record(s->t, hdr);
	s->fed++;
}

static void feed_snapshot(struct state *s, const void *data, size_t len)
{
	const struct fl_snapshot *snap = NULL;

	if (!decode_snapshot(data, len, &snap))
		tracker_snapshot(s->t, snap);
}

static void feed_raw(struct state *s, struct input *in, bool snapshot)
{
	size_t len = take8(in);
	_cleanup_free_ uint8_t *bytes = take_block(in, len);

	if (snapshot)
		feed_snapshot(s, bytes, len);
	else
		feed(s, bytes, len);
}

/* One of four connections: even cookies opened them, odd ones took them. */
static void fill_sock(struct input *in, struct fl_sock *k)
{
	uint8_t which = take8(in), states = take8(in), odd = take8(in);
	bool server = which & 1;
	uint32_t n = which >> 1 & 3;

	*k = (struct fl_sock){
		.cookie = 1 + (which & 7),
		.netns_cookie = which >> 3 & 3,
		.cgroup = which >> 5 & 3,
		.netns_inum = 100,
		/* As conn_id.h has it, and sometimes not. */
		.isn_own = server ? 5001 + n : 1000 + n + (odd & 1),
		.isn_other = server ? 1001 + n : 5001 + n + (odd >> 1 & 1),
		.local_port_be = htons(server    ? 443
				       : odd & 4 ? 0
						 : (uint16_t)(40000 + n)),
		.remote_port_be = htons(server ? (uint16_t)(40000 + n) : 443),
		.family = odd & 8 ? AF_INET6 : AF_INET,
		.old_state = states & 15,
		.state = states >> 4,
	};
	k->local_addr[15] = k->local_addr[3] = server ? 2 : 1;
	k->remote_addr[15] = k->remote_addr[3] = server ? 1 : 2;
	if (odd & 16)
		memset(k->remote_addr, 0, sizeof(k->remote_addr));
	if (odd & 32)
		memset(k->local_addr, 0, sizeof(k->local_addr));
}

static void fill_task(struct input *in, struct fl_task *t)
{
	*t = (struct fl_task){.pid = take8(in), .ppid = 1};
	t->tid = t->pid;
	t->cgroup = t->pid & 3;
	take(in, t->comm, t->pid & 16 ? sizeof(t->comm) : 4);
}

static void fill_counts(struct input *in, struct fl_counts *c)
{
	uint16_t bits = take16(in);

	*c = (struct fl_counts){
		.tx_bytes = 100,
		.rx_bytes = bits & 3,
		.acked_bytes = 100 + (bits >> 2 & 3),
		.in_flight = bits >> 4 & 1,
		.tx_segments = 7,
		.error = bits >> 8,
		.flags = bits >> 5 & 3,
	};
}

static void feed_made(struct state *s, struct input *in, uint8_t type)
{
	union {
		struct fl_header hdr;
		struct fl_state state;
		struct fl_owned owned;
		struct fl_close close;
		struct fl_trouble trouble;
	} r = {0};
	uint8_t more = take8(in);

	fill_sock(in, &r.state.sock);
	s->now += (uint64_t)(int64_t)((int8_t)take8(in) * 100000);
	r.hdr = (struct fl_header){
		.time = s->now,
		.type = type,
		.cpu = more & 7,
		.flags = more & 8 ? FL_FAR : 0,
		.lost = more >> 4,
	};
	switch (type) {
	case FL_ESTABLISHED:
	case FL_STATE:
		r.hdr.len = sizeof(r.state);
		break;
	case FL_CLOSE:
		r.hdr.len = sizeof(r.close);
		fill_counts(in, &r.close.counts);
		break;
	case FL_RETRANSMIT:
	case FL_RESET_SENT:
	case FL_RESET_RECEIVED:
		r.hdr.len = sizeof(r.trouble);
		r.trouble.reason = (int32_t)take8(in) - 1;
		break;
	default:
		r.hdr.len = sizeof(r.owned);
		fill_task(in, &r.owned.task);
		r.owned.backlog = more;
	}
	feed(s, &r, r.hdr.len);
}

static void feed_made_snapshot(struct state *s, struct input *in)
{
	struct fl_snapshot snap = {0};
	uint8_t more = take8(in);

	fill_sock(in, &snap.sock);
	fill_task(in, &snap.task);
	fill_counts(in, &snap.counts);
	snap.held = more & 7;
	snap.protocol = more & 8 ? IPPROTO_UDP : more & 16 ? IPPROTO_UDPLITE : IPPROTO_TCP;
	feed_snapshot(s, &snap, sizeof(snap));
}

static void tidy(struct state *s, struct input *in)
{
	struct tracker_stats st;
	uint8_t what = take8(in);

	tracker_get_stats(s->t, &st);
	if (what & 1)
		tracker_lost_total(s->t, st.lost + (what >> 4), s->now);
	if (what & 2)
		tracker_retire_datagrams(s->t, s->now);
	if (what & 4)
		tracker_forget_datagrams(s->t);
	if (what & 8)
		feed_made_snapshot(s, in);
}

static void step(struct state *s, struct input *in)
{
	uint8_t op = take8(in) & 15;

	if (op < 2)
		feed_raw(s, in, op == 1);
	else if (op == 2)
		drain(s, s->now + take8(in) * 1000000ULL);
	else if (op == 3)
		tidy(s, in);
	else
		feed_made(s, in, op - 3);
}

static const char *reset_reason(void *ctx, int32_t reason)
{
	(void)ctx;
	return reason == 1 ? "NOT_SPECIFIED" : NULL;
}

static void columns_of(struct event_columns *c)
{
	_cleanup_buf_ struct buf names = {0};
	const char *bad;

	/* "time, event, …", as messages have them. */
	event_columns_names(&names);
	buf_putc(&names, '\0');
	for (char *from = names.data, *to = names.data;; from++) {
		if (*from != ' ')
			*to++ = *from;
		if (!*from)
			break;
	}
	CHECK(!event_columns_parse(names.data, c, &bad));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct state s = {.now = BEGIN};
	uint8_t options = take8(&in);
	struct tracker_stats st;

	s.opt = (struct tracker_options){
		.resolver = NAMES_RESOLVER,
		.states = options & 1,
		.undecided_clients = options & 2,
		.undecided_servers = options & 2,
		.quiet = options & 4,
		.max_cpus = CPUS,
	};
	s.view = (struct event_view){.clock = &s.clock, .reset_reason = reset_reason};
	columns_of(&s.columns);
	CHECK(!tracker_new(&s.t, &s.opt));
	for (int i = 0; i < STEPS_MAX && in.left; i++)
		step(&s, &in);
	tracker_keep(s.t, &(struct keeper){.netns = keep_netns, .cgroup = keep_cgroup});
	drain(&s, UINT64_MAX);
	tracker_get_stats(s.t, &st);
	CHECK(st.records == s.fed && !st.untracked);
	CHECK(st.lost == s.told_lost || s.opt.quiet);
	tracker_free(s.t);
	buf_free(&s.out);
	return 0;
}
