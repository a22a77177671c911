// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "collect/privileges.h"
#include "lab/lab.h"
#include "out/help.h"
#include "out/lab_view.h"

#define DEFAULT_NAME "lab"

struct lab_cmd {
	const char *name, *usage, *about;
	const char *after; /* examples */
	const struct opt *opts;
	int (*run)(const struct lab_cmd *cmd, int argc, char **argv);
};

/* What a view returned, said. A reader that went away (`| head`) is no news. */
static int written(int err)
{
	if (err && err != -EPIPE)
		log_error("cannot write to stdout: %s", strerror(-err));
	return err;
}

/* 0, or the exit code after one line: what all subcommands need. */
static int need_root(void)
{
	return exit_code_of(privileges_need(TASK_NETNS));
}

static int usage_error(const struct lab_cmd *cmd, const char *what, const char *value)
{
	log_error("lab %s: %s%s%s; see flowner lab %s --help", cmd->name, what, value ? " " : "",
		  value ? value : "", cmd->name);
	return EXIT_USAGE;
}

/* 0, or an exit code after one line. */
static int check_name(const char *name)
{
	if (lab_name_valid(name))
		return 0;
	log_error("lab name %s: must be 1 to %d of a-z, 0-9 and -, not starting with -", name,
		  LAB_NAME_MAX);
	return EXIT_USAGE;
}

/* Options into cfg, *first the first operand; -1 to go on, or an exit code. */
static int parse(const struct lab_cmd *cmd, int argc, char **argv, void *cfg, bool stop_at_operand,
		 int *first)
{
	const struct opt_set sets[] = {{NULL, cmd->opts, cfg}, {0}};
	char words[32];
	int err;

	snprintf(words, sizeof(words), "flowner lab %s", cmd->name);
	err = opt_parse(words, sets, argc, argv, stop_at_operand, first);
	if (err == OPT_HELP) {
		help_print(cmd->usage, cmd->about, sets, cmd->after);
		return EXIT_DONE;
	}
	return err ? EXIT_USAGE : -1;
}

struct up_config {
	const char *name;
	uint64_t hosts;
};

static const struct opt up_opts[] = {
	{.letter = 'n',
	 .name = "name",
	 .arg = "NAME",
	 .help = "what to call it (lab): its namespaces are NAME-client, NAME-server …",
	 .type = OPT_STRING,
	 .off = offsetof(struct up_config, name)},
	{.name = "hosts",
	 .arg = "N",
	 .help = "how many hosts, client and server included (2)",
	 .type = OPT_UINT,
	 .off = offsetof(struct up_config, hosts),
	 .min = LAB_HOSTS_MIN,
	 .max = LAB_HOSTS_MAX},
	{0},
};

static int run_up(const struct lab_cmd *cmd, int argc, char **argv)
{
	_cleanup_lab_topology_ struct lab_topology *t = NULL;
	struct up_config cfg = {.name = DEFAULT_NAME, .hosts = LAB_HOSTS_MIN};
	_cleanup_close_ int signals = -1;
	struct lab_ctx ctx = {.state_dir = LAB_STATE_DIR};
	enum lab_kind kind;
	int first, err;

	err = parse(cmd, argc, argv, &cfg, false, &first);
	if (err >= 0)
		return err;
	if (first == argc)
		return usage_error(cmd, "no kind: pair, bridge or router", NULL);
	if (lab_kind_parse(argv[first], &kind))
		return usage_error(cmd, "no such kind:", argv[first]);
	if (first + 1 < argc)
		return usage_error(cmd, "one kind too many:", argv[first + 1]);
	err = check_name(cfg.name);
	if (err)
		return err;
	if (kind == LAB_PAIR && cfg.hosts != 2)
		return usage_error(cmd, "a pair has two hosts, no --hosts; a bridge can have more",
				   NULL);
	err = need_root();
	if (err)
		return err;
	err = lab_topology_new(&t, kind, cfg.name, (unsigned int)cfg.hosts);
	if (err) {
		log_error("lab up: %s", strerror(-err));
		return EXIT_FAILED;
	}
	signals = signals_open();
	if (signals < 0) {
		log_error("lab up: cannot watch for signals: %s", strerror(-signals));
		return EXIT_FAILED;
	}
	ctx.cancel_fd = signals;
	err = lab_up(&ctx, t);
	return err ? exit_code_of(err) : exit_code_of(written(lab_view_summary(t)));
}

struct down_config {
	bool all;
};

static const struct opt down_opts[] = {
	{.letter = 'a',
	 .name = "all",
	 .help = "all labs there are",
	 .type = OPT_FLAG,
	 .off = offsetof(struct down_config, all)},
	{0},
};

static int down_all(const struct lab_ctx *ctx)
{
	size_t count;
	int err = lab_down_all(ctx, &count);

	if (!err && !count)
		log_info("there are no labs");
	return exit_code_of(err);
}

static int run_down(const struct lab_cmd *cmd, int argc, char **argv)
{
	struct lab_ctx ctx = {.state_dir = LAB_STATE_DIR};
	_cleanup_close_ int signals = -1;
	const char *name = DEFAULT_NAME;
	struct down_config cfg = {0};
	int first, err;

	err = parse(cmd, argc, argv, &cfg, false, &first);
	if (err >= 0)
		return err;
	if (first < argc) {
		if (cfg.all)
			return usage_error(cmd, "--all takes no name:", argv[first]);
		name = argv[first++];
	}
	if (first < argc)
		return usage_error(cmd, "one name too many:", argv[first]);
	err = check_name(name);
	if (!err)
		err = need_root();
	if (err)
		return err;
	/* Ends waiting for the lock; the removal itself is not broken off. */
	signals = signals_open();
	if (signals < 0) {
		log_error("lab down: cannot watch for signals: %s", strerror(-signals));
		return EXIT_FAILED;
	}
	ctx.cancel_fd = signals;
	return cfg.all ? down_all(&ctx) : exit_code_of(lab_down(&ctx, name));
}

