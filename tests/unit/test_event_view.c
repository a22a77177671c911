// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events as JSON, parsed back and compared key by key with DESIGN.md §3, and as a table. */
#include "unit.h"

#include <errno.h>
#include <json-c/json.h>

#include "out/event_view.h"

static const struct netns blue = {.inode = 4026532607, .cookie = 4101, .name = "blue"};
static const struct netns nameless = {.inode = 4026532608, .cookie = 4102};
static const struct container x = {.runtime = "docker", .id = "x"};
static const struct cgroup box = {.path = "/docker/x", .container = &x};

static const char *reason_name(void *ctx, int32_t reason)
{
	(void)ctx;
	return reason == 5 ? "TCP_STATE" : NULL;
}

/* Times are since 1970 here. */
static struct wall_clock wall;
static const struct event_view view = {.clock = &wall, .reset_reason = reason_name};

static struct event sample(enum event_type type)
{
	struct event e = {
		.type = type,
		.time = 1795230611123456789,
		.conn = 0x0f0c2c6f1f3d5a77,
		.cookie = 4117,
		.role = ROLE_CLIENT,
		.self.netns = &blue,
	};

	assert_int_equal(addr_parse("10.77.0.2", &e.self.local.addr), 0);
	assert_int_equal(addr_parse("10.77.0.3", &e.self.remote.addr), 0);
	e.self.local.port = 37876;
	e.self.remote.port = 9000;
	e.self.owner = (struct owner){
		.source = OWNER_CONNECT,
		.pid = 10,
		.tid = 11,
		.ppid = 1,
		.uid = 0,
		.comm = "curl",
		.cgroup = &box,
	};
	return e;
}

/* The line of an event, parsed; it has to be one line, and strictly JSON. */
static struct json_object *parsed(const struct event *e)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	struct buf b = {0};

	event_json(&view, e, &b);
	assert_int_equal(b.data[b.len - 1], '\n');
	assert_null(memchr(b.data, '\n', b.len - 1));
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, b.data, (int)b.len - 1);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		fail_msg("incomplete");
	assert_non_null(o);
	json_tokener_free(tok);
	buf_free(&b);
	return o;
}

/* The event's JSON has to equal `want`, whatever the order of keys: none missing, none more. */
static void same(const struct event *e, const char *want)
{
	struct json_object *have = parsed(e), *o = json_tokener_parse(want);

	assert_non_null(o);
	if (!json_object_equal(have, o))
		fail_msg("%s\nis not\n%s", json_object_to_json_string(have), want);
	json_object_put(have);
	json_object_put(o);
}

#define TIME "\"time\":\"2026-11-21T03:10:11.123456789Z\","
#define COMMON                                                                                                      \
	TIME "\"conn\":\"0f0c2c6f1f3d5a77\",\"cookie\":4117,\"role\":\"client\","                                   \
	     "\"netns\":{\"inode\":4026532607,\"cookie\":4101,\"name\":\"blue\"},\"family\":\"ipv4\","              \
	     "\"local\":{\"addr\":\"10.77.0.2\",\"port\":37876},\"remote\":{\"addr\":\"10.77.0.3\",\"port\":9000}," \
	     "\"owner\":{\"pid\":10,\"tid\":11,\"ppid\":1,\"uid\":0,\"comm\":\"curl\",\"cgroup\":\"/docker/x\","    \
	     "\"source\":\"connect\",\"container\":{\"runtime\":\"docker\",\"id\":\"x\"}}"

