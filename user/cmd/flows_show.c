// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/flows_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define FLUSH_BYTES (64 << 10)

static bool is_of_process(const struct filter *p, const struct flow_end *end)
{
	return end->owner.source != OWNER_UNKNOWN &&
	       filter_process(p, end->owner.pid, end->owner.comm);
}

static bool is_of_container(const struct filter *p, const struct flow_end *end)
{
	const struct cgroup *cg = end->owner.cgroup;

	return cg && filter_container(p, cg->container);
}

/* A link of the container's own; of one that shares the host's, the flows of its processes. */
static bool passes_container(const struct filter *p, const struct flow *flow)
{
	const struct link *l = flow->link;

	return !p->ncontainers || filter_container(p, l->netns->container) ||
	       (l->peer_netns && filter_container(p, l->peer_netns->container)) ||
	       is_of_container(p, &flow->sender) || is_of_container(p, &flow->receiver);
}

static bool passes(const struct flows *f, const struct flow *flow)
{
	const struct filter *p = &f->cfg->filter;

	return passes_container(p, flow) &&
	       ((!p->npids && !p->ncomms) || is_of_process(p, &flow->sender) ||
		is_of_process(p, &flow->receiver));
}

bool flows_only_news(const struct flows *f)
{
	return f->cfg->output.format == FORMAT_JSON && !f->cfg->grouped && !f->cfg->once;
}

static int select_flows(struct flows *f, size_t *n_out)
{
	bool awake = flows_only_news(f) && !f->cfg->top;
	size_t n, m = 0;
	struct flow *const *rows =
		awake ? flow_table_awake(f->table, &n) : flow_table_rows(f->table, &n);

	if (n > f->shown_room) {
		struct flow **grown = reallocarray(f->shown, n * 2, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		f->shown = grown;
		f->shown_room = n * 2;
	}
	for (size_t i = 0; i < n; i++)
		if (passes(f, rows[i]))
			f->shown[m++] = rows[i];
	*n_out = m;
	return 0;
}

static size_t with_news(struct flows *f, size_t n)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		struct flow *flow = f->shown[i];

		if (flow->packets != flow->packets_before || flow->ended)
			f->shown[m++] = flow;
	}
	return m;
}

static int show_json(struct flows *f, const struct flow_view *v, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		flow_json(v, f->shown[i], &f->out);
		priority_tick(&f->priority, f->due);
		if (f->out.len >= FLUSH_BYTES)
			err = buf_flush(&f->out, STDOUT_FILENO);
	}
	return err ? err : buf_flush(&f->out, STDOUT_FILENO);
}

/* Of n rows those are wanted… */
static size_t wanted(const struct flows *f, size_t n)
{
	return f->cfg->top && f->cfg->top < n ? f->cfg->top : n;
}

/* …and of these there is room for so many. */
static size_t limit(const struct flows *f, size_t n, size_t room)
{
	return wanted(f, n) < room ? wanted(f, n) : room;
}

struct links {
	struct link **link;
	size_t n;
};

static void add_watched(void *ctx, struct link *l)
{
	struct links *list = ctx;

	if (l->attached)
		list->link[list->n++] = l;
}

static int show_groups(struct flows *f, const struct flow_view *v, size_t n, size_t room)
{
	const struct topology *t = watcher_topology(f->watcher);
	_cleanup_free_ struct link **link = calloc(topology_count(t) + 1, sizeof(*link));
	struct links list = {.link = link};
	struct flow_groups g;
	size_t top;
	int err;

	if (!link)
		return -ENOMEM;
	topology_each(t, add_watched, &list);
	err = flow_groups_make(f->cfg->by, f->shown, n, list.link, list.n, &g);
	if (err)
		return err;
	top = flow_groups_sort(&g, f->cfg->sort, limit(f, g.n, room));
	if (f->cfg->output.format == FORMAT_JSON) {
		group_json(v, &g, top, &f->out);
		err = buf_flush(&f->out, STDOUT_FILENO);
	} else {
		group_table_show(v, &g, top, &f->out);
		err = screen_show(&f->screen, &f->out, wanted(f, g.n) - top);
	}
	flow_groups_free(&g);
	return err;
}

static int show_flows(struct flows *f, struct flow_view *v, size_t n, size_t room)
{
	bool json = f->cfg->output.format == FORMAT_JSON;
	struct flow *const *all;
	size_t top, n_all;
	int err = 0;

	/* JSON has all of them, whatever order they are in, unless one is asked for. */
	top = json && !f->cfg->top ? n : flow_sort(f->shown, n, f->cfg->sort, limit(f, n, room));
	if (flows_only_news(f))
		top = with_news(f, top);
	if (json || flow_columns_want_path(f->columns)) {
		all = flow_table_rows(f->table, &n_all);
		err = flow_paths_new(&v->paths, all, flow_table_conns(f->table), n_all, f->shown,
				     top);
		if (err)
			return err;
	}
	if (json) {
		err = show_json(f, v, top);
	} else {
		flow_table_show(v, f->columns, f->shown, top, &f->out);
		err = screen_show(&f->screen, &f->out, wanted(f, n) - top);
	}
	flow_paths_free(v->paths);
	return err;
}

int flows_show(struct flows *f)
{
	uint64_t now = clock_boot_ns();
	struct flow_view v = {
		.clock = &f->clock,
		.now = now,
		.interval_ns = now - f->last_show,
		.no_header = f->cfg->output.no_header,
	};
	size_t n, room = f->cfg->output.format == FORMAT_JSON ? SIZE_MAX : screen_rows(&f->screen);
	int err = select_flows(f, &n);

	if (!err)
		err = f->cfg->grouped ? show_groups(f, &v, n, room) : show_flows(f, &v, n, room);
	flow_table_advance(f->table);
	f->last_show = now;
	if (err)
		return err;
	return ++f->intervals == f->cfg->count;
}
