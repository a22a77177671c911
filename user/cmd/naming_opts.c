// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/naming_opts.h"

#include <string.h>
#include <sys/stat.h>

static const char *runtime_of(const char *value, size_t len)
{
	static const char *const runtimes[] = {"docker", "podman", "containerd", "cri-o"};

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strlen(runtimes[i]) == len && !memcmp(runtimes[i], value, len))
			return runtimes[i];
	return NULL;
}

static int add_root(const struct opt *opt, const char *value, void *var)
{
	struct naming_config *cfg = var;
	const char *equals = strchr(value, '='), *runtime;
	struct stat st;

	if (!equals)
		return opt_error(opt, value, "not RUNTIME=DIR, as in docker=/srv/docker");
	runtime = runtime_of(value, (size_t)(equals - value));
	if (!runtime)
		return opt_error(opt, value, "the runtime is docker, podman, containerd or cri-o");
	if (equals[1] != '/')
		return opt_error(opt, value, "the directory must begin with /");
	if (stat(equals + 1, &st) || !S_ISDIR(st.st_mode))
		return opt_error(opt, value, "no such directory");
	if (cfg->nroots == NAMING_ROOTS_MAX)
		return opt_error(opt, value, "more than %d of them", NAMING_ROOTS_MAX);
	cfg->roots[cfg->nroots++] = (struct runtime_root){runtime, equals + 1};
	return 0;
}

const struct opt naming_opts[] = {
	{.name = "runtime-root",
	 .arg = "RUNTIME=DIR",
	 .help = "where docker, podman, containerd or cri-o keeps its files, if not where it says",
	 .type = OPT_CALL,
	 .call = add_root},
	{0},
};
