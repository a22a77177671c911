// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The flow table under thousands of random calls: no packet is lost, and no memory. */
#include "unit.h"

#include "pieces.h"

#define OPS   30000
#define LINKS 6

struct run {
	struct world *w;
	uint64_t seed, us;
	struct link *link[LINKS];
	bool watched[LINKS]; /* counted, as far as the table knows */
	bool going[LINKS];
	uint64_t packets, bytes, stray;    /* put in */
	uint64_t gone_packets, gone_bytes; /* of flows that have ended */
};

/* splitmix64 (Steele, Lea, Flood, 2014) */
static uint64_t next(struct run *r)
{
	uint64_t z = r->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(struct run *r, uint64_t n)
{
	return next(r) % n;
}

static bool one_in(struct run *r, uint64_t n)
{
	return below(r, n) == 0;
}

/* Two namespaces, in which the same ifindexes are. */
static const struct netns *netns_of(size_t i)
{
	return i % 2 ? &blue : &router;
}

static void random_piece(struct run *r, size_t i)
{
	const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	bool out = one_in(r, 2);
	struct addr_port a = at("10.77.0.2", (uint16_t)(1 + below(r, 6)));
	struct addr_port b = at("10.77.0.3", 0x0800);
	uint64_t first = r->us - below(r, 3 * S), isn = below(r, 4);
	struct piece p = packet(r->link[i], out, protos[below(r, COUNT(protos))], out ? b : a,
				out ? a : b, first);
	bool cut = out && r->link[i]->cuts_segments &&
		   FL_BITS_GET(p.key.bits, FL_BITS_PROTO) == IPPROTO_TCP;
	bool counted = r->watched[i];

	p = until(times(p, 1 + below(r, 5)), first + below(r, r->us - first + 1));
	p.count.segments += below(r, 9);
	p.count.header_bytes = below(r, 2) * 54;
	p.count.cookie = one_in(r, 2) ? 0 : 10 + below(r, 5);
	p.count.cgroup = one_in(r, 4) ? 77 : 0;
	p.count.tcp_flags = (uint8_t)(one_in(r, 20) ? next(r) & 0x3f & ~TH_SYN : TH_ACK);
	if (one_in(r, 3))
		p = out ? with_synack(p, (uint32_t)isn, (uint32_t)below(r, 4))
			: with_syn(p, (uint32_t)isn);
	put(r->w, p);
	if (counted) {
		r->packets += cut ? p.count.segments : p.count.packets;
		r->bytes += p.count.bytes + (cut ? p.count.header_bytes : 0);
	} else {
		r->stray += p.count.packets;
	}
}

static void random_watch(struct run *r, size_t i)
{
	bool again = one_in(r, 3);

	/* The device went, and another one has its ifindex. */
	if (again) {
		if (r->watched[i] && one_in(r, 2))
			flow_table_unwatch(r->w->table, r->link[i]);
		link_put(r->link[i]);
		r->link[i] = new_link(netns_of(i), "again", (uint32_t)(10 + i / 2));
		r->link[i]->cuts_segments = one_in(r, 2);
		r->link[i]->had_traffic = one_in(r, 2);
	}
	assert_int_equal(flow_table_watch(r->w->table, r->link[i]), 0);
	r->watched[i] = true;
	r->going[i] = false;
}

static void random_unwatch(struct run *r, size_t i)
{
	flow_table_unwatch(r->w->table, r->link[i]);
	if (r->watched[i])
		r->going[i] = true;
}

static void settle_all(struct run *r)
{
	settle(r->w, r->us);
	for (size_t i = 0; i < LINKS; i++) {
		if (r->going[i])
			r->watched[i] = r->going[i] = false;
	}
}

static void advance(struct run *r)
{
	size_t n, awake;
	struct flow *const *rows = flow_table_rows(r->w->table, &n);

	for (size_t i = 0; i < n; i++) {
		if (!rows[i]->ended)
			continue;
		r->gone_packets += rows[i]->packets;
		r->gone_bytes += rows[i]->bytes;
	}
	flow_table_advance(r->w->table);
	rows = flow_table_rows(r->w->table, &n);
	flow_table_awake(r->w->table, &awake);
	assert_true(awake <= n);
	for (size_t i = 0; i < n; i++) {
		assert_true(i < awake || rows[i]->state == FLOW_STATE_CLOSED ||
			    rows[i]->state == FLOW_STATE_RESET);
		assert_false(rows[i]->ended);
		assert_int_equal(rows[i]->packets, rows[i]->packets_before);
		assert_int_equal(rows[i]->bytes, rows[i]->bytes_before);
	}
}

static void check(const struct run *r)
{
	uint64_t packets = r->gone_packets, bytes = r->gone_bytes;
	struct flow_table_stats s;
	size_t n;
	struct flow *const *rows = flow_table_rows(r->w->table, &n);

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(flow_table_conns(r->w->table)[i], rows[i]->conn);
		assert_true(rows[i]->packets > 0 && rows[i]->link->refs > 0);
		assert_true(rows[i]->first && rows[i]->first <= rows[i]->last);
		packets += rows[i]->packets;
		bytes += rows[i]->bytes;
	}
	flow_table_get_stats(r->w->table, &s);
	assert_int_equal(s.flows, n);
	assert_int_equal(packets, r->packets);
	assert_int_equal(bytes, r->bytes);
	assert_int_equal(s.packets, r->packets);
	assert_int_equal(s.bytes, r->bytes);
	assert_int_equal(s.stray, r->stray);
}

