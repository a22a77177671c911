// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "model/filter.h"

static const struct netns blue = {.inode = 100, .cookie = 1, .name = "blue"};
static const struct netns red = {.inode = 200, .cookie = 2, .name = "red"};

static void set_end(struct addr_port *ap, const char *addr, uint16_t port)
{
	assert_int_equal(addr_parse(addr, &ap->addr), 0);
	ap->port = port;
}

/* curl[7] in blue, from 10.0.0.2:40000 to 10.0.1.3:443. */
static struct event sample(void)
{
	struct event e = {.type = EVENT_CONNECT, .self.netns = &blue};

	set_end(&e.self.local, "10.0.0.2", 40000);
	set_end(&e.self.remote, "10.0.1.3", 443);
	e.self.owner = (struct owner){.source = OWNER_CONNECT, .pid = 7, .tid = 8, .comm = "curl"};
	return e;
}

static void ends(struct event *e, const char *local, const char *remote)
{
	set_end(&e->self.local, local, 1000);
	set_end(&e->self.remote, remote, 2000);
}

TEST(empty)
{
	struct filter f = {0};
	struct event e = sample();

	assert_true(filter_event(&f, &e));
	e = (struct event){.type = EVENT_CLOSE};
	assert_true(filter_event(&f, &e));
}

TEST(or_within)
{
	struct filter f = {0};
	struct event e = sample();

	assert_int_equal(filter_add_port(&f, "80"), 0);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_port(&f, "443"), 0);
	assert_true(filter_event(&f, &e));
	assert_int_equal(filter_add_pid(&f, "6"), 0);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_pid(&f, "7"), 0);
	assert_true(filter_event(&f, &e));
	assert_int_equal(filter_add_comm(&f, "wget"), 0);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_comm(&f, "curl"), 0);
	assert_true(filter_event(&f, &e));
	assert_int_equal(filter_add_host(&f, "192.168.0.0/16"), 0);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_host(&f, "10.0.1.0/24"), 0);
	assert_true(filter_event(&f, &e));
	assert_int_equal(filter_add_netns(&f, 300), 0);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_netns(&f, 100), 0);
	assert_true(filter_event(&f, &e));
	filter_free(&f);
}

TEST(and_between)
{
	struct event e = sample();

	/* Each kind once right, once wrong: only all right passes. */
	for (unsigned int wrong = 0; wrong < 64; wrong++) {
		struct filter f = {.only_v4 = !(wrong & 32), .only_v6 = wrong & 32};

		assert_int_equal(filter_add_netns(&f, wrong & 1 ? 200 : 100), 0);
		assert_int_equal(filter_add_pid(&f, wrong & 2 ? "8" : "7"), 0);
		assert_int_equal(filter_add_comm(&f, wrong & 4 ? "cur" : "curl"), 0);
		assert_int_equal(filter_add_port(&f, wrong & 8 ? "444" : "443"), 0);
		assert_int_equal(filter_add_host(&f, wrong & 16 ? "10.0.2.0/24" : "10.0.0.0/24"),
				 0);
		assert_int_equal(filter_event(&f, &e), wrong == 0);
		filter_free(&f);
	}
}

TEST(either_end)
{
	static const char *const ports[] = {"40000", "443"}, *const hosts[] = {"10.0.0.2",
									       "10.0.1.3"};
	struct event e = sample();

	for (size_t i = 0; i < 2; i++) {
		struct filter f = {0}, g = {0};

		assert_int_equal(filter_add_port(&f, ports[i]), 0);
		assert_true(filter_event(&f, &e));
		assert_int_equal(filter_add_host(&g, hosts[i]), 0);
		assert_true(filter_event(&g, &e));
	}
}

TEST(own_end_only)
{
	struct filter f = {0};
	struct event e = sample();

	e.has_peer = true;
	e.peer = e.self;
	e.peer.netns = &red;
	e.peer.owner.pid = 99;
	assert_int_equal(filter_add_pid(&f, "99"), 0);
	assert_false(filter_event(&f, &e));
	filter_free(&f);
	assert_int_equal(filter_add_netns(&f, 200), 0);
	assert_false(filter_event(&f, &e));
	filter_free(&f);
}

TEST(unknown_owner)
{
	struct filter f = {0};
	struct event e = sample();

	/* What a process that nobody knows holds is meaningless. */
	e.self.owner.source = OWNER_UNKNOWN;
	assert_int_equal(filter_add_pid(&f, "7"), 0);
	assert_false(filter_event(&f, &e));
	filter_free(&f);
	assert_int_equal(filter_add_comm(&f, "curl"), 0);
	assert_false(filter_event(&f, &e));
	filter_free(&f);
	e.self.netns = NULL;
	assert_int_equal(filter_add_netns(&f, 100), 0);
	assert_false(filter_event(&f, &e));
	filter_free(&f);
}

