// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdio.h>

#include "model/container.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

struct example {
	const char *path, *runtime, *id;
};

static void check(const struct example *e, size_t n)
{
	struct container c;

	for (size_t i = 0; i < n; i++, e++) {
		assert_int_equal(container_from_cgroup(e->path, &c), e->runtime != NULL);
		if (!e->runtime) {
			assert_null(c.runtime);
			assert_string_equal(c.id, "");
			continue;
		}
		assert_non_null(c.runtime);
		assert_string_equal(c.runtime, e->runtime);
		assert_string_equal(c.id, e->id);
	}
}

TEST(runtimes)
{
	static const struct example e[] = {
		{"/system.slice/docker-" ID ".scope", "docker", ID},
		{"/docker/" ID, "docker", ID},
		{"/machine.slice/libpod-" ID ".scope", "podman", ID},
		{"/machine.slice/libpod-" ID ".scope/container", "podman", ID},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		 ".scope/container",
		 "podman", ID},
		{"/libpod_parent/libpod-" ID, "podman", ID},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-" ID
		 ".scope",
		 "containerd", ID},
		{"/system.slice/nerdctl-" ID ".scope", "containerd", ID},
		{"/kubepods.slice/kubepods-pod1.slice/crio-" ID ".scope", "cri-o", ID},
		{"/kubepods/besteffort/pod1/crio-" ID, "cri-o", ID},
		{"/kubepods/burstable/pod1234/" ID, "kubernetes", ID},
		{"/kubepods.slice/kubepods-pod1.slice/" ID, "kubernetes", ID},
		{"/lxc.payload.web", "lxc", "web"},
		{"/lxc/web", "lxc", "web"},
		{"/machine.slice/systemd-nspawn@web.service", "nspawn", "web"},
		{"/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web"},
		{"/machine.slice/systemd-nspawn@my\\x2dweb.service", "nspawn", "my-web"},
		{"/machine.slice/machine-my\\x2dweb.scope", "nspawn", "my-web"},
		{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope/container",
		 "podman", ID},
		{"/libpod_parent/" ID2 "/libpod-" ID, "podman", ID},
		{"/kubepods/burstable/pod1/nerdctl-" ID, "containerd", ID},
	};

	check(e, COUNT(e));
}

TEST(below)
{
	static const struct example e[] = {
		{"/system.slice/docker-" ID ".scope/init.scope", "docker", ID},
		{"/docker/" ID "/system.slice/nginx.service", "docker", ID},
		{"/lxc.payload.web/system.slice/ssh.service", "lxc", "web"},
		{"/lxc/web/system.slice", "lxc", "web"},
		{"docker/" ID, "docker", ID},
	};

	check(e, COUNT(e));
}

TEST(nested)
{
	static const struct example e[] = {
		{"/docker/" ID "/docker/" ID2, "docker", ID2},
		{"/lxc.payload.host/docker/" ID, "docker", ID},
		{"/docker/" ID "/kubepods/burstable/pod1/" ID2, "kubernetes", ID2},
		{"/system.slice/docker-" ID ".scope/kubepods.slice/cri-containerd-" ID2 ".scope",
		 "containerd", ID2},
		{"/docker/" ID "/machine.slice/systemd-nspawn@inner.service", "nspawn", "inner"},
		{"/machine.slice/libpod-" ID ".scope/container/machine.slice/libpod-" ID2 ".scope",
		 "podman", ID2},
	};

	check(e, COUNT(e));
}

TEST(near_misses)
{
	static const struct example e[] = {
		{"", NULL, NULL},
		{"/", NULL, NULL},
		{"/" ID, NULL, NULL},
		{"/user.slice/" ID, NULL, NULL},
		{"/system.slice/docker.service", NULL, NULL},
		{"/system.slice/docker.socket", NULL, NULL},
		{"/docker", NULL, NULL},
		{"/docker/buildkit", NULL, NULL},
		{"/dockers/" ID, NULL, NULL},
		{"/xdocker/" ID, NULL, NULL},
		{"/system.slice/docker-" ID, NULL, NULL},
		{"/system.slice/docker-" ID ".slice", NULL, NULL},
		{"/system.slice/xdocker-" ID ".scope", NULL, NULL},
		{"/system.slice/docker-.scope", NULL, NULL},
		{"/machine.slice/libpod-conmon-" ID ".scope", NULL, NULL},
		{"/machine.slice/crio-conmon-" ID ".scope", NULL, NULL},
		{"/machine.slice/machine-libpod_pod_" ID ".slice", NULL, NULL},
		{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-conmon-" ID ".scope", NULL,
		 NULL},
		{"/libpod_parent/" ID "/conmon", NULL, NULL},
		{"/libpod_parent/libpod-conmon-" ID, NULL, NULL},
		{"/default/web", NULL, NULL},
		{"/lxc", NULL, NULL},
		{"/lxc/", NULL, NULL},
		{"/lxc.payload.", NULL, NULL},
		{"/lxc.monitor.web", NULL, NULL},
		{"/lxcfs/web", NULL, NULL},
		{"/machine.slice/systemd-nspawn@.service", NULL, NULL},
		{"/machine.slice/systemd-nspawn.service", NULL, NULL},
		{"/kubepods/burstable/pod1", NULL, NULL},
	};

	check(e, COUNT(e));
}

TEST(wrong_ids)
{
	/* 63 and 65 digits, upper case, a letter that is no digit. */
	static const char *const ids[] = {
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"0123456789abcdeg0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	static const char *const paths[] = {
		"/docker/%s",
		"/system.slice/docker-%s.scope",
		"/m/libpod-%s.scope",
		"/m/libpod-%s",
		"/k/cri-containerd-%s.scope",
		"/k/nerdctl-%s.scope",
		"/k/crio-%s.scope",
		"/k/crio-%s",
		"/kubepods/pod1/%s",
	};
	struct container c;

	for (size_t p = 0; p < COUNT(paths); p++) {
		for (size_t i = 0; i < COUNT(ids); i++) {
			const char *mark = strstr(paths[p], "%s");
			char path[256];

			snprintf(path, sizeof(path), "%.*s%s%s", (int)(mark - paths[p]), paths[p],
				 ids[i], mark + 2);
			assert_false(container_from_cgroup(path, &c));
			assert_null(c.runtime);
		}
	}
}

TEST(long_names)
{
	char path[CONTAINER_ID_MAX + 16], name[CONTAINER_ID_MAX + 2];
	struct container c;

	memset(name, 'n', sizeof(name));
	name[CONTAINER_ID_MAX] = '\0';
	snprintf(path, sizeof(path), "/lxc/%s", name);
	assert_true(container_from_cgroup(path, &c));
	assert_string_equal(c.id, name);
	name[CONTAINER_ID_MAX] = 'n';
	name[CONTAINER_ID_MAX + 1] = '\0';
	snprintf(path, sizeof(path), "/lxc/%s", name);
	assert_false(container_from_cgroup(path, &c));
	assert_null(c.runtime);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("each runtime's path gives its container", runtimes),
		IT("a cgroup below a container is in that container", below),
		IT("of nested containers the innermost is told", nested),
		IT("paths that only look like a container's give none", near_misses),
		IT("an id of wrong length or digits is no container", wrong_ids),
		IT("a name longer than fits is no container", long_names),
	};

	return RUN(tests);
}
