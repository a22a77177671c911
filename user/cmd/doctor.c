// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner doctor: what this kernel can do, what is missing, and why it matters.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "collect/bpf_log.h"
#include "collect/privileges.h"
#include "collect/probe.h"
#include "out/feature_view.h"
#include "out/help.h"

struct doctor_config {
	int format;
};

enum { FORMAT_TABLE, FORMAT_JSON };
static const char *const formats[] = {"table", "json", NULL};

static const struct opt doctor_opts[] = {
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .help = "table (default) or json, one object a line",
	 .type = OPT_ENUM,
	 .off = offsetof(struct doctor_config, format),
	 .names = formats},
	{0},
};

static int examine(int format)
{
	_cleanup_buf_ struct buf b = {0};
	char caps[PRIVILEGES_LIST];
	size_t missing = 0, unknown = 0;
	int err;

	/* All that any command takes. */
	privileges_missing(TASK_PROGRAMS | TASK_PROCESSES | TASK_NETNS | TASK_LINKS, caps);
	if (format == FORMAT_TABLE)
		feature_table_header(&b);
	for (size_t i = 0; i < probe_count(); i++) {
		struct feature f = probe_feature(i);

		missing += f.required && f.answer == FEATURE_NO;
		unknown += f.required && f.answer == FEATURE_UNKNOWN;
		if (format == FORMAT_JSON)
			feature_json(&f, &b);
		else
			feature_table_line(&f, &b);
	}
	err = buf_flush(&b, STDOUT_FILENO);
	if (err && err != -EPIPE) {
		log_error("writing the output: %s", buf_flush_error(err));
		return EXIT_FAILED;
	}
	if (missing) {
		log_error(
			"flowner cannot run on this kernel: %zu of what it needs is missing (Linux 5.15 and later "
			"with BTF have it)",
			missing);
		return EXIT_KERNEL;
	}
	if (caps[0]) {
		log_error("not permitted: %s missing%s; %s", caps,
			  unknown ? ", so not all could be tried" : "", privileges_advice());
		return EXIT_PERMISSION;
	}
	err = unknown ? probe_shortage(-EPERM) : 0;
	if (unknown && err != -EPERM) {
		log_error("not all could be tried: %s%s", strerror(-err),
			  err == -ENOMEM ? "" : ": raise ulimit -n");
		return EXIT_FAILED;
	}
	if (unknown) {
		log_error(
			"not permitted, although the capabilities are there: lockdown, a user namespace, a "
			"container's seccomp filter or an LSM forbids BPF here");
		return EXIT_PERMISSION;
	}
	log_info("flowner can run here");
	return EXIT_DONE;
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor_config cfg = {0};
	const struct opt_set sets[] = {{NULL, doctor_opts, &cfg}, {0}};
	int err, rest;

	err = opt_parse("flowner doctor", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		help_print(
			"flowner doctor [OPTIONS]",
			"What this kernel can do, what is missing, and why it matters. Each feature is tried.\n"
			"Exit: 0 flowner can run here, 3 this kernel cannot, 4 not permitted.",
			sets, NULL);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (rest < argc) {
		log_error("doctor takes no %s; see flowner doctor --help", argv[rest]);
		return EXIT_USAGE;
	}
	bpf_log_init();
	return examine(cfg.format);
}
