// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections and sockets as tables and JSON; and connections through a proxy. */
#include "who.h"

#include "out/who_view.h"

static const struct who_view plain_view = {0};

static void same_row(const struct who_view *v, const struct who_row *r, const char *want)
{
	struct buf b = {0};

	who_json(v, r, &b);
	assert_int_equal(b.err, 0);
	same_json(b.data, b.len, want);
	buf_free(&b);
}

static void same_table(bool listening, const char *list, struct who_row **rows, size_t n,
		       const char *want)
{
	const struct who_view v = {.no_header = !strchr(want, '\n') || strchr(want, '\n')[1] == 0};
	struct table_columns c;
	struct buf b = {0};
	const char *bad;

	assert_int_equal(who_columns_parse(listening, list, &c, &bad), 0);
	who_table_show(&v, &c, rows, n, &b);
	same_text(&b, want);
	buf_free(&b);
}

#define BLUE   "{\"inode\":100,\"cookie\":1,\"name\":\"blue\"}"
#define RED    "{\"inode\":200,\"cookie\":2,\"name\":\"red\"}"
#define C_ADDR "{\"addr\":\"10.77.0.2\",\"port\":40000}"
#define S_ADDR "{\"addr\":\"10.77.0.3\",\"port\":443}"
#define CURL                                                                          \
	"\"owner\":{\"pid\":10,\"tid\":11,\"ppid\":1,\"uid\":1000,\"comm\":\"curl\"," \
	"\"source\":\"snapshot\"}"
#define BOX                                          \
	"\"cgroup\":\"/docker/box\",\"container\":{" \
	"\"runtime\":\"docker\",\"id\":\"box\"}"
#define NGINX_IS(source)                                                              \
	"\"owner\":{\"pid\":20,\"tid\":20,\"ppid\":19,\"uid\":33,\"comm\":\"nginx\"," \
	"\"source\":\"" source "\"," BOX "}"

static void conn_text(char *out, uint64_t conn)
{
	snprintf(out, 17, "%016llx", (unsigned long long)conn);
}

TEST(json_pair)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client();
	char id[17], want[2000];
	struct who_row *r;

	c.sock.remote_addr[3] = 99;
	ADD(w, c);
	ADD(w, of_server());
	r = rows_of(w, 1)[0];
	conn_text(id, r->conn);
	snprintf(want, sizeof(want),
		 "{\"type\":\"connection\",\"conn\":\"%s\",\"client\":{\"netns\":" BLUE
		 ",\"cookie\":11,\"state\":\"ESTABLISHED\",\"local\":" C_ADDR
		 ",\"remote\":{\"addr\":\"10.77.0.99\",\"port\":443}," CURL
		 ",\"tx_bytes\":100,\"rx_bytes\":7,\"srtt_us\":57,\"min_rtt_us\":20,"
		 "\"retransmits\":0,\"idle_ms\":12},\"server\":{\"netns\":" RED
		 ",\"cookie\":12,\"state\":\"ESTABLISHED\",\"local\":" S_ADDR ",\"remote\":" C_ADDR
		 "," NGINX_IS("snapshot") ",\"tx_bytes\":7,\"rx_bytes\":100,\"retransmits\":0,"
					  "\"idle_ms\":8},\"nat\":true}",
		 id);
	same_row(&plain_view, r, want);
	who_free(w);
}

TEST(json_end)
{
	struct who *w = new_who();

	ADD(w, left_of(of_client(), TIME_WAIT));
	same_row(&plain_view, rows_of(w, 1)[0],
		 "{\"type\":\"connection\",\"end\":{\"netns\":" BLUE
		 ",\"cookie\":1011,\"state\":\"TIME_WAIT\",\"local\":" C_ADDR ",\"remote\":" S_ADDR
		 ",\"held\":\"nobody\"}}");
	who_free(w);
}

TEST(json_queued)
{
	struct who *w = new_who();
	struct who_row **rows;
	char id[17], want[2000];

	ADD(w, of_listener());
	ADD(w, unheld(of_server(), FL_HELD_QUEUE));
	rows = rows_of(w, 2);
	if (rows[0]->kind == WHO_LISTEN)
		rows++;
	conn_text(id, rows[0]->conn);
	snprintf(want, sizeof(want),
		 "{\"type\":\"connection\",\"conn\":\"%s\",\"server\":{\"netns\":" RED
		 ",\"cookie\":12,\"state\":\"ESTABLISHED\",\"local\":" S_ADDR ",\"remote\":" C_ADDR
		 ",\"held\":\"queue\"," NGINX_IS(
			 "listen") ",\"tx_bytes\":7,\"rx_bytes\":100,\"retransmits\":0,"
				   "\"idle_ms\":8}}",
		 id);
	same_row(&plain_view, rows[0], want);
	who_free(w);
}

TEST(json_listen)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_listener();

	ADD(w, s);
	s.task.pid = 21;
	ADD(w, s);
	same_row(&plain_view, rows_of(w, 1)[0],
		 "{\"type\":\"listen\",\"netns\":" RED
		 ",\"cookie\":13,\"local\":{\"addr\":\"0.0.0.0\",\"port\":443}," NGINX_IS(
			 "snapshot") ",\"shared\":1,\"pids\":[20,21],\"backlog\":{\"used\":3,"
				     "\"max\":128}}");
	who_free(w);
}

