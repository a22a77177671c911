/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which container a cgroup path belongs to, by the path alone: the runtimes put the container's id
 * there.
 */
#ifndef FLOWNER_MODEL_CONTAINER_H
#define FLOWNER_MODEL_CONTAINER_H

#include <stdbool.h>

#define CONTAINER_ID_MAX 128

struct container {
	const char *runtime; /* "docker", "podman", "containerd", "cri-o", "lxc", "nspawn",
				"kubernetes"; static */
	char id[CONTAINER_ID_MAX + 1];
};

/*
 * The innermost container that `path` lies in. False, and runtime NULL, where there is none.
 * "kubernetes" is said where the path tells the pod but not the runtime (the cgroupfs driver).
 */
bool container_from_cgroup(const char *path, struct container *out);

#endif
