// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "base/std_fds.h"
#include "cmd/cmd.h"
#include "out/help.h"

struct main_config {
	bool verbose, quiet, version;
};

static const struct opt main_opts[] = {
	{.letter = 'v',
	 .name = "verbose",
	 .help = "say more, libbpf's messages included",
	 .type = OPT_FLAG,
	 .off = offsetof(struct main_config, verbose)},
	{.letter = 'q',
	 .name = "quiet",
	 .help = "errors and warnings only",
	 .type = OPT_FLAG,
	 .off = offsetof(struct main_config, quiet)},
	{.letter = 'V',
	 .name = "version",
	 .help = "print the version",
	 .type = OPT_FLAG,
	 .off = offsetof(struct main_config, version)},
	{0},
};

static void print_help(const struct opt_set *sets)
{
	_cleanup_buf_ struct buf about = {0};

	buf_puts(
		&about,
		"Which container and process owns a flow, at both ends, and what happened to it.\n\n"
		"Commands (each has its own --help):\n");
	for (const struct cmd *c = cmd_table; c->name; c++)
		buf_printf(&about, "  %-10s%s\n", c->name, c->summary);
	about.len--; /* help_print ends the line */
	buf_putc(&about, '\0');
	if (!about.err)
		help_print("flowner [OPTIONS] COMMAND …", about.data, sets, NULL);
}

int main(int argc, char **argv)
{
	struct main_config cfg = {0};
	const struct opt_set sets[] = {{NULL, main_opts, &cfg}, {0}};
	int first, err;

	std_fds_occupy();
	signals_ignore_pipe();
	err = opt_parse("flowner", sets, argc, argv, true, &first);
	if (err == OPT_HELP) {
		print_help(sets);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (cfg.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	else if (cfg.quiet)
		log_set_level(LOG_LEVEL_WARN);
	if (cfg.version) {
		_cleanup_buf_ struct buf b = {0};

		buf_puts(&b, "flowner " FLOWNER_VERSION "\n");
		err = buf_flush(&b, STDOUT_FILENO);
		if (err)
			log_error("writing the output: %s", buf_flush_error(err));
		return err ? EXIT_FAILED : EXIT_DONE;
	}
	if (first == argc) {
		log_error("no command; see flowner --help");
		return EXIT_USAGE;
	}
	for (const struct cmd *c = cmd_table; c->name; c++)
		if (!strcmp(c->name, argv[first]))
			return c->run(argc - first, argv + first);
	log_error("unknown command %s; see flowner --help", argv[first]);
	return EXIT_USAGE;
}
