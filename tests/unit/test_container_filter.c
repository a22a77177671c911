// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Verdicts about namespaces and cgroups, as containers get to be known, named and renamed. */
#include "unit.h"

#include "model/container_filter.h"

#define SECOND 1000000000ULL

/* Of cgroup 7; the namespace 100 is whose the test says. */
static struct container web, db;
static struct netns ns;
static struct cgroup in_web, in_none;

static const struct netns *find_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	(void)ctx;
	(void)inode;
	return cookie == 100 ? &ns : NULL;
}

static const struct cgroup *find_cgroup(void *ctx, const struct netns *netns, uint64_t sock,
					uint64_t task, uint32_t pid)
{
	(void)ctx;
	(void)netns;
	(void)pid;
	return sock == 7 || task == 7 ? &in_web : sock == 8 || task == 8 ? &in_none : NULL;
}

struct verdicts {
	unsigned int n, back; /* given, taken back */
	struct fl_verdict_key key;
	enum fl_verdict verdict;
};

static void keep(void *ctx, const struct fl_verdict_key *key, enum fl_verdict verdict)
{
	struct verdicts *v = ctx;

	v->back += verdict == FL_VERDICT_NONE;
	v->n += verdict != FL_VERDICT_NONE;
	v->key = *key;
	v->verdict = verdict;
}

static struct container_filter *make(const struct filter *f, struct verdicts *v)
{
	const struct container_filter_options o = {
		.filter = f,
		.resolver = {.netns = find_netns, .cgroup = find_cgroup},
		.verdict = keep,
		.ctx = v,
	};
	struct container_filter *cf;

	*v = (struct verdicts){0};
	web = (struct container){.runtime = "docker", .id = "aaaa", .name = "web"};
	db = (struct container){.runtime = "docker", .id = "bbbb", .name = "db"};
	ns = (struct netns){.inode = 100, .cookie = 100};
	in_web = (struct cgroup){.path = "/docker/aaaa", .container = &web};
	in_none = (struct cgroup){.path = "/"};
	assert_int_equal(container_filter_new(&cf, &o), 0);
	return cf;
}

static void last(struct verdicts *v, unsigned int n, uint64_t id, uint64_t kind,
		 enum fl_verdict verdict)
{
	assert_int_equal(v->n, n);
	assert_int_equal(v->key.id, id);
	assert_int_equal(v->key.kind, kind);
	assert_int_equal(v->verdict, verdict);
}

static const struct filter want_web = {.containers = {"web"}, .ncontainers = 1};

