// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/who.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/output_opts.h"
#include "collect/link_monitor.h"
#include "collect/naming.h"
#include "collect/privileges.h"
#include "collect/probe.h"
#include "collect/rtnl_addr.h"
#include "collect/snapshot.h"
#include "model/path_infer.h"

#define FLUSH_BYTES (64 << 10)

struct run {
	struct who_config *cfg;
	const struct table_columns *columns;
	struct naming naming;
	struct who *who;
	struct link_monitor *links;
	struct path_infer *paths;
	struct buf out;
	int err; /* of a callback */
};

/* --- what there is --- */

static void on_socket(void *ctx, const struct fl_snapshot *s)
{
	struct run *r = ctx;

	if (!r->err)
		r->err = who_add(r->who, s);
}

static int read_sockets(struct run *r)
{
	const struct who_options o = {.resolver = r->naming.resolver,
				      .jiffy_ns = snapshot_jiffy_ns()};
	uint64_t before = clock_boot_ns();
	unsigned int namespaces;
	int err = who_new(&r->who, &o);
	long n;

	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return err;
	}
	n = snapshot_everything(r->cfg->udp ? SNAPSHOT_ALL : SNAPSHOT_TCP, on_socket, r,
				&namespaces);
	if (n < 0)
		return probe_explain((int)n);
	if (r->err) {
		log_error("reading the sockets: %s", strerror(-r->err));
		return r->err;
	}
	log_debug("%zu sockets of %u namespaces in %.1f ms", who_count(r->who), namespaces,
		  (double)(clock_boot_ns() - before) / 1e6);
	return 0;
}

static const struct netns *intern_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	struct resolver *res = &((struct run *)ctx)->naming.resolver;

	return res->netns(res->ctx, inode, cookie);
}

static void on_addr(void *ctx, uint64_t netns_cookie, const struct rtnl_addr *a)
{
	struct run *r = ctx;

	if (!r->err)
		r->err = path_infer_add_addr(r->paths, netns_cookie, a->ifindex, &a->addr);
}

/* Without it connections are shown all the same. */
static void read_links(struct run *r)
{
	int err = link_monitor_new(&r->links, intern_netns, r);

	if (err)
		return;
	err = path_infer_new(&r->paths, link_monitor_topology(r->links));
	if (!err)
		err = link_monitor_addrs(r->links, on_addr, r);
	if (!err)
		err = r->err;
	if (err)
		log_warn("not all paths are known: %s", strerror(-err));
	r->err = 0;
}

static bool on_one_network(void *ctx, const struct who_socket *a, const struct who_socket *b)
{
	struct run *r = ctx;
	struct path path;
	bool routed;

	return path_infer_find(r->paths, a->netns_cookie, &a->self.local.addr, b->netns_cookie,
			       &b->self.local.addr, &path, &routed) &&
	       !routed;
}

static int join(struct run *r)
{
	const struct who_config *cfg = r->cfg;
	bool paths = !cfg->listening &&
		     (cfg->output.format == FORMAT_JSON || who_columns_want_path(r->columns));
	int err;

	if (paths || (!cfg->listening && who_wants_topology(r->who)))
		read_links(r);
	err = who_join(r->who, r->paths ? on_one_network : NULL, r);
	if (err)
		log_error("joining the sockets: %s", strerror(-err));
	return err;
}

/* --- what of it is wanted --- */

static bool is_asked_for(const struct who_config *cfg, const struct who_row *row)
{
	switch (row->kind) {
	case WHO_CONNECTION:
		return !cfg->listening;
	case WHO_LISTEN:
		return cfg->listening;
	case WHO_UDP:
		return cfg->udp && (!cfg->listening || !row->end->self.remote.port);
	}
	return false;
}

