// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner capture: options in; the work is cmd/capture_run.c's.
 */
#include "cmd/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "cmd/feature_opts.h"
#include "cmd/filter_opts.h"
#include "collect/bpf_log.h"
#include "collect/capture_source.h"
#include "collect/netns_names.h"
#include "collect/privileges.h"
#include "model/link.h"
#include "out/help.h"

static const char *const comments[] = {"first", "all", "none", NULL};

static int add_dev(const struct opt *opt, const char *value, void *var)
{
	struct capture_config *cfg = var;

	if (!*value || strlen(value) >= LINK_NAME_MAX)
		return opt_error(opt, value, "not the name of a network device");
	if (cfg->ndevs == CAPTURE_DEVS_MAX)
		return opt_error(opt, value, "more than %d of them", CAPTURE_DEVS_MAX);
	cfg->devs[cfg->ndevs++] = value;
	return 0;
}

int capture_parse_rotate(const char *s, uint64_t *bytes, uint64_t *ns)
{
	uint64_t v;

	if (!opt_parse_seconds(s, &v))
		*ns = v;
	else if (!opt_parse_size(s, &v) && v)
		*bytes = v;
	else
		return -EINVAL;
	return 0;
}

static int set_rotate(const struct opt *opt, const char *value, void *var)
{
	struct capture_config *cfg = var;

	if (capture_parse_rotate(value, &cfg->rotate_bytes, &cfg->rotate_ns))
		return opt_error(opt, value, "neither a size (10M) nor seconds (60)");
	return 0;
}

#define OFF(member) offsetof(struct capture_config, member)
static const struct opt capture_opts[] = {
	{.name = "host-side",
	 .help = "of a container or namespace the other ends of its veths, not its own devices",
	 .type = OPT_FLAG,
	 .off = OFF(host_side)},
	{.name = "dev",
	 .arg = "IFNAME",
	 .help = "only devices of that name, of whatever kind, in every namespace (repeatable)",
	 .type = OPT_CALL,
	 .call = add_dev},
	{.letter = 's',
	 .name = "snaplen",
	 .arg = "BYTES",
	 .help = "so much of each packet at most (default 262144)",
	 .type = OPT_UINT,
	 .off = OFF(snaplen),
	 .min = 16,
	 .max = CAPTURE_SNAPLEN_MAX},
	{.letter = 'c',
	 .name = "count",
	 .arg = "N",
	 .help = "stop after N packets",
	 .type = OPT_UINT,
	 .off = OFF(count),
	 .min = 1},
	{.letter = 'd',
	 .name = "duration",
	 .arg = "SECONDS",
	 .help = "stop after so long",
	 .type = OPT_SECONDS,
	 .off = OFF(duration_ns)},
	{.name = "ring-size",
	 .arg = "SIZE",
	 .help = "buffer between kernel and flowner (default 32M)",
	 .type = OPT_SIZE,
	 .off = OFF(ring_size),
	 .min = 4 << 10,
	 .max = 1 << 30},
	{.name = "strict",
	 .help = "exit with 5 if anything was lost",
	 .type = OPT_FLAG,
	 .off = OFF(strict)},
	FEATURE_OPT(OFF(without)),
	{0},
};

static const struct opt capture_output_opts[] = {
	{.letter = 'w',
	 .name = "write",
	 .arg = "FILE",
	 .help = "into this file, as pcapng; -: to stdout",
	 .type = OPT_STRING,
	 .off = OFF(write)},
	{.letter = 'r',
	 .name = "read",
	 .arg = "FILE",
	 .help = "show packets from this file, pcapng or pcap; -: from stdin",
	 .type = OPT_STRING,
	 .off = OFF(read)},
	{.name = "rotate",
	 .arg = "SIZE|SECONDS",
	 .help = "begin another file so often: FILE.0001, FILE.0002, …",
	 .type = OPT_CALL,
	 .call = set_rotate},
	{.name = "comments",
	 .arg = "WHICH",
	 .help = "packets that say who they are from and for: first (of a flow, default), all, none",
	 .type = OPT_ENUM,
	 .off = OFF(comments),
	 .names = comments},
	{.letter = 'A',
	 .name = "ascii",
	 .help = "show what is in a packet, as text",
	 .type = OPT_FLAG,
	 .off = OFF(ascii)},
	{.letter = 'X',
	 .name = "hex",
	 .help = "show what is in a packet, in hex and as text",
	 .type = OPT_FLAG,
	 .off = OFF(hex)},
	{0},
};

static void print_help(const struct opt_set *sets)
{
	help_print(
		"flowner capture [FILTER] [OPTIONS] [EXPRESSION]",
		"Packets of containers, namespaces and veths, as lines or as pcapng that says who.\n\n"
		"EXPRESSION is tcpdump's language (pcap-filter(7)), and runs in the kernel.",
		sets,
		"Without --netns, --container, --pid or --dev: one end of every veth pair.\n\n"
		"Examples:\n"
		"  flowner capture --container web -w web.pcapng\n"
		"  flowner capture --container web --host-side 'tcp port 80'\n"
		"  flowner capture --netns lab-client -X icmp or arp\n"
		"  flowner capture --container web -w - | wireshark -k -i -\n"
		"  flowner capture -r web.pcapng udp port 53");
}

/* --- the expression --- */

