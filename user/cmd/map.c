// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "cmd/filter_opts.h"
#include "cmd/naming_opts.h"
#include "collect/naming.h"
#include "collect/net_look.h"
#include "collect/netns_names.h"
#include "collect/privileges.h"
#include "model/net_map_find.h"
#include "out/help.h"
#include "out/map_view.h"

enum { MAP_TREE, MAP_JSON, MAP_DOT };

static const char *const formats[] = {"tree", "json", "dot", NULL};

struct map_config {
	struct filter filter;
	struct net_look look;
	struct naming_config naming;
	int format;
	bool all;
	const char *what; /* NULL: everything */
};

#define OFF(member) offsetof(struct map_config, member)
static const struct opt map_opts[] = {
	{.name = "routes",
	 .help = "routes too, as ip route shows them",
	 .type = OPT_FLAG,
	 .off = OFF(look.routes)},
	{.name = "fdb",
	 .help = "what bridges have learned: which address is behind which port",
	 .type = OPT_FLAG,
	 .off = OFF(look.fdb)},
	{.name = "neigh",
	 .help = "neighbours too (ARP, IPv6 neighbour discovery)",
	 .type = OPT_FLAG,
	 .off = OFF(look.neigh)},
	{.letter = 'a',
	 .name = "all",
	 .help = "in tree and dot what is everywhere the same too: loopback devices, link-local "
		 "addresses, MAC addresses, routes of other tables, bridge ports' own entries",
	 .type = OPT_FLAG,
	 .off = OFF(all)},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .help = "tree (default), json: an object a line, one a namespace, or dot, for graphviz",
	 .type = OPT_ENUM,
	 .off = OFF(format),
	 .names = formats},
	{0},
};

static bool is_wanted(void *ctx, const struct map_netns *n)
{
	const struct filter *f = ctx;
	bool wanted = !f->nnetns;

	for (unsigned int i = 0; i < f->nnetns && !wanted; i++)
		wanted = f->netns[i] == n->id->inode;
	if (!wanted || !f->ncontainers)
		return wanted;
	for (unsigned int i = 0; i < f->ncontainers; i++)
		if (net_map_has_container(n, f->containers[i]))
			return true;
	return false;
}

static int show(struct buf *b)
{
	int err = b->err ? b->err : buf_flush(b, STDOUT_FILENO);

	/* A reader that went away (`| head`) is no news. */
	if (!err || err == -EPIPE)
		return EXIT_DONE;
	log_error("writing the output: %s", buf_flush_error(err));
	return EXIT_FAILED;
}

static int show_map(const struct map_config *cfg, const struct net_map *m)
{
	_cleanup_buf_ struct buf b = {0};

	switch (cfg->format) {
	case MAP_JSON:
		map_json(m, &b);
		break;
	case MAP_DOT:
		map_dot(m, cfg->all, &b);
		break;
	default:
		map_tree(m, cfg->all, &b);
	}
	return show(&b);
}

static void mark(struct net_map *m, const struct map_link *l)
{
	for (size_t i = 0; l && i < m->nnetns; i++)
		if (m->netns[i] == l->netns)
			m->netns[i]->left_out = false;
}

/* Only the namespaces that these are in; in a picture, and those they lead to. */
static void narrow(struct net_map *m, const struct map_link *const *links, size_t n, bool others)
{
	for (size_t i = 0; i < m->nnetns; i++)
		m->netns[i]->left_out = true;
	for (size_t i = 0; i < n; i++) {
		mark(m, links[i]);
		if (others) {
			mark(m, links[i]->peer);
			mark(m, links[i]->lower);
		}
	}
}

static int show_what(const struct map_config *cfg, struct net_map *m, uint32_t inode)
{
	_cleanup_free_ const struct map_link **links = NULL;
	_cleanup_buf_ struct buf b = {0};
	size_t n;

	if (net_map_find(m, cfg->what, inode, &links, &n)) {
		log_error("map: out of memory");
		return EXIT_FAILED;
	}
	if (!n) {
		log_error("map: no device, address, container or network namespace is called %s",
			  cfg->what);
		return EXIT_NOT_FOUND;
	}
	if (cfg->format == MAP_DOT || m->routes || m->fdb || m->neigh) {
		narrow(m, links, n, cfg->format == MAP_DOT);
		return show_map(cfg, m);
	}
	if (cfg->format == MAP_JSON)
		map_json_links(links, n, &b);
	else
		map_lines(links, n, &b);
	return show(&b);
}

static bool is_empty(const struct net_map *m)
{
	for (size_t i = 0; i < m->nnetns; i++)
		if (!m->netns[i]->left_out)
			return false;
	return true;
}

static int run(const struct map_config *cfg)
{
	struct naming names = {0};
	struct net_map *m = NULL;
	uint32_t inode = 0;
	int err, code;

	err = privileges_need(TASK_PROCESSES | TASK_NETNS);
	if (err)
		return exit_code_of(err);
	/* pid:N and paths; all else the map knows itself. */
	if (cfg->what && netns_names_find(cfg->what, &inode))
		inode = 0;
	err = naming_open(&names, cfg->naming.roots, cfg->naming.nroots);
	if (!err)
		err = net_look_around(&m, &names, &cfg->look);
	/* All is known; what is left is to print it. */
	if (!err)
		privileges_drop(0);
	if (err) {
		code = exit_code_of(err);
	} else if (is_empty(m)) {
		log_error("map: no network namespace is left by --netns and --container");
		code = EXIT_NOT_FOUND;
	} else {
		code = cfg->what ? show_what(cfg, m, inode) : show_map(cfg, m);
	}
	net_map_free(m);
	naming_close(&names);
	return code;
}

static void print_help(const struct opt_set *sets)
{
	help_print(
		"flowner map [WHAT] [FILTER] [OPTIONS]",
		"Every network namespace: its devices, their addresses, and who is connected to "
		"whom.\n\n"
		"WHAT is a device's name, an address, a MAC address, a container (name or the "
		"beginning of its id)\n"
		"or a namespace (name, inode, path, pid:N): a line for each of its devices, with "
		"both ends of the cable.",
		sets,
		"Examples:\n"
		"  flowner map\n"
		"  flowner map echo-server\n"
		"  flowner map veth0a1b2c\n"
		"  flowner map 172.18.0.2 --routes --neigh\n"
		"  flowner map -o dot | dot -Tsvg >map.svg");
}

int cmd_map(int argc, char **argv)
{
	struct map_config cfg = {0};
	const struct opt_set sets[] = {
		{"Filter (a kind given twice is OR, different kinds are AND)", filter_netns_opts,
		 &cfg.filter},
		{NULL, map_opts, &cfg},
		{NAMING_OPTS_TITLE, naming_opts, &cfg.naming},
		{0},
	};
	int err, rest, code;

	cfg.look.wanted = is_wanted;
	cfg.look.ctx = &cfg.filter;
	err = opt_parse("flowner map", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		print_help(sets);
		code = EXIT_DONE;
	} else if (err) {
		code = exit_code_of_options(err);
	} else if (rest + 1 < argc) {
		log_error("map: one thing too many: %s; see flowner map --help", argv[rest + 1]);
		code = EXIT_USAGE;
	} else if (rest < argc && !*argv[rest]) {
		log_error("map: WHAT is empty; see flowner map --help");
		code = EXIT_USAGE;
	} else {
		cfg.what = rest < argc ? argv[rest] : NULL;
		code = run(&cfg);
	}
	filter_free(&cfg.filter);
	return code;
}
