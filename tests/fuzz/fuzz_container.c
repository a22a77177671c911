// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What others write and flowner reads to know of containers: runtimes' JSON files, their
 * configuration and arguments, and the paths of cgroups. A byte says whose file it is, a line is
 * the cgroup's path (in it, @ stands for the container's id), and the rest is the file, which is
 * put where the runtime would have it.
 */
#include "fuzz.h"
#include "shown.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collect/container_conf.h"
#include "collect/container_facts.h"
#include "collect/container_store.h"
#include "model/net_map.h"
#include "model/unit.h"
#include "out/map_view.h"
#include "out/packet_comment.h"

#define ID   "3f2a9c0d1e2f00000000000000000000000000000000000000000000000000ab"
#define TASK "io.containerd.runtime.v2.task"

enum whose { DOCKER, PODMAN, CRIO, CONTAINERD, JSON_CONF, TOML_CONF, ARGS, WHOSE };

static const char *const files[] = {
	[DOCKER] = "containers/" ID "/config.v2.json",
	[PODMAN] = "overlay-containers/containers.json",
	[CRIO] = "overlay-containers/" ID "/userdata/config.json",
	[CONTAINERD] = TASK "/k8s.io/" ID "/config.json",
	[JSON_CONF] = "conf",
	[TOML_CONF] = "conf",
};

static char root[] = "/dev/shm/flowner-fuzz-XXXXXX";
static struct container_store *store;

/* --- the folder --- */

static void make_folders(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s/%s", root, path);
	for (char *s = part + strlen(root) + 1; (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		CHECK(!mkdir(part, 0700) || errno == EEXIST);
	}
}

static void remove_all(void)
{
	char command[sizeof(root) + 16];

	container_store_free(store);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command))
		fprintf(stderr, "%s is left\n", root);
}

static void make_all(void)
{
	const struct runtime_root roots[] = {
		{"docker", root}, {"podman", root}, {"containerd", root}, {"cri-o", root}};

	if (access("/dev/shm", W_OK))
		memcpy(root, "/tmp/flowner-fuzz-XXXXXX\0\0\0", sizeof("/tmp/flowner-fuzz-XXXXXX"));
	CHECK(mkdtemp(root));
	for (size_t i = 0; i < COUNT(files); i++)
		make_folders(files[i]);
	/* What is not given is looked for on this machine. */
	CHECK(!container_store_new(&store, roots, COUNT(roots)));
	atexit(remove_all);
}

/* A new one each time: what has been read of an older one is not to be used. */
static void put_file(const char *path, const uint8_t *data, size_t n)
{
	char made[PATH_MAX], place[PATH_MAX];
	int fd;

	snprintf(made, sizeof(made), "%s/new", root);
	snprintf(place, sizeof(place), "%s/%s", root, path);
	fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	close(fd);
	CHECK(!rename(made, place));
}

static void remove_file(const char *path)
{
	char place[PATH_MAX];

	snprintf(place, sizeof(place), "%s/%s", root, path);
	CHECK(!unlink(place));
}

/* --- what is shown of one --- */

static void show(const struct container *c)
{
	const struct netns ns = {.inode = 7, .cookie = 7, .name = "n", .container = c};
	struct net_map *m;
	struct buf b = {0};

	CHECK(!net_map_new(&m) && net_map_add_netns(m, &ns));
	CHECK(!net_map_add_container(m->netns[0], c) && !net_map_finish(m));
	map_json(m, &b);
	shown_json(&b);
	b.len = 0;
	map_tree(m, true, &b);
	shown_lines(&b);
	b.len = 0;
	/* A file's comment: out/pcapng.h makes the rest of it harmless. */
	packet_comment_netns(&b, &ns);
	CHECK(b.len && !memchr(b.data, '\n', b.len) && !memchr(b.data, '\r', b.len));
	buf_free(&b);
	net_map_free(m);
}

