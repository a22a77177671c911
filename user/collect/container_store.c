// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_store.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "collect/container_facts.h"
#include "collect/container_file.h"
#include "collect/container_roots.h"

/* Between two looks for a container that no runtime's file knows: twice as long each time. */
#define RETRY_FIRST_NS (100 * 1000000ULL)
#define RETRY_LAST_NS  (30 * 1000000000ULL)
#define KEY_MAX        (2 * NAME_MAX + CONTAINER_ID_MAX)

struct entry {
	struct container container;
	struct container_facts facts; /* what `container` points into */
	char *key;
	char *cgroup;             /* where it was seen first */
	char ns[NAME_MAX + 1];    /* containerd's namespace, "" where the path does not tell */
	uint64_t next_try, retry; /* while there are no facts */
	uint64_t asked;           /* for it, at this refresh or before; CLOCK_BOOTTIME, ns */
	bool asked_since;         /* the last refresh */
	bool kept;
	UT_hash_handle hh;
};

struct container_store {
	struct entry *entries; /* by key */
	struct container_files *files;
	struct container_roots *roots;
};

/* --- finding its file --- */

static int read_from(struct container_store *s, enum root_kind kind, const char *root,
		     const struct entry *e, struct container_facts *f)
{
	const char *id = e->container.id;

	switch (kind) {
	case ROOT_DOCKER:
		return container_docker_read(s->files, root, id, f);
	case ROOT_PODMAN:
		return container_podman_read(s->files, root, id, e->cgroup, f);
	case ROOT_CONTAINERD:
		return e->ns[0] ? container_oci_read(s->files, root, e->ns, id, f)
				: container_oci_find(s->files, root, id, f);
	default:
		return container_crio_read(s->files, root, id, f);
	}
}

/* /user.slice/user-1000.slice/…; 0: none */
static unsigned user_of(const char *cgroup)
{
	const char *at = strstr(cgroup, "/user-");
	unsigned uid;
	int n = 0;

	return at && sscanf(at, "/user-%9u.slice%n", &uid, &n) == 1 && n ? uid : 0;
}

static int find_of_kind(struct container_store *s, enum root_kind kind, const struct entry *e,
			struct container_facts *f)
{
	char dir[PATH_MAX];
	size_t n;
	const char *const *dirs = container_roots_get(s->roots, kind, &n);
	int err = -ENOENT;

	for (size_t i = 0; err && i < n; i++)
		err = read_from(s, kind, dirs[i], e, f);
	if (err && !container_roots_of_user(s->roots, kind, user_of(e->cgroup), dir))
		err = read_from(s, kind, dir, e, f);
	return err;
}

/* Its cgroup path tells the runtime, or at least that it is one of Kubernetes'. */
static int find(struct container_store *s, const struct entry *e, struct container_facts *f)
{
	static const enum root_kind kubernetes[] = {ROOT_CONTAINERD, ROOT_CRIO, ROOT_DOCKER};
	int kind = container_roots_kind(e->container.runtime), err = -ENOENT;

	if (kind >= 0)
		return find_of_kind(s, kind, e, f);
	for (size_t i = 0; err && i < sizeof(kubernetes) / sizeof(kubernetes[0]); i++)
		err = find_of_kind(s, kubernetes[i], e, f);
	return err;
}

static int find_again(struct container_store *s, const struct entry *e, uint64_t now,
		      struct container_facts *f)
{
	char dir[PATH_MAX];
	int err = find(s, e, f);

	if (err != -ENOENT)
		return err;
	container_roots_scan(s->roots, now);
	err = find(s, e, f);
	if (err == -ENOENT && !strcmp(e->container.runtime, "podman") &&
	    !container_roots_of_conmon(s->roots, e->container.id, dir))
		err = read_from(s, ROOT_PODMAN, dir, e, f);
	return err;
}

/* --- entries --- */

static void show_facts(struct entry *e)
{
	const struct container_facts *f = &e->facts;
	struct container *c = &e->container;

	if (f->runtime)
		c->runtime = f->runtime;
	c->name = f->name;
	c->image = f->image;
	c->pod = f->pod;
	c->labels = f->labels;
	c->nlabels = f->nlabels;
}

static void look(struct container_store *s, struct entry *e, uint64_t now)
{
	struct container_facts f;

	if (!find_again(s, e, now, &f)) {
		e->facts = f;
		show_facts(e);
		return;
	}
	e->retry = e->retry ? e->retry * 2 : RETRY_FIRST_NS;
	if (e->retry > RETRY_LAST_NS)
		e->retry = RETRY_LAST_NS;
	e->next_try = now + e->retry;
}

/* LXC and nspawn know their containers by name. */
static bool is_its_own_name(const struct container *c)
{
	return !strcmp(c->runtime, "lxc") || !strcmp(c->runtime, "nspawn");
}

static void entry_free(struct entry *e)
{
	container_facts_free(&e->facts);
	free(e->cgroup);
	free(e->key);
	free(e);
}

