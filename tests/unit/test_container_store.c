// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Trees of files as the runtimes write them (Docker 20.10, Podman 4.3, containerd 1.6, cut down to
 * what is read), in a folder of the test's own.
 */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/container_store.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define ID3 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define POD "a1383cc95312ef82af220e94dfbfb096fa8b88fa9a44d9edde922455a23edc39"

#define DOCKER_FILE  "containers/" ID "/config.v2.json"
#define DOCKER_GROUP "/docker/" ID
#define DOCKER(name)                                                               \
	"{\"ID\":\"" ID "\",\"Config\":{\"Image\":\"bb\",\"Labels\":{\"a\":\"b\"," \
	"\"k\":\"\\u00e9\\\"q\",\"n\":1}},\"Image\":\"sha256:9c\",\"Name\":\"/" name "\"}"

#define LISTED(id, name)                                                               \
	"{\"id\":\"" id "\",\"names\":[\"" name "\"],\"image\":\"faef\",\"metadata\":" \
	"\"{\\\"image-name\\\":\\\"localhost/bb:latest\\\",\\\"name\\\":\\\"old\\\"}\"}"

static char dir[] = "/tmp/flowner-store-XXXXXX";
static struct container_store *store;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	static struct runtime_root roots[4] = {
		{"docker", dir}, {"podman", dir}, {"containerd", dir}, {"cri-o", dir}};

	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return !mkdtemp(dir) || container_store_new(&store, roots, COUNT(roots));
}