struct show_config {
	int format;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct opt show_opts[] = {
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .help = "table (the default) or json: an object a line, one a lab",
	 .type = OPT_ENUM,
	 .off = offsetof(struct show_config, format),
	 .names = formats},
	{0},
};

static int show_one(const struct lab_ctx *ctx, const char *name, bool json, bool first)
{
	_cleanup_lab_report_ struct lab_report *r = NULL;
	int err = lab_inspect(ctx, name, &r);

	if (err)
		return err;
	return written(json ? lab_view_json(r) : lab_view_table(r, first));
}

static int run_show(const struct lab_cmd *cmd, int argc, char **argv)
{
	const struct lab_ctx ctx = {.state_dir = LAB_STATE_DIR, .cancel_fd = -1};
	_cleanup_free_ char(*names)[LAB_NAME_MAX + 1] = NULL;
	struct show_config cfg = {0};
	int first, err, worst = 0;
	size_t n;

	err = parse(cmd, argc, argv, &cfg, false, &first);
	if (err >= 0)
		return err;
	if (first + 1 < argc)
		return usage_error(cmd, "one name too many:", argv[first + 1]);
	err = first < argc ? check_name(argv[first]) : 0;
	if (!err)
		err = need_root();
	if (err)
		return err;
	if (first < argc)
		return exit_code_of(show_one(&ctx, argv[first], cfg.format == 1, true));
	err = lab_list(&ctx, &names, &n);
	if (!err && !n)
		log_info("there are no labs; flowner lab up pair makes one");
	for (size_t i = 0; i < n; i++) {
		err = show_one(&ctx, names[i], cfg.format == 1, i == 0);
		worst = worst ? worst : err;
	}
	return exit_code_of(worst ? worst : err);
}

static const struct opt no_opts[] = {{0}};

static int run_exec(const struct lab_cmd *cmd, int argc, char **argv)
{
	const struct lab_ctx ctx = {.state_dir = LAB_STATE_DIR, .cancel_fd = -1};
	const char *name, *host;
	int first, err, none;

	err = parse(cmd, argc, argv, &none, true, &first);
	if (err >= 0)
		return err;
	if (argc - first < 2)
		return usage_error(cmd, "needs a lab and a host", NULL);
	name = argv[first++];
	host = argv[first++];
	if (first < argc && !strcmp(argv[first], "--"))
		first++;
	if (first == argc)
		return usage_error(cmd, "needs a command", NULL);
	err = check_name(name);
	if (!err)
		err = need_root();
	return err ? err : lab_exec(&ctx, name, host, argv + first);
}

static const struct lab_cmd lab_cmds[] = {
	{"up", "flowner lab up pair|bridge|router [--name NAME] [--hosts N]",
	 "Make a lab of network namespaces, with IPv4 and IPv6:\n"
	 "  pair    client --- server\n"
	 "  bridge  client, server, h3 … on one switch\n"
	 "  router  client, h3 … --- sw1 --- router --- sw2 --- server, h4 …\n"
	 "The namespaces NAME-client, NAME-server … appear under /run/netns (ip netns exec).",
	 "Examples:\n"
	 "  flowner lab up pair\n"
	 "  flowner lab up bridge --name big --hosts 200",
	 up_opts, run_up},
	{"down", "flowner lab down [NAME|--all]",
	 "Remove the lab NAME (lab), also one whose `up` was killed half way. Removes what `up` made,\n"
	 "nothing else, and ends no processes.",
	 NULL, down_opts, run_down},
	{"show", "flowner lab show [NAME] [-o table|json]",
	 "The lab NAME, or all there are: namespaces, links, addresses, as they are now.", NULL,
	 show_opts, run_show},
	{"exec", "flowner lab exec NAME HOST -- COMMAND …",
	 "Run COMMAND in the network namespace of HOST (client, server, h3, router, switch …). The\n"
	 "exit status is COMMAND's own; 127: no such command, 126: it cannot be run.",
	 "Example:\n  flowner lab exec lab client -- ip addr", no_opts, run_exec},
	{0},
};

static void print_help(const struct opt_set *sets)
{
	help_print("flowner lab up|down|show|exec …",
		   "Network namespaces to try things in. Each command has its own --help:\n"
		   "  up      make one: pair, bridge or router\n"
		   "  down    remove one, or all\n"
		   "  show    what there is: namespaces, links, addresses\n"
		   "  exec    run a command in a host's namespace",
		   sets, NULL);
}

int cmd_lab(int argc, char **argv)
{
	const struct opt_set sets[] = {{NULL, no_opts, NULL}, {0}};
	int first, err;

	err = opt_parse("flowner lab", sets, argc, argv, true, &first);
	if (err == OPT_HELP) {
		print_help(sets);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (first == argc) {
		log_error("lab: up, down, show or exec? See flowner lab --help");
		return EXIT_USAGE;
	}
	for (const struct lab_cmd *c = lab_cmds; c->name; c++)
		if (!strcmp(c->name, argv[first]))
			return c->run(c, argc - first, argv + first);
	log_error("lab: no command %s; see flowner lab --help", argv[first]);
	return EXIT_USAGE;
}
