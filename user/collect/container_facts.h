/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a runtime's file says of a container, and the file. Each runtime has a reader here, told the
 * folder where it keeps its files; they return 0, -ENOENT where the container is not in there, or
 * another -errno, and set `out` only on 0.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_FACTS_H
#define FLOWNER_COLLECT_CONTAINER_FACTS_H

#include <stddef.h>

#include "collect/container_file.h"
#include "model/container.h"

#define CONTAINER_NAME_MAX   256 /* of a pod too */
#define CONTAINER_IMAGE_MAX  512
#define CONTAINER_CONFIG_MAX (1 << 20)
#define CONTAINER_LIST_MAX   (16 << 20)

struct container_facts {
	const char *runtime; /* static; NULL: as the cgroup path said */
	char *name, *image, *pod;
	struct container_label *labels;
	size_t nlabels;
	/* Where that stands. */
	char *root, *path;
	struct file_stamp stamp;
};

void container_facts_free(struct container_facts *f); /* zeroed after */

/* 0 or -ENOMEM. */
int container_facts_from(struct container_facts *f, const char *root, const char *path);

/* A string of a JSON object, up to `max` bytes, owned by the caller. NULL: not there, empty, no
 * string. */
char *container_facts_text(const struct json_object *o, const char *key, size_t max);

/* Those strings of a JSON object whose keys do not begin with `except` (NULL: all). */
void container_facts_labels(struct container_facts *f, const struct json_object *o,
			    const char *except);

/* "namespace/name", or NULL. */
char *container_facts_pod(const struct json_object *o, const char *ns_key, const char *name_key);

/* <data root>/containers/<id>/config.v2.json */
int container_docker_read(struct container_files *files, const char *root, const char *id,
			  struct container_facts *out);

/* containers/storage: <graph root>/<driver>-containers; `cgroup` may tell the pod. */
int container_podman_read(struct container_files *files, const char *root, const char *id,
			  const char *cgroup, struct container_facts *out);
int container_crio_read(struct container_files *files, const char *root, const char *id,
			struct container_facts *out);

/* <state>/io.containerd.runtime.v2.task/<ns>/<id>/config.json */
int container_oci_read(struct container_files *files, const char *state, const char *ns,
		       const char *id, struct container_facts *out);
/* In whichever namespace it is, Kubernetes' first. */
int container_oci_find(struct container_files *files, const char *state, const char *id,
		       struct container_facts *out);

#endif
