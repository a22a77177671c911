// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What operands mean, which of them are wrong, and which connections they ask for. */
#include "who.h"

#include <errno.h>

#include "model/who_query.h"

static const struct container web = {
	.runtime = "docker",
	.id = "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
	.name = "web"};
static const struct cgroup web_group = {.path = "/docker/abcdef", .container = &web};

static int add_one(const char *operand, struct who_query *q)
{
	*q = (struct who_query){0};
	return who_query_add(q, operand);
}

TEST(wrong)
{
	static const char *const operands[] = {
		"",
		":",
		":0",
		":65536",
		":-1",
		":80x",
		":http",
		"10.0.0.2:",
		"10.0.0.2:0",
		"10.0.0.2:65536",
		"10.0.0.2:80:90",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.2.3",
		"10.0.0.0/33",
		"10.0.0.0/",
		"/8",
		"10.0.0.2:80/24",
		"[::1",
		"[::1/64]:80x",
		"[::1/64",
		"[::1]80",
		"[::1]:",
		"[::1]:x",
		"[10.0.0.2]:80",
		"[web]:80",
		"[]:80",
		":::1",
		"1::2::3",
		"::g",
		"::1%eth0",
		"pid:",
		"pid:0",
		"pid:x",
		"pid:-1",
		"pid:99999999999",
		"a b",
		"a\tb",
		"a\nb",
		"web:80",
		"docker:",
		"docker:a:b",
		":80:docker",
		"->",
		"*",
		"*->*",
		"*->",
		"**->a:b",
		"a->b->c",
		"a->:0",
		"10.0.0.300->b",
		"a->a b",
	};

	for (size_t i = 0; i < COUNT(operands); i++) {
		struct who_query q;

		if (add_one(operands[i], &q) != -EINVAL)
			fail_msg("'%s' was taken", operands[i]);
		assert_int_equal(q.n, 0);
	}
}

TEST(too_long)
{
	char text[400];
	struct who_query q;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(add_one(text, &q), -EINVAL);
	text[255] = '\0';
	assert_int_equal(add_one(text, &q), 0);
	text[255] = 'x';
	text[256] = '\0';
	assert_int_equal(add_one(text, &q), -EINVAL);
}

TEST(too_many)
{
	struct who_query q = {0};

	for (int i = 0; i < WHO_QUERY_MAX; i++)
		assert_int_equal(who_query_add(&q, ":80"), 0);
	assert_int_equal(who_query_add(&q, ":80"), -E2BIG);
	assert_int_equal(q.n, WHO_QUERY_MAX);
}

static struct who_row *the_row(struct who *w)
{
	struct who_row **rows;
	size_t n;

	rows = who_rows(w, &n);
	assert_int_equal(n, 1);
	return rows[0];
}

/* curl[10] in blue, 10.77.0.2:40000 → nginx[20] and [21] in red, 10.77.0.3:443; called as :8443 */
static struct who *one_connection(void)
{
	struct who *w = new_who();
	struct fl_snapshot c = of_client(), s = of_server();

	c.sock.remote_addr[3] = 99;
	c.sock.remote_port_be = htons(8443);
	ADD(w, c);
	ADD(w, s);
	s.task.pid = 21;
	ADD(w, s);
	rows_of(w, 1);
	return w;
}

static bool asks_for(const char *operand, struct who *w)
{
	struct who_query q;
	struct who_row *r = the_row(w);

	if (add_one(operand, &q))
		fail_msg("'%s' was not taken", operand);
	who_query_resolve(&q, &r, 1);
	return who_query_matches(&q, r);
}

static void check(struct who *w, const char *const *operands, bool wanted)
{
	for (; *operands; operands++)
		if (asks_for(*operands, w) != wanted)
			fail_msg("'%s' is %s", *operands, wanted ? "not found" : "found");
}

TEST(addresses)
{
	static const char *const found[] = {":443",
					    ":8443",
					    ":40000",
					    "10.77.0.2",
					    "10.77.0.3",
					    "10.77.0.99",
					    "10.77.0.3:443",
					    "10.77.0.99:8443",
					    "10.77.0.2:40000",
					    "10.77.0.0/24",
					    "10.77.0.0/16",
					    "::ffff:10.77.0.2",
					    "[::ffff:10.77.0.3]:443",
					    "[::ffff:a4d:2]",
					    NULL};
	static const char *const missed[] = {":80",           "10.77.0.4",    "10.77.0.3:8443",
					     "10.77.0.2:443", "10.78.0.0/16", "::1",
					     "[::1]:443",     "fd77::2",      NULL};
	struct who *w = one_connection();

	check(w, found, true);
	check(w, missed, false);
	who_free(w);
}

TEST(processes_and_names)
{
	static const char *const found[] = {"pid:10",     "pid:20", "pid:21", "blue",
					    "red",        "100",    "200",    "box",
					    "docker:box", "curl",   "nginx",  NULL};
	static const char *const missed[] = {"pid:11",     "pid:2", "blu",  "bluer", "300",
					     "podman:box", "curl2", "BLUE", "wget",  NULL};
	struct who *w = one_connection();

	check(w, found, true);
	check(w, missed, false);
	who_free(w);
}

TEST(direction)
{
	static const char *const found[] = {"blue->red",
					    "10.77.0.2->10.77.0.3",
					    "10.77.0.2->:443",
					    "blue->:8443",
					    "pid:10->pid:21",
					    "curl->nginx",
					    "->red",
					    "*->red",
					    "blue->*",
					    "blue->",
					    ":40000->",
					    "->10.77.0.99:8443",
					    "blue->box",
					    "curl->red",
					    NULL};
	static const char *const missed[] = {
		"red->blue", "10.77.0.3->10.77.0.2", "->blue",   "red->",     ":443->",
		"->:40000",  "nginx->curl",          "pid:20->", "blue->:80", "->10.77.0.3:8443",
		NULL};
	struct who *w = one_connection();

	/* A port alone is a name; a colon makes it a port. */
	assert_false(asks_for("10.77.0.0/24->443", w));
	check(w, found, true);
	check(w, missed, false);
	who_free(w);
}