TEST(json_udp)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_client();

	s.protocol = IPPROTO_UDP;
	ADD(w, s);
	same_row(&plain_view, rows_of(w, 1)[0],
		 "{\"type\":\"udp\",\"netns\":" BLUE ",\"cookie\":11,\"local\":" C_ADDR
		 ",\"remote\":" S_ADDR "," CURL "}");
	who_free(w);
}

TEST(table_pair)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client(), s = of_server();
	char want[400], id[17];
	struct who_row **rows;

	c.sock.remote_addr[3] = 99;
	s.sock.remote_addr[3] = 98;
	s.sock.state = CLOSE_WAIT;
	ADD(w, c);
	ADD(w, s);
	s.task.pid = 21;
	ADD(w, s);
	rows = rows_of(w, 1);
	conn_text(id, rows[0]->conn);
	id[8] = '\0';
	snprintf(
		want, sizeof(want),
		"CONN      STATE                   CLIENT         ADDRESS                           "
		"SERVER           ADDRESS                        TX  RX    RTT  IDLE\n"
		"%s  ESTABLISHED/CLOSE_WAIT  blue/curl[10]  10.77.0.2:40000→10.77.0.98:40000  "
		"red/nginx[20]+1  10.77.0.99:443→10.77.0.3:443  100   7  57 µs  8 ms\n",
		id);
	same_table(false, NULL, rows, 1, want);
	same_table(false, "server-container,retransmits,here,note,path,client-container", rows, 1,
		   "docker:box  0  both  nat  -  -\n");
	who_free(w);
}

TEST(table_ends)
{
	struct who *w = new_who();

	ADD(w, left_of(of_client(), TIME_WAIT));
	same_table(false, NULL, rows_of(w, 1), 1,
		   "-  TIME_WAIT  blue/-  10.77.0.2:40000  -  10.77.0.3:443  -  -  -  -\n");
	who_free(w);
	w = new_who();
	ADD(w, of_server());
	same_table(false, "state,client,client-addr,server,server-addr,tx,rx,here", rows_of(w, 1),
		   1,
		   "ESTABLISHED  -  10.77.0.2:40000  red/nginx[20]  10.77.0.3:443  100  7  "
		   "server\n");
	who_free(w);
}

TEST(table_listen)
{
	struct who *w = new_who();

	ADD(w, of_listener());
	same_table(true, NULL, rows_of(w, 1), 1,
		   "PROTO  NETNS  LOCAL        QUEUE  PROCESS    CONTAINER\n"
		   "tcp    red    0.0.0.0:443  3/128  nginx[20]  docker:box\n");
	who_free(w);
}

static const char *idle_text(uint64_t ms, char *text)
{
	struct who_socket s = {.idle_ms = ms, .protocol = IPPROTO_TCP};
	struct who_row row = {.kind = WHO_CONNECTION, .end = &s}, *r = &row;
	const struct who_view v = {.no_header = true};
	struct table_columns c;
	struct buf b = {0};
	const char *bad;

	assert_int_equal(who_columns_parse(false, "idle", &c, &bad), 0);
	who_table_show(&v, &c, &r, 1, &b);
	snprintf(text, 20, "%.*s", (int)b.len - 1, b.data);
	buf_free(&b);
	return text;
}

TEST(idle)
{
	char text[20];

	assert_string_equal(idle_text(0, text), "0 ms");
	assert_string_equal(idle_text(1999, text), "1999 ms");
	assert_string_equal(idle_text(2000, text), "2 s");
	assert_string_equal(idle_text(119999, text), "119 s");
	assert_string_equal(idle_text(120000, text), "2 min");
	assert_string_equal(idle_text(7200000, text), "2 h");
	assert_string_equal(idle_text(172800000, text), "2 d");
	assert_string_equal(idle_text(WHO_IDLE_UNKNOWN, text), "-");
}

/* --- proxies --- */

/* curl → docker-proxy[30] in red; docker-proxy → nginx in green, of those bytes. */
static const struct netns green = {.inode = 400, .cookie = 4};

static struct fl_task proxy_task(void)
{
	return (struct fl_task){.pid = 30, .tid = 30, .ppid = 1, .comm = "docker-proxy"};
}

static void add_front(struct who *w, uint32_t n, uint64_t there, uint64_t back, bool whole)
{
	struct fl_snapshot c = of_client(), s = of_server();

	c.sock.cookie = 100 + n;
	s.sock.cookie = 200 + n;
	c.sock.isn_own += n;
	s.sock.isn_other += n;
	c.sock.local_port_be = s.sock.remote_port_be = htons((uint16_t)(40000 + n));
	c.counts.tx_bytes = s.counts.rx_bytes = there;
	c.counts.acked_bytes = there + 1;
	s.counts.tx_bytes = s.counts.acked_bytes = c.counts.rx_bytes = back;
	s.task = proxy_task();
	if (whole)
		ADD(w, c);
	ADD(w, s);
}

