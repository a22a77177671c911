// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Flows as the kernel counts them: through the decoder into a table, which is shown. Steps of a
 * byte each and what they want:
 *
 *	0	a length and as many bytes, as they are: a record of the ring
 *	1	the end of an interval
 *	2	a device is watched, or no longer
 *	3…	a piece of a flow that is one
 */
#include "fuzz.h"
#include "names.h"
#include "shown.h"

#include <arpa/inet.h>

#include "base/cleanup.h"
#include "collect/decode.h"
#include "model/flow_group.h"
#include "model/flow_table.h"
#include "out/flow_view.h"

#define STEPS_MAX 300
#define LINKS     4
#define FLOWS_MAX 16
#define BEGIN     1000000000000ULL
#define SECOND    1000000000ULL

struct state {
	struct flow_table *table;
	struct tracker *tracker;
	struct link *links[LINKS];
	struct wall_clock clock;
	struct table_columns columns;
	struct buf out;
	uint64_t now;
	uint64_t packets, bytes; /* added */
};

static bool is_local(void *ctx, const struct link *l, const struct addr *addr)
{
	(void)ctx;
	return addr->b[15] == l->ifindex;
}

static void add_piece(struct state *s, uint8_t space, const struct fl_flow_key *key,
		      const struct fl_flow_count *count)
{
	flow_table_add(s->table, &names_netns[space % COUNT(names_netns)], key, count);
	s->packets += count->packets;
	s->bytes += count->bytes;
}

static void feed_raw(struct state *s, struct input *in)
{
	size_t len = take8(in);
	_cleanup_free_ uint8_t *bytes = take_block(in, len);
	const struct fl_flow_record *r;

	if (decode_flow(bytes, len, &r))
		return;
	CHECK(FL_BITS_GET(r->key.bits, FL_BITS_KIND) < FL_FLOW_KINDS);
	add_piece(s, bytes[0], &r->key, &r->count);
}

/* Between two hosts, one of four connections, seen by one of the devices. */
static void feed_made(struct state *s, struct input *in)
{
	static const uint8_t protos[] = {6, 17, 1, 58, 132, 6, 6, 2};
	uint8_t where = take8(in), what = take8(in), which = take8(in), flags = take8(in);
	bool egress = where & 4, back = which & 4, v6 = what & 1;
	struct fl_flow_key key = {
		.ifindex = 1 + (where & 3),
		.sport_be = htons(back ? 443 : (uint16_t)(40000 + (which & 3))),
		.dport_be = htons(back ? (uint16_t)(40000 + (which & 3)) : 443),
	};
	struct fl_flow_count count = {
		.packets = 1 + (which >> 4),
		.segments = 1 + (which >> 4),
		.first = s->now,
		.last = s->now + (take8(in) & 7) * 100000000ULL,
		.cookie = which & 8 ? 1 + (which & 7) : 0,
		.cgroup = where >> 5,
		.isn = 1000 + (which & 3),
		.isn_other = 5000 + (which & 3),
		.tcp_flags = flags & 0x3f,
		.isn_known = flags >> 6,
	};
	uint8_t kind = what >> 4 & 1 ? what >> 5 : v6 ? FL_FLOW_IPV6 : FL_FLOW_IPV4;

	count.bytes = count.packets * 100;
	key.src[15] = back ? 2 : 1;
	key.dst[15] = back ? 1 : 2;
	if (!v6)
		key.src[10] = key.src[11] = key.dst[10] = key.dst[11] = 0xff;
	key.bits = FL_BITS_PUT(protos[what >> 1 & 7], FL_BITS_PROTO) |
		   FL_BITS_PUT(kind, FL_BITS_KIND) | FL_BITS_PUT(egress, FL_BITS_EGRESS) |
		   FL_BITS_PUT(where >> 3 & 1, FL_BITS_TAGGED) |
		   FL_BITS_PUT(which * 16, FL_BITS_VLAN) |
		   FL_BITS_PUT(where >> 4 & 1, FL_BITS_FRAGMENT);
	/* As a map's entry has it. */
	if (decode_flow_key(&key))
		add_piece(s, where, &key, &count);
}

/* Whose packets they are: sockets that the tracker has seen. */
static void feed_sockets(struct state *s)
{
	for (uint8_t i = 0; i < 8; i++) {
		struct fl_owned r = {
			.hdr = {.time = s->now, .type = FL_ACCEPT, .len = sizeof(r)},
			.sock = {.cookie = 1 + i,
				 .netns_cookie = 1 + i % 3,
				 .isn_own = i & 4 ? 5001 : 1001,
				 .isn_other = i & 4 ? 1001 : 5001,
				 .family = 10,
				 .old_state = 1,
				 .state = 1},
			.task = {.pid = i, .comm = "a\x1b[1mb"},
		};
		const struct fl_header *hdr;

		CHECK(!decode_record(&r, sizeof(r), &hdr));
		tracker_record(s->tracker, hdr);
	}
}

