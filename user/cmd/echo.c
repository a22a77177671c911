// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner echo serve|ping: TCP echo endpoints.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "echo/client.h"
#include "echo/server.h"
#include "out/help.h"
#include "out/json.h"
#include "out/ping_view.h"

enum { FORMAT_TABLE, FORMAT_JSON };
static const char *const formats[] = {"table", "json", NULL};

/* --- serve --------------------------------------------------------------------------------------- */

struct serve_config {
	const char *bind;
	uint64_t workers, threads;
	bool reuseport;
	int format;
};

#define OFF(member) offsetof(struct serve_config, member)
static const struct opt serve_opts[] = {
	{0, "bind", "ADDR", "listen on this address only (default: all, IPv4 and IPv6)", OPT_STRING, OFF(bind), 0, 0,
	 NULL, NULL, false},
	{0, "workers", "N", "N forked processes accept", OPT_UINT, OFF(workers), 1, 1024, NULL, NULL, false},
	{0, "threads", "N", "N threads accept (of each worker)", OPT_UINT, OFF(threads), 1, 1024, NULL, NULL, false},
	{0, "reuseport", NULL, "each worker has a listener of its own (SO_REUSEPORT)", OPT_FLAG, OFF(reuseport), 0, 0,
	 NULL, NULL, false},
	{'o', "output", "FORMAT", "table (default), or json: say on stdout where it listens", OPT_ENUM, OFF(format), 0,
	 0, formats, NULL, false},
	{0},
};
#undef OFF

static void say_listening(const char *addr, uint16_t port)
{
	if (strchr(addr, ':'))
		log_info("listening on [%s]:%u", addr, port);
	else
		log_info("listening on %s:%u", addr, port);
}

static void say_listening_json(const char *addr, uint16_t port)
{
	_cleanup_buf_ struct buf b = {0};
	struct json j = {.b = &b};

	json_open(&j, NULL);
	json_str(&j, "type", "listening");
	json_str(&j, "addr", addr);
	json_u64(&j, "port", port);
	json_close(&j);
	json_end_line(&j);
	buf_flush(&b, STDOUT_FILENO);
	say_listening(addr, port);
}

