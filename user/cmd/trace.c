// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flowner trace: programs → ring → tracker → filter → lines.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/priority.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "cmd/feature_opts.h"
#include "cmd/filter_opts.h"
#include "cmd/naming_opts.h"
#include "cmd/output_opts.h"
#include "cmd/sockets.h"
#include "collect/bpf_log.h"
#include "collect/privileges.h"
#include "collect/trace_source.h"
#include "model/filter.h"
#include "model/tracker.h"
#include "out/event_view.h"
#include "out/help.h"

/*
 * While records come, they are collected this often rather than one wakeup each: a wakeup costs the
 * traced program ten times what its record does.
 */
#define NAP_MS 2
/* A raised priority is taken back when it is quiet too. */
#define CALM_MS 1000
/* Lines are written at the end of every round, or when there are this many bytes. */
#define FLUSH_BYTES (64 << 10)

struct trace_config {
	struct filter filter;
	struct naming_config naming;
	struct output_config output;
	uint64_t count;
	bool states;
	unsigned int without; /* WITHOUT_* bits */
};

#define OFF(member) offsetof(struct trace_config, member)
static const struct opt trace_opts[] = {
	{.name = "states",
	 .help = "also every change of state",
	 .type = OPT_FLAG,
	 .off = OFF(states)},
	{.letter = 'c',
	 .name = "count",
	 .arg = "N",
	 .help = "stop after N events",
	 .type = OPT_UINT,
	 .off = OFF(count),
	 .min = 1},
	FEATURE_OPT(OFF(without)),
	{0},
};

struct trace {
	const struct trace_config *cfg;
	struct sockets sockets;
	struct wall_clock clock;
	struct event_view view;
	struct event_columns columns;
	struct buf out;
	struct priority priority;
	uint64_t shown, started, deadline; /* CLOCK_BOOTTIME, ns; 0: none */
	int signals, epoll;
};

static const char *reset_reason(void *ctx, int32_t reason)
{
	return trace_source_reset_reason(ctx, reason);
}

/* --- setting up --- */

