// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Flows as JSON, parsed back and compared key by key, as a table, and on a screen. */
#include "flows.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "out/cells.h"
#include "out/flow_view.h"
#include "out/screen.h"

static const struct netns red = {.inode = 4026532607, .cookie = 4101, .name = "red"};
static const struct netns nameless = {.inode = 4026532608, .cookie = 4102};
static const struct cgroup box = {
	.path = "/docker/x",
	.container = &(const struct container){.runtime = "docker", .id = "x"}};

static struct wall_clock wall;
static const struct flow_view view = {
	.clock = &wall, .now = 5 * SECOND, .interval_ns = SECOND, .no_header = true};

static struct link eth, host, br;

static struct flow sample(void)
{
	struct flow f;

	eth = device(&red, "eth0", "veth", 2);
	host = device(&nameless, "veth1", "veth", 7);
	br = device(&red, "br0", "bridge", 3);
	join(&eth, &host);
	f = tcp(&eth, true, at("10.77.0.2", 37876), at("10.77.0.3", 9000), 12345);
	f.segments = 20000;
	f.bytes_before = f.bytes - 2500;
	f.packets_before = f.packets - 1;
	return f;
}

static void same(const struct flow *f, const char *want)
{
	struct buf b = {0};

	flow_json(&view, f, &b);
	same_json(b.data, b.len, want);
	buf_free(&b);
}

#define HEAD                                                              \
	"{\"type\":\"flow\",\"time\":\"1970-01-01T00:00:05.000000000Z\"," \
	"\"netns\":{\"inode\":4026532607,\"cookie\":4101,\"name\":\"red\"},"
#define LINK                                                                               \
	"\"link\":{\"name\":\"eth0\",\"ifindex\":2,\"kind\":\"veth\",\"peer\":{\"netns\":" \
	"{\"inode\":4026532608,\"cookie\":4102},\"name\":\"veth1\",\"ifindex\":7}},"
#define ENDS                                               \
	"\"src\":{\"addr\":\"10.77.0.2\",\"port\":37876}," \
	"\"dst\":{\"addr\":\"10.77.0.3\",\"port\":9000},"
#define COUNTS "\"packets\":12345,\"segments\":20000,\"bytes\":1234500,"
#define TIMES \
	"\"first\":\"1970-01-01T00:00:02.000000000Z\",\"last\":\"1970-01-01T00:00:03.000000000Z\""
#define TCP "\"tcp_flags\":\"APS\",\"state\":\"open\","

TEST(json)
{
	struct flow f = sample();

	same(&f, HEAD LINK
	     "\"direction\":\"egress\",\"family\":\"ipv4\",\"proto\":\"tcp\"," ENDS COUNTS TCP TIMES
	     "}");
	f.egress = false;
	f.partial = f.ended = true;
	f.conn = 0x0f0c2c6f1f3d5a77;
	f.tagged = true;
	f.vlan = 7;
	f.sender = (struct flow_end){&red, process("curl", 10, &box)};
	f.receiver.netns = &nameless;
	f.receiver.owner.cgroup = &box;
	eth.master = &br;
	eth.peer = NULL;
	eth.peer_netns = NULL;
	same(&f, HEAD
	     "\"link\":{\"name\":\"eth0\",\"ifindex\":2,\"kind\":\"veth\",\"peer\":{\"ifindex\":7},"
	     "\"master\":\"br0\"},\"direction\":\"ingress\",\"family\":\"ipv4\",\"proto\":\"tcp\"," ENDS
	     "\"vlan\":7," COUNTS TCP TIMES
	     ",\"partial\":true,\"conn\":\"0f0c2c6f1f3d5a77\",\"src_netns\":{\"inode\":4026532607,"
	     "\"cookie\":4101,\"name\":\"red\"},\"owner\":{\"pid\":10,\"tid\":10,\"ppid\":1,\"uid\":0,"
	     "\"comm\":\"curl\",\"cgroup\":\"/docker/x\",\"source\":\"connect\",\"container\":"
	     "{\"runtime\":\"docker\",\"id\":\"x\"}},\"dst_netns\":{\"inode\":4026532608,"
	     "\"cookie\":4102},\"peer_owner\":{\"cgroup\":\"/docker/x\",\"container\":{\"runtime\":"
	     "\"docker\",\"id\":\"x\"}},\"final\":true}");
}

