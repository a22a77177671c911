// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/capture_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/signals.h"
#include "cmd/feature_opts.h"
#include "collect/privileges.h"
#include "collect/without.h"

/* While packets come they are collected this often, rather than one wakeup each. */
#define NAP_MS      2
#define FLUSH_BYTES (256 << 10)
/*
 * A socket that has closed is remembered for the packets that are on their way, over a link with a
 * delay perhaps. Of very many only until those have been written that wait to be put into order:
 * else each would push others out of the CPU's caches.
 */
#define LINGER_NS      1000000000ULL
#define LINGER_MANY_NS (5 * PACKET_QUEUE_NS)
/* Records of sockets are wanted when packets come; until then only their ring must not run over. */
#define SOCKETS_NAP_MS 20
/* Looking through all processes for new datagram sockets may take this part of the time. */
#define REFRESH_SHARE 20
/* Links, namespaces and containers come while it runs. */
#define LASTING_TASKS (TASK_MAPS | TASK_PROCESSES | TASK_NETNS | TASK_LINKS)

/* --- setting up --- */

static int open_source(struct capture *c)
{
	struct capture_source_options o = {.snaplen = (uint32_t)c->cfg->snaplen,
					   .ring_size = c->cfg->ring_size};
	struct expression *ethernet = NULL, *l3 = NULL;
	int err = capture_compile(c->cfg, false, &ethernet);

	/* What asks for an Ethernet header says so there; on other links nothing matches then. */
	if (!err)
		err = capture_compile(c->cfg, true, &l3);
	o.ethernet = ethernet;
	o.l3 = l3;
	if (!err)
		err = capture_source_open(&c->source, &o);
	expression_free(ethernet);
	expression_free(l3);
	return err;
}

