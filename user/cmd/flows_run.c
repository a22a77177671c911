// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/flows_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/signals.h"
#include "cmd/feature_opts.h"
#include "collect/privileges.h"
#include "collect/without.h"

#define MS 1000000ULL
/* The maps are read at least so often, whatever the interval: they hold what came since. */
#define READ_NS (1000 * MS)
/* …and at most so often, when packets come that find no room. */
#define READ_AGAIN_NS (10 * MS)
/* Socket records are wanted when flows are read; until then only the ring must not run over. */
#define NAP_NS (20 * MS)
/* A closed TCP connection is over when nothing has come for so long. */
#define CLOSED_NS (5000 * MS)
/*
 * Once both sockets have closed, what each sent last has arrived. In a table it is to be seen for
 * longer than that.
 */
#define OVER_NS (100 * MS)
/*
 * Sockets that have closed are remembered until the flows of their last packets have been read, and
 * for those that are still on their way: so long before the last reading.
 */
#define LINGER_NS (1000 * MS)
/* While no packets come, names are looked for only so often. */
#define IDLE_NAMES_NS (10000 * MS)
/* Looking through all processes for new datagram sockets may take this part of the time. */
#define REFRESH_SHARE 20
/* Links, namespaces and containers come while it runs. */
#define LASTING_TASKS (TASK_MAPS | TASK_PROCESSES | TASK_NETNS | TASK_LINKS)

/* --- glue --- */

static int programs(void *ctx, const struct link *l, int *in_fd, int *out_fd)
{
	return flow_source_programs(((struct flows *)ctx)->source, l->netns, l->ethernet, in_fd,
				    out_fd);
}

static void attached(void *ctx, struct link *l)
{
	struct flows *f = ctx;

	flow_source_use(f->source, l->netns);
	if (flow_table_watch(f->table, l))
		log_warn("out of memory: %s is not shown", l->name);
}

static void detached(void *ctx, struct link *l)
{
	struct flows *f = ctx;

	flow_source_release(f->source, l->netns);
	flow_table_unwatch(f->table, l);
}

static const struct netns *intern_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	struct resolver *r = &((struct flows *)ctx)->sockets.naming.resolver;

	return r->netns(r->ctx, inode, cookie);
}

static bool wants_netns(void *ctx, const struct netns *n)
{
	const struct flows *f = ctx;

	return naming_is_contained(&f->sockets.naming, n, &f->cfg->filter);
}

/* A container has come, or gone, or has another name. */
static void follow_containers(struct flows *f)
{
	uint64_t sum;

	if (!f->cfg->filter.ncontainers)
		return;
	sum = naming_contained_sum(&f->sockets.naming, &f->cfg->filter);
	if (sum != f->contained_sum)
		watcher_reconsider(f->watcher);
	f->contained_sum = sum;
}

static bool is_local(void *ctx, const struct link *l, const struct addr *addr)
{
	struct flows *f = ctx;

	return local_addrs_has(f->local, l, addr);
}

static void on_piece(void *ctx, const struct netns *netns, const struct fl_flow_key *key,
		     const struct fl_flow_count *count)
{
	struct flows *f = ctx;

	priority_tick(&f->priority, f->due);
	flow_table_add(f->table, netns, key, count);
}

/* --- setting up --- */

static void keep(void *ctx, const struct keeper *k)
{
	const struct flows *f = ctx;

	flow_table_keep(f->table, k);
	flow_source_keep(f->source, k);
	topology_keep(watcher_topology(f->watcher), k);
}

static int open_sockets(struct flows *f)
{
	const struct sockets_options o = {
		.filter = &f->no_filter,
		.naming = &f->cfg->naming,
		.priority = &f->priority,
		.quiet = true,
		.datagrams = true,
		.linger_ns = LINGER_NS,
		.ring_size = f->cfg->output.ring_size,
		.without = f->cfg->without,
		.keep = keep,
		.keep_ctx = f,
	};

	return sockets_open(&f->sockets, &o);
}