static int watch(int epoll, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_loop(struct trace *t)
{
	int err = 0;

	t->signals = signals_open();
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->signals < 0 || t->epoll < 0)
		err = -errno;
	if (!err)
		err = watch(t->epoll, t->signals);
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

/* --- running --- */

/* Print what is ripe at `now`. 1: enough (--count); 0; or -errno. */
static int show(struct trace *t, uint64_t now)
{
	const struct event *e;
	int err;

	while ((e = tracker_next(t->sockets.tracker, now))) {
		if (!filter_event(&t->cfg->filter, e))
			continue;
		priority_tick(&t->priority, e->time);
		if (t->cfg->output.format == FORMAT_JSON)
			event_json(&t->view, e, &t->out);
		else
			event_table_line(&t->view, &t->columns, e, &t->out);
		/* A gap is told whatever the count says, and is not one of the events asked for. */
		if (e->type != EVENT_LOST && ++t->shown == t->cfg->count) {
			err = buf_flush(&t->out, STDOUT_FILENO);
			return err ? err : 1;
		}
		if (t->out.len >= FLUSH_BYTES && (err = buf_flush(&t->out, STDOUT_FILENO)))
			return err;
	}
	return buf_flush(&t->out, STDOUT_FILENO);
}

/*
 * Wait until there is something to do. While there was (`active`), only for a nap, without
 * listening to the ring. 1: a signal or the deadline; 0; or -errno.
 */
static int wait_for_records(struct trace *t, bool active)
{
	struct epoll_event ev[2];
	int timeout = active             ? NAP_MS
		      : t->priority.nice ? CALM_MS
					 : -1,
	    ring = trace_source_fd(t->sockets.source), n;
	uint64_t now;

	if (t->deadline) {
		now = clock_boot_ns();
		if (now >= t->deadline)
			return 1;
		if (!active)
			timeout = (int)((t->deadline - now) / 1000000) + 1;
	}
	if (!active) {
		n = watch(t->epoll, ring);
		if (n)
			return n;
	}
	n = epoll_wait(t->epoll, ev, 2, timeout);
	if (n < 0 && errno != EINTR)
		return -errno;
	if (!active)
		epoll_ctl(t->epoll, EPOLL_CTL_DEL, ring, NULL);
	for (int i = 0; i < n; i++)
		if (ev[i].data.fd == t->signals)
			return 1;
	return 0;
}

static int run(struct trace *t)
{
	bool active = true;
	int done = 0, n;

	while (!done) {
		/*
		 * How far we have come: to this moment, if the ring is then empty; otherwise to the
		 * record read last, or an event would be shown while what it waits for stands in
		 * the ring.
		 */
		uint64_t now = clock_boot_ns();

		n = sockets_read(&t->sockets);
		if (n < 0)
			return n;
		priority_lower(&t->priority, now);
		if (n >= TRACE_SOURCE_BATCH && tracker_last(t->sockets.tracker) < now)
			now = tracker_last(t->sockets.tracker);
		done = show(t, now);
		if (done)
			break;
		active = n > 0 || tracker_pending(t->sockets.tracker);
		/* More than a batch waits: come again at once, but let a signal through. */
		done = n < TRACE_SOURCE_BATCH ? wait_for_records(t, active) : 0;
	}
	return done < 0 ? done : 0;
}

/* Everything that is still on its way, then the losses that no later record could tell of. */
static int finish(struct trace *t, struct fl_counters *counters)
{
	int err, n;

	if (t->cfg->count && t->shown >= t->cfg->count)
		return trace_source_counters(t->sockets.source, counters);
	/* Bounded: what comes in faster than it can be written would keep us here. */
	for (int i = 0; i < 64; i++) {
		n = sockets_read(&t->sockets);
		if (n <= 0)
			break;
	}
	err = trace_source_counters(t->sockets.source, counters);
	if (!err)
		tracker_lost_total(t->sockets.tracker, counters->lost_total, clock_boot_ns());
	n = show(t, UINT64_MAX);
	return n < 0 ? n : err;
}

static void summarize(struct trace *t, const struct fl_counters *c)
{
	uint64_t undecodable = trace_source_undecodable(t->sockets.source);
	uint64_t skipped = trace_source_skipped(t->sockets.source);
	const uint64_t lost = c->lost_total, filtered = c->filtered, unknown = c->unknown;
	const uint64_t unwatched = t->sockets.unwatched + c->unwatched;
	struct tracker_stats st;

	tracker_get_stats(t->sockets.tracker, &st);
	log_info("%" PRIu64 " events shown, %" PRIu64 " records seen, %" PRIu64 " lost, %" PRIu64
		 " filtered out in the kernel, %u links attached, %.1f s",
		 t->shown, st.records, lost, filtered, trace_source_links(t->sockets.source),
		 (double)(clock_boot_ns() - t->started) / 1e9);
	log_debug("%" PRIu64 " sockets remembered", st.endpoints);
	if (lost)
		log_warn("%" PRIu64 " records were lost, since the ring of %" PRIu64
			 " KiB was full; a larger "
			 "--ring-size helps",
			 lost, t->cfg->output.ring_size >> 10);
	if (skipped)
		log_warn(
			"%" PRIu64
			" times the kernel did not call our programs, since they were at work on that "
			"CPU: records are missing",
			skipped);
	if (undecodable)
		log_warn("%" PRIu64 " records could not be decoded; please report this",
			 undecodable);
	if (st.untracked)
		log_warn(
			"%" PRIu64
			" sockets were not tracked: there were more than %u, or the kernel had not numbered them, since it skipped their first record",
			st.untracked, ENDPOINTS_MAX);
	if (unwatched)
		log_warn("%" PRIu64
			 " sockets of the wanted processes were not followed, for there were "
			 "more than %u",
			 unwatched, FL_WATCHED_MAX);
	if (unknown)
		log_warn("%" PRIu64
			 " accepted connections were closed before they could be looked at",
			 unknown);
}

static void trace_free(struct trace *t)
{
	priority_close(&t->priority);
	sockets_close(&t->sockets);
	buf_free(&t->out);
	cleanup_close(&t->signals);
	cleanup_close(&t->epoll);
}

static int trace(const struct trace_config *cfg, const struct event_columns *columns)
{
	_cleanup_(trace_free) struct trace t = {
		.cfg = cfg, .columns = *columns, .signals = -1, .epoll = -1};
	const struct sockets_options so = {.filter = &cfg->filter,
					   .naming = &cfg->naming,
					   .priority = &t.priority,
					   .states = cfg->states,
					   .ring_size = cfg->output.ring_size,
					   .without = cfg->without};
	struct fl_counters counters = {0};
	int err;

	err = privileges_need(TASK_PROGRAMS | TASK_PROCESSES);
	if (err)
		return exit_code_of(err);
	wall_clock_init(&t.clock);
	err = open_loop(&t);
	if (!err)
		err = sockets_open(&t.sockets, &so);
	if (err)
		return exit_code_of(err);
	t.view = (struct event_view){
		.clock = &t.clock, .reset_reason = reset_reason, .ctx = t.sockets.source};
	t.started = clock_boot_ns();
	t.deadline = cfg->output.duration_ns ? t.started + cfg->output.duration_ns : 0;
	priority_open(&t.priority);
	privileges_drop(TASK_MAPS | TASK_PROCESSES | feature_filtering(cfg->without));
	log_info("tracing; Ctrl-C ends it");
	if (cfg->output.format == FORMAT_TABLE && !cfg->output.no_header)
		event_table_header(columns, &t.out);

	err = run(&t);
	if (!err)
		err = finish(&t, &counters);
	else
		trace_source_counters(t.sockets.source, &counters);
	/* Whoever read our output has had enough: an end like any other. */
	if (err && err != -EPIPE)
		log_error("writing the output: %s", buf_flush_error(err));
	summarize(&t, &counters);
	if (err && err != -EPIPE)
		return EXIT_FAILED;
	if (cfg->output.strict && (counters.lost_total || trace_source_skipped(t.sockets.source)))
		return EXIT_LOST;
	return EXIT_DONE;
}

static void print_help(const struct opt_set *sets)
{
	_cleanup_buf_ struct buf after = {0};

	buf_puts(&after, "Columns (those with * only if asked for):\n");
	event_columns_describe(&after);
	buf_puts(&after, "\nExamples:\n"
			 "  flowner trace --port 9000\n"
			 "  flowner trace --netns lab-server -o json | jq .owner.comm\n"
			 "  flowner trace --comm nginx --columns time,event,process,remote,detail");
	buf_putc(&after, '\0');
	if (!after.err)
		help_print(
			"flowner trace [FILTER] [OPTIONS]",
			"TCP events of all network namespaces as they happen, with the process at both ends.",
			sets, after.data);
}

int cmd_trace(int argc, char **argv)
{
	struct trace_config cfg = {.output.ring_size = OUTPUT_RING_SIZE};
	const struct opt_set sets[] = {
		{"Filter (a kind given twice is OR, different kinds are AND)", filter_opts,
		 &cfg.filter},
		{NULL, trace_opts, &cfg},
		{"", output_run_opts, &cfg.output},
		{NAMING_OPTS_TITLE, naming_opts, &cfg.naming},
		{"Output", output_view_opts, &cfg.output},
		{0},
	};
	struct event_columns columns;
	const char *bad;
	int err, rest, code;

	err = opt_parse("flowner trace", sets, argc, argv, false, &rest);
	if (err == OPT_HELP) {
		print_help(sets);
		code = EXIT_DONE;
	} else if (err) {
		code = exit_code_of_options(err);
	} else if (rest < argc) {
		log_error("trace takes no %s; see flowner trace --help", argv[rest]);
		code = EXIT_USAGE;
	} else if (event_columns_parse(cfg.output.columns, &columns, &bad)) {
		_cleanup_buf_ struct buf names = {0};

		event_columns_names(&names);
		log_error("--columns: no column '%.*s'; there are %.*s", (int)strcspn(bad, ","),
			  bad, (int)names.len, names.data);
		code = EXIT_USAGE;
	} else {
		bpf_log_init();
		code = trace(&cfg, &columns);
	}
	filter_free(&cfg.filter);
	return code;
}
