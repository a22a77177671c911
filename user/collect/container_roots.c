// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_roots.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "collect/container_conf.h"
#include "collect/container_file.h"

#define DIRS_MAX  16
#define SECOND_NS 1000000000ULL

struct list {
	char *dirs[DIRS_MAX];
	size_t n;
	bool given;
};

struct container_roots {
	const char *host;
	struct list kinds[ROOT_KINDS];
	uint64_t next_scan;
};

static const char *const names[] = {"docker", "podman", "containerd", "cri-o"};

int container_roots_kind(const char *runtime)
{
	for (int i = 0; i < ROOT_KINDS; i++)
		if (!strcmp(runtime, names[i]))
			return i;
	return -1;
}

static int add(struct list *l, const char *dir)
{
	if (dir[0] != '/')
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->dirs[i], dir))
			return 0;
	if (l->n == DIRS_MAX)
		return 0;
	l->dirs[l->n] = strdup(dir);
	if (!l->dirs[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

/* --- configuration --- */

static void add_docker_config(struct container_roots *r, const char *path)
{
	_cleanup_free_ char *dir = container_conf_json(r->host, path, "data-root");

	if (!dir)
		dir = container_conf_json(r->host, path, "graph");
	if (dir)
		add(&r->kinds[ROOT_DOCKER], dir);
}

static void add_containerd_config(struct container_roots *r, const char *path)
{
	_cleanup_free_ char *dir = container_conf_toml(r->host, path, "", "state");

	if (dir)
		add(&r->kinds[ROOT_CONTAINERD], dir);
}

static void add_storage(struct container_roots *r, const char *dir)
{
	if (!r->kinds[ROOT_PODMAN].given)
		add(&r->kinds[ROOT_PODMAN], dir);
	if (!r->kinds[ROOT_CRIO].given)
		add(&r->kinds[ROOT_CRIO], dir);
}

static void add_storage_config(struct container_roots *r)
{
	static const char *const files[] = {"/etc/containers/storage.conf",
					    "/usr/share/containers/storage.conf"};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *dir =
			container_conf_toml(r->host, files[i], "storage", "graphroot");

		if (dir)
			add_storage(r, dir);
	}
	add_storage(r, "/var/lib/containers/storage");
}

static void add_configured(struct container_roots *r)
{
	if (!r->kinds[ROOT_DOCKER].given) {
		add_docker_config(r, "/etc/docker/daemon.json");
		add(&r->kinds[ROOT_DOCKER], "/var/lib/docker");
	}
	if (!r->kinds[ROOT_CONTAINERD].given) {
		add_containerd_config(r, "/etc/containerd/config.toml");
		add(&r->kinds[ROOT_CONTAINERD], "/run/containerd");
	}
	add_storage_config(r);
}

/* --- what runs --- */

static void on_dockerd(struct container_roots *r, const struct proc_args *a)
{
	const char *dir = proc_args_get(a, "--data-root", "-g");
	const char *config = proc_args_get(a, "--config-file", NULL);

	if (!dir)
		dir = proc_args_get(a, "--graph", NULL);
	if (dir)
		add(&r->kinds[ROOT_DOCKER], dir);
	if (config)
		add_docker_config(r, config);
}

static void on_containerd(struct container_roots *r, const struct proc_args *a)
{
	const char *dir = proc_args_get(a, "--state", NULL);
	const char *config = proc_args_get(a, "--config", "-c");

	if (dir)
		add(&r->kinds[ROOT_CONTAINERD], dir);
	if (config)
		add_containerd_config(r, config);
}

static int on_daemon(void *ctx, const char *comm, const struct proc_args *a)
{
	struct container_roots *r = ctx;

	if (!strcmp(comm, "dockerd") && !r->kinds[ROOT_DOCKER].given)
		on_dockerd(r, a);
	else if (!strcmp(comm, "containerd") && !r->kinds[ROOT_CONTAINERD].given)
		on_containerd(r, a);
	return 0;
}

void container_roots_scan(struct container_roots *r, uint64_t now)
{
	if (now < r->next_scan)
		return;
	r->next_scan = now + SECOND_NS;
	proc_args_each(r->host, on_daemon, r);
}

struct conmon {
	const char *id;
	char *out;
	bool found;
};

/* conmon … -c <id> … -b <graph root>/<driver>-containers/<id>/userdata */
static int on_conmon(void *ctx, const char *comm, const struct proc_args *a)
{
	struct conmon *c = ctx;
	const char *id = proc_args_get(a, NULL, "-c"), *dir = proc_args_get(a, NULL, "-b");
	char *slash = NULL;

	if (strcmp(comm, "conmon") != 0 || !id || strcmp(id, c->id) != 0 || !dir || dir[0] != '/' ||
	    snprintf(c->out, PATH_MAX, "%s", dir) >= PATH_MAX)
		return 0;
	for (int i = 0; i < 3; i++) {
		slash = strrchr(c->out, '/');
		if (!slash)
			return 0;
		*slash = '\0';
	}
	c->found = c->out[0] == '/';
	return c->found;
}

int container_roots_of_conmon(const struct container_roots *r, const char *id,
			      char out[static PATH_MAX])
{
	struct conmon c = {.id = id, .out = out};

	if (!r->kinds[ROOT_PODMAN].given)
		proc_args_each(r->host, on_conmon, &c);
	return c.found ? 0 : -ENOENT;
}

/* --- rootless --- */

int container_roots_of_user(const struct container_roots *r, enum root_kind kind, unsigned uid,
			    char out[static PATH_MAX])
{
	_cleanup_free_ char *dir = NULL;
	const struct passwd *pw;
	const char *below = kind == ROOT_DOCKER ? "docker" : "containers/storage";

	if (uid == 0 || r->kinds[kind].given || (kind != ROOT_DOCKER && kind != ROOT_PODMAN))
		return -ENOENT;
	pw = getpwuid(uid);
	if (!pw || pw->pw_dir[0] != '/')
		return -ENOENT;
	if (kind == ROOT_PODMAN)
		dir = container_conf_toml(pw->pw_dir, "/.config/containers/storage.conf", "storage",
					  "graphroot");
	if (dir && dir[0] == '/')
		return snprintf(out, PATH_MAX, "%s", dir) < PATH_MAX ? 0 : -ENOENT;
	return snprintf(out, PATH_MAX, "%s/.local/share/%s", pw->pw_dir, below) < PATH_MAX
		       ? 0
		       : -ENOENT;
}

/* --- */

int container_roots_new(struct container_roots **out, const struct runtime_root *roots, size_t n,
			const char *host)
{
	struct container_roots *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->host = host;
	for (size_t i = 0; i < n; i++) {
		int kind = container_roots_kind(roots[i].runtime);

		if (kind < 0)
			continue;
		r->kinds[kind].given = true;
		if (add(&r->kinds[kind], roots[i].dir)) {
			container_roots_free(r);
			return -ENOMEM;
		}
	}
	add_configured(r);
	container_roots_scan(r, 0);
	*out = r;
	return 0;
}

void container_roots_free(struct container_roots *r)
{
	if (!r)
		return;
	for (int k = 0; k < ROOT_KINDS; k++)
		for (size_t i = 0; i < r->kinds[k].n; i++)
			free(r->kinds[k].dirs[i]);
	free(r);
}

const char *const *container_roots_get(const struct container_roots *r, enum root_kind kind,
				       size_t *n)
{
	*n = r->kinds[kind].n;
	return (const char *const *)r->kinds[kind].dirs;
}