TEST(kinds)
{
	struct flow f = sample();

	f.tcp_flags = 0;
	f.state = FLOW_STATE_NONE;
	f.proto = 200;
	f.kind = FL_FLOW_IPV6;
	f.src = at("fd77::2", 0);
	f.dst = at("fd77::3", 0);
	f.fragments = true;
	f.tagged = f.tagged2 = true;
	f.vlan = 7;
	f.vlan2 = 0;
	eth.peer = NULL;
	eth.peer_netns = NULL;
	eth.peer_ifindex = 0;
	eth.kind[0] = '\0';
#define BARE HEAD "\"link\":{\"name\":\"eth0\",\"ifindex\":2},\"direction\":\"egress\","
	same(&f, BARE
	     "\"family\":\"ipv6\",\"proto\":\"200\",\"src\":{\"addr\":\"fd77::2\"},"
	     "\"dst\":{\"addr\":\"fd77::3\"},\"fragments\":true,\"vlan\":[7,0]," COUNTS TIMES "}");
	f.fragments = f.tagged = f.tagged2 = false;
	f.proto = 58;
	f.icmp.type = 128;
	f.icmp.id = 77;
	same(&f, BARE
	     "\"family\":\"ipv6\",\"proto\":\"icmpv6\",\"src\":{\"addr\":\"fd77::2\"},"
	     "\"dst\":{\"addr\":\"fd77::3\"},\"icmp\":{\"type\":128,\"code\":0,\"id\":77}," COUNTS
		     TIMES "}");
	f.kind = FL_FLOW_IPV4;
	f.proto = 1;
	f.src = at("10.0.0.1", 0);
	f.dst = at("10.0.0.2", 0);
	f.icmp.type = 3;
	f.icmp.code = 1;
	f.icmp.id = 0;
	same(&f, BARE
	     "\"family\":\"ipv4\",\"proto\":\"icmp\",\"src\":{\"addr\":\"10.0.0.1\"},"
	     "\"dst\":{\"addr\":\"10.0.0.2\"},\"icmp\":{\"type\":3,\"code\":1}," COUNTS TIMES "}");
	f.kind = FL_FLOW_ARP;
	same(&f, BARE "\"proto\":\"arp\",\"src\":{\"addr\":\"10.0.0.1\"},"
		      "\"dst\":{\"addr\":\"10.0.0.2\"},\"operation\":1," COUNTS TIMES "}");
	f.kind = FL_FLOW_OTHER;
	f.proto = 0;
	f.ethertype = 0x88cc;
	same(&f, BARE "\"proto\":\"other\",\"ethertype\":\"0x88cc\"," COUNTS TIMES "}");
	f.kind = FL_FLOW_MALFORMED;
	f.proto = FL_FLAW_CHAIN;
	same(&f, BARE
	     "\"proto\":\"malformed\",\"ethertype\":\"0x88cc\",\"flaw\":\"chain\"," COUNTS TIMES
	     "}");
	f.proto = FL_FLAW_SHORT;
	f.ethertype = 0;
	f.first = f.last = 0;
	same(&f, BARE "\"proto\":\"malformed\",\"flaw\":\"short\",\"packets\":12345,"
		      "\"segments\":20000,\"bytes\":1234500}");
}

