// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways through pairs, bridges and routers, found from what was seen on links in any order. */
#include "flows.h"

#include "model/path.h"
#include "out/path_view.h"

static const struct netns client = {.inode = 11, .cookie = 1, .name = "lab-client"};
static const struct netns sw = {.inode = 12, .cookie = 2, .name = "lab-switch"};
static const struct netns router = {.inode = 13, .cookie = 3, .name = "lab-router"};
static const struct netns sw2 = {.inode = 14, .cookie = 4, .name = "lab-switch2"};
static const struct netns server = {.inode = 15, .cookie = 5, .name = "lab-server"};

/* `egress` of the watched end. */
static struct path_seen seen(const struct link *l, bool egress, uint64_t first)
{
	return (struct path_seen){.link = l, .egress = egress, .first = first};
}

/* Any order in which the links are found has to give the same. */
static void way(const struct path_seen *s, size_t n, const struct netns *from,
		const struct netns *to, const char *want)
{
	struct path_seen turned[16];
	struct path p;
	struct buf b = {0};

	for (size_t turn = 0; turn < 2 * n; turn++) {
		size_t width, columns = 0;

		for (size_t i = 0; i < n; i++)
			turned[turn < n ? (i + turn) % n : (2 * n - 1 - i + turn) % n] = s[i];
		path_find(turned, n, from, to, &p);
		width = path_view_text(&p, &b);
		for (size_t i = 0; i < b.len; i++)
			columns += (b.data[i] & 0xc0) != 0x80;
		assert_int_equal(width, columns);
		same_text(&b, want);
	}
	buf_free(&b);
}

TEST(pair)
{
	struct link c = device(&client, "eth0", "veth", 2), s = device(&server, "eth0", "veth", 3);
	struct path_seen one[] = {seen(&c, true, 5)};
	struct path_seen both[] = {seen(&c, true, 5), seen(&s, false, 6)};
	struct path_seen other[] = {seen(&s, false, 5)};
	const char *want = "lab-client:eth0 → lab-server:eth0";

	join(&c, &s);
	way(one, 1, &client, &server, want);
	way(both, 2, &client, &server, want);
	way(other, 1, &client, &server, want);
	/* The direction alone tells. */
	way(one, 1, NULL, NULL, want);
	way(other, 1, NULL, NULL, want);
}

struct lan {
	struct link c, pc, ps, s, br;
};

static void make_lan(struct lan *l)
{
	l->c = device(&client, "eth0", "veth", 2);
	l->pc = device(&sw, "lab-c1", "veth", 3);
	l->ps = device(&sw, "lab-s1", "veth", 4);
	l->s = device(&server, "eth0", "veth", 2);
	l->br = device(&sw, "br0", "bridge", 5);
	join(&l->pc, &l->c);
	join(&l->ps, &l->s);
	l->pc.master = l->ps.master = &l->br;
}

#define LAN "lab-client:eth0 → lab-c1 → br0 → lab-s1 → lab-server:eth0"

TEST(bridge)
{
	struct lan l;
	struct path_seen s[] = {seen(&l.pc, false, 5), seen(&l.ps, true, 6)};
	struct path_seen with_bridge[] = {s[0], s[1], seen(&l.br, false, 5)};
	struct path_seen same_time[] = {seen(&l.pc, false, 5), seen(&l.ps, true, 5)};
	struct path_seen replies[] = {seen(&l.pc, false, 9), seen(&l.ps, true, 8)};

	make_lan(&l);
	way(s, 2, &client, &server, LAN);
	way(s, 2, NULL, &server, LAN);
	way(s, 2, &client, NULL, LAN);
	way(s, 2, NULL, NULL, LAN);
	way(with_bridge, 3, &client, &server, LAN);
	way(same_time, 2, NULL, NULL, LAN);
	replies[0].reply = replies[1].reply = true;
	way(replies, 2, NULL, NULL, LAN);
}

TEST(flood)
{
	struct lan l;
	struct link x = device(&router, "eth0", "veth", 9), px = device(&sw, "lab-x", "veth", 10);
	struct path_seen s[] = {seen(&l.pc, false, 5), seen(&px, true, 6), seen(&l.ps, true, 7)};

	make_lan(&l);
	join(&px, &x);
	px.master = &l.br;
	way(s, 3, &client, &server, LAN);
	/* Without knowing where it ends, all that is known is said. */
	way(s, 3, NULL, NULL,
	    "lab-client:eth0 → lab-c1 → br0 → lab-x → lab-router:eth0 … lab-switch:lab-s1 → "
	    "lab-server:eth0");
}