static int tear_down(void **state)
{
	(void)state;
	container_store_free(store);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file below the root; its folders are made. */
static const char *at(const char *path)
{
	static char full[4096];

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (char *s = full + sizeof(dir); (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		mkdir(full, 0700);
	}
	return full;
}

/* As the runtimes do it: beside, then renamed into place. */
static void write_file(const char *path, const char *text, size_t len)
{
	char fresh[4096];
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s/fresh", dir);
	f = fopen(fresh, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(fresh, at(path)), 0);
}

static void put(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

/* What is written on stderr between these, as a count of lines. */
static int saved_stderr = -1;
static FILE *said;

static void listen_to_stderr(void)
{
	said = tmpfile();
	assert_non_null(said);
	fflush(stderr);
	saved_stderr = dup(2);
	dup2(fileno(said), 2);
}

static int lines_said(void)
{
	int c, lines = 0;

	fflush(stderr);
	dup2(saved_stderr, 2);
	close(saved_stderr);
	rewind(said);
	while ((c = fgetc(said)) != EOF)
		lines += c == '\n';
	fclose(said);
	return lines;
}

static void assert_text(const char *a, const char *b)
{
	assert_true((a == NULL) == (b == NULL));
	if (a)
		assert_string_equal(a, b);
}

static const struct container *expect(const char *cgroup, const char *runtime, const char *name,
				      const char *image, const char *pod)
{
	const struct container *c = container_store_get(store, cgroup);

	assert_non_null(c);
	assert_string_equal(c->runtime, runtime);
	assert_text(c->name, name);
	assert_text(c->image, image);
	assert_text(c->pod, pod);
	return c;
}

/* --- each runtime --- */

TEST(docker)
{
	const struct container *c;

	put(DOCKER_FILE, DOCKER("web"));
	c = expect(DOCKER_GROUP, "docker", "web", "bb", NULL);
	assert_int_equal(c->nlabels, 2);
	assert_string_equal(c->labels[0].key, "a");
	assert_string_equal(c->labels[0].value, "b");
	assert_string_equal(c->labels[1].value, "é\"q");
	assert_ptr_equal(c, container_store_get(store, "/system.slice/docker-" ID ".scope/x"));
}

TEST(podman)
{
	put("vfs-containers/containers.json", "[" LISTED(ID2, "other") "," LISTED(ID, "web") "]");
	put("overlay-containers/volatile-containers.json", "[" LISTED(ID3, "brief") "]");
	expect("/machine.slice/libpod-" ID ".scope/container", "podman", "web",
	       "localhost/bb:latest", NULL);
	expect("/libpod_parent/" POD "/libpod-" ID2, "podman", "other", "localhost/bb:latest",
	       "a1383cc95312");
	expect("/m.slice/machine-libpod_pod_" POD ".slice/libpod-" ID3 ".scope", "podman", "brief",
	       "localhost/bb:latest", "a1383cc95312");
}

#define CRI(id, type)                                                                           \
	"{\"ociVersion\":\"1.0\",\"annotations\":{\"io.kubernetes.cri.container-type\":\"" type \
	"\",\"io.kubernetes.cri.container-name\":\"" id                                         \
	"\",\"io.kubernetes.cri.image-name\":\"nginx:1\","                                      \
	"\"io.kubernetes.cri.sandbox-name\":\"web-0\","                                         \
	"\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}"

TEST(kubernetes)
{
	put("io.containerd.runtime.v2.task/k8s.io/" ID "/config.json", CRI("nginx", "container"));
	put("io.containerd.runtime.v2.task/k8s.io/" ID2 "/config.json", CRI("x", "sandbox"));
	expect("/kubepods/burstable/pod1/" ID, "containerd", "nginx", "nginx:1", "shop/web-0");
	expect("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID2 ".scope", "containerd",
	       "pause", "nginx:1", "shop/web-0");
}

TEST(crio)
{
	const struct container *c;

	put("overlay-containers/" ID "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"nginx\","
	    "\"io.kubernetes.pod.name\":\"web-0\",\"io.kubernetes.pod.namespace\":\"shop\","
	    "\"io.kubernetes.cri-o.ContainerType\":\"container\","
	    "\"io.kubernetes.cri-o.ImageName\":\"nginx:1\","
	    "\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"web\\\"}\"}}");
	c = expect("/kubepods/besteffort/pod1/" ID, "cri-o", "nginx", "nginx:1", "shop/web-0");
	assert_int_equal(c->nlabels, 1);
	assert_string_equal(c->labels[0].value, "web");
}

TEST(ctr)
{
	const struct container *c;

	put("io.containerd.runtime.v2.task/default/web/config.json",
	    "{\"annotations\":{\"l\":\"v\"}}");
	put("io.containerd.runtime.v2.task/other/web/config.json", "{}");
	put("io.containerd.runtime.v2.task/default/" ID "/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"named\",\"nerdctl/namespace\":\"default\"}}");
	c = expect("/default/web", "containerd", "web", NULL, NULL);
	assert_string_equal(c->id, "web");
	assert_int_equal(c->nlabels, 1);
	assert_ptr_equal(c, container_store_get(store, "/default/web/below"));
	assert_ptr_not_equal(c, expect("/other/web", "containerd", "web", NULL, NULL));
	expect("/default/" ID, "containerd", "named", NULL, NULL);
	assert_null(container_store_get(store, "/default/none"));
	assert_null(container_store_get(store, "/default"));
	assert_null(container_store_get(store, "/../web"));
	assert_null(container_store_get(store, ""));
	assert_null(container_store_get(store, "x"));
}

TEST(named_by_id)
{
	expect("/lxc/web", "lxc", "web", NULL, NULL);
	expect("/machine.slice/machine-a\\x2db.scope", "nspawn", "a-b", NULL, NULL);
}

/* --- hostile and broken --- */

TEST(wrong_types)
{
	put(DOCKER_FILE, "{\"Name\":7,\"Config\":{\"Image\":[],\"Labels\":\"x\"}}");
	expect(DOCKER_GROUP, "docker", NULL, NULL, NULL);
	put("containers/" ID2 "/config.v2.json", "[1]");
	expect("/docker/" ID2, "docker", NULL, NULL, NULL);
	put("overlay-containers/containers.json",
	    "[1,{\"id\":2},{\"id\":\"" ID3 "\",\"names\":{},\"metadata\":\"[[\"}]");
	expect("/libpod-" ID3, "podman", NULL, NULL, NULL);
}

/* `path` in place of Docker's file: one line, once, and the id stays. */
static void expect_refused(void)
{
	const struct container *c;

	listen_to_stderr();
	c = container_store_get(store, DOCKER_GROUP);
	for (int i = 0; i < 25; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		container_store_get(store, DOCKER_GROUP);
		container_store_refresh(store);
	}
	assert_int_equal(lines_said(), 1);
	assert_non_null(c);
	assert_null(c->name);
	assert_string_equal(c->id, ID);
}

TEST(broken)
{
	put(DOCKER_FILE, "{\"Name\":\"/web\",");
	expect_refused();
}

TEST(link_out)
{
	char outside[] = "/tmp/flowner-outside-XXXXXX";
	int fd = mkstemp(outside);

	assert_true(fd >= 0);
	assert_true(write(fd, DOCKER("web"), strlen(DOCKER("web"))) > 0);
	close(fd);
	assert_int_equal(symlink(outside, at(DOCKER_FILE)), 0);
	expect_refused();
	unlink(outside);
}

TEST(fifo)
{
	assert_int_equal(mkfifo(at(DOCKER_FILE), 0600), 0);
	expect_refused();
}

TEST(huge)
{
	put(DOCKER_FILE, DOCKER("web"));
	assert_int_equal(truncate(at(DOCKER_FILE), (1 << 20) + 1), 0);
	expect_refused();
}

TEST(deep)
{
	char text[4096];

	memset(text, '[', sizeof(text));
	write_file(DOCKER_FILE, text, sizeof(text));
	expect_refused();
}

TEST(long_strings)
{
	static char text[1 << 17];
	const struct container *c;
	int n = snprintf(text, sizeof(text),
			 "{\"Name\":\"/%0600d\",\"Config\":{\"Image\":\"%0600d"
			 "\",\"Labels\":{\"v\":\"%05000d\"",
			 0, 0, 0);

	for (int i = 0; i < 100; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ",\"%d-%0300d\":\"x\"", i, 0);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "}}}");
	write_file(DOCKER_FILE, text, (size_t)n);
	c = container_store_get(store, DOCKER_GROUP);
	assert_non_null(c);
	assert_non_null(c->name);
	assert_int_equal(strlen(c->name), 256);
	assert_int_equal(strlen(c->image), 512);
	assert_int_equal(c->nlabels, 64);
	assert_int_equal(strlen(c->labels[0].value), 4096);
	assert_int_equal(strlen(c->labels[1].key), 256);
}

/* --- changes --- */

TEST(renamed)
{
	const struct container *c, *p;

	put(DOCKER_FILE, DOCKER("web"));
	put("overlay-containers/containers.json", "[" LISTED(ID2, "one") "]");
	c = expect(DOCKER_GROUP, "docker", "web", "bb", NULL);
	p = expect("/libpod-" ID2, "podman", "one", "localhost/bb:latest", NULL);
	put(DOCKER_FILE, DOCKER("other"));
	put("overlay-containers/containers.json", "[" LISTED(ID2, "two") "]");
	assert_string_equal(container_store_get(store, DOCKER_GROUP)->name, "web");
	container_store_refresh(store);
	assert_ptr_equal(c, expect(DOCKER_GROUP, "docker", "other", "bb", NULL));
	assert_ptr_equal(p, expect("/libpod-" ID2, "podman", "two", "localhost/bb:latest", NULL));
}

TEST(ended)
{
	put(DOCKER_FILE, DOCKER("web"));
	expect(DOCKER_GROUP, "docker", "web", "bb", NULL);
	assert_int_equal(unlink(at(DOCKER_FILE)), 0);
	container_store_refresh(store);
	expect(DOCKER_GROUP, "docker", "web", "bb", NULL);
}

TEST(late)
{
	const struct container *c = expect(DOCKER_GROUP, "docker", NULL, NULL, NULL);

	put(DOCKER_FILE, DOCKER("web"));
	assert_null(container_store_get(store, DOCKER_GROUP)->name);
	for (int i = 0; i < 1000 && !c->name; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		container_store_get(store, DOCKER_GROUP);
	}
	expect(DOCKER_GROUP, "docker", "web", "bb", NULL);
}

#undef IT
#define IT(sentence, fn)                              \
	{                                             \
		sentence, fn, set_up, tear_down, NULL \
	}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("docker: name, image, labels", docker),
		IT("podman: name and image, whatever the driver; the pod's id", podman),
		IT("Kubernetes with containerd: name, image, pod", kubernetes),
		IT("Kubernetes with CRI-O: name, image, pod, labels", crio),
		IT("ctr's and nerdctl's cgroups are containers where there is a bundle", ctr),
		IT("lxc and nspawn containers are named by their ids", named_by_id),
		IT("values of other types are unknown", wrong_types),
		IT("broken JSON is told once", broken),
		IT("a symlink that leads out is not followed", link_out),
		IT("a FIFO is not waited for", fifo),
		IT("a huge file is not read", huge),
		IT("JSON without end in depth is not read", deep),
		IT("strings and labels have limits", long_strings),
		IT("a renamed container is so after a refresh", renamed),
		IT("a container that has ended keeps its name", ended),
		IT("a file that comes late is found", late),
	};

	return RUN(tests);
}