TEST(with_path)
{
	struct flow f = sample();
	struct flow *rows[] = {&f};
	struct flow_view v = view;
	struct table_columns c;
	const char *bad;
	struct buf b = {0};

	f.conn = 1;
	f.from_client = true;
	assert_int_equal(flow_paths_new(&v.paths, rows, NULL, 1, rows, 1), 0);
	flow_json(&v, &f, &b);
	same_json(b.data, b.len,
		  HEAD LINK
		  "\"direction\":\"egress\",\"family\":\"ipv4\",\"proto\":\"tcp\"," ENDS COUNTS TCP
			  TIMES
		  ",\"conn\":\"0000000000000001\",\"path\":[{\"netns\":{\"inode\":4026532607,"
		  "\"cookie\":4101,\"name\":\"red\"},\"link\":\"eth0\",\"ifindex\":2},{\"netns\":"
		  "{\"inode\":4026532608,\"cookie\":4102},\"link\":\"veth1\",\"ifindex\":7}]}");
	b.len = 0;
	assert_int_equal(flow_columns_parse("path,link", &c, &bad), 0);
	assert_true(flow_columns_want_path(&c));
	flow_table_show(&v, &c, rows, 1, &b);
	same_text(&b, "red:eth0 → 4026532608:veth1  eth0\n");
	assert_int_equal(flow_columns_parse("link", &c, &bad), 0);
	assert_false(flow_columns_want_path(&c));
	flow_paths_free(v.paths);
	buf_free(&b);
}

TEST(hostile)
{
	static const struct netns evil = {.inode = 1, .cookie = 1, .name = "\x1b[2J\"\n\xc3"};
	struct flow f = sample();
	struct flow *rows[] = {&f};
	struct table_columns c;
	const char *bad;
	struct json_object *o, *l, *s;
	struct buf b = {0};

	memcpy(eth.name, "\"},\x1b[H\xff\r", 9);
	memcpy(eth.kind, "\x9b\"", 3);
	eth.netns = &evil;
	host.netns = &evil;
	memcpy(host.name, "\xe2\x80\xae", 4);
	link_pair(&eth, &host);
	memcpy(br.name, "\\\"\x01", 4);
	eth.master = &br;
	f.sender = (struct flow_end){&evil, process("\"}\n\x1b[2J\xff", 1, NULL)};
	f.receiver = f.sender;
	flow_json(&view, &f, &b);
	o = parse_line(b.data, b.len);
	assert_true(json_object_object_get_ex(o, "link", &l));
	assert_true(json_object_object_get_ex(l, "name", &s));
	assert_string_equal(json_object_get_string(s), "\"},\x1b[H\\xff\r");
	assert_true(json_object_object_get_ex(l, "master", &s));
	assert_string_equal(json_object_get_string(s), "\\\"\x01");
	json_object_put(o);
	for (size_t i = 0; i + 1 < b.len; i++)
		assert_true((unsigned char)b.data[i] >= 0x20);
	b.len = 0;
	assert_int_equal(flow_columns_parse("netns,link,owner,peer,peer-link", &c, &bad), 0);
	flow_table_show(&view, &c, rows, 1, &b);
	same_text(
		&b,
		"\\x1b[2J\"\\x0a\\xc3  \"},\\x1b[H\\xff\\x0d  \"}\\x0a\\x1b[2J\\xff[1]  "
		"\\x1b[2J\"\\x0a\\xc3/\"}\\x0a\\x1b[2J\\xff[1]  \\x1b[2J\"\\x0a\\xc3:\\xe2\\x80\\xae\n");
	buf_free(&b);
}

static void line(const struct flow *f, const char *list, const char *want)
{
	struct flow copy = *f, *rows[] = {&copy};
	struct table_columns c;
	const char *bad;
	struct buf b = {0};

	assert_int_equal(flow_columns_parse(list, &c, &bad), 0);
	flow_table_show(&view, &c, rows, 1, &b);
	same_text(&b, want);
	buf_free(&b);
}

