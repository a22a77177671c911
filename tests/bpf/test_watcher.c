// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * collect/watcher.h, in a sandbox: whatever becomes of links and namespaces, programs are where
 * they should be, which the kernel is asked about, and nothing is kept.
 */
#include "../unit/unit.h"

#include <sys/ioctl.h>

#include <netlink/netlink.h>
#include <netlink/route/link/veth.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/bpf_log.h"
#include "net/nlsock.h"

#include "watching.h"

#define LOOP_VETHS 500
#define LOOP_GROUP 50

static const struct watcher_options all = {0};

TEST(existing)
{
	struct watch s;

	ns_add("a");
	RUN_SH("ip link add v0 type veth peer name v1 netns a && ip link set v0 up");
	start(&s, &all);
	assert_int_equal(watcher_links(s.w), 1);
	assert_true(is_watched(&s, "host", "v0"));
	assert_ptr_equal(find(&s, "host", "v0")->peer, find(&s, "a", "v1"));
	assert_false(find(&s, "host", "v0")->had_traffic);
	assert_int_equal(programs_on(&s, NULL, "v0"), 1);
	assert_int_equal(programs_on(&s, "a", "v1"), 0);
	RUN_SH("ip -n a link set v1 up");
	send_from("a", "v1", 7);
	send_from(NULL, "v0", 5);
	assert_int_equal(s.skel->bss->in, 7);
	assert_int_equal(s.skel->bss->out, 5);
	stop(&s);
	start(&s, &all);
	assert_true(find(&s, "host", "v0")->had_traffic);
	stop(&s);
	RUN_SH("ip link del v0");
	ns_del("a");
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

TEST(hotplug)
{
	int64_t late[30];
	struct nl_sock *sk;
	struct watch s;

	start(&s, &all);
	assert_int_equal(nlsock_open(&sk), 0);
	for (size_t i = 0; i < COUNT(late); i++) {
		uint64_t made;

		assert_int_equal(rtnl_link_veth_add(sk, "h0", "h1", getpid()), 0);
		made = clock_boot_ns();
		assert_true(comes_to(&s, 1, s.detached));
		late[i] = (int64_t)(s.last_attached - made);
		assert_true(late[i] < (int64_t)SEC_NS);
		RUN_SH("ip link del h0");
		assert_true(comes_to(&s, 0, s.attached));
	}
	qsort(late, COUNT(late), sizeof(late[0]), compare);
	print_message("# from the veth's being there to its being watched: median %ld us, most %ld "
		      "us\n",
		      (long)late[COUNT(late) / 2] / 1000, (long)late[COUNT(late) - 1] / 1000);
	assert_int_equal(s.attached, COUNT(late));
	assert_int_equal(s.gone, COUNT(late));
	nlsock_close(sk);
	stop(&s);
}

TEST(later_netns)
{
	int64_t late[20];
	struct watch s;

	start(&s, &all);
	for (size_t i = 0; i < COUNT(late); i++) {
		uint64_t named;

		ns_add("late");
		named = clock_boot_ns();
		/* While it works, as its own time to find the namespace counts. */
		assert_int_equal(sh("ip -n late link add p0 type veth peer name p1 &"), 0);
		assert_true(comes_to(&s, 1, s.detached));
		late[i] = (int64_t)(s.last_attached - named);
		assert_true(late[i] < (int64_t)SEC_NS / 2);
		assert_ptr_equal(find(&s, "late", "p0")->peer, find(&s, "late", "p1"));
		assert_true(is_watched(&s, "late", "p0") != is_watched(&s, "late", "p1"));
		ns_del("late");
		assert_true(comes_to(&s, 0, s.attached));
		assert_int_equal(topology_count(watcher_topology(s.w)), 1); /* lo */
	}
	qsort(late, COUNT(late), sizeof(late[0]), compare);
	print_message("# from a namespace's name to a pair inside being watched, ip's own start "
		      "included: median %ld us, most %ld us\n",
		      (long)late[COUNT(late) / 2] / 1000, (long)late[COUNT(late) - 1] / 1000);
	stop(&s);
}

/* No name, just a process. */
TEST(unnamed_netns)
{
	struct watch s;

	start(&s, &all);
	assert_int_equal(sh("unshare -n sh -c 'ip link add u0 type veth peer name u1; sleep 60' & "
			    "echo $! >/run/netns/.pid"),
			 0);
	assert_true(comes_to(&s, 1, 0));
	RUN_SH("kill $(cat /run/netns/.pid); rm /run/netns/.pid; pkill -P 1 sleep; true");
	assert_true(comes_to(&s, 0, 1));
	stop(&s);
}

TEST(docker_way)
{
	const struct link *l;
	struct watch s;

	ns_add("c");
	start(&s, &all);
	RUN_SH("ip link add br0 type bridge && ip link add d0 type veth peer name d1");
	settle(&s, 50);
	assert_int_equal(watcher_links(s.w), 1);
	/* Whichever was watched: the one that stays here is now. */
	RUN_SH("ip link set d1 netns c && ip link set d0 master br0 && ip link set d0 up && "
	       "ip -n c link set d1 name eth0 up");
	settle(&s, 50);
	assert_int_equal(watcher_links(s.w), 1);
	l = find(&s, "host", "d0");
	assert_true(is_watched(&s, "host", "d0"));
	assert_ptr_equal(l->peer, find(&s, "c", "eth0"));
	assert_ptr_equal(l->peer->peer, l);
	assert_ptr_equal(l->master, find(&s, "host", "br0"));
	assert_int_equal(programs_on(&s, "c", "eth0"), 0);
	assert_int_equal(programs_on(&s, NULL, "d0"), 1);
	/* Podman's way back. */
	RUN_SH("ip -n c link set eth0 down && ip -n c link set eth0 netns 1 name d2");
	settle(&s, 50);
	assert_ptr_equal(find(&s, "host", "d0")->peer, find(&s, "host", "d2"));
	assert_null(find(&s, "c", "eth0"));
	assert_int_equal(watcher_links(s.w), 1);
	RUN_SH("ip link del br0; ip link del d0");
	assert_true(comes_to(&s, 0, 1));
	stop(&s);
	ns_del("c");
}

/* The watched end itself moves, and takes its tcx link along unless that is removed. */
TEST(watched_end_moves)
{
	struct watch s;
	struct link *old;

	ns_add("from");
	ns_add("to");
	RUN_SH("ip -n from link add m0 index 70 type veth peer name m1 index 80");
	start(&s, &all);
	assert_true(is_watched(&s, "from", "m0"));
	old = link_get(find(&s, "from", "m0"));
	RUN_SH("ip -n from link set m0 netns to");
	settle(&s, 50);
	assert_true(old->gone);
	assert_null(old->peer);
	assert_int_equal(old->refs, 1);
	link_put(old);
	assert_int_equal(s.gone, 1);
	assert_int_equal(watcher_links(s.w), 1);
	assert_true(is_watched(&s, "from", "m1") != is_watched(&s, "to", "m0"));
	assert_int_equal(programs_on(&s, "from", "m1") + programs_on(&s, "to", "m0"), 1);
	assert_int_equal(bpf_links(&s), has_tcx() ? 1 : 0);
	assert_ptr_equal(find(&s, "from", "m1")->peer, find(&s, "to", "m0"));
	stop(&s);
	ns_del("from");
	ns_del("to");
}

static bool exists_here(const char *dev)
{
	return if_nametoindex(dev) != 0;
}

/* In both modes; the veth here goes only when the namespace really dies. */
static void deleted(const struct watcher_options *o, bool both_ends)
{
	uint64_t begin;
	struct watch s;

	ns_add("dying");
	RUN_SH("ip link add v0 type veth peer name v1 netns dying && ip link set v0 up");
	start(&s, o);
	assert_int_equal(watcher_links(s.w), both_ends ? 2 : 1);
	settle(&s, 50);
	ns_del("dying");
	/* Without the watcher's doing anything. */
	begin = clock_boot_ns();
	while (exists_here("v0") && clock_boot_ns() < begin + PATIENCE)
		usleep(1000);
	assert_false(exists_here("v0"));
	assert_true(comes_to(&s, 0, both_ends ? 2 : 1));
	assert_int_equal(bpf_links(&s), 0);
	stop(&s);
}

TEST(deleted_netns)
{
	const struct watcher_options both = {.links.both_ends = true};
	const struct watcher_options clsact = {.links.both_ends = true, .no_tcx = true};

	deleted(&all, false);
	deleted(&both, true);
	deleted(&clsact, true);
}

TEST(many)
{
	unsigned int fds, links;
	struct watch s;

	start(&s, &all);
	fds = open_fds();
	links = bpf_links(&s);
	/* By groups, as the kernel takes its time to delete one, but not more to delete many. */
	for (unsigned int made = 0; made < LOOP_VETHS; made += LOOP_GROUP) {
		RUN_SH("for i in $(seq %d); do "
		       "echo link add l$i group 7 type veth peer name k$i; done | ip -b -",
		       LOOP_GROUP);
		assert_true(comes_to(&s, LOOP_GROUP, made));
		RUN_SH("ip link del group 7");
		assert_true(comes_to(&s, 0, made + LOOP_GROUP));
	}
	assert_int_equal(s.attached, LOOP_VETHS);
	assert_int_equal(s.gone, LOOP_VETHS);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(bpf_links(&s), links);
	assert_int_equal(topology_count(watcher_topology(s.w)), 1); /* lo */
	stop(&s);
}

TEST(both_ends)
{
	const struct watcher_options o = {.links.both_ends = true};
	struct watch s;

	ns_add("a");
	start(&s, &o);
	RUN_SH("ip link add v0 type veth peer name v1 netns a");
	assert_true(comes_to(&s, 2, 0));
	assert_true(is_watched(&s, "host", "v0") && is_watched(&s, "a", "v1"));
	RUN_SH("ip link del v0");
	assert_true(comes_to(&s, 0, 2));
	stop(&s);
	ns_del("a");
}

TEST(by_name)
{
	static const char *const devs[] = {"lo", "br7"};
	const struct watcher_options o = {.links = {.devs = devs, .ndevs = COUNT(devs)}};
	struct watch s;

	ns_add("a");
	start(&s, &o);
	assert_int_equal(watcher_links(s.w), 2); /* two lo */
	RUN_SH("ip -n a link add br6 type bridge && ip link add v0 type veth peer name v1");
	settle(&s, 50);
	assert_int_equal(watcher_links(s.w), 2);
	RUN_SH("ip -n a link set br6 name br7");
	assert_true(comes_to(&s, 3, 0));
	RUN_SH("ip -n a link set br7 name br8");
	assert_true(comes_to(&s, 2, 1));
	assert_int_equal(s.gone, 0);
	assert_int_equal(programs_on(&s, "a", "br8"), 0);
	stop(&s);
	RUN_SH("ip link del v0");
	ns_del("a");
}

/*
 * A new namespace gets the number of one that has died a moment ago, whose death is told after
 * that. Three in 1,000 times on a busy machine.
 */
TEST(renumbered)
{
	static const char *const devs[] = {"lo"};
	const struct watcher_options o = {.links = {.devs = devs, .ndevs = COUNT(devs)}};
	struct watch s;

	for (int i = 0; i < 150; i++) {
		ns_add("a");
		start(&s, &o);
		settle(&s, 10);
		assert_int_equal(s.gone, 0);
		assert_int_equal(watcher_links(s.w), 2);
		stop(&s);
		ns_del("a");
	}
}

TEST(by_netns)
{
	struct watcher_options o = {.links.nnetns = 1};
	struct watch s;
	uint32_t inode;

	ns_add("a");
	ns_add("b");
	inode = ns_inode("a");
	o.links.netns = &inode;
	start(&s, &o);
	RUN_SH("ip link add v0 type veth peer name v1 netns b; ip link add w0 type veth peer name "
	       "w1 netns a; ip link add x0 type veth peer name x1");
	settle(&s, 50);
	assert_int_equal(watcher_links(s.w), 1);
	assert_true(is_watched(&s, "host", "w0"));
	RUN_SH("ip -n a link set w1 netns b"); /* and out of it */
	assert_true(comes_to(&s, 0, 1));
	assert_int_equal(s.gone, 0);
	assert_int_equal(find(&s, "host", "w0")->attached, 0);
	stop(&s);
	RUN_SH("ip link del v0; ip link del w0; ip link del x0");
	ns_del("a");
	ns_del("b");
}

/* A namespace that nothing but a descriptor somewhere holds. */
TEST(out_of_sight)
{
	struct watch s;
	int fd;

	ns_add("a");
	RUN_SH("ip link add v0 type veth peer name v1 netns a");
	fd = ns_open("a");
	ns_del("a");
	start(&s, &all);
	assert_true(is_watched(&s, "host", "v0"));
	assert_null(find(&s, "host", "v0")->peer);
	assert_true(find(&s, "host", "v0")->peer_ifindex > 0);
	assert_int_equal(netns_bind("again", fd), 0);
	settle(&s, 100);
	assert_ptr_equal(find(&s, "host", "v0")->peer, find(&s, "again", "v1"));
	assert_int_equal(watcher_links(s.w), 1);
	close(fd);
	ns_del("again");
	assert_true(comes_to(&s, 0, 1));
	stop(&s);
}

/* One that cannot be watched does not stop the rest. */
TEST(refused)
{
	struct watch s;

	start(&s, &all);
	s.refuse = -EPERM;
	log_set_level(LOG_LEVEL_ERROR);
	RUN_SH("ip link add v0 type veth peer name v1; ip link add w0 type veth peer name w1");
	assert_true(comes_to(&s, 1, 0));
	settle(&s, 50);
	assert_int_equal(s.attached, 1);
	RUN_SH("ip link del v0; ip link del w0");
	assert_true(comes_to(&s, 0, 1));
	assert_int_equal(s.detached, 1);
	log_set_level(LOG_LEVEL_INFO);
	stop(&s);
}

/* Each makes news. */
static void change_lo(unsigned int times)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {.ifr_name = "lo"};

	for (unsigned int i = 0; i < times; i++) {
		r.ifr_qlen = 1000 + (int)(i & 1);
		assert_int_equal(ioctl(fd, SIOCSIFTXQLEN, &r), 0);
	}
}