static void check_facts(const struct container_facts *f)
{
	struct container c = {.runtime = f->runtime ? f->runtime : "podman", .id = ID};

	CHECK(f->root && f->path && !strcmp(f->root, root));
	CHECK(!f->name || (*f->name && strlen(f->name) <= CONTAINER_NAME_MAX + 1));
	CHECK(!f->image || (*f->image && strlen(f->image) <= CONTAINER_IMAGE_MAX));
	CHECK(!f->pod || (*f->pod && strlen(f->pod) <= 2 * CONTAINER_NAME_MAX + 1));
	CHECK(!f->nlabels || f->labels);
	for (size_t i = 0; i < f->nlabels; i++)
		CHECK(f->labels[i].key && f->labels[i].value);
	c.name = f->name;
	c.image = f->image;
	c.pod = f->pod;
	c.labels = f->labels;
	c.nlabels = f->nlabels;
	show(&c);
}

/* --- readers --- */

static void read_container(enum whose whose, const char *cgroup)
{
	struct container_files *known;
	struct container_facts f = {0};
	int err = -ENOENT;

	CHECK(!container_files_new(&known));
	if (whose == DOCKER)
		err = container_docker_read(known, root, ID, &f);
	else if (whose == PODMAN)
		err = container_podman_read(known, root, ID, cgroup, &f);
	else if (whose == CRIO)
		err = container_crio_read(known, root, ID, &f);
	else
		err = container_oci_find(known, root, ID, &f);
	CHECK(err == 0 || err == -EBADMSG || (err == -ENOENT && whose == PODMAN));
	if (!err)
		check_facts(&f);
	container_facts_free(&f);
	container_files_free(known);
}

static void read_conf(bool toml)
{
	static const char *const keys[] = {"data-root", "graph", "state", "graphroot"};
	static const char *const sections[] = {"", "storage"};

	for (size_t i = 0; i < COUNT(keys); i++) {
		char *v = toml ? container_conf_toml(root, "/conf", sections[i == 3], keys[i])
			       : container_conf_json(root, "/conf", keys[i]);

		CHECK(!v || !strchr(v, '\n') || !toml);
		free(v);
	}
}

static void read_args(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);
	const struct proc_args a = {text, n};
	const char *v;

	CHECK(text);
	memcpy(text, data, n);
	text[n] = '\0';
	v = proc_args_get(&a, "--data-root", "-g");
	CHECK(!v || (v > text && v < text + n + 1));
	v = proc_args_get(&a, NULL, "-c");
	CHECK(!v || (v > text && v < text + n + 1));
	free(text);
}

static void read_path(const char *path)
{
	char unit[UNIT_NAME_MAX + 1], *copy = strdup(path);
	const struct container *known;
	struct container c;
	bool found = container_from_cgroup(path, &c);

	CHECK(copy && found == !!c.runtime);
	CHECK(!found || (*c.id && strlen(c.id) <= CONTAINER_ID_MAX && container_is(&c, c.id)));
	if (cgroup_unit(path, unit))
		CHECK(*unit && !strchr(unit, '/') && strstr(path, unit));
	else
		CHECK(!*unit);
	unit_unescape(copy);
	CHECK(strlen(copy) <= strlen(path));
	free(copy);

	known = container_store_get(store, path);
	CHECK(!found || known);
	CHECK(known == container_store_get(store, path));
	if (known)
		show(known);
	container_store_refresh(store);
	container_store_forget(store, UINT64_MAX);
	CHECK(container_store_count(store) == 0);
}

/* With the id in the place of @. */
static char *take_path(struct input *in)
{
	char *text = take_text(in);
	struct buf b = {0};

	for (const char *s = text; *s && b.len < PATH_MAX; s++) {
		if (*s == '@')
			buf_puts(&b, ID);
		else
			buf_putc(&b, *s);
	}
	buf_putc(&b, '\0');
	CHECK(!b.err);
	free(text);
	return b.data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	enum whose whose = take8(&in) % WHOSE;
	char *path = take_path(&in);

	if (!store)
		make_all();
	if (whose == ARGS) {
		read_args(in.p, in.left);
		read_path(path);
		free(path);
		return 0;
	}
	put_file(files[whose], in.p, in.left);
	if (whose == JSON_CONF || whose == TOML_CONF)
		read_conf(whose == TOML_CONF);
	else
		read_container(whose, path);
	read_path(path);
	remove_file(files[whose]);
	free(path);
	return 0;
}
