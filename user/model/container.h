/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Containers, and which of them a cgroup path belongs to, by the path alone: the runtimes put the
 * container's id there.
 */
#ifndef FLOWNER_MODEL_CONTAINER_H
#define FLOWNER_MODEL_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_ID_MAX 128

struct container_label {
	const char *key, *value;
};

struct container {
	const char *runtime; /* "docker", "podman", "containerd", "cri-o", "lxc", "nspawn",
				"kubernetes"; static */
	char id[CONTAINER_ID_MAX + 1];
	/*
	 * What the runtime's files say (collect/container_store.h); NULL: unknown. `pod` is
	 * "namespace/name" in Kubernetes, else the pod's name, or its id.
	 */
	const char *name, *image, *pod;
	const struct container_label *labels;
	size_t nlabels;
};

/*
 * The innermost container that `path` lies in: runtime and id, all else unknown. False, and runtime
 * NULL, where there is none. "kubernetes" is said where the path tells the pod but not the runtime
 * (the cgroupfs driver).
 */
bool container_from_cgroup(const char *path, struct container *out);

/* Is that what a user calls NAME or ID-PREFIX: its name, its pod, or the beginning of its id? */
bool container_is(const struct container *c, const char *spec);

/* How long an id is shown: 64 hex digits are cut to twelve, as the runtimes do. */
#define CONTAINER_ID_SHORT 12

#endif
