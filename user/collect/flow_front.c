// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/flow_front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "collect/libbpf_opts.h"

struct side {
	int fd;
	struct fl_flow_entry *places; /* the map's memory */
};

struct flow_front {
	int outer;
	uint32_t room;
	struct side used, spare;
};

uint32_t flow_front_room(void)
{
	int cpus = libbpf_num_possible_cpus();

	return (cpus > 0 ? (uint32_t)cpus : 1) * FL_FRONT_PLACES;
}

static int make_map(void)
{
	struct bpf_map_create_opts o;
	int fd;

	OPTS_ZERO(o);
	o.map_flags = FL_FRONT_FLAGS;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "flow_front", sizeof(uint32_t),
			    sizeof(struct fl_flow_entry), flow_front_room(), &o);
	return fd < 0 ? -errno : fd;
}

/* libbpf 1.1 dies of bpf_map__set_max_entries() for an inner map. */
int flow_front_template(struct bpf_map *outer)
{
	int fd = make_map(), err;

	if (fd < 0)
		return fd;
	err = bpf_map__set_inner_map_fd(outer, fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static size_t bytes(const struct flow_front *f)
{
	return f->room * sizeof(struct fl_flow_entry);
}

static int make_side(const struct flow_front *f, struct side *s)
{
	void *places;

	s->fd = make_map();
	if (s->fd < 0)
		return s->fd;
	places = mmap(NULL, bytes(f), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (places == MAP_FAILED)
		return -errno;
	s->places = places;
	return 0;
}

static int put_into_place(const struct flow_front *f, const struct side *s)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(f->outer, &zero, &s->fd, BPF_ANY) ? -errno : 0;
}

int flow_front_new(struct flow_front **out, int outer)
{
	struct flow_front *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->outer = outer;
	f->room = flow_front_room();
	f->used.fd = f->spare.fd = -1;
	err = make_side(f, &f->used);
	if (!err)
		err = make_side(f, &f->spare);
	if (!err)
		err = put_into_place(f, &f->used);
	if (err) {
		flow_front_free(f);
		return err;
	}
	*out = f;
	return 0;
}

static void free_side(const struct flow_front *f, struct side *s)
{
	if (s->places)
		munmap(s->places, bytes(f));
	cleanup_close(&s->fd);
}

void flow_front_free(struct flow_front *f)
{
	if (!f)
		return;
	free_side(f, &f->used);
	free_side(f, &f->spare);
	free(f);
}

int flow_front_swap(struct flow_front *f)
{
	struct side old = f->used;
	int err = put_into_place(f, &f->spare);

	if (err)
		return err;
	f->used = f->spare;
	f->spare = old;
	return 0;
}

void flow_front_drain(struct flow_front *f,
		      void (*each)(void *ctx, const struct fl_flow_key *key,
				   const struct fl_flow_count *count),
		      void *ctx)
{
	for (uint32_t i = 0; i < f->room; i++) {
		struct fl_flow_entry *e = &f->spare.places[i];

		if (!e->count.packets)
			continue;
		each(ctx, &e->key, &e->count);
		memset(e, 0, sizeof(*e));
	}
}
