// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/capture_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "capture.skel.h"
#include "collect/decode.h"
#include "collect/packet_filter.h"
#include "collect/probe.h"

struct entrance {
	int in, out; /* -1: not loaded, or let go of */
};

struct capture_source {
	struct capture_source_options opt;
	struct capture_bpf *skel; /* the maps, and the program that sends */
	struct ring_buffer *ring;
	struct entrance *entrances; /* by link */
	uint32_t nentrances;
	/* During capture_source_read(). */
	void (*each)(void *ctx, const struct fl_packet *p, const uint8_t *data);
	void *ctx;
	int batch;
	size_t bytes;
	bool more;
};

/* So many are read at once. */
#define BATCH 4096

static size_t ring_size(size_t wanted)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	while (size < wanted)
		size *= 2;
	return size;
}

/* --- loading --- */

/* None but these two of the object are loaded, of which one may be NULL. */
static void choose_programs(struct capture_bpf *skel, const struct bpf_program *a,
			    const struct bpf_program *b)
{
	for (int i = 0; i < skel->skeleton->prog_cnt; i++) {
		struct bpf_program *p = *skel->skeleton->progs[i].prog;

		bpf_program__set_autoload(p, p == a || p == b);
	}
}

static int put_program(struct capture_source *s, uint32_t place, int fd)
{
	return bpf_map_update_elem(bpf_map__fd(s->skel->maps.capture_programs), &place, &fd,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

static int put_expression(struct capture_source *s, enum fl_capture_program place,
			  const struct expression *e)
{
	const struct packet_filter_options o = {
		.l3 = place == FL_CAPTURE_FILTER_L3,
		.prog_array_fd = bpf_map__fd(s->skel->maps.capture_programs),
		.index = FL_CAPTURE_SEND,
	};
	_cleanup_close_ int fd = -1;

	if (!e)
		return put_program(s, place, bpf_program__fd(s->skel->progs.flowner_send));
	fd = packet_filter_load(e->insns, e->n, &o);
	return fd < 0 ? fd : put_program(s, place, fd);
}

static int configure(struct capture_source *s)
{
	struct capture_bpf *skel = s->skel;
	int cpus = libbpf_num_possible_cpus(), err;

	if (cpus < 0)
		return cpus;
	skel->rodata->snaplen = s->opt.snaplen;
	err = bpf_map__set_max_entries(skel->maps.capture_ring,
				       (uint32_t)ring_size(s->opt.ring_size));
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.capture_counters, CAPTURE_LINKS_MAX);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.capture_scratch, (uint32_t)cpus);
	if (!err)
		err = bpf_map__set_value_size(skel->maps.capture_scratch,
					      (uint32_t)sizeof(struct fl_packet) + s->opt.snaplen);
	return err;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct capture_source *s = ctx;
	const struct fl_packet *p;

	if (!decode_packet(data, len, &p))
		s->each(s->ctx, p, (const uint8_t *)(p + 1));
	s->bytes += len;
	s->more = ++s->batch >= BATCH || s->bytes >= s->opt.ring_size;
	/* A negative value ends this round; the record counts as read all the same. */
	return s->more ? -ECANCELED : 0;
}

static int load(struct capture_source *s)
{
	int err;

	s->skel = capture_bpf__open();
	if (!s->skel)
		return -errno;
	choose_programs(s->skel, s->skel->progs.flowner_send, NULL);
	err = configure(s);
	if (!err)
		err = capture_bpf__load(s->skel);
	if (!err)
		err = put_program(s, FL_CAPTURE_SEND, bpf_program__fd(s->skel->progs.flowner_send));
	if (!err)
		err = put_expression(s, FL_CAPTURE_FILTER_ETHERNET, s->opt.ethernet);
	if (!err)
		err = put_expression(s, FL_CAPTURE_FILTER_L3, s->opt.l3);
	if (err)
		return err;
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.capture_ring), on_record, s, NULL);
	return s->ring ? 0 : -errno;
}

