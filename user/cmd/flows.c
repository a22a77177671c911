// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner flows: options in; the work is cmd/flows_run.c's.
 */
#include "cmd/flows.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "cmd/feature_opts.h"
#include "cmd/filter_opts.h"
#include "collect/bpf_log.h"
#include "out/help.h"

static int add_dev(const struct opt *opt, const char *value, void *var)
{
	struct flows_config *cfg = var;

	if (!*value || strlen(value) >= LINK_NAME_MAX)
		return opt_error(opt, value, "not the name of a network device");
	if (cfg->ndevs == FLOWS_DEVS_MAX)
		return opt_error(opt, value, "more than %d of them", FLOWS_DEVS_MAX);
	cfg->devs[cfg->ndevs++] = value;
	return 0;
}

static int unknown(const struct opt *opt, const char *value, void (*names)(struct buf *b))
{
	_cleanup_buf_ struct buf b = {0};

	names(&b);
	return opt_error(opt, value, "there are %.*s", (int)b.len, b.data);
}

static int set_by(const struct opt *opt, const char *value, void *var)
{
	struct flows_config *cfg = var;

	cfg->grouped = true;
	return flow_group_parse(value, &cfg->by) ? unknown(opt, value, flow_group_names) : 0;
}

static int set_sort(const struct opt *opt, const char *value, void *var)
{
	return flow_sort_parse(value, var) ? unknown(opt, value, flow_sort_names) : 0;
}

#define OFF(member) offsetof(struct flows_config, member)
static const struct opt flows_opts[] = {
	{.letter = 'i',
	 .name = "interval",
	 .arg = "SECONDS",
	 .help = "show them so often (default 1)",
	 .type = OPT_SECONDS,
	 .off = OFF(interval_ns)},
	{.name = "once",
	 .help = "watch for one interval, show what there was, and end",
	 .type = OPT_FLAG,
	 .off = OFF(once)},
	{.name = "by",
	 .arg = "WHAT",
	 .help = "sums instead of flows: veth, netns, container, conn",
	 .type = OPT_CALL,
	 .call = set_by},
	{.name = "sort",
	 .arg = "KEY",
	 .help = "rate (bytes a second, default), packet-rate, bytes, packets, first, last, link",
	 .type = OPT_CALL,
	 .off = OFF(sort),
	 .call = set_sort},
	{.name = "top",
	 .arg = "N",
	 .help = "only the first N",
	 .type = OPT_UINT,
	 .off = OFF(top),
	 .min = 1},
	{.name = "both-ends",
	 .help = "both ends of every veth pair, not the outer one only",
	 .type = OPT_FLAG,
	 .off = OFF(both_ends)},
	{.name = "dev",
	 .arg = "IFNAME",
	 .help = "only devices of that name, of whatever kind, in every namespace (repeatable)",
	 .type = OPT_CALL,
	 .call = add_dev},
	{.name = "idle",
	 .arg = "SECONDS",
	 .help = "a flow without packets for so long has ended (default 60)",
	 .type = OPT_SECONDS,
	 .off = OFF(idle_ns)},
	{.letter = 'c',
	 .name = "count",
	 .arg = "N",
	 .help = "stop after N intervals",
	 .type = OPT_UINT,
	 .off = OFF(count),
	 .min = 1},
	{.name = "max-flows",
	 .arg = "N",
	 .help = "keep so many flows at most (default 262144); further packets are summed up as "
		 "\"rest\"",
	 .type = OPT_UINT,
	 .off = OFF(max_flows),
	 .min = 1,
	 .max = 1 << 24},
	{.name = "map-size",
	 .arg = "N",
	 .help = "let the kernel's map grow to N entries (default 1048576); what finds no room "
		 "comes through the ring",
	 .type = OPT_UINT,
	 .off = OFF(map_size),
	 .min = 1,
	 .max = 1 << 26},
	FEATURE_OPT(OFF(without)),
	{0},
};

static void print_help(const struct opt_set *sets)
{
	_cleanup_buf_ struct buf after = {0};

	buf_puts(&after, "Columns (those with * only if asked for):\n");
	flow_columns_describe(&after);
	buf_puts(
		&after,
		"\nOf every veth pair one end is watched: the one in a bridge, else the one outside "
		"the container.\n"
		"\nExamples:\n"
		"  flowner flows\n"
		"  flowner flows --netns lab-server --sort bytes --top 10\n"
		"  flowner flows --by conn --once --interval 5\n"
		"  flowner flows -o json | jq 'select(.final) | {src, dst, bytes, owner}'");
	buf_putc(&after, '\0');
	if (!after.err)
		help_print(
			"flowner flows [FILTER] [OPTIONS]",
			"What each veth carries, in every network namespace, and who sends it to whom.",
			sets, after.data);
}

int cmd_flows(int argc, char **argv)
{
	struct flows_config cfg = {
		.interval_ns = 1000000000ULL,
		.idle_ns = 60 * 1000000000ULL,
		.max_flows = 1 << 18,
		.map_size = 1 << 20,
		.output.ring_size = OUTPUT_RING_SIZE,
	};
	const struct opt_set sets[] = {
		{"Filter (a kind given twice is OR, different kinds are AND)", filter_opts,
		 &cfg.filter},
		{NULL, flows_opts, &cfg},
		{"", output_run_opts, &cfg.output},
		{NAMING_OPTS_TITLE, naming_opts, &cfg.naming},
		{"Output", output_view_opts, &cfg.output},
		{0},
	};
	struct table_columns columns;
	const char *bad;
	int err, rest, code;

	err = opt_parse("flowner flows", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		print_help(sets);
		code = EXIT_DONE;
	} else if (err) {
		code = exit_code_of_options(err);
	} else if (rest < argc) {
		log_error("flows takes no %s; see flowner flows --help", argv[rest]);
		code = EXIT_USAGE;
	} else if (flow_columns_parse(cfg.output.columns, &columns, &bad)) {
		_cleanup_buf_ struct buf names = {0};

		flow_columns_names(&names);
		log_error("--columns: no column '%.*s'; there are %.*s", (int)strcspn(bad, ","),
			  bad, (int)names.len, names.data);
		code = EXIT_USAGE;
	} else if (cfg.output.columns && cfg.grouped) {
		log_error("--columns is for flows; the columns of --by %s are given",
			  flow_group_name(cfg.by));
		code = EXIT_USAGE;
	} else {
		if (cfg.once)
			cfg.count = 1;
		bpf_log_init();
		code = flows_run(&cfg, &columns);
	}
	filter_free(&cfg.filter);
	return code;
}
