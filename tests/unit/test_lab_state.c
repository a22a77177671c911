// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The file that `lab down` trusts: what is written is read back, what is broken is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/lab.h"
#include "lab/state.h"

#define HEAD "{\"version\":1,\"name\":\"lab\",\"kind\":\"pair\",\"hosts\":2,\"complete\":true,"
#define NS   "{\"name\":\"lab-client\",\"inode\":4026532607,\"cookie\":4101}"
#define GOOD HEAD "\"namespaces\":[" NS "]}"

struct fixture {
	char dir[64];
	int fd;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/flowner-test.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->fd = lab_store_open(f->dir, false);
	*state = f;
	return f->fd < 0;
}

static int teardown(void **state)
{
	_cleanup_free_ struct fixture *f = *state;

	unlinkat(f->fd, "lab.json", 0);
	unlinkat(f->fd, "other.json", 0);
	unlinkat(f->fd, ".hidden.json", 0);
	unlinkat(f->fd, "UPPER.json", 0);
	close(f->fd);
	return rmdir(f->dir);
}

static int parse(const char *text, size_t len, struct lab_state **s)
{
	const char *why = NULL;
	int err = lab_state_parse(text, len, "lab", s, &why);

	if (err)
		assert_non_null(why);
	return err;
}

static void round_trip(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = NULL;
	_cleanup_lab_state_ struct lab_state *s = NULL, *back = NULL;
	_cleanup_buf_ struct buf b = {0};

	(void)state;
	assert_int_equal(lab_topology_new(&t, LAB_ROUTER, "lab", LAB_HOSTS_MAX), 0);
	assert_int_equal(lab_state_new(&s, t), 0);
	s->complete = true;
	s->ns[5].id = (struct netns_id){UINT32_MAX, INT64_MAX};
	assert_int_equal(lab_state_format(s, &b), 0);
	assert_int_equal(parse(b.data, b.len, &back), 0);
	assert_string_equal(back->name, "lab");
	assert_int_equal(back->kind, LAB_ROUTER);
	assert_int_equal(back->hosts, LAB_HOSTS_MAX);
	assert_true(back->complete);
	assert_int_equal(back->n_ns, t->n_nodes);
	assert_string_equal(back->ns[3].name, "lab-client");
	assert_int_equal(back->ns[4].id.inode, 0);
	assert_int_equal(back->ns[5].id.inode, UINT32_MAX);
	assert_true(back->ns[5].id.cookie == INT64_MAX);
}

static void accepts(void **state)
{
	static const char *const good[] = {
		GOOD,
		GOOD "\n \t\r\n",
		HEAD "\"namespaces\":[]}",
		HEAD "\"namespaces\":[],\"added-later\":{\"x\":[1]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		_cleanup_lab_state_ struct lab_state *s = NULL;

		if (parse(good[i], strlen(good[i]), &s))
			fail_msg("refused: %s", good[i]);
	}
}

#define HEAD_WITH(version, name, kind, hosts, complete)                                 \
	"{\"version\":" version ",\"name\":" name ",\"kind\":" kind ",\"hosts\":" hosts \
	",\"complete\":" complete ",\"namespaces\":[]}"