TEST(routed)
{
	struct lan l;
	struct link r0 = device(&router, "eth0", "veth", 2),
		    r1 = device(&router, "eth1", "veth", 3);
	struct link p0 = device(&sw, "lab-r1", "veth", 7), p1 = device(&sw2, "lab-r2", "veth", 8);
	struct link br2 = device(&sw2, "br0", "bridge", 9);
	struct path_seen s[] = {seen(&l.pc, false, 5), seen(&p0, true, 6), seen(&r1, true, 7),
				seen(&l.ps, true, 8)};
	struct path_seen gap[] = {s[0], s[3]};

	make_lan(&l);
	join(&p0, &r0);
	join(&r1, &p1);
	p0.master = &l.br;
	p1.master = &br2;
	l.ps.netns = &sw2;
	l.ps.master = &br2;
	way(s, 4, &client, &server,
	    "lab-client:eth0 → lab-c1 → br0 → lab-r1 → lab-router:eth0 → lab-router:eth1 → lab-r2 → "
	    "br0 → lab-s1 → lab-server:eth0");
	way(gap, 2, &client, &server,
	    "lab-client:eth0 → lab-switch:lab-c1 … lab-switch2:lab-s1 → lab-server:eth0");
}

TEST(host_bridge)
{
	struct lan l;
	struct link br1 = device(&sw, "br1", "bridge", 6);
	struct path_seen out[] = {seen(&l.ps, true, 5)};
	struct path_seen in[] = {seen(&l.pc, false, 5)};
	struct path_seen through[] = {seen(&l.pc, false, 5), seen(&l.ps, true, 6)};

	make_lan(&l);
	/* The switch's namespace is an end itself: it speaks through the bridge device. */
	way(out, 1, &sw, &server, "lab-switch:br0 → lab-s1 → lab-server:eth0");
	way(in, 1, &client, &sw, "lab-client:eth0 → lab-c1 → lab-switch:br0");
	/* Routed from one bridge to another, as between Docker's networks. */
	l.ps.master = &br1;
	way(through, 2, &client, &server,
	    "lab-client:eth0 → lab-switch:lab-c1 → lab-switch:br0 → lab-switch:br1 → "
	    "lab-switch:lab-s1 → lab-server:eth0");
}

TEST(unknown)
{
	struct link a = device(&client, "eth0", "veth", 2), s = device(&server, "eth0", "veth", 3);
	struct link phys = device(&sw, "eno1", "", 4), far = device(&router, "eth0", "veth", 5);
	struct path_seen one[] = {seen(&a, true, 5)};
	struct path_seen two[] = {seen(&a, true, 5), seen(&s, false, 6)};
	struct path_seen from_outside[] = {seen(&phys, false, 5), seen(&far, false, 6)};
	struct link pfar = device(&sw, "veth9", "veth", 6);
	struct path p;
	struct buf b = {0};

	a.peer_ifindex = 9;
	way(one, 1, &client, &server, "lab-client:eth0");
	way(two, 2, &client, &server, "lab-client:eth0 … lab-server:eth0");
	way(two, 2, NULL, NULL, "lab-client:eth0 … lab-server:eth0");
	join(&far, &pfar);
	way(from_outside, 2, NULL, &router, "lab-switch:eno1 → lab-switch:veth9 → lab-router:eth0");
	path_find(NULL, 0, &client, &server, &p);
	assert_int_equal(p.n, 0);
	path_view_text(&p, &b);
	same_text(&b, "-");
	buf_free(&b);
}

TEST(loop)
{
	struct link a1 = device(&client, "a1", "veth", 1), b1 = device(&sw, "b1", "veth", 2);
	struct link b2 = device(&sw, "b2", "veth", 3), c2 = device(&router, "c2", "veth", 4);
	struct link c3 = device(&router, "c3", "veth", 5), a3 = device(&client, "a3", "veth", 6);
	struct link self1 = device(&client, "v0", "veth", 7),
		    self2 = device(&client, "v1", "veth", 8);
	struct path_seen ring[] = {seen(&a1, true, 5), seen(&b2, true, 6), seen(&c3, true, 7)};
	struct path_seen self[] = {seen(&self1, true, 5)};
	struct path_seen back[] = {seen(&a1, true, 5), seen(&a1, false, 6)};

	join(&a1, &b1);
	join(&b2, &c2);
	join(&c3, &a3);
	join(&self1, &self2);
	way(ring, 3, &client, &client,
	    "lab-client:a1 → lab-switch:b1 → lab-switch:b2 → lab-router:c2 → lab-router:c3 → "
	    "lab-client:a3");
	way(ring, 3, NULL, &server,
	    "lab-client:a1 → lab-switch:b1 → lab-switch:b2 → lab-router:c2 → lab-router:c3 → "
	    "lab-client:a3");
	way(self, 1, &client, &client, "lab-client:v0 → lab-client:v1");
	/* Hairpin NAT: out and in again by the same port. */
	way(back, 2, &client, &client, "lab-client:a1 → lab-switch:b1 → lab-client:a1");
}

