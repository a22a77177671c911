// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/flow_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "collect/decode.h"
#include "collect/flow_front.h"
#include "collect/flow_map.h"
#include "collect/probe.h"
#include "flows.skel.h"

/*
 * An instance of the programs that packets enter: those for devices with an Ethernet header, and
 * those for others.
 */
struct instance {
	const struct netns *netns; /* NULL: the slot is free */
	int in[2], out[2];         /* [ethernet]; -1: not loaded */
	unsigned int users;        /* links */
	unsigned int release;      /* readings until the slot is free; 0: in use */
};

/* The map in use, and the one after it, may have entries with a slot that nobody uses any more. */
#define RELEASE_READINGS 3

#define BEGUN_BYTES (FL_REUSE_WORDS * sizeof(uint64_t))

struct flow_source {
	struct flow_source_options opt;
	struct flows_bpf *maps; /* of this skeleton only the maps are used */
	bool counting[2];       /* [ethernet]: the program that counts is loaded */
	struct flow_map *flow_map;
	uint64_t *begun; /* reuse_begun's memory */
	struct ring_buffer *ring;
	struct instance *slots;
	uint32_t nslots;
	uint64_t mono_to_boot;
	/* During flow_source_read(). */
	void (*each)(void *ctx, const struct netns *netns, const struct fl_flow_key *key,
		     const struct fl_flow_count *count);
	void *ctx;
	long handed;
};

/* --- programs --- */