TEST(by_cgroup)
{
	struct fl_sock s = {.cgroup = 8};
	struct fl_task t = {.cgroup = 7};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	container_filter_see(cf, &s, NULL, false, SECOND);
	last(&v, 1, 8, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	container_filter_see(cf, &s, &t, false, SECOND);
	last(&v, 2, 7, FL_VERDICT_TASK, FL_VERDICT_WANTED);
	/* The same number in the other hierarchy is another cgroup. */
	s.cgroup = 7;
	container_filter_see(cf, &s, &t, false, SECOND);
	last(&v, 3, 7, FL_VERDICT_SOCK, FL_VERDICT_WANTED);
	container_filter_see(cf, &s, &t, false, SECOND);
	assert_int_equal(v.n, 3); /* once */
	/* One that is gone, and none. */
	s.cgroup = 9;
	container_filter_see(cf, &s, NULL, false, SECOND);
	last(&v, 4, 9, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	s.cgroup = 0;
	container_filter_see(cf, &s, NULL, false, SECOND);
	assert_int_equal(v.n, 4);
	container_filter_free(cf);
}

TEST(owner_comes_late)
{
	const struct fl_sock s = {.netns_inum = 100, .netns_cookie = 100};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	container_filter_see(cf, &s, NULL, false, SECOND);
	container_filter_refresh(cf, SECOND + 60 * 1000000);
	assert_int_equal(v.n, 0);
	ns.container = &web;
	container_filter_refresh(cf, SECOND + 120 * 1000000);
	last(&v, 1, 100, FL_VERDICT_NETNS, FL_VERDICT_WANTED);
	container_filter_free(cf);
}

TEST(patience_ends)
{
	const struct fl_sock s = {.netns_inum = 100, .netns_cookie = 100};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	container_filter_see(cf, &s, NULL, false, SECOND);
	container_filter_refresh(cf, SECOND + CONTAINER_FILTER_PATIENCE_NS - 1);
	assert_int_equal(v.n, 0);
	container_filter_refresh(cf, SECOND + CONTAINER_FILTER_PATIENCE_NS + SECOND);
	last(&v, 1, 100, FL_VERDICT_NETNS, FL_VERDICT_UNWANTED);
	container_filter_free(cf);
	/* What is old has had its time. */
	cf = make(&want_web, &v);
	container_filter_see(cf, &s, NULL, true, SECOND);
	last(&v, 1, 100, FL_VERDICT_NETNS, FL_VERDICT_UNWANTED);
	container_filter_free(cf);
}

TEST(named_late)
{
	const struct fl_sock s = {.cgroup = 7};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	web.name = NULL;
	container_filter_see(cf, &s, NULL, false, SECOND);
	assert_int_equal(v.n, 0);
	web.name = "web";
	container_filter_refresh(cf, SECOND + 60 * 1000000);
	last(&v, 1, 7, FL_VERDICT_SOCK, FL_VERDICT_WANTED);
	container_filter_free(cf);
}

TEST(renamed)
{
	const struct fl_sock s = {.cgroup = 7};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	container_filter_see(cf, &s, NULL, false, SECOND);
	web.name = "old-web";
	container_filter_refresh(cf, 3 * SECOND);
	last(&v, 2, 7, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	web.name = "web";
	container_filter_refresh(cf, 5 * SECOND);
	last(&v, 3, 7, FL_VERDICT_SOCK, FL_VERDICT_WANTED);
	container_filter_free(cf);
}

TEST(bounded)
{
	struct fl_sock s = {0};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	for (uint64_t i = 1000; i < 1000 + 3 * FL_VERDICTS_MAX; i++) {
		s.cgroup = i;
		container_filter_see(cf, &s, NULL, true, SECOND);
	}
	assert_int_equal(v.n, 3 * FL_VERDICTS_MAX);
	/* The kernel does not go by those that are not looked over any more. */
	assert_int_equal(v.back, 2 * FL_VERDICTS_MAX);
	s.cgroup = 7;
	container_filter_see(cf, &s, NULL, true, SECOND);
	last(&v, 3 * FL_VERDICTS_MAX + 1, 7, FL_VERDICT_SOCK, FL_VERDICT_WANTED);
	container_filter_free(cf);
}

TEST(forgotten)
{
	const struct fl_sock s = {.cgroup = 7};
	struct fl_sock other = {.netns_cookie = 100};
	struct verdicts v;
	struct container_filter *cf = make(&want_web, &v);

	container_filter_see(cf, &s, NULL, false, SECOND);
	container_filter_see(cf, &other, NULL, false, SECOND);
	assert_int_equal(v.n, 1); /* of the namespace none yet: none is taken back */
	container_filter_forget(cf);
	assert_int_equal(v.back, 1);
	last(&v, 1, 7, FL_VERDICT_SOCK, FL_VERDICT_NONE);
	web.name = "old-web";
	container_filter_refresh(cf, 5 * SECOND);
	assert_int_equal(v.n, 1);
	container_filter_see(cf, &s, NULL, false, 6 * SECOND);
	last(&v, 2, 7, FL_VERDICT_SOCK, FL_VERDICT_UNWANTED);
	container_filter_free(cf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("a cgroup of a wanted container is wanted, any other is not", by_cgroup),
		IT("a namespace is waited for until somebody moves in", owner_comes_late),
		IT("… but not for long, and not if it is old", patience_ends),
		IT("a container without a name is waited for", named_late),
		IT("a renamed container is decided about anew", renamed),
		IT("so many cgroups and no more are remembered", bounded),
		IT("what is forgotten is taken back, and decided about anew", forgotten),
	};

	return RUN(tests);
}
