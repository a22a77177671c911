// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Filters on flows: every filter × every packet of packets.h, by a verdict of its own. What is
 * dropped is counted, and counted nowhere else.
 *
 * Fragments whose first one was not seen pass every filter for ports: theirs may be any.
 */
#include "flow_run.h"

#define MAPPED(a, b, c, d)                            \
	{                                             \
		[10] = 0xff, 0xff, (a), (b), (c), (d) \
	}
#define MAPPED_MASK(a, b, c, d)                                                                   \
	{                                                                                         \
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (a), (b), \
			(c), (d)                                                                  \
	}
#define ALL_ONES                                                                              \
	{                                                                                     \
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
			0xff, 0xff, 0xff                                                      \
	}

static const struct fl_filter filters[] = {
	{0},
	{.family = AF_INET},
	{.family = AF_INET6},
	{.nports = 1, .ports = {443}},
	{.nports = 1, .ports = {40000}},
	{.nports = 3, .ports = {1, 2, 54}},
	{.nports = 1, .ports = {80}},
	{.nports = 1, .ports = {0x0800}}, /* what stands there in ICMP is no port */
	{.nports = 1, .ports = {0xbeef}},
	{.nhosts = 1, .hosts = {{MAPPED(10, 0, 0, 1), ALL_ONES}}},
	{.nhosts = 1, .hosts = {{MAPPED(10, 0, 0, 2), ALL_ONES}}},
	{.nhosts = 1, .hosts = {{MAPPED(10, 0, 0, 3), ALL_ONES}}},
	{.nhosts = 1, .hosts = {{MAPPED(10, 0, 0, 0), MAPPED_MASK(255, 0, 0, 0)}}},
	{.nhosts = 1, .hosts = {{{0}, {0}}}}, /* ::/0 */
	{.nhosts = 1, .hosts = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, ALL_ONES}}},
	{.nhosts = 2,
	 .hosts = {{MAPPED(10, 0, 0, 3), ALL_ONES},
		   {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}, ALL_ONES}}},
	{.family = AF_INET, .nports = 1, .ports = {443}},
	{.family = AF_INET6,
	 .nports = 2,
	 .ports = {80, 443},
	 .nhosts = 1,
	 .hosts = {{{0x20, 0x01}, {0xff, 0xff}}}},
};

static bool lists_port(const struct fl_filter *f, uint16_t port)
{
	for (uint32_t i = 0; i < f->nports; i++) {
		if (f->ports[i] == port)
			return true;
	}
	return false;
}

static bool lists_host(const struct fl_filter *f, const uint8_t *addr)
{
	for (uint32_t i = 0; i < f->nhosts; i++) {
		size_t same = 0;

		while (same < 16 && (addr[same] & f->hosts[i].mask[same]) == f->hosts[i].addr[same])
			same++;
		if (same == 16)
			return true;
	}
	return false;
}

static bool passes(const struct fl_filter *f, const struct reading *r)
{
	bool ip = r->kind == FL_FLOW_IPV4 || r->kind == FL_FLOW_IPV6;
	bool has_ports = ip && (r->proto == 6 || r->proto == 17 || r->proto == 132);

	if (f->family == AF_INET && r->kind != FL_FLOW_IPV4)
		return false;
	if (f->family == AF_INET6 && r->kind != FL_FLOW_IPV6)
		return false;
	if (f->nports && !has_ports)
		return false;
	if (f->nports && !r->fragment && !lists_port(f, r->sport) && !lists_port(f, r->dport))
		return false;
	return !f->nhosts || (ip && (lists_host(f, r->src) || lists_host(f, r->dst)));
}

static void try_filter(size_t number, bool with_map)
{
	struct flow_run run;
	uint64_t dropped = 0;
	int fd = -1;

	flow_run_start(&run, &(struct flow_run_opts){.filter = filters[number]});
	if (with_map)
		fd = flow_run_map(&run, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct frame f = frame_of(rows[i].hex);
		bool want = passes(&filters[number], &rows[i].want);
		struct fl_flow_counters n;
		struct fl_flow_key key;

		if (rows[i].name[0] != '+')
			flow_run_forget(&run);
		flow_run_packet(run.skel->progs.flowner_in, &f, NULL);
		flow_run_drain(&run);
		if (with_map && !bpf_map_get_next_key(fd, NULL, &key)) {
			assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
			run.n++;
		}
		if (run.n != want)
			fail_msg("filter %zu, %s: %s", number, rows[i].name,
				 want ? "dropped" : "let pass");
		dropped += !want;
		n = flow_run_counters(&run);
		assert_int_equal(n.filtered, dropped);
		assert_int_equal(n.lost, 0);
	}
	if (fd >= 0)
		close(fd);
	flow_run_stop(&run);
}

TEST(filters_and_packets)
{
	for (size_t i = 0; i < COUNT(filters); i++) {
		try_filter(i, false);
		try_filter(i, true);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("every filter lets pass, and counts, what it is to", filters_and_packets),
	};

	return cmocka_run_group_tests(tests, flow_run_setup, NULL);
}