/* More news than the socket holds: what is there is looked up anew. */
TEST(overrun)
{
	struct watch s;

	ns_add("a");
	ns_add("b");
	RUN_SH("ip -n a link add v0 type veth peer name v1; ip -n b link add b0 type veth peer "
	       "name b1");
	start(&s, &all);
	assert_int_equal(watcher_links(s.w), 2);
	change_lo(60000);
	RUN_SH("ip -n a link del v0; ip link add w0 type veth peer name w1; "
	       "ip -n a link add x0 type veth peer name x1 netns 1; ip netns del b; ip netns add c;"
	       "ip -n c link add y0 type veth peer name y1");
	settle(&s, 500);
	assert_true(is_watched(&s, "host", "w0") != is_watched(&s, "host", "w1"));
	assert_true(is_watched(&s, "host", "x1"));
	assert_null(find(&s, "a", "v0"));
	assert_true(is_watched(&s, "c", "y0") != is_watched(&s, "c", "y1"));
	assert_int_equal(watcher_links(s.w), 3);
	stop(&s);
	RUN_SH("ip link del w0; ip netns del c");
	ns_del("a");
}

static int tests_run(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a pair that is there is watched at the host's end", existing),
		IT("one that is plugged in is watched at once", hotplug),
		IT("a namespace that comes later is found by its name", later_netns),
		IT("… or by a process in it", unnamed_netns),
		IT("a pair of which one end moves into a container", docker_way),
		IT("a watched end that moves", watched_end_moves),
		IT("a watched namespace dies when it is deleted", deleted_netns),
		IT("hundreds of veths that come and go leave nothing", many),
		IT("both ends of a pair", both_ends),
		IT("devices by name, of any kind", by_name),
		IT("the death of one whose number it has does not touch it", renumbered),
		IT("only pairs with an end in a namespace", by_netns),
		IT("a peer in a namespace that cannot be seen", out_of_sight),
		IT("a link that cannot be watched does not stop the others", refused),
		IT("after lost notifications all is as if they had not been lost", overrun),
	};

	bpf_log_init();
	return RUN(tests);
}

int main(void)
{
	return sandbox_run(tests_run);
}