TEST(conn_ids)
{
	struct who *w = one_connection();
	char id[17];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)the_row(w)->conn);
	for (int len = 16; len >= 8; len--) {
		id[len] = '\0';
		assert_true(asks_for(id, w));
	}
	id[7] = '\0'; /* too short for one */
	assert_false(asks_for(id, w));
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)the_row(w)->conn ^ 1);
	assert_false(asks_for(id, w));
	id[8] = '\0';
	id[0] = id[0] == '0' ? '1' : '0';
	assert_false(asks_for(id, w));
	who_free(w);
}

TEST(comm_last)
{
	struct who *w = new_who();
	struct fl_snapshot other = of_client();
	struct who_row **rows;
	struct who_query q;

	/* A process that is called as another's namespace is. */
	memcpy(other.task.comm, "red\0\0\0\0", 8);
	other.sock.cookie = 99;
	other.sock.isn_own--;
	ADD(w, other);
	ADD(w, of_server());
	rows = rows_of(w, 2);
	assert_int_equal(add_one("red", &q), 0);
	who_query_resolve(&q, rows, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(who_query_matches(&q, rows[i]), rows[i]->server != NULL);
	/* Where there is no such namespace, it is the process's name. */
	assert_int_equal(add_one("red", &q), 0);
	if (rows[0]->server)
		rows++;
	who_query_resolve(&q, rows, 1);
	assert_true(who_query_matches(&q, rows[0]));
	who_free(w);
}

TEST(long_comm)
{
	struct who *w = new_who();
	struct fl_snapshot s = of_server();

	memcpy(s.task.comm, "a-process-that-", 15);
	s.task.comm[15] = 0;
	ADD(w, s);
	rows_of(w, 1);
	assert_true(asks_for("a-process-that-goes-on", w));
	assert_true(asks_for("a-process-that-", w));
	assert_false(asks_for("a-process-that", w));
	who_free(w);
}

TEST(containers)
{
	static const char *const found[] = {"web",           "abcdef012345", web.id, "docker:web",
					    "docker:abcdef", "web->",        NULL};
	static const char *const missed[] = {"we", "webb", "podman:web", "->web", "bcdef", NULL};
	struct who_socket c = {.role = ROLE_CLIENT, .self.owner.cgroup = &web_group};
	struct who_row row = {.kind = WHO_CONNECTION, .client = &c}, *r = &row;

	for (int i = 0; found[i] || missed[i]; i++) {
		struct who_query q;

		if (found[i]) {
			assert_int_equal(add_one(found[i], &q), 0);
			who_query_resolve(&q, &r, 1);
			if (!who_query_matches(&q, r))
				fail_msg("'%s' is not found", found[i]);
		}
		if (!missed[i])
			break;
		assert_int_equal(add_one(missed[i], &q), 0);
		who_query_resolve(&q, &r, 1);
		if (who_query_matches(&q, r))
			fail_msg("'%s' is found", missed[i]);
	}
}

TEST(one_end)
{
	struct who *w = new_who();

	/* Of unknown role: either side. */
	ADD(w, left_of(of_client(), TIME_WAIT));
	rows_of(w, 1);
	check(w,
	      (const char *const[]){":443", ":40000", "blue", "10.77.0.2->:443", ":443->10.77.0.2",
				    "blue->", "->blue", NULL},
	      true);
	check(w, (const char *const[]){"red", "10.77.0.2->:80", "blue->red", NULL}, false);
	who_free(w);
}

TEST(far_client)
{
	struct who *w = new_who();

	/* The client is on another host: its address is known all the same. */
	ADD(w, of_server());
	rows_of(w, 1);
	check(w, (const char *const[]){"10.77.0.2->red", ":40000->:443", "->nginx", NULL}, true);
	check(w, (const char *const[]){"blue->red", "pid:10->", "red->", NULL}, false);
	who_free(w);
}

TEST(listeners)
{
	struct who *w = new_who();

	ADD(w, of_listener());
	rows_of(w, 1);
	check(w, (const char *const[]){":443", "red", "pid:20", "->:443", "nginx", NULL}, true);
	check(w, (const char *const[]){":80", "red->", "blue->red", "10.77.0.3", NULL}, false);
	who_free(w);
}

TEST(several)
{
	struct who *w = one_connection();
	struct who_query q = {0};

	assert_true(who_query_matches(&q, the_row(w)));
	assert_int_equal(who_query_add(&q, ":80"), 0);
	assert_false(who_query_matches(&q, the_row(w)));
	assert_int_equal(who_query_add(&q, ":443"), 0);
	assert_true(who_query_matches(&q, the_row(w)));
	who_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("what is no query is not taken for one", wrong),
		IT("names have an end", too_long),
		IT("so have queries", too_many),
		IT("an address, a port or both, as either end sees them", addresses),
		IT("a process, a namespace, a container", processes_and_names),
		IT("A->B is from the client to the server", direction),
		IT("a conn id, from its eighth digit on", conn_ids),
		IT("a process's name comes last", comm_last),
		IT("names of processes are cut to fifteen bytes", long_comm),
		IT("a container by name, id, and with its runtime", containers),
		IT("an end of unknown role is on either side", one_end),
		IT("an end on another host has an address", far_client),
		IT("a listener is where connections go", listeners),
		IT("several queries are OR", several),
	};

	return RUN(tests);
}
