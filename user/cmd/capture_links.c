// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/capture_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collect/without.h"

/* Programs that ran when they were detached have long come to their end. */
#define SETTLED_NS (100 * 1000000ULL)

static struct captured *find(const struct capture *c, const struct link *l)
{
	struct captured *e;

	HASH_FIND_PTR(c->links, &l, e);
	return e;
}

/* The lowest number that is free: those of links that have gone are used again. */
static int make_room(struct capture *c, uint32_t *number)
{
	struct captured **grown;

	for (*number = 0; *number < c->nnumbers; (*number)++)
		if (!c->by_number[*number])
			return 0;
	grown = reallocarray(c->by_number, c->nnumbers + 1, sizeof(struct captured *));
	if (!grown)
		return -ENOMEM;
	c->by_number = grown;
	c->by_number[c->nnumbers++] = NULL;
	return 0;
}

static void captured_free(struct captured *e)
{
	link_put(e->link);
	free(e->lost_of_cpu);
	free(e);
}

static struct captured *add(struct capture *c, struct link *l)
{
	struct captured *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->link = link_get(l);
	e->lost_of_cpu = calloc(trace_source_cpus(), sizeof(*e->lost_of_cpu));
	if (!e->lost_of_cpu || make_room(c, &e->number)) {
		captured_free(e);
		return NULL;
	}
	e->serial = c->nlinks++;
	c->by_number[e->number] = e;
	HASH_ADD_PTR(c->links, link, e);
	return e;
}

static int programs(void *ctx, const struct link *l, int *in_fd, int *out_fd)
{
	struct capture *c = ctx;
	struct captured *e = find(c, l);
	struct capture_link cl = {.ethernet = l->ethernet,
				  .loopback = !*l->kind && !strcmp(l->name, "lo")};

	/* The watcher's link, which it means us to keep (attached() gets it unqualified). */
	if (!e)
		e = add(c, (struct link *)(uintptr_t)l);
	if (!e)
		return -ENOMEM;
	cl.number = e->number;
	return capture_source_programs(c->source, &cl, in_fd, out_fd);
}

static void attached(void *ctx, struct link *l)
{
	struct capture *c = ctx;
	struct captured *e = find(c, l);

	capture_source_release(c->source, e->number);
	e->began = l->attached;
}

static void detached(void *ctx, struct link *l)
{
	struct captured *e = find(ctx, l);

	if (e && l->gone)
		e->ended = clock_boot_ns();
}

static const struct netns *intern_netns(void *ctx, uint32_t inode, uint64_t cookie)
{
	struct resolver *r = &((struct capture *)ctx)->sockets.naming.resolver;

	return r->netns(r->ctx, inode, cookie);
}

static bool wants_netns(void *ctx, const struct netns *n)
{
	const struct capture *c = ctx;

	return naming_is_contained(&c->sockets.naming, n, &c->cfg->filter);
}

int capture_links_open(struct capture *c)
{
	const struct filter *f = &c->cfg->filter;
	const bool chosen = f->nnetns || f->ncontainers;
	const struct watcher_options o = {
		.links = {.netns = f->netns,
			  .nnetns = f->nnetns,
			  .wants = f->ncontainers ? wants_netns : NULL,
			  .ctx = c,
			  .all = chosen && !c->cfg->host_side,
			  .far_ends = chosen && c->cfg->host_side,
			  .devs = c->cfg->devs,
			  .ndevs = c->cfg->ndevs},
		.no_tcx = c->cfg->without & WITHOUT_TCX,
	};
	const struct watcher_ops ops = {.programs = programs,
					.attached = attached,
					.detached = detached,
					.netns = intern_netns,
					.ctx = c};

	return watcher_new(&c->watcher, &o, &ops);
}

/* --- those that have gone --- */

static bool is_over(const struct captured *e, uint64_t until)
{
	const struct link *l = e->link;

	/* One that could not be watched has not been detached either. */
	return l->gone && (e->ended ? e->ended + SETTLED_NS < until : !l->attached);
}

static int retire(struct capture *c, struct captured *e)
{
	struct fl_capture_counters n;
	int err = c->cfg->write ? capture_save_link_end(c, e) : 0;

	if (err)
		return err;
	err = capture_source_counters(c->source, e->number, &n);
	if (!err)
		err = capture_source_reset(c->source, e->number);
	if (err) {
		log_error("counters of %s: %s", e->link->name, strerror(-err));
		return err;
	}
	c->gone.received += n.received;
	c->gone.matched += n.matched;
	c->gone.lost += n.lost;
	c->by_number[e->number] = NULL;
	HASH_DEL(c->links, e);
	captured_free(e);
	return 0;
}

int capture_links_retire(struct capture *c, uint64_t until)
{
	int err = 0;

	if (until < c->next_retire)
		return 0;
	c->next_retire = until + SETTLED_NS;
	for (uint32_t i = 0; !err && i < c->nnumbers; i++)
		if (c->by_number[i] && is_over(c->by_number[i], until))
			err = retire(c, c->by_number[i]);
	return err;
}

/* --- all of them --- */

void capture_links_sum(const struct capture *c, struct fl_capture_counters *sum)
{
	struct fl_capture_counters n;

	*sum = c->gone;
	for (uint32_t i = 0; i < c->nnumbers; i++) {
		if (!c->by_number[i] || capture_source_counters(c->source, i, &n))
			continue;
		sum->received += n.received;
		sum->matched += n.matched;
		sum->lost += n.lost;
	}
}

void capture_links_keep(void *ctx, const struct keeper *k)
{
	const struct capture *c = ctx;

	for (uint32_t i = 0; i < c->nnumbers; i++)
		if (c->by_number[i])
			keeper_link(k, c->by_number[i]->link);
	topology_keep(watcher_topology(c->watcher), k);
}

void capture_links_free(struct capture *c)
{
	HASH_CLEAR(hh, c->links);
	for (uint32_t i = 0; i < c->nnumbers; i++)
		if (c->by_number[i])
			captured_free(c->by_number[i]);
	free(c->by_number);
}
