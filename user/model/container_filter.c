// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/container_filter.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

#define SECOND_NS 1000000000ULL

struct entry {
	struct fl_verdict_key key;
	const struct netns *netns; /* of FL_VERDICT_NETNS */
	uint32_t pid;              /* of FL_VERDICT_TASK: one that was in it */
	enum fl_verdict verdict;   /* FL_VERDICT_NONE: none yet */
	uint64_t patience;         /* until when */
	UT_hash_handle hh;
};

struct container_filter {
	struct container_filter_options opt;
	struct entry *entries;
	unsigned int open; /* without a verdict */
	uint64_t refreshed;
};

int container_filter_new(struct container_filter **out, const struct container_filter_options *o)
{
	struct container_filter *cf = calloc(1, sizeof(*cf));

	if (!cf)
		return -ENOMEM;
	cf->opt = *o;
	*out = cf;
	return 0;
}

static void forget_all(struct container_filter *cf)
{
	struct entry *e, *tmp;

	HASH_ITER (hh, cf->entries, e, tmp) {
		HASH_DEL(cf->entries, e);
		free(e);
	}
	cf->open = 0;
}

void container_filter_free(struct container_filter *cf)
{
	if (!cf)
		return;
	forget_all(cf);
	free(cf);
}

void container_filter_forget(struct container_filter *cf)
{
	for (struct entry *e = cf->entries; e; e = e->hh.next)
		if (e->verdict)
			cf->opt.verdict(cf->opt.ctx, &e->key, FL_VERDICT_NONE);
	forget_all(cf);
}

static const struct container *container_of(const struct container_filter *cf,
					    const struct entry *e)
{
	const struct resolver *r = &cf->opt.resolver;
	const struct cgroup *cg;

	if (e->key.kind == FL_VERDICT_NETNS)
		return e->netns->container;
	cg = r->cgroup(r->ctx, NULL, e->key.kind == FL_VERDICT_SOCK ? e->key.id : 0,
		       e->key.kind == FL_VERDICT_TASK ? e->key.id : 0, e->pid);
	return cg ? cg->container : NULL;
}

/* May it be that what decides will only become known? */
static bool is_open(const struct entry *e, const struct container *c, uint64_t now)
{
	bool nothing_yet = e->key.kind == FL_VERDICT_NETNS && !c;

	return now < e->patience && (nothing_yet || (c && !c->name));
}

static void decide(struct container_filter *cf, struct entry *e, uint64_t now)
{
	const struct container *c = container_of(cf, e);
	enum fl_verdict v =
		filter_container(cf->opt.filter, c) ? FL_VERDICT_WANTED : FL_VERDICT_UNWANTED;

	if (v == FL_VERDICT_UNWANTED && !e->verdict && is_open(e, c, now))
		return;
	if (v == e->verdict)
		return;
	cf->open -= !e->verdict;
	e->verdict = v;
	cf->opt.verdict(cf->opt.ctx, &e->key, v);
}

static struct entry *find(const struct container_filter *cf, const struct fl_verdict_key *key)
{
	struct entry *e;

	HASH_FIND (hh, cf->entries, key, sizeof(*key), e)
		;
	return e;
}

static void see(struct container_filter *cf, const struct entry *seen, uint64_t now)
{
	struct entry *e;

	if (!seen->key.id || find(cf, &seen->key))
		return;
	if (HASH_COUNT(cf->entries) >= FL_VERDICTS_MAX)
		container_filter_forget(cf);
	e = malloc(sizeof(*e));
	if (!e)
		return; /* without a verdict it passes */
	*e = *seen;
	HASH_ADD(hh, cf->entries, key, sizeof(e->key), e);
	cf->open++;
	decide(cf, e, now);
}

void container_filter_see(struct container_filter *cf, const struct fl_sock *s,
			  const struct fl_task *task, bool old, uint64_t now)
{
	const struct resolver *r = &cf->opt.resolver;
	struct entry e = {.patience = old ? 0 : now + CONTAINER_FILTER_PATIENCE_NS};

	if (task) {
		e.key = (struct fl_verdict_key){task->cgroup, FL_VERDICT_TASK};
		e.pid = task->pid;
		see(cf, &e, now);
		e.pid = 0;
	}
	e.key = (struct fl_verdict_key){s->cgroup, FL_VERDICT_SOCK};
	see(cf, &e, now);
	e.key = (struct fl_verdict_key){s->netns_cookie, FL_VERDICT_NETNS};
	if (find(cf, &e.key))
		return;
	e.netns = r->netns(r->ctx, s->netns_inum, s->netns_cookie);
	if (e.netns)
		see(cf, &e, now);
}

void container_filter_refresh(struct container_filter *cf, uint64_t now)
{
	if (now < cf->refreshed + (cf->open ? CONTAINER_FILTER_AGAIN_NS : SECOND_NS))
		return;
	cf->refreshed = now;
	for (struct entry *e = cf->entries; e; e = e->hh.next)
		decide(cf, e, now);
}