static int listen_to(struct capture *c, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_loop(struct capture *c)
{
	int err = 0;

	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		err = -errno;
	if (!err)
		err = listen_to(c, c->signals);
	if (!err)
		err = listen_to(c, watcher_fd(c->watcher));
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_all(struct capture *c)
{
	const struct sockets_options so = {
		.filter = &c->no_filter,
		.naming = &c->cfg->naming,
		.priority = &c->priority,
		.quiet = true,
		.datagrams = true,
		.linger_ns = LINGER_NS,
		.linger_many_ns = LINGER_MANY_NS,
		.ring_size = 8 << 20,
		.without = c->cfg->without,
		.keep = capture_links_keep,
		.keep_ctx = c,
	};
	int err;

	c->signals = signals_open();
	if (c->signals < 0) {
		log_error("cannot start: %s", strerror(-c->signals));
		return c->signals;
	}
	err = open_source(c);
	if (!err)
		err = sockets_open(&c->sockets, &so);
	if (!err)
		err = packet_queue_new(&c->queue);
	if (!err)
		err = packet_who_new(&c->who, c->sockets.tracker);
	if (!err)
		err = capture_links_open(c);
	if (!err)
		err = open_loop(c);
	if (!err && c->cfg->write)
		err = capture_save_begin(c);
	return err;
}

/* --- packets --- */

/* Plainly so: TCP behind anything but the plain headers is not seen here. */
static bool is_tcp(const struct captured *l, const struct fl_packet *p, const uint8_t *data)
{
	const size_t net = l->link->ethernet ? ETHER_HDR_LEN : 0;

	if (p->caplen < net + 20)
		return false;
	switch (data[net] >> 4) {
	case 4:
		return data[net + 9] == IPPROTO_TCP;
	case 6:
		return data[net + 6] == IPPROTO_TCP;
	default:
		return false;
	}
}

/* A socket made since the last look sends: who holds it can only be seen while it lives. */
static void look_for_datagrams(struct capture *c, const struct fl_packet *p, const uint8_t *data)
{
	uint64_t before, after;

	/* TCP's are told of, if later than this. */
	if (!p->cookie || is_tcp(c->by_number[p->link], p, data) ||
	    tracker_endpoint(c->sockets.tracker, p->cookie))
		return;
	before = clock_boot_ns();
	if (before < c->next_refresh)
		return;
	/* This packet is only looked at when it is written: it may be gone by then. */
	sockets_refresh_datagrams(&c->sockets, true);
	after = clock_boot_ns();
	c->next_refresh = after + (after - before) * REFRESH_SHARE;
}

static void on_packet(void *ctx, const struct fl_packet *p, const uint8_t *data)
{
	struct capture *c = ctx;

	if (p->link >= c->nnumbers || !c->by_number[p->link])
		return;
	priority_tick(&c->priority, p->time);
	if (p->time > c->newest)
		c->newest = p->time;
	if (c->cfg->write && c->cfg->comments != COMMENTS_NONE)
		look_for_datagrams(c, p, data);
	if (packet_queue_put(c->queue, p, data))
		log_warn("out of memory: a packet is lost");
}

static bool rotates(const struct capture *c)
{
	const struct capture_config *g = c->cfg;

	return (g->rotate_bytes && c->file_bytes + c->out.len >= g->rotate_bytes) ||
	       (g->rotate_ns && clock_boot_ns() >= c->file_began + g->rotate_ns);
}

static int put_packet(struct capture *c, const struct queued_packet *p)
{
	struct captured *l = c->by_number[p->meta.link];
	struct packet parsed;
	int err = 0;

	priority_tick(&c->priority, p->meta.time);
	packet_parse(&parsed, l->link->ethernet ? PACKET_LINK_ETHERNET : PACKET_LINK_RAW, p->data,
		     p->meta.caplen, p->meta.len);
	if (c->cfg->write && rotates(c)) {
		err = capture_save_end(c);
		if (!err)
			err = capture_save_begin(c);
	}
	/*
	 * A link that is new to this file. Not when it was attached: engines give a device another
	 * name, and its addresses, before it is set up.
	 */
	if (!err && c->cfg->write && !l->in_file) {
		err = capture_save_link(c, l);
		if (!err)
			err = capture_save_names(c);
	}
	if (err)
		return err;
	if (c->cfg->write)
		err = capture_save_packet(c, l, p, &parsed);
	else
		capture_show_packet(c, l, p, &parsed);
	c->packets++;
	return err;
}

static int flush(struct capture *c)
{
	int err;

	if (c->cfg->write)
		return capture_save_flush(c);
	err = buf_flush(&c->out, STDOUT_FILENO);
	if (err && err != -EPIPE)
		log_error("writing the output: %s", buf_flush_error(err));
	return err;
}

/* What is from before `until`. 1: enough (--count); 0; or -errno. */
static int put_packets(struct capture *c, uint64_t until)
{
	const struct queued_packet *p;
	int err = 0;

	while (!err && (p = packet_queue_next(c->queue, until))) {
		err = put_packet(c, p);
		if (!err && c->packets == c->cfg->count)
			return flush(c) ?: 1;
		if (!err && c->out.len >= FLUSH_BYTES)
			err = flush(c);
	}
	return err ? err : flush(c);
}

/* How many records there were, or -errno. Packets have been read up to `now`. */
static int read_sockets(struct capture *c, uint64_t now)
{
	int n = sockets_read(&c->sockets), all = n;

	while (n >= TRACE_SOURCE_BATCH) {
		n = sockets_read(&c->sockets);
		all += n > 0 ? n : 0;
	}
	tracker_next(c->sockets.tracker, now); /* forgets those that closed long ago */
	return n < 0 ? n : all;
}

/* --- running --- */

/* What the last look at the rings found. */
enum activity {
	QUIET,
	SOCKETS, /* records of sockets, no packets */
	PACKETS,
	MORE, /* packets, and more of them wait */
};

/*
 * A ring is listened to only while nothing comes in it: else each record would wake us.
 */
static int listen_to_rings(struct capture *c, enum activity a)
{
	int err = 0;

	if (a < PACKETS)
		err = listen_to(c, capture_source_fd(c->source));
	if (!err && a < SOCKETS)
		err = listen_to(c, trace_source_fd(c->sockets.source));
	return err;
}

static void listen_to_none(struct capture *c)
{
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, capture_source_fd(c->source), NULL);
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, trace_source_fd(c->sockets.source), NULL);
}

/* Wait until there is something to do. 1: a signal or the deadline; 0; or -errno. */
static int wait_for_packets(struct capture *c, enum activity a)
{
	static const int nap_ms[] = {
		[QUIET] = 1000, [SOCKETS] = SOCKETS_NAP_MS, [PACKETS] = NAP_MS, [MORE] = 0};
	struct epoll_event ev[4];
	int timeout = nap_ms[a], n;
	uint64_t now = clock_boot_ns();

	if (c->deadline && now >= c->deadline)
		return 1;
	if (c->deadline && (c->deadline - now) / 1000000 < (uint64_t)timeout)
		timeout = (int)((c->deadline - now) / 1000000) + 1;
	if (listen_to_rings(c, a))
		return -errno;
	n = epoll_wait(c->epoll, ev, 4, timeout);
	if (n < 0 && errno != EINTR)
		return -errno;
	if (a < PACKETS)
		listen_to_none(c);
	for (int i = 0; i < n; i++) {
		if (ev[i].data.fd == c->signals)
			return 1;
		if (ev[i].data.fd == watcher_fd(c->watcher)) {
			int err = watcher_dispatch(c->watcher);

			if (err)
				return err;
		}
	}
	return 0;
}