static int serve(int argc, char **argv)
{
	struct serve_config cfg = {.threads = 1};
	const struct opt_set sets[] = {{NULL, serve_opts, &cfg}, {0}};
	struct server_options o = {0};
	struct server_stats stats;
	uint64_t port;
	int err, rest;

	err = opt_parse("flowner echo serve", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		help_print("flowner echo serve [OPTIONS] PORT",
			   "Send every byte back, to thousands of clients, until SIGINT or SIGTERM. PORT 0: the kernel\n"
			   "picks one. The backlog is 4096, or net.core.somaxconn where that is less.",
			   sets, NULL);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (argc - rest != 1) {
		log_error("echo serve takes one PORT; see flowner echo serve --help");
		return EXIT_USAGE;
	}
	if (opt_parse_uint(argv[rest], 0, 65535, &port)) {
		log_error("%s: not a port from 0 to 65535", argv[rest]);
		return EXIT_USAGE;
	}
	if (cfg.bind && target_literal(cfg.bind, (uint16_t)port, &o.bind)) {
		log_error("--bind %s: not an IPv4 or IPv6 address", cfg.bind);
		return EXIT_USAGE;
	}
	if (cfg.reuseport && !cfg.workers) {
		log_error("--reuseport goes with --workers");
		return EXIT_USAGE;
	}
	o.port = (uint16_t)port;
	o.workers = (unsigned int)cfg.workers;
	o.threads = (unsigned int)cfg.threads;
	o.reuseport = cfg.reuseport;
	o.listening = cfg.format == FORMAT_JSON ? say_listening_json : say_listening;
	if (server_run(&o, &stats))
		return EXIT_FAILED;
	log_info("served %" PRIu64 " connections, %" PRIu64 " bytes, %" PRIu64 " errors", stats.connections,
		 stats.bytes, stats.errors);
	return EXIT_DONE;
}

/* --- ping ---------------------------------------------------------------------------------------- */

struct ping_config {
	struct client_options o;
	const char *source;
	int format;
};

#define OFF(member) offsetof(struct ping_config, member)
static const struct opt ping_opts[] = {
	{'n', "connections", "N", "how many connections (default 1)", OPT_UINT, OFF(o.connections), 1, 100000000, NULL,
	 NULL, false},
	{'c', "concurrency", "N", "how many at a time (default 1)", OPT_UINT, OFF(o.concurrency), 1, 1000000, NULL,
	 NULL, false},
	{0, "size", "BYTES", "bytes to send and get back, 0 to 64M (default 64)", OPT_SIZE, OFF(o.size), 0, 64 << 20,
	 NULL, NULL, false},
	{0, "repeat", "N", "round trips on each connection (default 1)", OPT_UINT, OFF(o.repeat), 1, 1000000000, NULL,
	 NULL, false},
	{0, "hold", "SECONDS", "keep each connection open so long after its echo", OPT_SECONDS, OFF(o.hold_ns), 0, 0,
	 NULL, NULL, false},
	{0, "rate", "N", "start at most N connections a second", OPT_UINT, OFF(o.rate), 1, 10000000, NULL, NULL, false},
	{0, "timeout", "SECONDS", "of one connection, from connect to echo (default 5)", OPT_SECONDS,
	 OFF(o.timeout_ns), 0, 0, NULL, NULL, false},
	{0, "source", "ADDR", "connect from this address", OPT_STRING, OFF(source), 0, 0, NULL, NULL, false},
	{0, "reset", NULL, "end connections by RST", OPT_FLAG, OFF(o.reset), 0, 0, NULL, NULL, false},
	{'o', "output", "FORMAT", "table (default) or json, with every local port used", OPT_ENUM, OFF(format), 0, 0,
	 formats, NULL, false},
	{0},
};
#undef OFF

static int parse_target(struct ping_config *cfg, const char *text)
{
	int err = target_parse(text, &cfg->o.target);

	if (err == -ENOENT)
		log_error("%s: no such host", text);
	else if (err)
		log_error("%s: not HOST:PORT, as in 10.0.0.2:9000, [fd77::3]:9000 or server:9000", text);
	if (!err && cfg->source && target_literal(cfg->source, 0, &cfg->o.source)) {
		log_error("--source %s: not an IPv4 or IPv6 address", cfg->source);
		err = -EINVAL;
	}
	if (!err && cfg->source && cfg->o.source.addr.ss_family != cfg->o.target.addr.ss_family) {
		log_error("--source %s: not of the family of %s", cfg->source, text);
		err = -EINVAL;
	}
	return err;
}

static int run_ping(struct ping_config *cfg)
{
	_cleanup_buf_ struct buf b = {0};
	struct client_result r;
	int err;

	if (cfg->o.concurrency > cfg->o.connections)
		cfg->o.concurrency = cfg->o.connections;
	if (client_run(&cfg->o, &r)) {
		client_result_free(&r);
		return EXIT_FAILED;
	}
	if (cfg->format == FORMAT_JSON)
		ping_json(&cfg->o, &r, &b);
	else
		ping_table(&r, &b);
	err = buf_flush(&b, STDOUT_FILENO);
	if (!err && r.ok < cfg->o.connections)
		err = -EIO;
	client_result_free(&r);
	return err ? EXIT_FAILED : EXIT_DONE;
}

static int ping(int argc, char **argv)
{
	struct ping_config cfg = {.o = {.connections = 1, .concurrency = 1, .size = 64, .repeat = 1,
					.timeout_ns = 5000000000ULL}};
	const struct opt_set sets[] = {{NULL, ping_opts, &cfg}, {0}};
	int err, rest;

	err = opt_parse("flowner echo ping", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		help_print("flowner echo ping [OPTIONS] HOST:PORT",
			   "Connect to an echo server, check every byte that comes back, and tell exactly what was done.\n"
			   "Latency is from connect to the last byte of the echo. Memory: 72 bytes a connection.\n"
			   "Exit: 0 all were ok, 1 not.",
			   sets, "Example:\n  flowner echo ping 10.77.0.3:9000 -n 1009 -c 20");
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (argc - rest != 1) {
		log_error("echo ping takes one HOST:PORT; see flowner echo ping --help");
		return EXIT_USAGE;
	}
	if (parse_target(&cfg, argv[rest]))
		return EXIT_USAGE;
	return run_ping(&cfg);
}

/* --- echo ---------------------------------------------------------------------------------------- */

int cmd_echo(int argc, char **argv)
{
	static const struct opt none[] = {{0}};
	const struct opt_set sets[] = {{NULL, none, NULL}, {0}};
	int err, rest;

	err = opt_parse("flowner echo", sets, argc, argv, true, &rest);
	if (err == OPT_HELP) {
		help_print("flowner echo serve|ping …",
			   "TCP echo endpoints, to make traffic of which everything is known:\n"
			   "  serve [--bind ADDR] PORT     send every byte back\n"
			   "  ping HOST:PORT               connect, check what comes back, count",
			   sets + 1, NULL);
		return EXIT_DONE;
	}
	if (err)
		return EXIT_USAGE;
	if (rest < argc && !strcmp(argv[rest], "serve"))
		return serve(argc - rest, argv + rest);
	if (rest < argc && !strcmp(argv[rest], "ping"))
		return ping(argc - rest, argv + rest);
	if (rest < argc)
		log_error("echo has no %s: serve or ping; see flowner echo --help", argv[rest]);
	else
		log_error("echo what: serve or ping; see flowner echo --help");
	return EXIT_USAGE;
}
