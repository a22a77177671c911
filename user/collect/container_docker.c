// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_facts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/*
 * {"ID": "<64 hex>", "Name": "/web", "Image": "sha256:…",
 *  "Config": {"Image": "nginx:1.25", "Labels": {"a": "b"}, …}, …}
 *
 * Written anew, and renamed into place, whenever the container changes (20.10).
 */
static void read_config(const struct json_object *json, struct container_facts *f)
{
	struct json_object *config = NULL, *labels = NULL;

	f->name = container_facts_text(json, "Name", CONTAINER_NAME_MAX + 1);
	if (f->name && f->name[0] == '/')
		memmove(f->name, f->name + 1, strlen(f->name));
	if (f->name && !*f->name) {
		free(f->name);
		f->name = NULL;
	}
	if (!json_object_is_type(json, json_type_object) ||
	    !json_object_object_get_ex(json, "Config", &config))
		return;
	f->image = container_facts_text(config, "Image", CONTAINER_IMAGE_MAX);
	if (!json_object_is_type(config, json_type_object) ||
	    !json_object_object_get_ex(config, "Labels", &labels))
		return;
	container_facts_labels(f, labels, NULL);
	/* As cri-dockerd sets them. */
	f->pod = container_facts_pod(labels, "io.kubernetes.pod.namespace",
				     "io.kubernetes.pod.name");
}

int container_docker_read(struct container_files *files, const char *root, const char *id,
			  struct container_facts *out)
{
	struct container_facts f = {.runtime = "docker"};
	struct json_object *json = NULL;
	char path[NAME_MAX + 64];
	int err;

	snprintf(path, sizeof(path), "containers/%s/config.v2.json", id);
	err = container_files_json(files, root, path, CONTAINER_CONFIG_MAX, false, &json, &f.stamp);
	if (err)
		return err;
	read_config(json, &f);
	json_object_put(json);
	err = container_facts_from(&f, root, path);
	if (err)
		container_facts_free(&f);
	else
		*out = f;
	return err;
}