#define WITH_NS(name, inode, cookie) \
	HEAD "\"namespaces\":[{\"name\":" name ",\"inode\":" inode ",\"cookie\":" cookie "}]}"

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"null",
		"0",
		"[]",
		"\"lab\"",
		"{}",
		"{",
		"{\"version\":1",
		GOOD "x",
		GOOD GOOD,
		"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
		"{'version':1}",
		"\xff\xfe",
		HEAD "\"namespaces\":[" NS ",]}",
		HEAD_WITH("2", "\"lab\"", "\"pair\"", "2", "true"),
		HEAD_WITH("\"1\"", "\"lab\"", "\"pair\"", "2", "true"),
		HEAD_WITH("1", "\"other\"", "\"pair\"", "2", "true"),
		HEAD_WITH("1", "null", "\"pair\"", "2", "true"),
		HEAD_WITH("1", "\"lab\\u0000x\"", "\"pair\"", "2", "true"),
		HEAD_WITH("1", "\"lab\"", "\"star\"", "2", "true"),
		HEAD_WITH("1", "\"lab\"", "0", "2", "true"),
		HEAD_WITH("1", "\"lab\"", "\"pair\"", "3", "true"),
		HEAD_WITH("1", "\"lab\"", "\"bridge\"", "1", "true"),
		HEAD_WITH("1", "\"lab\"", "\"bridge\"", "-2", "true"),
		HEAD_WITH("1", "\"lab\"", "\"bridge\"", "1001", "true"),
		HEAD_WITH("1", "\"lab\"", "\"bridge\"", "4294967298", "true"),
		HEAD_WITH("1", "\"lab\"", "\"bridge\"", "2.0", "true"),
		HEAD_WITH("1", "\"lab\"", "\"pair\"", "2", "1"),
		HEAD "\"namespaces\":{}}",
		HEAD "\"namespaces\":[null]}",
		HEAD "\"namespaces\":[\"lab-client\"]}",
		HEAD "\"x\":0}",
		/* What `down` would unmount and unlink. */
		WITH_NS("\"other-client\"", "1", "1"),
		WITH_NS("\"lab-\"", "1", "1"),
		WITH_NS("\"lab\"", "1", "1"),
		WITH_NS("\"\"", "1", "1"),
		WITH_NS("\"la\"", "1", "1"),
		WITH_NS("\"lab-../../../etc/passwd\"", "1", "1"),
		WITH_NS("\"lab-a/b\"", "1", "1"),
		WITH_NS("\"lab-..\"", "1", "1"),
		WITH_NS("\"lab-a\\u0000b\"", "1", "1"),
		WITH_NS("\"lab-two-client\"", "1", "1"),
		WITH_NS("\"lab-CLIENT\"", "1", "1"),
		WITH_NS("\"lab-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "1", "1"),
		WITH_NS("7", "1", "1"),
		WITH_NS("\"lab-client\"", "-1", "1"),
		WITH_NS("\"lab-client\"", "4294967296", "1"),
		WITH_NS("\"lab-client\"", "\"1\"", "1"),
		WITH_NS("\"lab-client\"", "1", "-1"),
		WITH_NS("\"lab-client\"", "1", "1e3"),
		WITH_NS("\"lab-client\"", "1", "99999999999999999999999"),
		WITH_NS("\"lab-client\"", "1", "null"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_lab_state_ struct lab_state *s = NULL;

		if (parse(bad[i], strlen(bad[i]), &s) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_null(s);
	}
}

/* Every prefix, and every byte changed in turn: an answer, no crash (the sanitizers watch). */
static void mutilated(void **state)
{
	const char good[] = GOOD;
	char text[sizeof(good)];

	(void)state;
	for (size_t len = 0; len < strlen(good); len++) {
		struct lab_state *s = NULL;

		assert_int_equal(parse(good, len, &s), -EBADMSG);
	}
	for (size_t i = 0; i < strlen(good); i++) {
		for (int c = 0; c < 256; c++) {
			_cleanup_lab_state_ struct lab_state *s = NULL;
			int err;

			memcpy(text, good, sizeof(good));
			text[i] = (char)c;
			err = parse(text, strlen(good), &s);
			assert_true(err == 0 || err == -EBADMSG);
			assert_true(!err == !!s);
			if (s)
				assert_memory_equal(s->ns[0].name, "lab-", 4);
		}
	}
}

static void too_many(void **state)
{
	_cleanup_lab_state_ struct lab_state *s = NULL;
	_cleanup_buf_ struct buf b = {0};

	(void)state;
	buf_puts(&b, HEAD "\"namespaces\":[" NS);
	for (int i = 0; i < LAB_NODES_MAX; i++)
		buf_puts(&b, "," NS);
	buf_puts(&b, "]}");
	assert_int_equal(parse(b.data, b.len, &s), -EBADMSG);
}

static void put_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void on_disk(void **state)
{
	_cleanup_lab_topology_ struct lab_topology *t = NULL;
	_cleanup_lab_state_ struct lab_state *s = NULL, *back = NULL;
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(lab_topology_new(&t, LAB_PAIR, "lab", 2), 0);
	assert_int_equal(lab_state_new(&s, t), 0);
	assert_int_equal(lab_state_read(f->fd, "lab", &back), -ENOENT);
	/* A scratch file of an `up` that was killed while writing is in nobody's way. */
	put_file(f->fd, ".new", "{", 1, 0600);
	assert_int_equal(lab_state_write(f->fd, s), 0);
	s->complete = true;
	assert_int_equal(lab_state_write(f->fd, s), 0);
	assert_int_equal(lab_state_read(f->fd, "lab", &back), 0);
	assert_true(back->complete);
	assert_int_equal(fstatat(f->fd, "lab.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(faccessat(f->fd, ".new", F_OK, 0), -1);
	assert_int_equal(lab_state_remove(f->fd, "lab"), 0);
	assert_int_equal(lab_state_remove(f->fd, "lab"), 0);
}

static void bad_files(void **state)
{
	struct fixture *f = *state;
	struct lab_state *s = NULL;
	_cleanup_free_ char *large = malloc(2 << 20);

	assert_non_null(large);
	put_file(f->fd, "lab.json", GOOD, strlen(GOOD), 0666);
	assert_int_equal(lab_state_read(f->fd, "lab", &s), -EBADMSG);
	put_file(f->fd, "lab.json", "", 0, 0600);
	assert_int_equal(lab_state_read(f->fd, "lab", &s), -EBADMSG);
	memset(large, ' ', 2 << 20);
	memcpy(large, GOOD, strlen(GOOD));
	put_file(f->fd, "lab.json", large, 2 << 20, 0600);
	assert_int_equal(lab_state_read(f->fd, "lab", &s), -EBADMSG);
	unlinkat(f->fd, "lab.json", 0);
	put_file(f->fd, "other.json", GOOD, strlen(GOOD), 0600);
	assert_int_equal(symlinkat("other.json", f->fd, "lab.json"), 0);
	assert_int_equal(lab_state_read(f->fd, "lab", &s), -ELOOP);
	unlinkat(f->fd, "lab.json", 0);
	assert_int_equal(mkfifoat(f->fd, "lab.json", 0600), 0);
	assert_int_equal(lab_state_read(f->fd, "lab", &s), -EBADMSG);
	/* A file of another lab under this one's name. */
	unlinkat(f->fd, "lab.json", 0);
	assert_int_equal(lab_state_read(f->fd, "other", &s), -EBADMSG);
	assert_null(s);
}

static void listing(void **state)
{
	struct fixture *f = *state;
	const struct lab_ctx ctx = {.state_dir = f->dir, .cancel_fd = -1};
	_cleanup_free_ char(*names)[LAB_NAME_MAX + 1] = NULL;
	size_t n;

	assert_int_equal(lab_list(&ctx, &names, &n), 0);
	assert_int_equal(n, 0);
	free(names);
	put_file(f->fd, "other.json", "", 0, 0600);
	put_file(f->fd, "lab.json", "", 0, 0600);
	put_file(f->fd, ".hidden.json", "", 0, 0600);
	put_file(f->fd, "UPPER.json", "", 0, 0600);
	assert_int_equal(lab_list(&ctx, &names, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "lab");
	assert_string_equal(names[1], "other");
}

static void directories(void **state)
{
	struct fixture *f = *state;
	char deep[128];
	struct stat st;
	int fd;

	snprintf(deep, sizeof(deep), "%s/a/b", f->dir);
	assert_int_equal(lab_store_open(deep, false), -ENOENT);
	fd = lab_store_open(deep, true);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 022, 0);
	/* Others may write there: nothing in it can be believed. */
	assert_int_equal(fchmod(fd, 0777), 0);
	close(fd);
	assert_int_equal(lab_store_open(deep, false), -EBADMSG);
	assert_int_equal(rmdir(deep), 0);
	snprintf(deep, sizeof(deep), "%s/a", f->dir);
	assert_int_equal(rmdir(deep), 0);
}

/* The lock keeps a second one out until the first has gone; a signal ends the wait. */
static void locking(void **state)
{
	struct fixture *f = *state;
	_cleanup_close_ int second = lab_store_open(f->dir, false);
	int cancel[2];

	assert_int_equal(pipe(cancel), 0);
	assert_int_equal(write(cancel[1], "x", 1), 1);
	assert_int_equal(lab_store_lock(f->fd, -1), 0);
	assert_int_equal(lab_store_lock(second, cancel[0]), -EINTR);
	close(f->fd);
	f->fd = lab_store_open(f->dir, false);
	assert_int_equal(lab_store_lock(second, cancel[0]), 0);
	close(cancel[0]);
	close(cancel[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(mutilated),
		cmocka_unit_test(too_many),
		cmocka_unit_test_setup_teardown(on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(listing, setup, teardown),
		cmocka_unit_test_setup_teardown(directories, setup, teardown),
		cmocka_unit_test_setup_teardown(locking, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