TEST(families)
{
	static const struct {
		const char *local, *remote;
		bool v4, v6;
	} rows[] = {
		{"10.0.0.2", "10.0.0.3", true, false},
		{"fd77::2", "fd77::3", false, true},
		{"::ffff:10.0.0.2", "::ffff:10.0.0.3", true, false},
		{"0.0.0.0", "0.0.0.0", true, false}, /* a listener */
		{"::", "::", true, true},            /* a listener that may take both */
		{"fd77::2", "::", false, true},
		{"::", "fd77::3", false, true},  /* before a source address is chosen */
		{"::", "10.0.0.3", true, false}, /* a v6 socket on its way to a v4-mapped address */
	};
	struct filter none = {0}, v4 = {.only_v4 = true}, v6 = {.only_v6 = true}, both;

	both = (struct filter){.only_v4 = true, .only_v6 = true};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = sample();

		ends(&e, rows[i].local, rows[i].remote);
		if (addr_is_any(&e.self.remote.addr))
			e.self.remote.port = 0;
		assert_true(filter_event(&none, &e));
		assert_true(filter_event(&both, &e));
		assert_int_equal(filter_event(&v4, &e), rows[i].v4);
		assert_int_equal(filter_event(&v6, &e), rows[i].v6);
	}
}

TEST(lost_passes)
{
	struct filter f = {.only_v6 = true};
	struct event e = {.type = EVENT_LOST};

	assert_int_equal(filter_add_pid(&f, "7"), 0);
	assert_int_equal(filter_add_port(&f, "1"), 0);
	assert_int_equal(filter_add_netns(&f, 100), 0);
	assert_true(filter_event(&f, &e));
	filter_free(&f);
}

TEST(comm_is_cut)
{
	struct filter f = {0};
	struct event e = sample();

	assert_int_equal(filter_add_comm(&f, "a-very-long-process-name"), 0);
	assert_string_equal(f.comms[0], "a-very-long-pro");
	memcpy(e.self.owner.comm, "a-very-long-pro", 16);
	assert_true(filter_event(&f, &e));
	memcpy(e.self.owner.comm, "a-very-long-pr", 15);
	assert_false(filter_event(&f, &e));
	assert_int_equal(filter_add_comm(&f, "exactly-15-byte"), 0);
	assert_string_equal(f.comms[1], "exactly-15-byte");
}

TEST(values)
{
	static const char *const bad_pids[] = {"", "0", "-1", "x", "4194305", "1.5", " 1"};
	static const char *const bad_ports[] = {"", "0", "65536", "-1", "http", "80 "};
	static const char *const bad_hosts[] = {"", "host", "10.0.0.0/33", "fd77::/129", "10.0.0"};
	struct filter f = {0};

	for (size_t i = 0; i < COUNT(bad_pids); i++)
		assert_int_equal(filter_add_pid(&f, bad_pids[i]), -EINVAL);
	for (size_t i = 0; i < COUNT(bad_ports); i++)
		assert_int_equal(filter_add_port(&f, bad_ports[i]), -EINVAL);
	for (size_t i = 0; i < COUNT(bad_hosts); i++)
		assert_int_equal(filter_add_host(&f, bad_hosts[i]), -EINVAL);
	assert_int_equal(filter_add_comm(&f, ""), -EINVAL);
	assert_true(f.npids == 0 && f.nports == 0 && f.nhosts == 0 && f.ncomms == 0);
	assert_int_equal(filter_add_pid(&f, "4194304"), 0);
	assert_int_equal(filter_add_port(&f, "65535"), 0);
}

TEST(limits)
{
	struct filter f = {0};

	for (int i = 0; i < FL_PIDS_MAX; i++)
		assert_int_equal(filter_add_pid(&f, "1"), 0);
	assert_int_equal(filter_add_pid(&f, "1"), -E2BIG);
	for (int i = 0; i < FL_COMMS_MAX; i++)
		assert_int_equal(filter_add_comm(&f, "a"), 0);
	assert_int_equal(filter_add_comm(&f, "a"), -E2BIG);
	for (int i = 0; i < FL_PORTS_MAX; i++)
		assert_int_equal(filter_add_port(&f, "1"), 0);
	assert_int_equal(filter_add_port(&f, "1"), -E2BIG);
	for (int i = 0; i < FL_HOSTS_MAX; i++)
		assert_int_equal(filter_add_host(&f, "::/0"), 0);
	assert_int_equal(filter_add_host(&f, "::/0"), -E2BIG);
	for (uint32_t i = 0; i < FILTER_NETNS_MAX; i++)
		assert_int_equal(filter_add_netns(&f, i + 1), 0);
	assert_int_equal(filter_add_netns(&f, 1), 0); /* is there already */
	assert_int_equal(filter_add_netns(&f, FILTER_NETNS_MAX + 1), -E2BIG);
	filter_free(&f);
	assert_null(f.netns);
	assert_int_equal(f.npids, 0);
}