static void add_back(struct who *w, uint32_t n, uint64_t there, uint64_t back)
{
	struct fl_snapshot c = of_client(), s = of_server();

	c.sock.cookie = 300 + n;
	s.sock.cookie = 400 + n;
	c.sock.isn_own += 1000 + n;
	s.sock.isn_other += 1000 + n;
	c.sock.local_addr[1] = c.sock.remote_addr[1] = 88;
	s.sock.local_addr[1] = s.sock.remote_addr[1] = 88;
	c.sock.local_port_be = s.sock.remote_port_be = htons((uint16_t)(50000 + n));
	c.counts.tx_bytes = s.counts.rx_bytes = there;
	c.counts.acked_bytes = there + 1;
	s.counts.tx_bytes = s.counts.acked_bytes = c.counts.rx_bytes = back;
	c.task = proxy_task();
	ADD(w, in_netns(c, &red));
	ADD(w, in_netns(s, &green));
}

TEST(proxy_one)
{
	struct who *w = new_who();
	const struct who_row *r;
	struct who_row **rows;
	struct who_tuple t;

	/* Bytes are on their way, so the numbers do not agree. */
	add_front(w, 0, 100, 7, true);
	add_back(w, 0, 90, 7);
	rows = rows_of(w, 1);
	r = rows[0];
	assert_int_equal(r->client->cookie, 100);
	assert_int_equal(r->front->cookie, 200);
	assert_int_equal(r->back->cookie, 300);
	assert_int_equal(r->server->cookie, 400);
	assert_true(r->conn && r->back_conn && r->conn != r->back_conn);
	assert_false(r->nat);
	who_tuple(r, &t);
	assert_int_equal(t.client.addr.b[13], 77);
	assert_int_equal(t.server_seen.addr.b[13], 77);
	assert_int_equal(t.server.addr.b[13], 88);
	same_table(false, "client,server,server-addr,tx,rx", rows, 1,
		   "blue/curl[10]  -/nginx[20] via docker-proxy[30]  "
		   "10.77.0.3:443→10.88.0.3:443  100  7\n");
	who_free(w);
}

TEST(proxy_of_far_client)
{
	struct who *w = new_who();
	const struct who_row *r;
	struct who_tuple t;

	add_front(w, 0, 100, 7, false);
	add_back(w, 0, 100, 7);
	r = rows_of(w, 1)[0];
	assert_null(r->client);
	assert_int_equal(r->front->cookie, 200);
	assert_int_equal(r->server->cookie, 400);
	who_tuple(r, &t);
	assert_int_equal(t.client.port, 40000);
	assert_int_equal(t.server_seen.addr.b[13], 77);
	who_free(w);
}

static size_t proxied(struct who_row **rows, size_t n)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		if (!rows[i]->front)
			continue;
		m++;
		assert_int_equal(rows[i]->front->rx_bytes, rows[i]->back->tx_bytes);
		assert_int_equal(rows[i]->front->cookie % 100, rows[i]->back->cookie % 100);
	}
	return m;
}

TEST(proxy_several)
{
	struct who *w = new_who();

	add_front(w, 1, 100, 7, true);
	add_front(w, 2, 200, 7, true);
	add_front(w, 3, 300, 7, true);
	add_front(w, 4, 300, 7, true);
	add_back(w, 2, 200, 7);
	add_back(w, 1, 100, 7);
	add_back(w, 4, 300, 7);
	add_back(w, 3, 300, 7);
	assert_int_equal(proxied(rows_of(w, 6), 6), 2);
	who_free(w);
}

TEST(proxy_ambiguous)
{
	struct who *w = new_who();

	/* Two backs of which one agrees; the numbers of the other front may yet become so. */
	add_front(w, 1, 100, 7, true);
	add_front(w, 2, 100, 7, true);
	add_back(w, 1, 100, 7);
	assert_int_equal(proxied(rows_of(w, 3), 3), 0);
	who_free(w);
}

TEST(proxy_is_not_any_process)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client(), s = of_server();

	s.task = c.task = curl();
	ADD(w, s);
	c.sock.cookie = 300;
	c.sock.isn_own += 1000;
	ADD(w, in_netns(c, &red));
	assert_int_equal(proxied(rows_of(w, 2), 2), 0);
	who_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("JSON: both ends, and that addresses were translated", json_pair),
		IT("JSON: an end of which little is known", json_end),
		IT("JSON: nobody has accepted it", json_queued),
		IT("JSON: a listener, its processes and its queue", json_listen),
		IT("JSON: a UDP socket", json_udp),
		IT("a connection in a line", table_pair),
		IT("one end of a connection", table_ends),
		IT("a listener in a line", table_listen),
		IT("idle for milliseconds to days", idle),
		IT("one connection on either side of a proxy is one", proxy_one),
		IT("its client may be on another host", proxy_of_far_client),
		IT("several are told apart by their bytes", proxy_several),
		IT("and not where two fit", proxy_ambiguous),
		IT("other processes are no proxies", proxy_is_not_any_process),
	};

	return RUN(tests);
}