TEST(each_type)
{
	struct event e = sample(EVENT_LISTEN);

	e.u.backlog = 128;
	same(&e, "{\"type\":\"listen\"," COMMON ",\"backlog\":128}");
	e = sample(EVENT_CONNECT);
	e.latency_ns = 57999;
	same(&e, "{\"type\":\"connect\"," COMMON ",\"latency_us\":57}");
	e.type = EVENT_ACCEPT;
	same(&e, "{\"type\":\"accept\"," COMMON ",\"latency_us\":57}");
	e.type = EVENT_CONNECT_FAILED;
	e.u.error = ECONNREFUSED;
	same(&e, "{\"type\":\"connect-failed\"," COMMON
		 ",\"error\":\"ECONNREFUSED\",\"latency_us\":57}");
	e = sample(EVENT_STATE);
	e.u.state.from = 2;
	e.u.state.to = 1;
	same(&e, "{\"type\":\"state\"," COMMON
		 ",\"state\":{\"from\":\"SYN_SENT\",\"to\":\"ESTABLISHED\"}}");
	e = sample(EVENT_RETRANSMIT);
	e.u.retransmit.state = 8;
	e.u.retransmit.retransmits = 3;
	same(&e, "{\"type\":\"retransmit\"," COMMON ",\"state\":\"CLOSE_WAIT\",\"retransmits\":3}");
	e = sample(EVENT_RESET);
	e.u.reset.by_local = true;
	e.u.reset.reason = 5;
	same(&e, "{\"type\":\"reset\"," COMMON ",\"by\":\"local\",\"reason\":\"TCP_STATE\"}");
	e = sample(EVENT_CLOSE);
	e.u.close = (struct event_close){5000, 1, 2, 3, 4, 5, 6, 7, CLOSE_TIMEOUT};
	same(&e,
	     "{\"type\":\"close\"," COMMON
	     ",\"duration_us\":5,\"tx_bytes\":1,\"rx_bytes\":2,\"tx_segments\":3,"
	     "\"rx_segments\":4,\"retransmits\":5,\"srtt_us\":6,\"min_rtt_us\":7,\"reason\":\"timeout\"}");
	e = (struct event){.type = EVENT_LOST, .time = e.time, .u.lost = 42};
	same(&e, "{\"type\":\"lost\"," TIME "\"count\":42,\"what\":\"records\"}");
}

TEST(absent)
{
	struct event e = sample(EVENT_CONNECT);

	e.conn = e.cookie = 0;
	e.role = ROLE_UNKNOWN;
	e.self.netns = NULL;
	e.self.owner = (struct owner){.source = OWNER_UNKNOWN, .pid = 99};
	e.self.local.port = e.self.remote.port = 0;
	memset(&e.self.remote.addr, 0, 16);
	same(&e, "{\"type\":\"connect\"," TIME
		 "\"family\":\"ipv4\",\"local\":{\"addr\":\"10.77.0.2\"}}");
	e.self.netns = &nameless;
	e.self.owner.cgroup = &box;
	same(&e, "{\"type\":\"connect\"," TIME
		 "\"netns\":{\"inode\":4026532608,\"cookie\":4102},\"family\":\"ipv4\","
		 "\"local\":{\"addr\":\"10.77.0.2\"},\"owner\":{\"cgroup\":\"/docker/x\","
		 "\"container\":{\"runtime\":\"docker\",\"id\":\"x\"}}}");
	e = sample(EVENT_CONNECT_FAILED);
	same(&e, "{\"type\":\"connect-failed\"," COMMON "}");
	e = sample(EVENT_RESET);
	e.u.reset.reason = -1;
	same(&e, "{\"type\":\"reset\"," COMMON ",\"by\":\"remote\"}");
	e = sample(EVENT_CLOSE);
	same(&e, "{\"type\":\"close\"," COMMON
		 ",\"tx_bytes\":0,\"rx_bytes\":0,\"tx_segments\":0,\"rx_segments\":0,"
		 "\"retransmits\":0,\"reason\":\"fin\"}");
}

TEST(peer)
{
	struct event e = sample(EVENT_CONNECT);

	e.has_peer = true;
	e.peer = e.self;
	e.peer.netns = &nameless;
	e.peer.owner = (struct owner){0};
	same(&e,
	     "{\"type\":\"connect\"," COMMON
	     ",\"peer\":{\"netns\":{\"inode\":4026532608,\"cookie\":4102},"
	     "\"local\":{\"addr\":\"10.77.0.2\",\"port\":37876},\"remote\":{\"addr\":\"10.77.0.3\",\"port\":9000}}}");
}

TEST(hostile_comm)
{
	struct event e = sample(EVENT_CONNECT);
	struct event_columns c;
	const char *bad;
	struct json_object *o, *owner, *comm;
	struct buf b = {0};

	memcpy(e.self.owner.comm, "\"}\n\x1b[2J\xff", 9);
	o = parsed(&e);
	assert_true(json_object_object_get_ex(o, "owner", &owner));
	assert_true(json_object_object_get_ex(owner, "comm", &comm));
	assert_string_equal(json_object_get_string(comm), "\"}\n\x1b[2J\\xff");
	json_object_put(o);
	assert_int_equal(event_columns_parse("process", &c, &bad), 0);
	event_table_line(&view, &c, &e, &b);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, "\"}\\x0a\\x1b[2J\\xff[10]\n");
	buf_free(&b);
}

