// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_facts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/cleanup.h"

#define TASKS          "io.containerd.runtime.v2.task"
#define NAMESPACES_MAX 64
#define CRI            "io.kubernetes.cri."

/*
 * The annotations that containerd's CRI plugin sets:
 *	io.kubernetes.cri.container-type: container | sandbox
 *	io.kubernetes.cri.container-name, …image-name
 *	io.kubernetes.cri.sandbox-name, …sandbox-namespace
 * nerdctl: nerdctl/name. ctr: the labels it was given.
 */
static void read_annotations(const struct json_object *a, struct container_facts *f)
{
	_cleanup_free_ char *type =
		container_facts_text(a, CRI "container-type", CONTAINER_NAME_MAX);

	if (type) {
		f->name = !strcmp(type, "sandbox") ? strdup("pause")
						   : container_facts_text(a, CRI "container-name",
									  CONTAINER_NAME_MAX);
		f->image = container_facts_text(a, CRI "image-name", CONTAINER_IMAGE_MAX);
		f->pod = container_facts_pod(a, CRI "sandbox-namespace", CRI "sandbox-name");
		container_facts_labels(f, a, "io.kubernetes.cri");
		return;
	}
	f->name = container_facts_text(a, "nerdctl/name", CONTAINER_NAME_MAX);
	container_facts_labels(f, a, "nerdctl/");
}

int container_oci_read(struct container_files *files, const char *state, const char *ns,
		       const char *id, struct container_facts *out)
{
	struct container_facts f = {.runtime = "containerd"};
	struct json_object *json = NULL, *a = NULL;
	char path[3 * NAME_MAX];
	int err;

	if (snprintf(path, sizeof(path), TASKS "/%s/%s/config.json", ns, id) >= (int)sizeof(path))
		return -ENOENT;
	err = container_files_json(files, state, path, CONTAINER_CONFIG_MAX, false, &json,
				   &f.stamp);
	if (err)
		return err;
	if (json_object_is_type(json, json_type_object) &&
	    json_object_object_get_ex(json, "annotations", &a))
		read_annotations(a, &f);
	json_object_put(json);
	if (!f.name)
		f.name = strndup(id, CONTAINER_NAME_MAX);
	err = container_facts_from(&f, state, path);
	if (err)
		container_facts_free(&f);
	else
		*out = f;
	return err;
}

int container_oci_find(struct container_files *files, const char *state, const char *id,
		       struct container_facts *out)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *d;
	int err = container_oci_read(files, state, "k8s.io", id, out);

	if (err != -ENOENT || snprintf(path, sizeof(path), "%s/" TASKS, state) >= (int)sizeof(path))
		return err;
	dir = opendir(path);
	for (int n = 0; err == -ENOENT && n < NAMESPACES_MAX && dir && (d = readdir(dir)); n++)
		if (d->d_name[0] != '.' && strcmp(d->d_name, "k8s.io") != 0)
			err = container_oci_read(files, state, d->d_name, id, out);
	return err;
}
