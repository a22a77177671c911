// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_facts.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/cleanup.h"

/*
 * Podman and CRI-O keep their containers with containers/storage, a folder for each of its drivers:
 *
 *	<driver>-containers/containers.json, volatile-containers.json
 *	<driver>-containers/<id>/userdata/config.json, the OCI one
 */
static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};
static const char *const lists[] = {"containers.json", "volatile-containers.json"};

#define POD_ID_LEN 64

/* Both files are replaced by rename, at each change of any container. */
static struct json_object *find_in_list(struct json_object *list, const char *id)
{
	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i), *v;

		if (json_object_is_type(c, json_type_object) &&
		    json_object_object_get_ex(c, "id", &v) &&
		    json_object_is_type(v, json_type_string) &&
		    !strcmp(json_object_get_string(v), id))
			return c;
	}
	return NULL;
}

/* "metadata" is JSON once more: {"image-name": "localhost/bb:latest", "name": "web", …} */
static struct json_object *metadata_of(const struct json_object *c)
{
	_cleanup_free_ char *text = container_facts_text(c, "metadata", CONTAINER_CONFIG_MAX);
	struct json_object *m;

	/* With json-c's default limit of depth. */
	m = text ? json_tokener_parse(text) : NULL;
	return m;
}

/*
 * {"id": "<64 hex>", "names": ["web"], "image": "<64 hex>", "metadata": "{…}", …}
 * `podman rename` changes "names" only.
 */
static void read_listed(struct json_object *c, struct container_facts *f)
{
	struct json_object *names, *first, *m = metadata_of(c);

	if (json_object_object_get_ex(c, "names", &names) &&
	    json_object_is_type(names, json_type_array)) {
		first = json_object_array_get_idx(names, 0);
		if (json_object_is_type(first, json_type_string) && *json_object_get_string(first))
			f->name = strndup(json_object_get_string(first), CONTAINER_NAME_MAX);
	}
	if (!f->name)
		f->name = container_facts_text(m, "name", CONTAINER_NAME_MAX);
	f->image = container_facts_text(m, "image-name", CONTAINER_IMAGE_MAX);
	json_object_put(m);
}

static int read_list(struct container_files *files, const char *root, const char *path,
		     const char *id, struct container_facts *f)
{
	struct json_object *list = NULL, *c;
	int err =
		container_files_json(files, root, path, CONTAINER_LIST_MAX, true, &list, &f->stamp);

	if (err)
		return err;
	c = find_in_list(list, id);
	if (c)
		read_listed(c, f);
	json_object_put(list);
	return c ? container_facts_from(f, root, path) : -ENOENT;
}

/* In the order of preference: a broken file counts only if no other knows the container. */
static int find(struct container_files *files, const char *root, const char *id, size_t *driver,
		struct container_facts *f)
{
	char path[64];
	int err, worst = -ENOENT;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
			snprintf(path, sizeof(path), "%s-containers/%s", drivers[i], lists[k]);
			*driver = i;
			err = read_list(files, root, path, id, f);
			if (!err)
				return 0;
			container_facts_free(f);
			if (err != -ENOENT)
				worst = err;
		}
	}
	return worst;
}

static bool is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!s[i] || !strchr("0123456789abcdef", s[i]))
			return false;
	return true;
}

/*
 * The pod is the folder above the container's:
 *
 *	/machine.slice/machine-libpod_pod_<64 hex>.slice/libpod-<id>.scope	systemd driver
 *	/libpod_parent/<64 hex>/libpod-<id>					cgroupfs driver
 *
 * Its name stands in podman's database alone: the infra container's host name is the pod's name
 * only as long as nobody has given another (--hostname). So it is shown by its id, as podman
 * shows it.
 */
static char *pod_of(const char *cgroup, const char *id)
{
	static const char marker[] = "libpod_pod_";
	const char *at = strstr(cgroup, id), *slash, *above, *found;

	if (!at)
		return NULL;
	for (slash = at; slash > cgroup && *slash != '/'; slash--)
		;
	for (above = slash; above > cgroup && above[-1] != '/'; above--)
		;
	found = memmem(above, (size_t)(slash - above), marker, sizeof(marker) - 1);
	if (found)
		above = found + sizeof(marker) - 1;
	if (slash - above < POD_ID_LEN || !is_hex(above, POD_ID_LEN) ||
	    (above[POD_ID_LEN] != '/' && above[POD_ID_LEN] != '.'))
		return NULL;
	return strndup(above, CONTAINER_ID_SHORT);
}

int container_podman_read(struct container_files *files, const char *root, const char *id,
			  const char *cgroup, struct container_facts *out)
{
	struct container_facts f = {0};
	size_t driver;
	int err = find(files, root, id, &driver, &f);

	if (err)
		return err;
	f.runtime = "podman";
	f.pod = pod_of(cgroup, id);
	*out = f;
	return 0;
}

/* --- CRI-O --- */

/* Labels are JSON once more. */
static void read_labels(const struct json_object *annotations, struct container_facts *f)
{
	_cleanup_free_ char *text = container_facts_text(annotations, "io.kubernetes.cri-o.Labels",
							 CONTAINER_CONFIG_MAX);
	struct json_object *labels = text ? json_tokener_parse(text) : NULL;

	container_facts_labels(f, labels, NULL);
	json_object_put(labels);
}

static void read_annotations(const struct json_object *a, struct container_facts *f)
{
	_cleanup_free_ char *type =
		container_facts_text(a, "io.kubernetes.cri-o.ContainerType", CONTAINER_NAME_MAX);

	f->name = type && !strcmp(type, "sandbox")
			  ? strdup("pause")
			  : container_facts_text(a, "io.kubernetes.container.name",
						 CONTAINER_NAME_MAX);
	f->image = container_facts_text(a, "io.kubernetes.cri-o.ImageName", CONTAINER_IMAGE_MAX);
	f->pod = container_facts_pod(a, "io.kubernetes.pod.namespace", "io.kubernetes.pod.name");
	read_labels(a, f);
}

static int read_crio(struct container_files *files, const char *root, const char *path,
		     struct container_facts *f)
{
	struct json_object *json = NULL, *a = NULL;
	int err = container_files_json(files, root, path, CONTAINER_CONFIG_MAX, false, &json,
				       &f->stamp);

	if (err)
		return err;
	if (json_object_is_type(json, json_type_object) &&
	    json_object_object_get_ex(json, "annotations", &a))
		read_annotations(a, f);
	json_object_put(json);
	return container_facts_from(f, root, path);
}

int container_crio_read(struct container_files *files, const char *root, const char *id,
			struct container_facts *out)
{
	int err, worst = -ENOENT;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct container_facts f = {.runtime = "cri-o"};
		char path[NAME_MAX + 64];

		snprintf(path, sizeof(path), "%s-containers/%s/userdata/config.json", drivers[i],
			 id);
		err = read_crio(files, root, path, &f);
		if (!err) {
			*out = f;
			return 0;
		}
		container_facts_free(&f);
		if (err != -ENOENT)
			worst = err;
	}
	return worst;
}