/* An LXC container's id is its name. */
TEST(hostile_container)
{
	static const struct container lxc = {
		.runtime = "lxc",
		.id = "\x1b[2J567890123456789012345678901234567890123456789012345678901234",
	};
	static const struct container hex = {
		.runtime = "docker",
		.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	static const struct cgroup evil = {.path = "/lxc/x", .container = &lxc};
	static const struct cgroup docker = {.path = "/docker/x", .container = &hex};
	struct event e = sample(EVENT_CONNECT);
	struct event_columns c;
	const char *bad;
	struct buf b = {0};

	assert_int_equal(strlen(evil.container->id), 64);
	e.self.owner.cgroup = &evil;
	assert_int_equal(event_columns_parse("container", &c, &bad), 0);
	event_table_line(&view, &c, &e, &b);
	assert_null(memchr(b.data, 0x1b, b.len));
	assert_int_equal(b.len, 4 + 64 + 3 + 1);
	b.len = 0;
	e.self.owner.cgroup = &docker;
	event_table_line(&view, &c, &e, &b);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, "docker:0123456789ab\n");
	buf_free(&b);
}

static void line(const struct event *e, const char *list, const char *want)
{
	struct event_columns c;
	const char *bad;
	struct buf b = {0};

	assert_int_equal(event_columns_parse(list, &c, &bad), 0);
	event_table_line(&view, &c, e, &b);
	buf_putc(&b, '\0');
	assert_string_equal(b.data, want);
	buf_free(&b);
}

TEST(table)
{
	struct event e = sample(EVENT_CONNECT);

	e.latency_ns = 57000;
	line(&e, "conn,role,detail", "0f0c2c6f  client  57 µs\n");
	line(&e, "event,netns,detail", "connect         blue          57 µs\n");
	line(&e, "container", "docker:x\n");
	line(&e, "cookie", "00001015\n");
	line(&e, "peer,peer-container,source",
	     "-                           -                        connect\n");
	e.type = EVENT_LOST;
	e.u.lost = 3;
	line(&e, "netns,local,remote,detail",
	     "-             -                    -                    3 records; a larger --ring-size helps\n");
}

TEST(columns)
{
	struct event_columns c;
	const char *bad = NULL;
	struct buf b = {0};
	char many[256] = "time";

	assert_int_equal(event_columns_parse(NULL, &c, &bad), 0);
	assert_int_equal(c.n, 9);
	event_table_header(&c, &b);
	assert_memory_equal(b.data, "TIME             EVENT           CONN      NETNS", 46);
	buf_free(&b);
	assert_int_equal(event_columns_parse("detail,time", &c, &bad), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(event_columns_parse("time,nonsense,event", &c, &bad), -EINVAL);
	assert_memory_equal(bad, "nonsense,", 9);
	assert_int_equal(event_columns_parse("", &c, &bad), -EINVAL);
	assert_int_equal(event_columns_parse("time,", &c, &bad), -EINVAL);
	assert_int_equal(event_columns_parse("tim", &c, &bad), -EINVAL);
	assert_int_equal(event_columns_parse("Time", &c, &bad), -EINVAL);
	for (int i = 1; i < EVENT_COLUMNS_MAX; i++)
		strcat(many, ",time");
	assert_int_equal(event_columns_parse(many, &c, &bad), 0);
	strcat(many, ",time");
	assert_int_equal(event_columns_parse(many, &c, &bad), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("each type of event has just the keys of the design", each_type),
		IT("what is unknown is absent", absent),
		IT("the peer has netns, ends and owner of its own", peer),
		IT("a hostile process name stays one string in JSON and one cell in the table",
		   hostile_comm),
		IT("a container's name of 64 characters is not taken for a number",
		   hostile_container),
		IT("table cells show what is known and a dash for the rest", table),
		IT("columns are chosen by name, and the first wrong one is told", columns),
	};

	return RUN(tests);
}