static struct entry *add(struct container_store *s, const char *key, const struct container *c,
			 const char *ns, const char *cgroup)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->container = *c;
	snprintf(e->ns, sizeof(e->ns), "%s", ns);
	e->key = strdup(key);
	e->cgroup = strdup(cgroup);
	if (!e->key || !e->cgroup) {
		entry_free(e);
		return NULL;
	}
	if (is_its_own_name(c))
		e->container.name = e->container.id;
	HASH_ADD_KEYPTR(hh, s->entries, e->key, strlen(e->key), e);
	return e;
}

/*
 * What ctr and nerdctl run has "/<namespace>/<id>" with the cgroupfs driver, and either can be any
 * name: so it is one only where containerd has such a bundle.
 */
static bool from_bundle(struct container_store *s, const char *path, struct container *c,
			char ns[static NAME_MAX + 1])
{
	struct container_facts f;
	size_t n, len, rest;
	const char *const *dirs = container_roots_get(s->roots, ROOT_CONTAINERD, &n), *id;
	int err = -ENOENT;

	path++;
	len = strcspn(path, "/");
	id = path + len + (path[len] == '/');
	rest = strcspn(id, "/");
	if (!len || len > NAME_MAX || !rest || rest > CONTAINER_ID_MAX || path[0] == '.' ||
	    id[0] == '.')
		return false;
	memcpy(ns, path, len);
	ns[len] = '\0';
	*c = (struct container){.runtime = "containerd"};
	memcpy(c->id, id, rest);
	for (size_t i = 0; err == -ENOENT && i < n; i++)
		err = container_oci_read(s->files, dirs[i], ns, c->id, &f);
	if (!err)
		container_facts_free(&f);
	return !err || err == -EBADMSG;
}

static struct entry *entry_of(struct container_store *s, const char *path)
{
	char ns[NAME_MAX + 1] = "", key[KEY_MAX];
	struct container c;
	struct entry *e;

	if (container_from_cgroup(path, &c)) {
		snprintf(key, sizeof(key), "%s", c.id);
	} else {
		size_t len;

		if (*path != '/')
			return NULL;
		len = 1 + strcspn(path + 1, "/");

		/* Known, then nothing is opened. */
		len += path[len] == '/' ? 1 + strcspn(path + len + 1, "/") : 0;
		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		HASH_FIND_STR(s->entries, key, e);
		if (e)
			return e;
		if (!from_bundle(s, path, &c, ns))
			return NULL;
	}
	HASH_FIND_STR(s->entries, key, e);
	return e ? e : add(s, key, &c, ns, path);
}

const struct container *container_store_get(struct container_store *s, const char *cgroup_path)
{
	struct entry *e = entry_of(s, cgroup_path);

	if (!e)
		return NULL;
	e->asked_since = true;
	if (!e->facts.path && !is_its_own_name(&e->container)) {
		uint64_t now = clock_boot_ns();

		if (now >= e->next_try)
			look(s, e, now);
	}
	return &e->container;
}

/* --- changes --- */

/* What cannot be read any more stays as it was: a container that has ended keeps its name. */
static void reread(struct container_store *s, struct entry *e)
{
	struct file_stamp stamp;
	struct container_facts f;

	if (container_file_stamp(e->facts.root, e->facts.path, &stamp) ||
	    file_stamp_same(&stamp, &e->facts.stamp))
		return;
	e->facts.stamp = stamp;
	if (read_from(s, container_roots_kind(e->container.runtime), e->facts.root, e, &f))
		return;
	container_facts_free(&e->facts);
	e->facts = f;
	show_facts(e);
}

void container_store_refresh(struct container_store *s)
{
	uint64_t now = clock_boot_ns();
	struct entry *e, *tmp;

	HASH_ITER (hh, s->entries, e, tmp) {
		if (!e->asked_since)
			continue;
		e->asked_since = false;
		e->asked = now;
		if (e->facts.path)
			reread(s, e);
	}
}

size_t container_store_count(const struct container_store *s)
{
	return HASH_COUNT(s->entries);
}

void container_store_keep(struct container_store *s, const struct container *c)
{
	struct entry *e =
		(struct entry *)((char *)(uintptr_t)c - offsetof(struct entry, container));

	(void)s;
	e->kept = true;
}

void container_store_forget(struct container_store *s, uint64_t before)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, s->entries, e, tmp) {
		if (!e->kept && !e->asked_since && e->asked < before) {
			HASH_DEL(s->entries, e);
			entry_free(e);
		} else {
			e->kept = false;
		}
	}
}

/* --- */

int container_store_new(struct container_store **out, const struct runtime_root *roots, size_t n)
{
	struct container_store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = container_files_new(&s->files);
	if (!err)
		err = container_roots_new(&s->roots, roots, n, "");
	if (err) {
		container_store_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void container_store_free(struct container_store *s)
{
	struct entry *e, *tmp;

	if (!s)
		return;
	HASH_ITER (hh, s->entries, e, tmp) {
		HASH_DEL(s->entries, e);
		entry_free(e);
	}
	container_roots_free(s->roots);
	container_files_free(s->files);
	free(s);
}