/* --- out --- */

static void check_flow(const struct flow *f)
{
	CHECK(f->link && f->kind <= FLOW_REST);
	CHECK(f->packets >= f->packets_before && f->bytes >= f->bytes_before);
	CHECK(f->packets);
	CHECK(memchr(f->sender.owner.comm, '\0', sizeof(f->sender.owner.comm)));
}

static void show(struct state *s, struct flow *const *rows, size_t n)
{
	const struct flow_view v = {.clock = &s->clock, .now = s->now, .interval_ns = SECOND};

	for (size_t i = 0; i < n; i++)
		flow_json(&v, rows[i], &s->out);
	shown_json(&s->out);
	s->out.len = 0;
	flow_table_show(&v, &s->columns, rows, n, &s->out);
	shown_lines(&s->out);
	s->out.len = 0;
}

static void show_sums(struct state *s, struct flow *const *rows, size_t n)
{
	static const char *const sums[] = {"veth", "netns", "container", "conn"};
	const struct flow_view v = {.clock = &s->clock, .now = s->now, .interval_ns = SECOND};

	for (size_t i = 0; i < COUNT(sums); i++) {
		struct flow_groups g = {0};
		enum flow_group_by by;

		CHECK(!flow_group_parse(sums[i], &by));
		CHECK(!flow_groups_make(by, rows, n, s->links, LINKS, &g));
		group_json(&v, &g, g.n, &s->out);
		shown_json(&s->out);
		s->out.len = 0;
		group_table_show(&v, &g, g.n, &s->out);
		shown_lines(&s->out);
		s->out.len = 0;
		flow_groups_free(&g);
	}
}

/* What was added is what there is: in flows, in "rest", or astray. */
static void end_interval(struct state *s, bool last)
{
	struct flow_table_stats st;
	struct flow *const *rows;
	size_t n;

	s->now += SECOND;
	flow_table_settle(s->table, s->now);
	rows = flow_table_rows(s->table, &n);
	for (size_t i = 0; i < n; i++)
		check_flow(rows[i]);
	if (last) {
		show(s, rows, n);
		show_sums(s, rows, n);
	}
	flow_table_get_stats(s->table, &st);
	CHECK(st.packets + st.stray == s->packets);
	CHECK(st.flows <= FLOWS_MAX + 2 * LINKS * 2);
	flow_table_asks(s->table);
	flow_table_advance(s->table);
}

static void watch(struct state *s, uint8_t which)
{
	struct link *l = s->links[which % LINKS];

	l->attached = s->now;
	if (which & 4)
		flow_table_unwatch(s->table, l);
	else
		CHECK(!flow_table_watch(s->table, l));
}

static void make_links(struct state *s)
{
	for (uint32_t i = 0; i < LINKS; i++) {
		struct link *l = calloc(1, sizeof(*l));

		CHECK(l);
		*l = (struct link){.netns = &names_netns[i % COUNT(names_netns)],
				   .ifindex = 1 + i,
				   .kind = "veth",
				   .name = "v\x1b]0;x",
				   .ethernet = true,
				   .attached = BEGIN,
				   .refs = 1};
		s->links[i] = l;
	}
	link_pair(s->links[0], s->links[1]);
	for (int i = 0; i < LINKS; i++)
		CHECK(!flow_table_watch(s->table, s->links[i]));
}

static void begin(struct state *s, uint8_t options)
{
	const struct tracker_options to = {.resolver = NAMES_RESOLVER, .quiet = true};
	struct flow_table_options fo = {.idle_ns = 3 * SECOND,
					.closed_ns = 2 * SECOND,
					.over_ns = options & 4 ? SECOND / 10 : 0,
					.max = FLOWS_MAX,
					.is_local = options & 1 ? is_local : NULL,
					.resolver = NAMES_RESOLVER};
	const char *bad;

	CHECK(!tracker_new(&s->tracker, &to));
	fo.tracker = s->tracker;
	CHECK(!flow_table_new(&s->table, &fo));
	CHECK(!flow_columns_parse(NULL, &s->columns, &bad));
	make_links(s);
	if (options & 2)
		feed_sockets(s);
}

static void end(struct state *s)
{
	flow_table_free(s->table);
	for (int i = 0; i < LINKS; i++) {
		CHECK(s->links[i]->refs == 1);
		link_put(s->links[i]);
	}
	tracker_free(s->tracker);
	buf_free(&s->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct state s = {.now = BEGIN};

	begin(&s, take8(&in));
	for (int i = 0; i < STEPS_MAX && in.left; i++) {
		uint8_t op = take8(&in) % 8;

		if (op == 0)
			feed_raw(&s, &in);
		else if (op == 1)
			end_interval(&s, false);
		else if (op == 2)
			watch(&s, take8(&in));
		else
			feed_made(&s, &in);
	}
	end_interval(&s, true);
	end(&s);
	return 0;
}