static int open_flows(struct flows *f)
{
	struct flow_source_options o = {.ring_size = f->cfg->output.ring_size,
					.max_entries = (uint32_t)f->cfg->map_size,
					.no_batch = f->cfg->without & WITHOUT_BATCH};
	struct flow_table_options t = {
		.idle_ns = f->cfg->idle_ns,
		.closed_ns = CLOSED_NS,
		.over_ns = flows_only_news(f) ? OVER_NS : 0,
		.max = (uint32_t)f->cfg->max_flows,
		.tracker = f->sockets.tracker,
		.resolver = f->sockets.naming.resolver,
		.is_local = is_local,
		.ctx = f,
	};
	int err;

	filter_to_kernel(&f->cfg->filter, &o.filter);
	err = flow_source_open(&f->source, &o);
	if (err)
		return err;
	err = flow_table_new(&f->table, &t);
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_watcher(struct flows *f)
{
	const struct watcher_options o = {
		.links = {.netns = f->cfg->filter.netns,
			  .nnetns = f->cfg->filter.nnetns,
			  .wants = f->cfg->filter.ncontainers ? wants_netns : NULL,
			  .ctx = f,
			  .both_ends = f->cfg->both_ends,
			  .devs = f->cfg->devs,
			  .ndevs = f->cfg->ndevs},
		.no_tcx = f->cfg->without & WITHOUT_TCX,
	};
	const struct watcher_ops ops = {.programs = programs,
					.attached = attached,
					.detached = detached,
					.netns = intern_netns,
					.ctx = f};

	int err = watcher_new(&f->watcher, &o, &ops);

	if (!err)
		err = local_addrs_new(&f->local, f->watcher);
	return err;
}

static int listen_to(struct flows *f, int fd, bool yes, int op)
{
	struct epoll_event ev = {.events = yes ? EPOLLIN : 0, .data.fd = fd};

	return epoll_ctl(f->epoll, op, fd, &ev) ? -errno : 0;
}

static int open_loop(struct flows *f)
{
	int err = 0;

	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll < 0)
		err = -errno;
	if (!err)
		err = listen_to(f, f->signals, true, EPOLL_CTL_ADD);
	if (!err)
		err = listen_to(f, watcher_fd(f->watcher), true, EPOLL_CTL_ADD);
	if (!err)
		err = listen_to(f, trace_source_fd(f->sockets.source), true, EPOLL_CTL_ADD);
	if (!err)
		err = listen_to(f, flow_source_fd(f->source), true, EPOLL_CTL_ADD);
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_all(struct flows *f)
{
	int err;

	f->signals = signals_open();
	if (f->signals < 0) {
		log_error("cannot start: %s", strerror(-f->signals));
		return f->signals;
	}
	err = open_sockets(f);
	if (!err)
		err = open_flows(f);
	if (!err)
		err = open_watcher(f);
	if (!err)
		err = open_loop(f);
	return err;
}

/* --- reading --- */

static int read_sockets(struct flows *f)
{
	int n = sockets_read(&f->sockets);

	while (n >= TRACE_SOURCE_BATCH)
		n = sockets_read(&f->sockets);
	tracker_next(f->sockets.tracker, f->last_read); /* forgets those that closed long ago */
	follow_containers(f);
	return n < 0 ? n : 0;
}

static void refresh_datagrams(struct flows *f)
{
	uint64_t before = clock_boot_ns(), after;
	int err;

	/* In this order: a question that comes too early waits. */
	if (before < f->next_refresh || !flow_table_asks(f->table))
		return;
	err = sockets_refresh_datagrams(&f->sockets, false);
	if (err)
		log_debug("looking for datagram sockets: %s", strerror(-err));
	after = clock_boot_ns();
	f->next_refresh = after + (after - before) * REFRESH_SHARE;
}

/* `last`: it is the last time, so that sockets have their say even if no packets came. */
static int read_flows(struct flows *f, bool last)
{
	uint64_t now = clock_boot_ns();
	long n = flow_source_read(f->source, on_piece, f);
	int err;

	if (n < 0) {
		log_error("reading the flows: %s", strerror((int)-n));
		return (int)n;
	}
	/* After the flows: whoever sent these packets has been told of by now. */
	if (n > 0 || last || now >= f->last_named + IDLE_NAMES_NS) {
		err = read_sockets(f);
		if (err)
			return err;
		f->last_named = now;
	}
	flow_table_settle(f->table, now);
	refresh_datagrams(f);
	f->last_read = now;
	return 0;
}

/* --- running --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

/* Wait until there is something to do. 1: a signal or the deadline; 0; or -errno. */
static int wait_for_work(struct flows *f)
{
	int ring = trace_source_fd(f->sockets.source), overflow = flow_source_fd(f->source);
	uint64_t now = clock_boot_ns(), due = earlier(f->next_show, f->last_read + READ_NS);
	struct epoll_event ev[8];
	int n, timeout, err = 0;

	due = earlier(due, f->deadline);
	if (f->cfg->filter.ncontainers)
		due = earlier(due, naming_due(&f->sockets.naming));
	if (f->nap)
		due = earlier(due, now + NAP_NS);
	if (f->overfull)
		due = earlier(due, f->last_read + READ_AGAIN_NS);
	timeout = due > now ? (int)((due - now + MS - 1) / MS) : 0;
	n = epoll_wait(f->epoll, ev, 8, timeout);
	if (n < 0 && errno != EINTR)
		return -errno;
	if (f->nap)
		err = listen_to(f, ring, true, EPOLL_CTL_MOD);
	f->nap = false;
	for (int i = 0; i < n && !err; i++) {
		if (ev[i].data.fd == f->signals)
			return 1;
		if (ev[i].data.fd == watcher_fd(f->watcher)) {
			err = watcher_dispatch(f->watcher);
		} else if (ev[i].data.fd == ring) {
			err = read_sockets(f);
			f->nap = true;
			if (!err)
				err = listen_to(f, ring, false, EPOLL_CTL_MOD);
		} else if (ev[i].data.fd == overflow) {
			f->overfull = true;
			err = listen_to(f, overflow, false, EPOLL_CTL_MOD);
		}
	}
	return err;
}

static int run(struct flows *f)
{
	int done = 0;

	while (!done) {
		uint64_t now;

		done = wait_for_work(f);
		now = clock_boot_ns();
		if (!done && f->cfg->filter.ncontainers && now >= naming_due(&f->sockets.naming))
			done = read_sockets(f);
		if (done || (f->deadline && now >= f->deadline))
			break;
		if (now >= f->next_show || now >= f->last_read + READ_NS ||
		    (f->overfull && now >= f->last_read + READ_AGAIN_NS)) {
			f->due = earlier(now, earlier(f->next_show, f->last_read + READ_NS));
			priority_lower(&f->priority, now);
			done = read_flows(f, false);
			if (f->overfull && !done)
				done = listen_to(f, flow_source_fd(f->source), true, EPOLL_CTL_MOD);
			f->overfull = false;
		}
		if (!done && now >= f->next_show) {
			done = flows_show(f);
			/* On the beat, unless we are late by more than one. */
			f->next_show += f->cfg->interval_ns;
			if (f->next_show < now)
				f->next_show = now + f->cfg->interval_ns;
		}
	}
	return done < 0 ? done : 0;
}

/* What came since the last interval, up to the very end: the programs are detached first. */
static int finish(struct flows *f, unsigned int *links)
{
	int err;

	*links = watcher_links(f->watcher);
	if (f->cfg->count && f->intervals >= f->cfg->count)
		return 0;
	watcher_detach(f->watcher);
	err = read_flows(f, true);
	if (err)
		return err;
	flow_table_end(f->table);
	/* On a terminal the last table stays as it is. */
	if (f->cfg->output.format == FORMAT_TABLE && f->screen.terminal && f->screen.shown)
		return 0;
	err = flows_show(f);
	return err < 0 ? err : 0;
}

static void summarize(const struct flows *f, unsigned int links, uint64_t *lost)
{
	struct flow_source_stats s = {0};
	struct flow_table_stats t;

	flow_source_get_stats(f->source, &s);
	flow_table_get_stats(f->table, &t);
	*lost = s.lost;
	log_info("%" PRIu64 " packets, %" PRIu64 " bytes counted on %u link%s, %" PRIu64
		 " packets lost, %" PRIu64 " filtered out in the kernel, %.1f s",
		 t.packets, t.bytes, links, links == 1 ? "" : "s", s.lost, s.filtered,
		 (double)(clock_boot_ns() - f->started) / 1e9);
	if (s.overflowed)
		log_debug("%" PRIu64 " packets came through the ring, for the map was full",
			  s.overflowed);
	if (s.lost)
		log_warn("%" PRIu64 " packets, %" PRIu64
			 " bytes went uncounted: the map of flows and the ring "
			 "were full; a larger --ring-size or --map-size helps",
			 s.lost, s.lost_bytes);
	if (t.rest)
		log_warn("%" PRIu64
			 " packets are summed up as \"rest\", for there were more than %" PRIu64
			 " flows; --max-flows keeps more",
			 t.rest, f->cfg->max_flows);
}

static void flows_free(struct flows *f)
{
	priority_close(&f->priority);
	local_addrs_free(f->local);
	watcher_free(f->watcher);
	flow_table_free(f->table);
	flow_source_close(f->source);
	sockets_close(&f->sockets);
	screen_free(&f->screen);
	buf_free(&f->out);
	free(f->shown);
	cleanup_close(&f->signals);
	cleanup_close(&f->epoll);
}

int flows_run(const struct flows_config *cfg, const struct table_columns *columns)
{
	_cleanup_(flows_free) struct flows f = {
		.cfg = cfg, .columns = columns, .signals = -1, .epoll = -1};
	unsigned int links = 0;
	uint64_t lost = 0;
	int err;

	err = privileges_need(TASK_PROGRAMS | LASTING_TASKS);
	if (err)
		return exit_code_of(err);
	wall_clock_init(&f.clock);
	screen_init(&f.screen, STDOUT_FILENO);
	err = open_all(&f);
	if (err)
		return exit_code_of(err);
	f.started = f.last_read = f.last_show = clock_boot_ns();
	f.next_show = f.started + cfg->interval_ns;
	f.deadline = cfg->output.duration_ns ? f.started + cfg->output.duration_ns : 0;
	links = watcher_links(f.watcher);
	priority_open(&f.priority);
	privileges_drop(LASTING_TASKS | feature_filtering(cfg->without));
	log_info("watching %u link%s, and any that come; Ctrl-C ends it", links,
		 links == 1 ? "" : "s");
	err = run(&f);
	if (!err)
		err = finish(&f, &links);
	/* Whoever read our output has had enough: an end like any other. */
	if (err && err != -EPIPE)
		log_error("flows: %s", buf_flush_error(err));
	summarize(&f, links, &lost);
	if (err && err != -EPIPE)
		return EXIT_FAILED;
	return cfg->output.strict && lost ? EXIT_LOST : EXIT_DONE;
}