/* As any of the processes that hold it. */
static bool end_passes(const struct filter *f, const struct who_socket *s)
{
	struct party p = s->self;

	if (filter_party(f, &p))
		return true;
	for (unsigned int i = 1; f->npids && i < s->npids; i++) {
		p.owner.pid = s->pids[i];
		if (filter_party(f, &p))
			return true;
	}
	return false;
}

static bool passes(const struct who_config *cfg, const struct who_row *row)
{
	const struct who_socket *ends[WHO_ENDS_MAX];
	unsigned int n;

	n = who_ends(row, ends);
	while (n--)
		if (end_passes(&cfg->filter, ends[n]))
			return who_query_matches(&cfg->query, row);
	return false;
}

/* The wanted ones to the front. */
static size_t choose(struct run *r, struct who_row **rows, size_t n)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_asked_for(r->cfg, rows[i])) {
			struct who_row *row = rows[i];

			rows[i] = rows[m];
			rows[m++] = row;
		}
	}
	n = m;
	who_query_resolve(&r->cfg->query, rows, n);
	m = 0;
	for (size_t i = 0; i < n; i++) {
		if (passes(r->cfg, rows[i])) {
			struct who_row *row = rows[i];

			rows[i] = rows[m];
			rows[m++] = row;
		}
	}
	return m;
}

/* --- showing it --- */

static bool find_path(void *ctx, const struct who_socket *from, const struct who_socket *to,
		      struct path *out)
{
	struct run *r = ctx;
	bool routed;

	return path_infer_find(r->paths, from->netns_cookie, &from->self.local.addr,
			       to->netns_cookie, &to->self.local.addr, out, &routed);
}

static int show(struct run *r, struct who_row **rows, size_t n)
{
	const struct who_view v = {.no_header = r->cfg->output.no_header,
				   .path = r->paths ? find_path : NULL,
				   .ctx = r};
	int err = 0;

	if (r->cfg->output.format == FORMAT_TABLE)
		who_table_show(&v, r->columns, rows, n, &r->out);
	for (size_t i = 0; r->cfg->output.format == FORMAT_JSON && i < n && !err; i++) {
		who_json(&v, rows[i], &r->out);
		if (r->out.len >= FLUSH_BYTES)
			err = buf_flush(&r->out, STDOUT_FILENO);
	}
	if (!err)
		err = buf_flush(&r->out, STDOUT_FILENO);
	/* Whoever read our output has had enough: an end like any other. */
	if (err == -EPIPE)
		return 0;
	if (err)
		log_error("writing the output: %s", buf_flush_error(err));
	return err;
}

static int run(struct run *r, size_t *shown)
{
	struct who_row **rows;
	size_t n;
	int err = naming_open(&r->naming, r->cfg->naming.roots, r->cfg->naming.nroots);

	if (!err)
		err = read_sockets(r);
	if (!err)
		err = join(r);
	if (err)
		return err;
	/* All is known; what is left is to choose, to sort and to print it. */
	privileges_drop(0);
	rows = who_rows(r->who, &n);
	n = choose(r, rows, n);
	*shown = n;
	who_sort(rows, n, r->cfg->sort);
	return n ? show(r, rows, n) : 0;
}

static void run_free(struct run *r)
{
	path_infer_free(r->paths);
	link_monitor_free(r->links);
	who_free(r->who);
	naming_close(&r->naming);
	buf_free(&r->out);
}

int who_run(struct who_config *cfg, const struct table_columns *columns)
{
	_cleanup_(run_free) struct run r = {.cfg = cfg, .columns = columns};
	size_t shown = 0;
	int err = privileges_need(TASK_PROGRAMS | TASK_PROCESSES | TASK_NETNS);

	if (!err)
		err = run(&r, &shown);
	if (err)
		return exit_code_of(err);
	if (shown)
		return EXIT_DONE;
	log_error("found no %s%s", cfg->listening ? "socket that listens" : "connection",
		  cfg->query.n ? " that the query asks for" : "");
	return EXIT_NOT_FOUND;
}