static int share_maps(struct flows_bpf *skel, const struct flows_bpf *from)
{
	struct {
		struct bpf_map *mine;
		const struct bpf_map *shared;
	} const maps[] = {
		{skel->maps.flow_maps, from->maps.flow_maps},
		{skel->maps.flow_fronts, from->maps.flow_fronts},
		{skel->maps.flow_ring, from->maps.flow_ring},
		{skel->maps.flow_counters, from->maps.flow_counters},
		{skel->maps.fragments, from->maps.fragments},
		{skel->maps.reuse_begun, from->maps.reuse_begun},
		{skel->maps.flow_programs, from->maps.flow_programs},
		{skel->maps.flow_entered, from->maps.flow_entered},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = bpf_map__reuse_fd(maps[i].mine, bpf_map__fd(maps[i].shared));
	return err;
}

static void cleanup_skel(struct flows_bpf **skel)
{
	flows_bpf__destroy(*skel);
}

/* None but these two of the object are loaded, of which one may be NULL. */
static void choose_programs(struct flows_bpf *skel, const struct bpf_program *a,
			    const struct bpf_program *b)
{
	for (int i = 0; i < skel->skeleton->prog_cnt; i++) {
		struct bpf_program *p = *skel->skeleton->progs[i].prog;

		bpf_program__set_autoload(p, p == a || p == b);
	}
}

static int load_on_shared_maps(const struct flow_source *s, struct flows_bpf *skel)
{
	int err = share_maps(skel, s->maps);

	return err ?: flows_bpf__load(skel);
}

static int load_counting(struct flow_source *s, bool ethernet)
{
	_cleanup_(cleanup_skel) struct flows_bpf *skel = flows_bpf__open();
	uint32_t place = ethernet ? FL_FLOW_ETHERNET : FL_FLOW_L3;
	const struct bpf_program *p;
	int err, fd;

	if (!skel)
		return -errno;
	skel->rodata->filter = s->opt.filter;
	skel->rodata->ncpus = (uint32_t)libbpf_num_possible_cpus();
	p = ethernet ? skel->progs.flowner_count : skel->progs.flowner_count_l3;
	choose_programs(skel, p, NULL);
	err = load_on_shared_maps(s, skel);
	if (err)
		return err;
	/* It lives on in the array; the rest of the object is not needed. */
	fd = bpf_program__fd(p);
	if (bpf_map_update_elem(bpf_map__fd(s->maps->maps.flow_programs), &place, &fd, BPF_ANY))
		return -errno;
	s->counting[ethernet] = true;
	return 0;
}

static int load_entered(const struct flow_source *s, uint32_t slot, bool ethernet, int *in,
			int *out)
{
	_cleanup_(cleanup_skel) struct flows_bpf *skel = flows_bpf__open();
	const struct bpf_program *in_prog, *out_prog;
	int err;

	if (!skel)
		return -errno;
	skel->rodata->slot = slot;
	in_prog = ethernet ? skel->progs.flowner_in : skel->progs.flowner_l3_in;
	out_prog = ethernet ? skel->progs.flowner_out : skel->progs.flowner_l3_out;
	choose_programs(skel, in_prog, out_prog);
	err = load_on_shared_maps(s, skel);
	if (err)
		return err;
	*in = dup(bpf_program__fd(in_prog));
	*out = dup(bpf_program__fd(out_prog));
	return *in < 0 || *out < 0 ? -errno : 0;
}

static int load_programs(struct flow_source *s, uint32_t slot, bool ethernet, int *in, int *out)
{
	int err = s->counting[ethernet] ? 0 : load_counting(s, ethernet);

	if (!err)
		err = load_entered(s, slot, ethernet, in, out);
	return err ? probe_explain(err) : 0;
}

static struct instance *find_instance(struct flow_source *s, const struct netns *netns)
{
	for (uint32_t i = 0; i < s->nslots; i++)
		if (s->slots[i].netns == netns)
			return &s->slots[i];
	return NULL;
}

static void clear_instance(struct instance *i)
{
	for (int e = 0; e < 2; e++) {
		cleanup_close(&i->in[e]);
		cleanup_close(&i->out[e]);
	}
	*i = (struct instance){.in = {-1, -1}, .out = {-1, -1}};
}

static struct instance *new_instance(struct flow_source *s, const struct netns *netns)
{
	struct instance *i = find_instance(s, NULL), *grown;

	if (!i) {
		if (s->nslots >= FL_FLOW_SLOTS) {
			errno = ENOSPC;
			return NULL;
		}
		grown = reallocarray(s->slots, s->nslots + 1, sizeof(*grown));
		if (!grown) {
			errno = ENOMEM;
			return NULL;
		}
		s->slots = grown;
		i = &s->slots[s->nslots++];
		*i = (struct instance){.in = {-1, -1}, .out = {-1, -1}};
	}
	i->netns = netns;
	return i;
}

int flow_source_programs(struct flow_source *s, const struct netns *netns, bool ethernet,
			 int *in_fd, int *out_fd)
{
	struct instance *i = find_instance(s, netns);
	int err;

	if (!i)
		i = new_instance(s, netns);
	if (!i)
		return -errno;
	if (!i->users)
		i->release = RELEASE_READINGS;
	if (i->in[ethernet] < 0) {
		err = load_programs(s, (uint32_t)(i - s->slots), ethernet, &i->in[ethernet],
				    &i->out[ethernet]);
		if (err)
			return err;
	}
	*in_fd = i->in[ethernet];
	*out_fd = i->out[ethernet];
	return 0;
}

void flow_source_use(struct flow_source *s, const struct netns *netns)
{
	struct instance *i = find_instance(s, netns);

	if (i) {
		i->users++;
		i->release = 0;
	}
}

void flow_source_release(struct flow_source *s, const struct netns *netns)
{
	struct instance *i = find_instance(s, netns);

	if (i && --i->users == 0)
		i->release = RELEASE_READINGS;
}

void flow_source_keep(const struct flow_source *s, const struct keeper *k)
{
	for (uint32_t i = 0; i < s->nslots; i++)
		keeper_netns(k, s->slots[i].netns);
}

static void age_instances(struct flow_source *s)
{
	for (uint32_t i = 0; i < s->nslots; i++)
		if (s->slots[i].release && --s->slots[i].release == 0)
			clear_instance(&s->slots[i]);
}

/* --- opening --- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static size_t ring_size(size_t wanted)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	while (size < wanted)
		size *= 2;
	return size;
}

static void hand_out(struct flow_source *s, const struct fl_flow_key *key,
		     const struct fl_flow_count *count)
{
	uint32_t slot = (uint32_t)FL_BITS_GET(key->bits, FL_BITS_SLOT);
	struct fl_flow_key k = *key;
	struct fl_flow_count c = *count;

	if (slot >= s->nslots || !s->slots[slot].netns)
		return;
	k.bits &= ~(FL_BITS_PUT(~0ULL, FL_BITS_SLOT) | FL_BITS_PUT(~0ULL, FL_BITS_CPU));
	if (c.last)
		c.last += s->mono_to_boot;
	if (c.last < c.first)
		c.last = c.first;
	s->each(s->ctx, s->slots[slot].netns, &k, &c);
	s->handed++;
}

static int on_record(void *ctx, void *data, size_t len)
{
	const struct fl_flow_record *r;

	if (!decode_flow(data, len, &r))
		hand_out(ctx, &r->key, &r->count);
	return 0;
}

static void on_entry(void *ctx, const struct fl_flow_key *key, const struct fl_flow_count *count)
{
	if (decode_flow_key(key))
		hand_out(ctx, key, count);
}

static int load_maps(struct flow_source *s)
{
	_cleanup_close_ int front = -1;
	int err;

	s->maps = flows_bpf__open();
	if (!s->maps)
		return -errno;
	for (int i = 0; i < s->maps->skeleton->prog_cnt; i++)
		bpf_program__set_autoload(*s->maps->skeleton->progs[i].prog, false);
	err = bpf_map__set_max_entries(s->maps->maps.flow_ring,
				       (uint32_t)ring_size(s->opt.ring_size));
	if (err)
		return err;
	front = flow_front_template(s->maps->maps.flow_fronts);
	err = front < 0 ? front : flows_bpf__load(s->maps);
	if (!err)
		err = flow_map_new(&s->flow_map, bpf_map__fd(s->maps->maps.flow_maps),
				   bpf_map__fd(s->maps->maps.flow_fronts), s->opt.max_entries);
	if (err)
		return err;
	if (s->opt.no_batch)
		flow_map_no_batch(s->flow_map);
	s->ring = ring_buffer__new(bpf_map__fd(s->maps->maps.flow_ring), on_record, s, NULL);
	return s->ring ? 0 : -errno;
}

static int map_begun(struct flow_source *s)
{
	void *begun = mmap(NULL, BEGUN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			   bpf_map__fd(s->maps->maps.reuse_begun), 0);

	if (begun == MAP_FAILED)
		return -errno;
	s->begun = begun;
	return 0;
}

int flow_source_open(struct flow_source **out, const struct flow_source_options *options)
{
	struct flow_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->opt = *options;
	s->mono_to_boot = clock_boot_ns() - clock_ns(CLOCK_MONOTONIC);
	err = load_maps(s);
	if (!err)
		err = map_begun(s);
	/* Now, so that the first link does not wait for it. */
	if (!err)
		err = load_counting(s, true);
	if (err) {
		err = probe_explain(err);
		flow_source_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void flow_source_close(struct flow_source *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nslots; i++)
		clear_instance(&s->slots[i]);
	free(s->slots);
	ring_buffer__free(s->ring);
	flow_map_free(s->flow_map);
	if (s->begun)
		munmap(s->begun, BEGUN_BYTES);
	flows_bpf__destroy(s->maps);
	free(s);
}

/* --- reading --- */

int flow_source_fd(const struct flow_source *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

/*
 * The map in place is as good as empty. A bit that is set just now and lost means at worst that two
 * connections between the same ports within this second are not told apart.
 */
static void clear_begun(struct flow_source *s)
{
	memset(s->begun, 0, BEGUN_BYTES);
}

long flow_source_read(struct flow_source *s,
		      void (*each)(void *ctx, const struct netns *netns,
				   const struct fl_flow_key *key,
				   const struct fl_flow_count *count),
		      void *ctx)
{
	struct flow_source_stats st;
	int err;

	s->each = each;
	s->ctx = ctx;
	s->handed = 0;
	err = flow_source_get_stats(s, &st);
	if (!err)
		err = flow_map_swap(s->flow_map, st.overflowed + st.lost);
	if (err)
		return err;
	clear_begun(s);
	/* Records first: of two connections between the same ports they tell the earlier one. */
	err = ring_buffer__consume(s->ring);
	if (err >= 0)
		err = flow_map_drain(s->flow_map, on_entry, s);
	if (err < 0)
		return err;
	age_instances(s);
	return s->handed;
}

int flow_source_get_stats(const struct flow_source *s, struct flow_source_stats *out)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct fl_flow_counters *each = NULL;
	uint32_t zero = 0;

	_Static_assert(sizeof(*each) % 8 == 0, "per-CPU values are padded to 8 bytes");
	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(s->maps->maps.flow_counters), &zero, each))
		return -errno;
	*out = (struct flow_source_stats){.map_entries = flow_map_room(s->flow_map)};
	for (int cpu = 0; cpu < cpus; cpu++) {
		out->overflowed += each[cpu].overflowed;
		out->lost += each[cpu].lost;
		out->lost_bytes += each[cpu].lost_bytes;
		out->filtered += each[cpu].filtered;
	}
	return 0;
}