TEST(many)
{
	static struct link port[300], eth[300];
	static struct netns ns[300];
	static struct path_seen s[300];
	struct link br = device(&sw, "br0", "bridge", 1);
	struct path p;

	for (unsigned int i = 0; i < 300; i++) {
		ns[i] = (struct netns){.inode = 100 + i, .cookie = 100 + i};
		port[i] = device(&sw, "port", "veth", 10 + i);
		eth[i] = device(&ns[i], "eth0", "veth", 2);
		join(&port[i], &eth[i]);
		port[i].master = &br;
		s[i] = seen(&port[i], i != 0, 5 + i / 2);
	}
	path_find(s, 300, &ns[0], &ns[1], &p);
	assert_int_equal(p.n, 5);
	assert_false(p.cut);
	assert_ptr_equal(p.hop[4].link, &eth[1]);
	/* A chain that is longer than is shown. */
	for (unsigned int i = 0; i < 300; i++) {
		port[i].netns = &ns[i];
		eth[i].netns = &ns[(i + 1) % 300];
		s[i].egress = true;
		s[i].first = i;
	}
	path_find(s, 300, &ns[0], NULL, &p);
	assert_int_equal(p.n, PATH_HOPS_MAX);
	assert_true(p.cut);
	path_find(s, 300, &ns[0], &ns[299], &p);
	assert_true(p.cut);
}

TEST(from_flows)
{
	struct lan l;
	struct addr_port a = at("10.0.0.2", 4711), b = at("10.0.0.3", 80);
	struct flow f[4];
	struct flow *all[] = {&f[0], &f[1], &f[2], &f[3]};
	struct path p;
	struct buf text = {0};

	make_lan(&l);
	f[0] = tcp(&l.ps, false, b, a, 1);
	f[1] = tcp(&l.ps, true, a, b, 1);
	f[2] = tcp(&l.pc, true, b, a, 1);
	f[3] = tcp(&l.pc, false, a, b, 1);
	f[1].from_client = f[3].from_client = true;
	f[0].sender.netns = &server;
	path_of_flows(all, 4, &p);
	path_view_text(&p, &text);
	same_text(&text, LAN);
	path_of_flows(all, 1, &p);
	path_view_text(&p, &text);
	same_text(&text, "lab-switch:lab-s1 → lab-server:eth0");
	buf_free(&text);
}

/* Whatever the links: it ends, and what it says are links that were given, or what they hang on. */
TEST(random_graphs)
{
	enum { LINKS = 24, SPACES = 5 };
	struct netns ns[SPACES];
	struct link l[LINKS], br[SPACES];
	uint32_t x = 1;

	for (unsigned int i = 0; i < SPACES; i++) {
		ns[i] = (struct netns){.inode = i + 1, .cookie = i + 1};
		br[i] = device(&ns[i], "br", "bridge", 100);
	}
	for (unsigned int round = 0; round < 3000; round++) {
		struct path_seen s[LINKS];
		struct path p;
		size_t n;

		for (unsigned int i = 0; i < LINKS; i++) {
			x = x * 1664525 + 1013904223;
			l[i] = device(&ns[(x >> 8) % SPACES], "l", "veth", i + 1);
			if (x >> 30 == 0)
				l[i].master = &br[l[i].netns->inode - 1];
			if (i % 2 && (x >> 20) % 8)
				join(&l[i], &l[i - 1]);
		}
		n = 1 + round % LINKS;
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			s[i] = seen(&l[(x >> 8) % LINKS], x >> 31, (x >> 16) % 4);
			s[i].reply = (x >> 24) % 4 == 0;
		}
		path_find(s, n, round % 3 ? &ns[0] : NULL, round % 5 ? &ns[1] : NULL, &p);
		assert_in_range(p.n, 1, PATH_HOPS_MAX);
		assert_false(p.hop[0].gap);
		assert_true(p.hop[0].named);
		for (unsigned int i = 0; i < p.n; i++)
			assert_true((p.hop[i].link >= l && p.hop[i].link < l + LINKS) ||
				    (p.hop[i].link >= br && p.hop[i].link < br + SPACES));
	}
}

TEST(hostile)
{
	struct lan l;
	struct path_seen s[] = {seen(&l.pc, false, 5)};
	struct path p;
	struct buf b = {0};

	make_lan(&l);
	memcpy(l.pc.name, "\x1b[2J\"\xff", 7);
	path_find(s, 1, &client, NULL, &p);
	path_view_text(&p, &b);
	same_text(&b, "lab-client:eth0 → lab-switch:\\x1b[2J\"\\xff");
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a pair is one hop to the other end, whichever end is watched", pair),
		IT("a bridge is a hop between its ports", bridge),
		IT("links that were flooded are not on the way", flood),
		IT("a router's links are named with it, and a gap is shown as one", routed),
		IT("a bridge that is an end itself, and two that are routed between", host_bridge),
		IT("unknown ends and devices without a pair", unknown),
		IT("loops, and a way back by the same link, end", loop),
		IT("more links and hops than there is room for", many),
		IT("flows tell direction and ends", from_flows),
		IT("whatever the links, a path of them comes out", random_graphs),
		IT("hostile names move nothing", hostile),
	};

	return RUN(tests);
}