TEST(to_kernel)
{
	struct filter f = {.only_v6 = true};
	struct fl_filter k;
	uint8_t want[16];

	memset(&k, 0xff, sizeof(k));
	assert_int_equal(filter_add_pid(&f, "7"), 0);
	assert_int_equal(filter_add_pid(&f, "8"), 0);
	assert_int_equal(filter_add_comm(&f, "a-very-long-process-name"), 0);
	assert_int_equal(filter_add_port(&f, "443"), 0);
	assert_int_equal(filter_add_host(&f, "10.1.2.3/8"), 0);
	assert_int_equal(filter_add_host(&f, "fd77::/16"), 0);
	filter_to_kernel(&f, &k);
	assert_true(k.netns_one == 0 && k.netns_many == 0); /* not its business */
	assert_int_equal(k.task_wanted, 1);
	assert_true(k.npids == 2 && k.pids[0] == 7 && k.pids[1] == 8 && k.pids[2] == 0);
	/* The kernel's comm: 15 bytes and a NUL, nothing behind. */
	assert_int_equal(k.ncomms, 1);
	assert_memory_equal(k.comms[0], "a-very-long-pro", 16);
	assert_true(k.nports == 1 && k.ports[0] == 443);
	assert_int_equal(k.nhosts, 2);
	memcpy(want, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_memory_equal(k.hosts[0].addr, want, 16);
	memcpy(want, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0", 16);
	assert_memory_equal(k.hosts[0].mask, want, 16);
	memcpy(want, "\xfd\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(k.hosts[1].addr, want, 16);
	memcpy(want, "\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(k.hosts[1].mask, want, 16);
	assert_int_equal(k.family, AF_INET6);
}

TEST(to_kernel_families)
{
	struct filter f = {.only_v4 = true};
	struct fl_filter k;

	filter_to_kernel(&f, &k);
	assert_int_equal(k.family, AF_INET);
	assert_int_equal(k.task_wanted, 0);
	f.only_v6 = true;
	filter_to_kernel(&f, &k);
	assert_int_equal(k.family, 0);
}

TEST(containers)
{
	const struct container web = {.runtime = "docker", .id = "0123abcd", .name = "web"};
	const struct container side = {
		.runtime = "podman", .id = "4567", .name = "side", .pod = "shop"};
	const struct cgroup in_web = {.path = "/x", .container = &web}, in_none = {.path = "/"};
	struct netns of_side = red;
	struct event e = sample();
	struct filter f = {0};

	assert_int_equal(filter_add_container(&f, ""), -EINVAL);
	assert_int_equal(filter_add_container(&f, "web"), 0);
	assert_false(filter_event(&f, &e));
	e.self.owner.cgroup = &in_none;
	assert_false(filter_event(&f, &e));
	e.self.owner.cgroup = &in_web;
	assert_true(filter_event(&f, &e));
	f.containers[0] = "0123";
	assert_true(filter_event(&f, &e));
	f.containers[0] = "we";
	assert_false(filter_event(&f, &e));
	/* Somebody else's namespace; then a process that is in no container. */
	of_side.container = &side;
	e.self.netns = &of_side;
	f.containers[0] = "side";
	assert_false(filter_event(&f, &e));
	e.self.owner.cgroup = &in_none;
	assert_true(filter_event(&f, &e));
	f.containers[0] = "shop";
	assert_true(filter_event(&f, &e));
	assert_int_equal(filter_add_container(&f, "web"), 0);
	e.self.owner.cgroup = &in_web;
	assert_true(filter_event(&f, &e));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("an empty filter lets everything pass", empty),
		IT("a kind given several times is OR", or_within),
		IT("different kinds are AND", and_between),
		IT("port and host match either end", either_end),
		IT("the peer's netns and process do not count", own_end_only),
		IT("an unknown owner or netns matches no filter for it", unknown_owner),
		IT("-4 and -6 go by the addresses spoken, v4-mapped is IPv4, both are neither",
		   families),
		IT("a gap passes every filter", lost_passes),
		IT("a process name is cut to 15 bytes as the kernel cuts it", comm_is_cut),
		IT("a container: its processes, and whoever else is in its namespace", containers),
		IT("values that are none are refused", values),
		IT("more than fit are refused", limits),
		IT("the kernel side gets all but the namespaces", to_kernel),
		IT("the kernel side gets one family or none", to_kernel_families),
	};

	return RUN(tests);
}