static void put_and(struct buf *b)
{
	if (b->len)
		buf_puts(b, " and ");
}

/* The words of the command line. Blank ones ask for nothing, as in tcpdump. */
static void put_words(struct buf *b, char *const *words, int n, bool alone)
{
	bool blank = true;

	for (int i = 0; i < n; i++)
		blank = blank && strspn(words[i], " \t\n") == strlen(words[i]);
	if (blank)
		return;
	if (!alone)
		buf_putc(b, '(');
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s%s", i ? " " : "", words[i]);
	if (!alone)
		buf_putc(b, ')');
}

int capture_compose(const struct filter *f, char *const *words, int n, struct buf *b)
{
	bool family = f->only_v4 != f->only_v6;
	char text[ADDR_TEXT_MAX];

	put_words(b, words, n, !family && !f->nhosts && !f->nports);
	if (family) {
		put_and(b);
		buf_puts(b, f->only_v4 ? "ip" : "ip6");
	}
	for (unsigned int i = 0; i < f->nhosts; i++) {
		unsigned int bits = 0;

		for (int k = 0; k < 16; k++)
			bits += (unsigned int)__builtin_popcount(f->hosts[i].mask.b[k]);
		text[addr_format(&f->hosts[i].addr, text)] = '\0';
		if (!i)
			put_and(b);
		buf_printf(b, "%s(net %s/%u)", i ? " or " : "(", text,
			   addr_is_v4(&f->hosts[i].addr) ? bits - 96 : bits);
	}
	if (f->nhosts)
		buf_putc(b, ')');
	for (unsigned int i = 0; i < f->nports; i++) {
		if (!i)
			put_and(b);
		buf_printf(b, "%sport %u", i ? " or " : "(", f->ports[i]);
	}
	if (f->nports)
		buf_putc(b, ')');
	buf_putc(b, '\0');
	return b->err;
}

int capture_compile(const struct capture_config *cfg, bool l3, struct expression **out)
{
	const struct expression_options o = {.l3 = l3};
	char why[EXPRESSION_ERROR];
	int err;

	*out = NULL;
	if (!*cfg->expression)
		return 0;
	err = expression_compile(out, cfg->expression, &o, why);
	/* Asks for Ethernet, which packets of other devices have not: on these nothing matches. */
	if (err == -EINVAL && l3)
		return expression_compile(out, "less 0", &o, why);
	if (err)
		log_error("%s: %s", cfg->expression, why);
	return err;
}

/* --- */

static int check(struct capture_config *cfg)
{
	struct filter *f = &cfg->filter;
	struct expression *e = NULL;
	int err;

	if (f->ncomms) {
		log_error("capture takes no --comm: a device carries the packets of all; choose "
			  "with --pid, --container or --netns");
		return -EINVAL;
	}
	for (unsigned int i = 0; i < f->npids; i++) {
		char spec[32];
		uint32_t inode;

		snprintf(spec, sizeof(spec), "pid:%" PRIu32, f->pids[i]);
		err = netns_names_find(spec, &inode);
		if (!err)
			err = filter_add_netns(f, inode);
		if (err == -EACCES && privileges_need(TASK_PROCESSES))
			return -EPERM;
		if (err) {
			log_error("--pid %" PRIu32 ": %s", f->pids[i],
				  err == -ENOENT ? "no such process" : strerror(-err));
			return -EINVAL;
		}
	}
	f->npids = 0;
	if (cfg->read && (cfg->write || cfg->rotate_bytes || cfg->rotate_ns)) {
		log_error("capture: -r shows a file; it goes with neither -w nor --rotate");
		return -EINVAL;
	}
	if (cfg->read && (f->nnetns || f->ncontainers || cfg->ndevs || cfg->host_side)) {
		log_error("capture: -r shows all of a file, or what an expression wants of it; it "
			  "goes with no --netns, --container, --pid, --dev, --host-side");
		return -EINVAL;
	}
	if ((cfg->rotate_bytes || cfg->rotate_ns) && (!cfg->write || !strcmp(cfg->write, "-"))) {
		log_error("capture: --rotate wants -w FILE");
		return -EINVAL;
	}
	err = capture_compile(cfg, false, &e);
	expression_free(e);
	return err;
}

int cmd_capture(int argc, char **argv)
{
	struct capture_config cfg = {.snaplen = CAPTURE_SNAPLEN_MAX, .ring_size = 32 << 20};
	const struct opt_set sets[] = {
		{"Filter (a kind given twice is OR, different kinds are AND)", filter_opts,
		 &cfg.filter},
		{NULL, capture_opts, &cfg},
		{NAMING_OPTS_TITLE, naming_opts, &cfg.naming},
		{"Output", capture_output_opts, &cfg},
		{0},
	};
	_cleanup_buf_ struct buf expression = {0};
	int err, rest, code;

	err = opt_parse("flowner capture", sets, argc, argv, false, &rest);
	if (!err)
		err = capture_compose(&cfg.filter, argv + rest, argc - rest, &expression);
	cfg.expression = expression.data;
	if (err == OPT_HELP) {
		print_help(sets);
		code = EXIT_DONE;
	} else if (err || (err = check(&cfg))) {
		code = exit_code_of_options(err);
	} else {
		bpf_log_init();
		code = cfg.read ? capture_read(&cfg) : capture_run(&cfg);
	}
	filter_free(&cfg.filter);
	return code;
}