int capture_source_open(struct capture_source **out, const struct capture_source_options *o)
{
	struct capture_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->opt = *o;
	err = load(s);
	s->opt.ethernet = s->opt.l3 = NULL;
	if (err) {
		err = probe_explain(err);
		capture_source_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void capture_source_close(struct capture_source *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nentrances; i++)
		capture_source_release(s, i);
	free(s->entrances);
	ring_buffer__free(s->ring);
	capture_bpf__destroy(s->skel);
	free(s);
}

/* --- links --- */

static void cleanup_skel(struct capture_bpf **skel)
{
	capture_bpf__destroy(*skel);
}

static int share_maps(struct capture_bpf *skel, const struct capture_bpf *from)
{
	struct {
		struct bpf_map *mine;
		const struct bpf_map *shared;
	} const maps[] = {
		{skel->maps.capture_ring, from->maps.capture_ring},
		{skel->maps.capture_programs, from->maps.capture_programs},
		{skel->maps.capture_entered, from->maps.capture_entered},
		{skel->maps.capture_counters, from->maps.capture_counters},
		{skel->maps.capture_scratch, from->maps.capture_scratch},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = bpf_map__reuse_fd(maps[i].mine, bpf_map__fd(maps[i].shared));
	return err;
}

static int load_entrance(const struct capture_source *s, const struct capture_link *l,
			 struct entrance *e)
{
	_cleanup_(cleanup_skel) struct capture_bpf *skel = capture_bpf__open();
	const struct bpf_program *in, *out;
	int err;

	if (!skel)
		return -errno;
	skel->rodata->link_number = l->number;
	skel->rodata->is_loopback = l->loopback;
	in = l->ethernet ? skel->progs.flowner_cap_in : skel->progs.flowner_l3c_in;
	out = l->ethernet ? skel->progs.flowner_cap_out : skel->progs.flowner_l3c_out;
	choose_programs(skel, in, out);
	err = share_maps(skel, s->skel);
	if (!err)
		err = capture_bpf__load(skel);
	if (err)
		return probe_explain(err);
	e->in = dup(bpf_program__fd(in));
	e->out = dup(bpf_program__fd(out));
	return e->in < 0 || e->out < 0 ? -errno : 0;
}

static int make_room(struct capture_source *s, uint32_t link)
{
	struct entrance *grown;

	if (link >= CAPTURE_LINKS_MAX)
		return -ENOSPC;
	if (link < s->nentrances)
		return 0;
	grown = reallocarray(s->entrances, link + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->entrances = grown;
	while (s->nentrances <= link)
		s->entrances[s->nentrances++] = (struct entrance){-1, -1};
	return 0;
}

int capture_source_programs(struct capture_source *s, const struct capture_link *l, int *in_fd,
			    int *out_fd)
{
	int err = make_room(s, l->number);

	if (!err && s->entrances[l->number].in < 0)
		err = load_entrance(s, l, &s->entrances[l->number]);
	if (err)
		return err;
	*in_fd = s->entrances[l->number].in;
	*out_fd = s->entrances[l->number].out;
	return 0;
}

void capture_source_release(struct capture_source *s, uint32_t link)
{
	if (link >= s->nentrances)
		return;
	cleanup_close(&s->entrances[link].in);
	cleanup_close(&s->entrances[link].out);
	s->entrances[link] = (struct entrance){-1, -1};
}

/* --- reading --- */

int capture_source_fd(const struct capture_source *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

int capture_source_read(struct capture_source *s,
			void (*each)(void *ctx, const struct fl_packet *p, const uint8_t *data),
			void *ctx, bool *more)
{
	int err;

	s->each = each;
	s->ctx = ctx;
	s->batch = 0;
	s->bytes = 0;
	s->more = false;
	err = ring_buffer__consume(s->ring);
	*more = s->more;
	return err < 0 && err != -ECANCELED ? err : s->batch;
}

int capture_source_counters(const struct capture_source *s, uint32_t link,
			    struct fl_capture_counters *sum)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_capture_counters *each = NULL;

	_Static_assert(sizeof(*each) % 8 == 0, "per-CPU values are padded to 8 bytes");
	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.capture_counters), &link, each))
		return -errno;
	*sum = (struct fl_capture_counters){0};
	for (int cpu = 0; cpu < cpus; cpu++) {
		sum->received += each[cpu].received;
		sum->matched += each[cpu].matched;
		sum->lost += each[cpu].lost;
	}
	return 0;
}

int capture_source_reset(struct capture_source *s, uint32_t link)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_capture_counters *none = NULL;

	if (cpus < 0)
		return cpus;
	none = calloc((size_t)cpus, sizeof(*none));
	if (!none)
		return -ENOMEM;
	capture_source_release(s, link);
	return bpf_map_update_elem(bpf_map__fd(s->skel->maps.capture_counters), &link, none,
				   BPF_ANY)
		       ? -errno
		       : 0;
}
