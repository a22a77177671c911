// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "echo/client.h"
#include "echo/server.h"
#include "out/help.h"
#include "out/ping_view.h"
#include "out/serve_view.h"

enum { FORMAT_TABLE, FORMAT_JSON };

static const char *const formats[] = {"table", "json", NULL};

#define NAME_MAX_LEN 256

/* --- serve --- */

struct serve_options {
	const char *bind;
	uint64_t workers, threads;
	bool reuseport;
	int format;
};

static const struct opt serve_opts[] = {
	{.name = "bind",
	 .arg = "ADDR",
	 .type = OPT_STRING,
	 .off = offsetof(struct serve_options, bind),
	 .help = "an IPv4 or IPv6 address of this network namespace;\n"
		 "without it all of them, IPv4 and IPv6; :: is IPv6 only"},
	{.name = "workers",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = 256,
	 .off = offsetof(struct serve_options, workers),
	 .help = "N forked processes accept, this one only listens"},
	{.name = "threads",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = 256,
	 .off = offsetof(struct serve_options, threads),
	 .help = "N threads accept (in each worker); default 1"},
	{.name = "reuseport",
	 .type = OPT_FLAG,
	 .off = offsetof(struct serve_options, reuseport),
	 .help = "each thread listens on its own, with SO_REUSEPORT"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .type = OPT_ENUM,
	 .names = formats,
	 .off = offsetof(struct serve_options, format),
	 .help = "json: on stdout a line when it listens and one when it ends"},
	{0},
};

static const char serve_about[] =
	"Send back every byte that comes, for thousands of clients at once. Says on stderr when it\n"
	"listens; SIGINT or SIGTERM end it with a summary. PORT 0: the kernel chooses.\n"
	"\n"
	"The backlog is 4096, which the kernel caps at net.core.somaxconn. A client that does not read its\n"
	"echo is not read from either, so it costs 64 KiB at most.";

static const char serve_examples[] = "Examples:\n"
				     "  flowner echo serve 9000\n"
				     "  flowner echo serve --bind ::1 --workers 4 9000";

static int serve_ready(const struct echo_addr *addr, void *arg)
{
	const struct serve_options *o = arg;
	char text[ECHO_ADDR_TEXT];

	echo_addr_text(addr, text);
	log_info("listening on %s", text);
	if (o->format != FORMAT_JSON)
		return 0;
	echo_addr_host(addr, text);
	return serve_view_listening(text, echo_addr_port(addr), STDOUT_FILENO);
}

static int serve(const struct server_config *cfg, const struct serve_options *o)
{
	struct server_report report;
	struct echo_stats sum;
	int err = server_run(cfg, &report), written = 0;

	sum = echo_stats_sum(report.stats, report.rows);
	/* Without a row it never came to serve. */
	if (report.rows && !(err && !sum.connections)) {
		log_info("%" PRIu64 " connections, %" PRIu64 " bytes echoed, %" PRIu64
			 " reset by clients, %" PRIu64 " errors",
			 sum.connections, sum.bytes, sum.resets, sum.errors);
		if (o->format == FORMAT_JSON)
			written = serve_view_served(report.stats, report.rows, STDOUT_FILENO);
	}
	server_report_free(&report);
	if (err == -EPIPE || written)
		log_error("stdout: %s", strerror(err ? -err : -written));
	return err || written ? EXIT_FAILED : EXIT_DONE;
}

