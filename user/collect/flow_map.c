// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/flow_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/flow_front.h"

#define ROOM_MIN 16384u /* some 3 MiB */
/*
 * Zeroed memory is what a new map costs, 10 ms for 100,000 flows: so no larger than is needed while
 * it is in time, and by a large step when it is too late already.
 */
#define ROOM_STEP      2u
#define ROOM_STEP_LATE 4u
/* A map that was mostly empty so often in a row is replaced by a smaller one. */
#define SPARSE_MAX 60

/* Entries read by one system call; more, if a hash bucket should have more. */
#define BATCH 4096u

struct side {
	int fd;
	uint32_t room;
};

struct flow_map {
	int outer;
	struct flow_front *front; /* NULL: none */
	uint32_t max;
	struct side used, spare;
	uint32_t wanted;
	unsigned int sparse;
	uint64_t overflowed;
	bool no_batch;
	uint32_t batch;
	struct fl_flow_key *keys;
	struct fl_flow_count *counts;
};

static int make_side(struct side *s, uint32_t room)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "flow_map", sizeof(struct fl_flow_key),
				sizeof(struct fl_flow_count), room, NULL);

	if (fd < 0)
		return -errno;
	cleanup_close(&s->fd);
	*s = (struct side){fd, room};
	return 0;
}

static int grow_batch(struct flow_map *m, uint32_t batch)
{
	struct fl_flow_key *keys = reallocarray(m->keys, batch, sizeof(*keys));
	struct fl_flow_count *counts;

	if (!keys)
		return -ENOMEM;
	m->keys = keys;
	counts = reallocarray(m->counts, batch, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	m->counts = counts;
	m->batch = batch;
	return 0;
}

static int put_into_place(struct flow_map *m, const struct side *s)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(m->outer, &zero, &s->fd, BPF_ANY) ? -errno : 0;
}

int flow_map_new(struct flow_map **out, int outer, int fronts, uint32_t max_entries)
{
	struct flow_map *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->outer = outer;
	m->max = max_entries;
	m->used.fd = m->spare.fd = -1;
	m->wanted = ROOM_MIN < max_entries ? ROOM_MIN : max_entries;
	err = grow_batch(m, BATCH);
	if (!err)
		err = make_side(&m->used, m->wanted);
	if (!err)
		err = make_side(&m->spare, m->wanted);
	if (!err)
		err = put_into_place(m, &m->used);
	if (!err && flow_front_room() <= max_entries / 2)
		err = flow_front_new(&m->front, fronts);
	if (err) {
		flow_map_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void flow_map_free(struct flow_map *m)
{
	if (!m)
		return;
	flow_front_free(m->front);
	cleanup_close(&m->used.fd);
	cleanup_close(&m->spare.fd);
	free(m->keys);
	free(m->counts);
	free(m);
}

static uint32_t grown(const struct flow_map *m, uint32_t room, uint32_t step)
{
	return room < m->max / step ? room * step : m->max;
}

int flow_map_swap(struct flow_map *m, uint64_t overflowed)
{
	struct side old = m->used;
	int err;

	if (overflowed > m->overflowed && m->used.room >= m->wanted)
		m->wanted = grown(m, m->used.room, ROOM_STEP_LATE);
	m->overflowed = overflowed;
	/* Where there is no memory for it the present size has to do: the ring takes the rest. */
	if (m->spare.room != m->wanted && make_side(&m->spare, m->wanted)) {
		log_debug("no memory for a map of %u flows", m->wanted);
		m->wanted = m->spare.room;
	}
	/* The front first: a flow that finds its place free there is not in the map behind it. */
	err = m->front ? flow_front_swap(m->front) : 0;
	if (!err)
		err = put_into_place(m, &m->spare);
	if (err)
		return err;
	m->used = m->spare;
	m->spare = old;
	return 0;
}

/* How much room the next maps want, where `n` entries were in one. */
static void adapt(struct flow_map *m, uint32_t n)
{
	uint32_t smaller = m->spare.room / ROOM_STEP_LATE;

	if (n > m->spare.room / 4 * 3 && m->spare.room >= m->wanted && m->wanted < m->max)
		m->wanted = grown(m, m->wanted, ROOM_STEP);
	m->sparse = n < smaller / 2 && smaller >= ROOM_MIN ? m->sparse + 1 : 0;
	if (m->sparse > SPARSE_MAX) {
		m->wanted = smaller;
		m->sparse = 0;
	}
}

void flow_map_no_batch(struct flow_map *m)
{
	m->no_batch = true;
}

/* What is read before the entry goes tells where the next one is: none is looked for twice. */
static int drain_singly(struct flow_map *m, flow_map_each *each, void *ctx, uint32_t *total)
{
	struct fl_flow_key *key = &m->keys[0], *next = &m->keys[1];
	int err = bpf_map_get_next_key(m->spare.fd, NULL, key);

	while (!err) {
		bool last = bpf_map_get_next_key(m->spare.fd, key, next);

		err = bpf_map_lookup_elem(m->spare.fd, key, m->counts);
		if (!err)
			err = bpf_map_delete_elem(m->spare.fd, key);
		if (err)
			break;
		each(ctx, key, m->counts);
		++*total;
		if (last)
			return 0;
		*key = *next;
	}
	return errno == ENOENT ? 0 : -errno;
}

static int drain_batches(struct flow_map *m, flow_map_each *each, void *ctx, uint32_t *total)
{
	bool first = true, more = true;
	uint32_t place, n;
	int err;

	while (more) {
		n = m->batch;
		err = bpf_map_lookup_and_delete_batch(m->spare.fd, first ? NULL : &place, &place,
						      m->keys, m->counts, &n, NULL);
		/* A bucket with more entries than fit: nothing was read. */
		if (err && errno == ENOSPC) {
			err = grow_batch(m, m->batch * 2);
			if (err)
				return err;
			continue;
		}
		if (err && errno != ENOENT)
			return -errno;
		more = !err;
		first = false;
		for (uint32_t i = 0; i < n; i++)
			each(ctx, &m->keys[i], &m->counts[i]);
		*total += n;
	}
	return 0;
}

int flow_map_drain(struct flow_map *m, flow_map_each *each, void *ctx)
{
	uint32_t total = 0;
	int err = m->no_batch ? drain_singly(m, each, ctx, &total)
			      : drain_batches(m, each, ctx, &total);

	if (err)
		return err;
	adapt(m, total);
	if (m->front)
		flow_front_drain(m->front, each, ctx);
	return 0;
}

uint32_t flow_map_room(const struct flow_map *m)
{
	return m->used.room;
}
