// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner who: options in; the work is cmd/who_run.c's.
 */
#include "cmd/who.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "cmd/filter_opts.h"
#include "cmd/output_opts.h"
#include "collect/bpf_log.h"
#include "out/help.h"

static int set_sort(const struct opt *opt, const char *value, void *var)
{
	_cleanup_buf_ struct buf b = {0};

	if (!who_sort_parse(value, var))
		return 0;
	who_sort_names(&b);
	return opt_error(opt, value, "there are %.*s", (int)b.len, b.data);
}

#define OFF(member) offsetof(struct who_config, member)
static const struct opt who_opts[] = {
	{.letter = 'l',
	 .name = "listening",
	 .help = "what listens, instead of connections",
	 .type = OPT_FLAG,
	 .off = OFF(listening)},
	{.letter = 'u',
	 .name = "udp",
	 .help = "UDP sockets too; with --listening those without a remote address",
	 .type = OPT_FLAG,
	 .off = OFF(udp)},
	{.name = "sort",
	 .arg = "KEY",
	 .help = "server (default), client, state, tx, rx, bytes, rtt, idle, retransmits, queue",
	 .type = OPT_CALL,
	 .off = OFF(sort),
	 .call = set_sort},
	{0},
};

static void print_help(const struct opt_set *sets)
{
	_cleanup_buf_ struct buf after = {0};

	buf_puts(&after,
		 "Query (several are OR):\n"
		 "  :9000  10.0.0.2  10.0.0.2:9000  ::1  [::1]:80  10.0.0.0/8\n"
		 "                    an address, a port or both, of either end\n"
		 "  NAME              a container (name or id), a network namespace, a conn id of\n"
		 "                    trace; a process if there is none of these\n"
		 "  pid:123           a process\n"
		 "  A->B              from A to B, each as above; one may be *\n"
		 "\nColumns (those with * only if asked for):\n");
	who_columns_describe(false, &after);
	buf_puts(&after, "\nColumns with --listening:\n");
	who_columns_describe(true, &after);
	buf_puts(&after, "\nExamples:\n"
			 "  flowner who :5432\n"
			 "  flowner who 'web->db:5432' --sort idle\n"
			 "  flowner who --listening --udp\n"
			 "  flowner who 9f0c2c6f -o json | jq .path");
	buf_putc(&after, '\0');
	if (!after.err)
		help_print(
			"flowner who [QUERY…] [FILTER] [OPTIONS]",
			"The connections that there are now, in all network namespaces, with the "
			"process at both ends.",
			sets, after.data);
}

static int add_queries(struct who_config *cfg, int n, char **operands)
{
	for (int i = 0; i < n; i++) {
		int err = who_query_add(&cfg->query, operands[i]);

		if (err == -E2BIG)
			log_error("more than %d queries", WHO_QUERY_MAX);
		else if (err)
			log_error(
				"'%s' is no query: ADDRESS, ADDRESS:PORT, :PORT, pid:N, the name of "
				"a container or namespace, a conn id, or A->B of these",
				operands[i]);
		if (err)
			return err;
	}
	return 0;
}

int cmd_who(int argc, char **argv)
{
	struct who_config cfg = {0};
	const struct opt_set sets[] = {
		{"Filter (a kind given twice is OR, different kinds are AND)", filter_opts,
		 &cfg.filter},
		{NULL, who_opts, &cfg},
		{NAMING_OPTS_TITLE, naming_opts, &cfg.naming},
		{"Output", output_view_opts, &cfg.output},
		{0},
	};
	struct table_columns columns;
	const char *bad;
	int err, rest, code;

	err = opt_parse("flowner who", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		print_help(sets);
		code = EXIT_DONE;
	} else if (err) {
		code = exit_code_of_options(err);
	} else if (add_queries(&cfg, argc - rest, argv + rest)) {
		code = EXIT_USAGE;
	} else if (who_columns_parse(cfg.listening, cfg.output.columns, &columns, &bad)) {
		_cleanup_buf_ struct buf names = {0};

		who_columns_names(cfg.listening, &names);
		log_error("--columns: no column '%.*s'; there are %.*s", (int)strcspn(bad, ","),
			  bad, (int)names.len, names.data);
		code = EXIT_USAGE;
	} else {
		bpf_log_init();
		code = who_run(&cfg, &columns);
	}
	filter_free(&cfg.filter);
	return code;
}