static int run_serve(int argc, char **argv)
{
	struct serve_options o = {.threads = 1};
	const struct opt_set sets[] = {{NULL, serve_opts, &o}, {0}};
	struct server_config cfg;
	uint64_t port;
	int rest, err = opt_parse("flowner echo serve", sets, argc, argv, false, &rest);

	if (err == OPT_HELP) {
		help_print("flowner echo serve [OPTIONS] PORT", serve_about, sets, serve_examples);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (argc - rest != 1) {
		log_error("echo serve takes one PORT; see flowner echo serve --help");
		return EXIT_USAGE;
	}
	if (opt_parse_uint(argv[rest], 0, 65535, &port)) {
		log_error("port %s: not a number from 0 to 65535", argv[rest]);
		return EXIT_USAGE;
	}
	cfg = (struct server_config){.workers = o.workers,
				     .threads = o.threads,
				     .reuseport = o.reuseport,
				     .ready = serve_ready,
				     .arg = &o};
	cfg.addr.v4.sin_port = htons((uint16_t)port);
	if (o.bind && echo_addr_literal(o.bind, (uint16_t)port, &cfg.addr)) {
		log_error("--bind %s: not an IPv4 or IPv6 address", o.bind);
		return EXIT_USAGE;
	}
	return serve(&cfg, &o);
}

/* --- ping --- */

struct ping_options {
	struct client_config cfg;
	const char *source;
	bool v4, v6;
	int format;
};

static const struct opt ping_opts[] = {
	{.letter = 'n',
	 .name = "connections",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = CLIENT_CONNECTIONS_MAX,
	 .off = offsetof(struct ping_options, cfg.connections),
	 .help = "make N connections; default 1"},
	{.letter = 'c',
	 .name = "concurrency",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = CLIENT_CONNECTIONS_MAX,
	 .off = offsetof(struct ping_options, cfg.concurrency),
	 .help = "up to N of them at once; default 1"},
	{.name = "size",
	 .arg = "BYTES",
	 .type = OPT_SIZE,
	 .max = CLIENT_SIZE_MAX,
	 .off = offsetof(struct ping_options, cfg.size),
	 .help = "send so much and read it back, 64K, 8M…; default 64;\n0: connect and close"},
	{.name = "repeat",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = 1000000000,
	 .off = offsetof(struct ping_options, cfg.repeat),
	 .help = "N such round trips on each connection; default 1"},
	{.name = "hold",
	 .arg = "SECONDS",
	 .type = OPT_SECONDS,
	 .off = offsetof(struct ping_options, cfg.hold_ns),
	 .help = "keep each connection open so long after its echo"},
	{.name = "rate",
	 .arg = "N",
	 .type = OPT_UINT,
	 .min = 1,
	 .max = 10000000,
	 .off = offsetof(struct ping_options, cfg.rate),
	 .help = "begin at most N connections a second, evenly spaced"},
	{.name = "timeout",
	 .arg = "SECONDS",
	 .type = OPT_SECONDS,
	 .off = offsetof(struct ping_options, cfg.timeout_ns),
	 .help = "a connection fails (ETIMEDOUT) when its echo takes\nlonger; default 5"},
	{.name = "source",
	 .arg = "ADDR",
	 .type = OPT_STRING,
	 .off = offsetof(struct ping_options, source),
	 .help = "connect from this local address"},
	{.name = "reset",
	 .type = OPT_FLAG,
	 .off = offsetof(struct ping_options, cfg.reset),
	 .help = "close with RST: leaves no TIME_WAIT"},
	{.letter = '4',
	 .name = "ipv4",
	 .type = OPT_FLAG,
	 .off = offsetof(struct ping_options, v4),
	 .help = "look up the name's IPv4 address only"},
	{.letter = '6',
	 .name = "ipv6",
	 .type = OPT_FLAG,
	 .off = offsetof(struct ping_options, v6),
	 .help = "look up the name's IPv6 address only"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FORMAT",
	 .type = OPT_ENUM,
	 .names = formats,
	 .off = offsetof(struct ping_options, format),
	 .help = "table (default) or json: one object, with every\nconnection's local port"},
	{0},
};

static const char ping_about[] =
	"Connect to an echo server, send, and compare every byte that returns. HOST is an IPv4 address,\n"
	"an IPv6 one in brackets, or a name, of which the first address is used.\n"
	"\n"
	"Latency is from connect(2) until the whole echo was there; connect, until the connection was\n"
	"established. Percentiles are exact: each connection takes 32 bytes of memory.\n"
	"Errors go by the kernel's names; besides those EBADMSG is an echo that differs from what was\n"
	"sent, ECONNABORTED a server that closed too early, EINTR what Ctrl-C cut short.\n"
	"Exit code 0: all went well, 1: at least one did not.";

static const char ping_examples[] =
	"Examples:\n"
	"  flowner echo ping 127.0.0.1:9000 -n 1000 -c 10\n"
	"  flowner echo ping [::1]:9000 --size 8M\n"
	"  flowner echo ping localhost:9000 -4 -n 500 -c 500 --hold 30 -o json";

static int ping_family(const struct ping_options *o, int from_host)
{
	if (o->cfg.source.len)
		return o->cfg.source.sa.sa_family;
	return o->v4 ? AF_INET : o->v6 ? AF_INET6 : from_host;
}

static int ping(struct ping_options *o, const char *host, uint16_t port, int family)
{
	struct ping_result result;
	char addr[ECHO_ADDR_TEXT];
	int err, code;

	if (echo_addr_resolve(host, port, family, &o->cfg.to))
		return EXIT_FAILED;
	err = client_run(&o->cfg, &result);
	if (!err) {
		echo_addr_host(&o->cfg.to, addr);
		err = o->format == FORMAT_JSON
			      ? ping_view_json(&result, host, addr, port, STDOUT_FILENO)
			      : ping_view_table(&result, STDOUT_FILENO);
		if (err && err != -EPIPE)
			log_error("stdout: %s", strerror(-err));
	}
	code = err || result.ok < result.requested ? EXIT_FAILED : EXIT_DONE;
	ping_result_free(&result);
	return code;
}

static int run_ping(int argc, char **argv)
{
	struct ping_options o = {.cfg = {.connections = 1,
					 .concurrency = 1,
					 .size = 64,
					 .repeat = 1,
					 .timeout_ns = 5000000000}};
	const struct opt_set sets[] = {{NULL, ping_opts, &o}, {0}};
	int rest, err = opt_parse("flowner echo ping", sets, argc, argv, false, &rest), family;
	char host[NAME_MAX_LEN];
	const char *why;
	uint16_t port;

	if (err == OPT_HELP) {
		help_print("flowner echo ping [OPTIONS] HOST:PORT", ping_about, sets,
			   ping_examples);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (argc - rest != 1) {
		log_error("echo ping takes one HOST:PORT; see flowner echo ping --help");
		return EXIT_USAGE;
	}
	if (echo_addr_split(argv[rest], host, sizeof(host), &port, &family, &why)) {
		log_error("%s: %s", argv[rest], why);
		return EXIT_USAGE;
	}
	if (o.v4 && (o.v6 || family == AF_INET6)) {
		log_error("-4 does not go together with %s", o.v6 ? "-6" : "an IPv6 address");
		return EXIT_USAGE;
	}
	if (o.source && echo_addr_literal(o.source, 0, &o.cfg.source)) {
		log_error("--source %s: not an IPv4 or IPv6 address", o.source);
		return EXIT_USAGE;
	}
	if (o.cfg.source.len && family == AF_INET6 && o.cfg.source.sa.sa_family == AF_INET) {
		log_error("--source %s: %s is not IPv4", o.source, argv[rest]);
		return EXIT_USAGE;
	}
	return ping(&o, host, port, ping_family(&o, family));
}

/* --- echo --- */

static const char echo_about[] =
	"TCP echo endpoints, IPv4 and IPv6: something to trace, and the truth to compare a trace with.\n"
	"\n"
	"Commands (each has its own --help):\n"
	"  serve     send back every byte that comes\n"
	"  ping      connect, send, check what returns; count, rate, latency";

int cmd_echo(int argc, char **argv)
{
	const struct opt_set none[] = {{0}};
	int first, err = opt_parse("flowner echo", none, argc, argv, true, &first);

	if (err == OPT_HELP) {
		help_print("flowner echo COMMAND …", echo_about, none, NULL);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (first == argc) {
		log_error("echo: serve or ping? see flowner echo --help");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[first], "serve"))
		return run_serve(argc - first, argv + first);
	if (!strcmp(argv[first], "ping"))
		return run_ping(argc - first, argv + first);
	log_error("unknown command echo %s; see flowner echo --help", argv[first]);
	return EXIT_USAGE;
}