TEST(cells)
{
	struct flow f = sample();

	line(&f, "netns,link,dir,proto,src,dst,state",
	     "red  eth0  out  tcp  10.77.0.2:37876  10.77.0.3:9000  open\n");
	line(&f, "packet-rate,rate,packets,bytes,segments", "1  2.5k  12k  1.2M  20k\n");
	line(&f, "owner,peer,conn,container,peer-container,vlan,note,path",
	     "-  -  -  -  -  -  -  -\n");
	line(&f, "peer-link,flags", "4026532608:veth1  APS\n");
	f.sender.owner = process("curl", 10, &box);
	f.receiver = (struct flow_end){&nameless, process("nginx", 20, NULL)};
	f.conn = 0x0f0c2c6f1f3d5a77;
	f.tagged = f.tagged2 = f.partial = true;
	f.vlan = 7;
	f.vlan2 = 8;
	f.tcp_flags = 0xff;
	f.egress = false;
	line(&f, "dir,owner,peer,conn,container,vlan,note,flags",
	     "in  curl[10]  4026532608/nginx[20]  0f0c2c6f  docker:x  7.8  partial  CEUAPRSF\n");
	f.receiver.owner.source = OWNER_UNKNOWN;
	line(&f, "peer", "4026532608/-\n");
	f.kind = FL_FLOW_OTHER;
	f.ethertype = 0x88cc;
	line(&f, "proto,src", "0x88cc  -\n");
	f.kind = FL_FLOW_MALFORMED;
	f.proto = FL_FLAW_LENGTH;
	line(&f, "proto,note", "malformed  length, partial\n");
	f.kind = FL_FLOW_IPV4;
	f.proto = 1;
	f.icmp.type = 8;
	f.icmp.id = 77;
	f.src.port = 0;
	f.partial = false;
	line(&f, "proto,src,note", "icmp  10.77.0.2  type 8 code 0 id 77\n");
	f.bytes_before = UINT64_MAX;
	line(&f, "rate", "0\n");
}

TEST(widths)
{
	struct flow f = sample(), g = f;
	struct flow *rows[] = {&f, &g};
	struct flow_view v = view;
	struct table_columns c;
	const char *bad;
	struct buf b = {0};
	struct link longer = device(&red, "0123456789abcde", "veth", 9);

	g.link = &longer;
	g.packets = 1;
	v.no_header = false;
	assert_int_equal(flow_columns_parse("link,packets,dir", &c, &bad), 0);
	flow_table_show(&v, &c, rows, 2, &b);
	same_text(&b, "LINK             PACKETS  DIR\n"
		      "eth0                 12k  out\n"
		      "0123456789abcde        1  out\n");
	flow_table_show(&v, &c, rows, 0, &b);
	same_text(&b, "LINK  PACKETS  DIR\n");
	v.interval_ns = 0;
	assert_int_equal(flow_columns_parse("rate", &c, &bad), 0);
	flow_table_show(&v, &c, rows, 1, &b);
	same_text(&b, "B/S\n  -\n");
	/* The usual ones, with what is usual in them, fit 160 columns. */
	f.sender.owner = process("flowner", 123456, NULL);
	f.receiver = (struct flow_end){&red, process("flowner", 123457, NULL)};
	assert_int_equal(flow_columns_parse(NULL, &c, &bad), 0);
	flow_table_show(&v, &c, rows, 1, &b);
	assert_true(strcspn(b.data, "\n") <= 160);
	buf_free(&b);
}

TEST(columns)
{
	struct table_columns c;
	const char *bad = NULL;
	struct buf b = {0};

	assert_int_equal(flow_columns_parse(NULL, &c, &bad), 0);
	flow_columns_names(&b);
	buf_putc(&b, '\0');
	assert_int_equal(flow_columns_parse(b.data, &c, &bad), -EINVAL);
	assert_memory_equal(bad, " link,", 6);
	assert_int_equal(flow_columns_parse("link,nonsense,dir", &c, &bad), -EINVAL);
	assert_memory_equal(bad, "nonsense,", 9);
	assert_int_equal(flow_columns_parse("", &c, &bad), -EINVAL);
	assert_int_equal(flow_columns_parse("link,", &c, &bad), -EINVAL);
	b.len = 0;
	for (int i = 0; i < TABLE_COLUMNS_MAX; i++)
		buf_printf(&b, "%slink", i ? "," : "");
	buf_putc(&b, '\0');
	assert_int_equal(flow_columns_parse(b.data, &c, &bad), 0);
	b.len--;
	buf_lit(&b, ",link");
	buf_putc(&b, '\0');
	assert_int_equal(flow_columns_parse(b.data, &c, &bad), -EINVAL);
	buf_free(&b);
}