static void random_record(struct run *r)
{
	uint64_t us = r->us;

	switch (below(r, 6)) {
	case 0:
		FEED(r->w->tracker, rec_syn_sent(us));
		break;
	case 1:
		FEED(r->w->tracker, rec_client_est(us));
		break;
	case 2:
		FEED(r->w->tracker, rec_server_est(us));
		break;
	case 3:
		FEED(r->w->tracker, rec_accept(us));
		break;
	case 4:
		FEED(r->w->tracker, rec_close(us, client_sock(FIN_WAIT2, CLOSED)));
		break;
	case 5:
		FEED(r->w->tracker, rec_close(us, server_sock(LAST_ACK, CLOSED)));
		break;
	}
	tracker_next(r->w->tracker, AT(us));
}

static void step(struct run *r)
{
	uint64_t what = below(r, 1000);
	size_t i = below(r, LINKS);

	r->us += below(r, what % 10 ? 1000 : S);
	if (what < 800) {
		random_piece(r, i);
	} else if (what < 890) {
		settle_all(r);
	} else if (what < 950) {
		advance(r);
	} else if (what < 970) {
		random_record(r);
	} else if (what < 990) {
		random_watch(r, i);
	} else if (what < 998) {
		random_unwatch(r, i);
	} else {
		/* A pause: all that is idle ends. */
		r->us += 2 * IDLE_S * S;
		flow_table_asks(r->w->table);
	}
}

static void run(uint64_t seed, uint32_t max)
{
	struct run r = {.w = new_world(max), .seed = seed, .us = 1000 * S};

	for (size_t i = 0; i < LINKS; i++)
		r.link[i] = new_link(netns_of(i), "dev", (uint32_t)(10 + i / 2));
	for (size_t n = 0; n < OPS; n++) {
		step(&r);
		if (n % 16 == 0)
			check(&r);
	}
	check(&r);
	/* All come to an end. */
	for (size_t i = 0; i < LINKS; i++)
		random_unwatch(&r, i);
	settle_all(&r);
	check(&r);
	assert_true(r.gone_packets > 0 && r.stray > 0);
	/* …some of them only when the table goes. */
	if (seed % 2) {
		advance(&r);
		check(&r);
		assert_int_equal(flows(r.w), 0);
		assert_int_equal(r.gone_packets, r.packets);
	}
	for (size_t i = 0; i < LINKS; i++)
		link_put(r.link[i]);
	free_world(r.w);
}

TEST(with_room)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run(seed, 1000);
}

TEST(without_room)
{
	for (uint64_t seed = 5; seed <= 8; seed++)
		run(seed, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("what was put in is in the flows, or in those that ended", with_room),
		IT("…where there are more flows than there is room for", without_room),
	};

	return RUN(tests);
}