static int run(struct capture *c)
{
	uint64_t sum = 0;
	int done = 0;

	while (!done) {
		uint64_t now = clock_boot_ns();
		enum activity a;
		bool more;
		int n, records;

		n = capture_source_read(c->source, on_packet, c, &more);
		if (n < 0)
			return n;
		priority_lower(&c->priority, now);
		/* Where more than a batch waits we have come to the newest one, not to this moment.
		 */
		if (more)
			now = c->newest;
		/* After the packets: whoever sent them has been told of by now. */
		records = read_sockets(c, now);
		if (records < 0)
			return records;
		if (c->cfg->filter.ncontainers) {
			uint64_t s = naming_contained_sum(&c->sockets.naming, &c->cfg->filter);

			if (s != sum)
				watcher_reconsider(c->watcher);
			sum = s;
		}
		now -= now > PACKET_QUEUE_NS ? PACKET_QUEUE_NS : now;
		done = put_packets(c, now);
		if (!done)
			done = capture_links_retire(c, now);
		a = records > 0 ? SOCKETS : QUIET;
		if (n > 0 || packet_queue_count(c->queue))
			a = PACKETS;
		/* More than a batch waits: come again at once, but let a signal through. */
		if (!done)
			done = wait_for_packets(c, more ? MORE : a);
	}
	return done < 0 ? done : 0;
}

/* Everything that is still on its way; the programs are detached first. */
static int finish(struct capture *c)
{
	bool more = true;
	int n = 0, err = 0;

	watcher_detach(c->watcher);
	if (!c->cfg->count || c->packets < c->cfg->count) {
		while (more && n >= 0)
			n = capture_source_read(c->source, on_packet, c, &more);
		err = n < 0 ? n : read_sockets(c, clock_boot_ns());
		if (err >= 0)
			err = put_packets(c, UINT64_MAX);
	}
	return err < 0 ? err : 0;
}

static void summarize(const struct capture *c, uint64_t *lost)
{
	struct fl_capture_counters n;

	capture_links_sum(c, &n);
	*lost = n.lost;
	log_info("%" PRIu64 " packets %s, %" PRIu64 " matched, %" PRIu64 " lost, %" PRIu64
		 " seen on %u link%s, %.1f s",
		 c->packets, c->cfg->write ? "written" : "shown", (uint64_t)n.matched, *lost,
		 (uint64_t)n.received, c->nlinks, c->nlinks == 1 ? "" : "s",
		 (double)(clock_boot_ns() - c->started) / 1e9);
	if (*lost)
		log_warn("%" PRIu64 " packets were lost, since the ring of %" PRIu64
			 " KiB was full; a larger --ring-size, a smaller --snaplen or an "
			 "expression helps",
			 *lost, c->cfg->ring_size >> 10);
}

static void capture_free(struct capture *c)
{
	watcher_free(c->watcher);
	capture_source_close(c->source);
	packet_who_free(c->who);
	packet_queue_free(c->queue);
	capture_forget_names(c);
	capture_links_free(c);
	sockets_close(&c->sockets);
	buf_free(&c->out);
	priority_close(&c->priority);
	cleanup_close(&c->signals);
	cleanup_close(&c->epoll);
}

int capture_run(const struct capture_config *cfg)
{
	_cleanup_(capture_free) struct capture c = {
		.cfg = cfg, .fd = -1, .signals = -1, .epoll = -1};
	uint64_t lost = 0;
	unsigned int links;
	int err;

	err = privileges_need(TASK_PROGRAMS | LASTING_TASKS);
	if (err)
		return exit_code_of(err);
	wall_clock_init(&c.clock);
	err = open_all(&c);
	if (err)
		return exit_code_of(err);
	c.started = clock_boot_ns();
	c.deadline = cfg->duration_ns ? c.started + cfg->duration_ns : 0;
	links = watcher_links(c.watcher);
	priority_open(&c.priority);
	privileges_drop(LASTING_TASKS | feature_filtering(cfg->without) |
			(cfg->rotate_bytes || cfg->rotate_ns ? TASK_FILES : 0));
	log_info("capturing on %u link%s, and any that come; Ctrl-C ends it", links,
		 links == 1 ? "" : "s");
	err = run(&c);
	if (!err)
		err = finish(&c);
	if (cfg->write && c.fd >= 0 && (!err || err == -EPIPE))
		err = capture_save_end(&c) ?: err;
	/* Whoever read our output has had enough: an end like any other. */
	if (err == -EPIPE)
		err = 0;
	summarize(&c, &lost);
	if (err)
		return EXIT_FAILED;
	return cfg->strict && lost ? EXIT_LOST : EXIT_DONE;
}