TEST(human)
{
	static const struct {
		uint64_t v;
		const char *text;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1.0k"},
		{1249, "1.2k"},
		{9949, "9.9k"},
		{9950, "10k"},
		{999499, "999k"},
		{999500, "1.0M"},
		{5600000000, "5.6G"},
		{UINT64_MAX, "18E"},
		{1000000000000, "1.0T"},
	};
	struct buf b = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cell_human(&b, cases[i].v), strlen(cases[i].text));
		same_text(&b, cases[i].text);
	}
	buf_free(&b);
}

static void draws(struct screen *s, const char *block, size_t more, const char *want)
{
	struct buf in = {0}, out = {0};

	if (*block)
		buf_puts(&in, block);
	screen_compose(s, &in, more, &out);
	same_text(&out, want);
	buf_free(&in);
	buf_free(&out);
}

TEST(screen)
{
	struct screen s = {.terminal = true, .rows = 5, .columns = 10};

	draws(&s, "a\nb\n", 0, "\x1b[H\x1b[Ja\x1b[K\nb\x1b[K\n\x1b[J");
	draws(&s, "", 0, "\x1b[H\x1b[J");
	draws(&s, "1\n2\n3\n4\n", 0, "\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n4\x1b[K\n\x1b[J");
	draws(&s, "1\n2\n3\n4\n5\n", 0,
	      "\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n… and 2 more\x1b[K\n\x1b[J");
	draws(&s, "1\n2\n3\n", 7, "\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n… and 7 more\x1b[K\n\x1b[J");
	draws(&s, "1\n2\n3\n4\n", 7, "\x1b[H1\x1b[K\n2\x1b[K\n3\x1b[K\n… and 8 more\x1b[K\n\x1b[J");
	/* Ten columns of eleven, of one to three bytes each. */
	draws(&s, "µ→34567890X\n0123456789\n", 0,
	      "\x1b[Hµ→34567890\x1b[K\n0123456789\x1b[K\n\x1b[J");
	s.rows = 1;
	draws(&s, "1\n2\n3\n", 0, "\x1b[H1\x1b[K\n… and 2 more\x1b[K\n\x1b[J");
}

TEST(blocks)
{
	struct screen s = {.terminal = false, .rows = 2, .columns = 3};
	struct buf b = {0};
	int fd[2];
	char got[64];

	draws(&s, "1\n2\n3 is long\n", 0, "1\n2\n3 is long\n");
	draws(&s, "4\n", 3, "\n4\n… and 3 more\n");
	assert_int_equal(pipe(fd), 0);
	screen_init(&s, fd[1]);
	assert_false(s.terminal);
	assert_int_equal(screen_rows(&s), UINT_MAX);
	buf_puts(&b, "x\n");
	assert_int_equal(screen_show(&s, &b, 0), 0);
	assert_int_equal(b.len, 0);
	buf_puts(&b, "y\n");
	assert_int_equal(screen_show(&s, &b, 0), 0);
	assert_int_equal(read(fd[0], got, sizeof(got)), 5);
	assert_memory_equal(got, "x\n\ny\n", 5);
	close(fd[0]);
	close(fd[1]);
	buf_free(&b);
	screen_free(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a flow has just the keys of the design", json),
		IT("each kind of flow says what it is, and no more", kinds),
		IT("the path is told where it is known", with_path),
		IT("hostile names stay one string in JSON and one cell in the table", hostile),
		IT("table cells show what is known and a dash for the rest", cells),
		IT("columns are as wide as what is in them", widths),
		IT("columns are chosen by name, and the first wrong one is told", columns),
		IT("large numbers take four columns", human),
		IT("a terminal is drawn over, and never scrolled", screen),
		IT("elsewhere an empty line parts the tables", blocks),
	};

	return RUN(tests);
}
