// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/container.h"

#include <stddef.h>
#include <string.h>

#include "model/unit.h"

/*
 * One path component each; what stands between prefix and suffix is the id.
 *
 *	/system.slice/docker-<64 hex>.scope			docker, systemd driver
 *	/docker/<64 hex>					docker, cgroupfs driver
 *	/machine.slice/libpod-<64 hex>.scope/container		podman, systemd driver
 *	/libpod_parent/libpod-<64 hex>				podman, cgroupfs driver
 *	/kubepods.slice/…/cri-containerd-<64 hex>.scope		kubernetes
 *	/kubepods/burstable/pod<uid>/<64 hex>			kubernetes, cgroupfs driver
 *	/lxc.payload.<name>, /lxc/<name>			lxc 4 and before
 *	/machine.slice/systemd-nspawn@<name>.service		systemd-nspawn
 *	/machine.slice/machine-<name>.scope			systemd-nspawn, by hand
 *
 * What monitors a container (libpod-conmon-<id>.scope, crio-conmon-<id>.scope, lxc.monitor.<name>)
 * is outside of it.
 */
static const struct {
	const char *prefix, *suffix, *runtime;
	bool hex;     /* the id is 64 hex digits */
	bool escaped; /* as systemd escapes names of units */
} patterns[] = {
	{"docker-", ".scope", "docker", true, false},
	{"libpod-", ".scope", "podman", true, false},
	{"libpod-", "", "podman", true, false},
	{"cri-containerd-", ".scope", "containerd", true, false},
	{"nerdctl-", ".scope", "containerd", true, false},
	{"nerdctl-", "", "containerd", true, false},
	{"crio-", ".scope", "cri-o", true, false},
	{"crio-", "", "cri-o", true, false},
	{"lxc.payload.", "", "lxc", false, false},
	{"systemd-nspawn@", ".service", "nspawn", false, true},
	{"machine-", ".scope", "nspawn", false, true},
};

static bool is_id(const char *s, size_t len)
{
	if (len != 64)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdef", s[i]))
			return false;
	return true;
}

static bool set(struct container *out, const char *runtime, const char *id, size_t len)
{
	if (len == 0 || len > CONTAINER_ID_MAX)
		return false;
	out->runtime = runtime;
	memcpy(out->id, id, len);
	out->id[len] = '\0';
	return true;
}

static bool match_component(const char *s, size_t len, const char *parent, size_t parent_len,
			    bool in_kubepods, struct container *out)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		size_t p = strlen(patterns[i].prefix), q = strlen(patterns[i].suffix);

		if (len <= p + q || memcmp(s, patterns[i].prefix, p) ||
		    memcmp(s + len - q, patterns[i].suffix, q))
			continue;
		if (patterns[i].hex && !is_id(s + p, len - p - q))
			continue;
		if (!set(out, patterns[i].runtime, s + p, len - p - q))
			return false;
		if (patterns[i].escaped)
			unit_unescape(out->id);
		return true;
	}
	if (is_id(s, len)) {
		if (parent_len == 6 && !memcmp(parent, "docker", 6))
			return set(out, "docker", s, len);
		if (in_kubepods)
			return set(out, "kubernetes", s, len);
	}
	if (parent_len == 3 && !memcmp(parent, "lxc", 3))
		return set(out, "lxc", s, len);
	return false;
}

bool container_from_cgroup(const char *path, struct container *out)
{
	const char *parent = "", *s = path;
	size_t parent_len = 0;
	bool found = false, in_kubepods = false;

	*out = (struct container){0};
	/* The last match wins: a container inside a container is the one the process is in. */
	while (*s) {
		size_t len = strcspn(s, "/");

		if (len && match_component(s, len, parent, parent_len, in_kubepods, out))
			found = true;
		if (len >= 8 && !memcmp(s, "kubepods", 8))
			in_kubepods = true;
		parent = s;
		parent_len = len;
		s += len;
		s += *s == '/';
	}
	return found;
}

bool container_is(const struct container *c, const char *spec)
{
	if (!*spec)
		return false;
	return (c->name && !strcmp(c->name, spec)) || (c->pod && !strcmp(c->pod, spec)) ||
	       !strncmp(c->id, spec, strlen(spec));
}
