// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What comments in a file say, word by word. */
#include "unit.h"

#include "base/cleanup.h"
#include "out/packet_comment.h"

#define ID "9061b343c7840c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495"

static const struct container web = {.runtime = "docker", .id = ID, .name = "web"};
static const struct container unnamed = {.runtime = "containerd", .id = "job-7"};
static const struct container side = {
	.runtime = "podman", .id = ID, .name = "side", .pod = "default/front"};
static const struct cgroup in_web = {.path = "/docker/" ID, .container = &web};
static const struct cgroup in_side = {.path = "/side", .container = &side};
static const struct cgroup plain = {.path = "/user.slice"};
static const struct netns host = {.inode = 100};
static const struct netns blue = {.inode = 101, .name = "blue"};
static const struct netns of_web = {.inode = 102, .name = "1f2e3d", .container = &web};
static const struct container machine = {.runtime = "nspawn", .id = "a\nb\x1b[0m", .name = "a"};
static const struct netns of_machine = {.inode = 104, .container = &machine};
static const struct netns of_job = {.inode = 103, .container = &unnamed};

static void assert_text(struct buf *b, const char *text)
{
	buf_putc(b, '\0');
	assert_int_equal(b->err, 0);
	assert_string_equal(b->data, text);
	b->len = 0;
}

static void assert_comment(const struct endpoint *from, const struct endpoint *to, uint64_t conn,
			   const char *text)
{
	_cleanup_buf_ struct buf b = {0};
	struct packet_ends e = {.from = from, .to = to, .conn = conn};

	buf_puts(&b, "before ");
	packet_comment(&b, &e);
	buf_putc(&b, '\0');
	assert_memory_equal(b.data, "before ", 7);
	assert_string_equal(b.data + 7, text);
}

static struct endpoint end(const char *comm, uint32_t pid, const struct cgroup *cg,
			   const struct netns *n)
{
	struct endpoint ep = {.self.netns = n, .self.owner.cgroup = cg};

	if (comm) {
		ep.self.owner.source = OWNER_CONNECT;
		ep.self.owner.pid = pid;
		strncpy(ep.self.owner.comm, comm, OWNER_COMM_LEN);
	}
	return ep;
}

TEST(places)
{
	_cleanup_buf_ struct buf b = {0};

	packet_comment_netns(&b, &host);
	assert_text(&b, "netns 100");
	packet_comment_netns(&b, &blue);
	assert_text(&b, "blue, netns 101");
	/* The engine's own name of it is no use to anyone. */
	packet_comment_netns(&b, &of_web);
	assert_text(&b, "web (docker 9061b343c784), netns 102");
	packet_comment_netns(&b, &of_job);
	assert_text(&b, "containerd job-7, netns 103");
	/* An id that is a name may hold anything too. */
	packet_comment_netns(&b, &of_machine);
	assert_text(&b, "a (nspawn a\\x0ab\\x1b[0m), netns 104");
}

TEST(both_ends)
{
	struct endpoint curl = end("curl", 10, &plain, &blue);
	struct endpoint nginx = end("nginx", 20, &in_web, &of_web);

	assert_comment(NULL, NULL, 0, "");
	assert_comment(&curl, NULL, 0, "from curl[10] in blue, netns 101");
	assert_comment(NULL, &curl, 0, "to curl[10] in blue, netns 101");
	assert_comment(&curl, &nginx, 0xabc,
		       "from curl[10] in blue, netns 101; to nginx[20] in web (docker "
		       "9061b343c784), netns 102; conn 0000000000000abc");
	assert_comment(&nginx, NULL, UINT64_MAX,
		       "from nginx[20] in web (docker 9061b343c784), netns 102; conn "
		       "ffffffffffffffff");
}

TEST(shared_netns)
{
	struct endpoint ep = end("nc", 7, &in_side, &of_web);

	assert_comment(&ep, NULL, 0,
		       "from nc[7] in side (podman 9061b343c784), pod default/front, web (docker "
		       "9061b343c784), netns 102");
	ep = end("nc", 7, &in_side, &host);
	assert_comment(&ep, NULL, 0,
		       "from nc[7] in side (podman 9061b343c784), pod default/front, netns 100");
}

TEST(unknown)
{
	struct endpoint ep = end(NULL, 0, NULL, &blue);

	assert_comment(&ep, NULL, 0, "from in blue, netns 101");
	ep = end(NULL, 0, &in_web, NULL);
	assert_comment(&ep, NULL, 0, "from in web (docker 9061b343c784)");
	ep = end("nc", 7, NULL, NULL);
	assert_comment(&ep, &ep, 0, "from nc[7]; to nc[7]");
	ep = end(NULL, 0, NULL, NULL);
	assert_comment(&ep, NULL, 0, "from an unknown process");
}

/* Files keep a comment's line breaks, so a name must not bring any. */
TEST(hostile)
{
	const struct container c = {.runtime = "docker", .id = "x", .name = "a\nb", .pod = "p\tq"};
	const struct cgroup cg = {.path = "/", .container = &c};
	const struct netns n = {.inode = 5, .name = "n\x1b[2J"};
	struct endpoint ep = end("x\nto root[1]", 7, &cg, &n);

	assert_comment(&ep, NULL, 0,
		       "from x\\x0ato root[1][7] in a\\x0ab (docker x), pod p\\x09q, n\\x1b[2J, "
		       "netns 5");
	ep = end("\xff%s%n", 7, NULL, &host);
	assert_comment(&ep, NULL, 0, "from \\xff%s%n[7] in netns 100");
}

TEST(links)
{
	struct link bridge = {.name = "br0"};
	struct link l = {.netns = &of_web, .name = "eth0"};
	_cleanup_buf_ struct buf b = {0};

	packet_comment_link(&b, &l);
	assert_text(&b, "eth0 of web (docker 9061b343c784), netns 102");
	l.peer_netns = &host;
	strcpy(l.peer_name, "veth1");
	packet_comment_link(&b, &l);
	assert_text(&b,
		    "eth0 of web (docker 9061b343c784), netns 102, cable to veth1 of netns 100");
	l = (struct link){.netns = &host, .name = "veth1", .master = &bridge};
	packet_comment_link(&b, &l);
	assert_text(&b, "veth1 of netns 100, port of br0");
	strcpy(l.name, "e\x01\n");
	l.master = NULL;
	packet_comment_link(&b, &l);
	assert_text(&b, "e\\x01\\x0a of netns 100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("a namespace is its container, its name, and its number", places),
		IT("both ends and the connection", both_ends),
		IT("a container that lives in another one's namespace", shared_netns),
		IT("what is not known is left out", unknown),
		IT("names do not break the line", hostile),
		IT("a link, its bridge and the other end of its cable", links),
	};

	return RUN(tests);
}
