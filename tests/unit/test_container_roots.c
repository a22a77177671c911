// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A host of the test's own: /etc, and /proc with daemons.
 */
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/container_conf.h"
#include "collect/container_roots.h"

static char host[] = "/tmp/flowner-roots-XXXXXX";
static struct container_roots *roots;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	memcpy(host + sizeof(host) - 7, "XXXXXX", 6);
	roots = NULL;
	return !mkdtemp(host);
}

static int tear_down(void **state)
{
	(void)state;
	container_roots_free(roots);
	return nftw(host, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *at(const char *path)
{
	static char full[4096];

	snprintf(full, sizeof(full), "%s/%s", host, path);
	for (char *s = full + sizeof(host); (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		mkdir(full, 0700);
	}
	return full;
}

static void put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(at(path), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

#define PUT(path, text) put(path, text, sizeof(text) - 1)

static void start(const char *pid, const char *comm, const char *args, size_t len, const char *root)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/comm", pid);
	put(path, comm, strlen(comm));
	snprintf(path, sizeof(path), "proc/%s/cmdline", pid);
	put(path, args, len);
	snprintf(path, sizeof(path), "proc/%s/root", pid);
	assert_int_equal(symlink(root, at(path)), 0);
}

static void expect(enum root_kind kind, const char *const *dirs, size_t n)
{
	size_t has;
	const char *const *got = container_roots_get(roots, kind, &has);

	assert_int_equal(has, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(got[i], dirs[i]);
}

#define EXPECT(kind, ...)                                           \
	do {                                                        \
		static const char *const dirs[] = {__VA_ARGS__};    \
		expect(kind, dirs, sizeof(dirs) / sizeof(dirs[0])); \
	} while (0)

TEST(defaults)
{
	assert_int_equal(container_roots_new(&roots, NULL, 0, host), 0);
	EXPECT(ROOT_DOCKER, "/var/lib/docker");
	EXPECT(ROOT_PODMAN, "/var/lib/containers/storage");
	EXPECT(ROOT_CRIO, "/var/lib/containers/storage");
	EXPECT(ROOT_CONTAINERD, "/run/containerd");
}

TEST(configured)
{
	PUT("etc/docker/daemon.json", "{\"data-root\": \"/srv/docker\"}");
	PUT("etc/containers/storage.conf",
	    "[storage]\n# graphroot = \"/no\"\n  graphroot=\"/srv/pod\" # why\n[storage.options]\n");
	PUT("etc/containerd/config.toml",
	    "version = 2\nroot = \"/no\"\nstate = '/srv/state'\n[plugins]\n  state = \"/no\"\n");
	assert_int_equal(container_roots_new(&roots, NULL, 0, host), 0);
	EXPECT(ROOT_DOCKER, "/srv/docker", "/var/lib/docker");
	EXPECT(ROOT_PODMAN, "/srv/pod", "/var/lib/containers/storage");
	EXPECT(ROOT_CONTAINERD, "/srv/state", "/run/containerd");
}

TEST(given)
{
	static const struct runtime_root r[] = {
		{"docker", "/a"}, {"docker", "/b"}, {"cri-o", "/c"}};

	PUT("etc/docker/daemon.json", "{\"data-root\": \"/srv/docker\"}");
	assert_int_equal(container_roots_new(&roots, r, COUNT(r), host), 0);
	EXPECT(ROOT_DOCKER, "/a", "/b");
	EXPECT(ROOT_CRIO, "/c");
	EXPECT(ROOT_PODMAN, "/var/lib/containers/storage");
}

static const char dockerd[] = "dockerd\0--data-root\0/args\0--config-file=/conf/daemon.json";
static const char contained[] = "dockerd\0--data-root=/contained";
static const char containerd[] = "containerd\0-c\0/conf/c.toml\0";
static const char conmon[] = "conmon\0-c\0abc\0-b\0/srv/own/vfs-containers/abc/userdata\0-n\0web";

TEST(running)
{
	char dir[PATH_MAX];

	PUT("conf/daemon.json", "{\"data-root\":\"/conf\"}");
	PUT("conf/c.toml", "state = \"/cstate\"\n");
	start("10", "dockerd\n", dockerd, sizeof(dockerd), "/");
	start("11", "dockerd\n", contained, sizeof(contained), host);
	start("12", "sh\n", contained, sizeof(contained), "/");
	start("13", "containerd\n", containerd, sizeof(containerd), "/");
	start("14", "conmon\n", conmon, sizeof(conmon), "/");
	assert_int_equal(container_roots_new(&roots, NULL, 0, host), 0);
	EXPECT(ROOT_DOCKER, "/var/lib/docker", "/args", "/conf");
	EXPECT(ROOT_CONTAINERD, "/run/containerd", "/cstate");
	assert_int_equal(container_roots_of_conmon(roots, "abc", dir), 0);
	assert_string_equal(dir, "/srv/own");
	assert_int_not_equal(container_roots_of_conmon(roots, "ab", dir), 0);
}

TEST(started_later)
{
	assert_int_equal(container_roots_new(&roots, NULL, 0, host), 0);
	start("10", "dockerd\n", "d\0-g\0/late", 11, "/");
	container_roots_scan(roots, 1);
	EXPECT(ROOT_DOCKER, "/var/lib/docker");
	container_roots_scan(roots, 2000000000);
	EXPECT(ROOT_DOCKER, "/var/lib/docker", "/late");
}

#undef IT
#define IT(sentence, fn)                              \
	{                                             \
		sentence, fn, set_up, tear_down, NULL \
	}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("without configuration the defaults", defaults),
		IT("what is configured comes before the defaults", configured),
		IT("what the user gives is instead of all else", given),
		IT("daemons that run say where, but not those in containers", running),
		IT("a daemon that starts later is found, looking once a second", started_later),
	};

	return RUN(tests);
}
