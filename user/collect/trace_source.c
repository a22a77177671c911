// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/trace_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "collect/decode.h"
#include "collect/probe.h"
#include "collect/tracefs.h"
#include "collect/without.h"
#include "trace.skel.h"

struct trace_source {
	struct trace_bpf *skel;
	struct ring_buffer *ring;
	struct btf *btf; /* the kernel's, for names of its enums */
	const struct btf_enum *reset_reasons;
	unsigned int nreset_reasons, links;
	bool can_cast; /* the kernel has bpf_rdonly_cast(), 6.2 */
	uint64_t undecodable;
	/* During trace_source_read(). */
	void (*each)(void *ctx, const struct fl_header *hdr);
	void *ctx;
	int batch;
};

/* --- what this kernel has --- */

static void find_reset_reasons(struct trace_source *s)
{
	int id = btf__find_by_name_kind(s->btf, "sk_rst_reason", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(s->btf, (uint32_t)id) : NULL;

	if (!t)
		return;
	s->reset_reasons = btf_enum(t);
	s->nreset_reasons = btf_vlen(t);
}

const char *trace_source_reset_reason(const struct trace_source *s, int32_t reason)
{
	static const char prefix[] = "SK_RST_REASON_";

	for (unsigned int i = 0; i < s->nreset_reasons; i++) {
		const char *name;

		if (s->reset_reasons[i].val != reason)
			continue;
		name = btf__name_by_offset(s->btf, s->reset_reasons[i].name_off);
		if (name && !strncmp(name, prefix, sizeof(prefix) - 1))
			name += sizeof(prefix) - 1;
		return name;
	}
	return NULL;
}

/* --- loading --- */

static size_t ring_size(size_t wanted)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	while (size < wanted)
		size *= 2;
	return size;
}

static int configure(struct trace_source *s, const struct trace_source_options *o)
{
	struct trace_bpf *skel = s->skel;
	int err;

	skel->rodata->filter = o->filter;
	skel->rodata->filter.netns_many = o->nnetns > 1;
	skel->rodata->filter.netns_one = o->nnetns == 1 ? o->netns[0] : 0;
	skel->rodata->all_states = o->states;
	skel->rodata->reset_has_reason = !(o->without & WITHOUT_RESET_REASON) &&
					 probe_tracepoint_args(s->btf, "tcp_send_reset") >= 3;
	s->can_cast = !(o->without & WITHOUT_CAST) &&
		      btf__find_by_name_kind(s->btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	bpf_program__set_autoload(skel->progs.on_exit_accept, s->can_cast);
	bpf_program__set_autoload(skel->progs.on_exit_accept4, s->can_cast);
	bpf_program__set_autoload(skel->progs.on_exit_accept_probe, !s->can_cast);
	bpf_program__set_autoload(skel->progs.on_exit_accept4_probe, !s->can_cast);
	err = bpf_map__set_max_entries(skel->maps.events, (uint32_t)ring_size(o->ring_size));
	/* Preallocated: pay for it only where it is used. */
	if (!err && !o->filter.task_wanted && !o->filter.container_wanted)
		err = bpf_map__set_max_entries(skel->maps.watched, 1);
	if (!err && !o->filter.container_wanted)
		err = bpf_map__set_max_entries(skel->maps.container_verdicts, 1);
	skel->rodata->far_wanted = o->nnetns || o->filter.task_wanted || o->filter.container_wanted;
	skel->rodata->far_by_netns = !o->filter.task_wanted && !o->filter.container_wanted;
	if (!err && !skel->rodata->far_wanted)
		err = bpf_map__set_max_entries(skel->maps.far_openers, 1) ||
		      bpf_map__set_max_entries(skel->maps.far_clients, 1) ||
		      bpf_map__set_max_entries(skel->maps.near_pairs, 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.netns_wanted,
					       o->nnetns > 1 ? o->nnetns : 1);
	return err;
}

static int fill_maps(struct trace_source *s, const struct trace_source_options *o)
{
	uint8_t yes = 1;

	for (unsigned int i = 0; o->nnetns > 1 && i < o->nnetns; i++)
		if (bpf_map__update_elem(s->skel->maps.netns_wanted, &o->netns[i],
					 sizeof(o->netns[i]), &yes, sizeof(yes), BPF_ANY))
			return -errno;
	return 0;
}

static int attach_classic(struct bpf_program *prog, const char *name, struct bpf_link **link)
{
	_cleanup_close_ int fd = tracefs_open_event("syscalls", name);

	if (fd < 0)
		return fd;
	*link = bpf_program__attach_perf_event(prog, fd);
	if (!*link)
		return -errno;
	(void)take_fd(&fd); /* the link's now */
	return 0;
}

static int attach_accepts(struct trace_source *s)
{
	struct trace_bpf *skel = s->skel;
	struct {
		const char *event;
		struct bpf_program *prog;
		struct bpf_link **link;
	} const cast[] =
		{
			{"sys_exit_accept4", skel->progs.on_exit_accept4,
			 &skel->links.on_exit_accept4},
			{"sys_exit_accept", skel->progs.on_exit_accept,
			 &skel->links.on_exit_accept},
		},
		probe[] =
			{
				{"sys_exit_accept4", skel->progs.on_exit_accept4_probe,
				 &skel->links.on_exit_accept4_probe},
				{"sys_exit_accept", skel->progs.on_exit_accept_probe,
				 &skel->links.on_exit_accept_probe},
			},
		*those = s->can_cast ? cast : probe;
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(cast) / sizeof(cast[0]); i++)
		err = attach_classic(those[i].prog, those[i].event, those[i].link);
	return err;
}

static int attach(struct trace_source *s, unsigned int without)
{
	struct trace_bpf *skel = s->skel;
	struct {
		struct bpf_program *prog;
		struct bpf_link **link;
	} const raw[] = {
		{skel->progs.on_set_state, &skel->links.on_set_state},
		{skel->progs.on_set_state_again, &skel->links.on_set_state_again},
		{skel->progs.on_retransmit, &skel->links.on_retransmit},
		{skel->progs.on_reset_received, &skel->links.on_reset_received},
		{skel->progs.on_reset_sent, &skel->links.on_reset_sent},
	};
	int err;

	/*
	 * accept(2) first: a connection whose ESTABLISHED record is there, but not its accept,
	 * would be shown as accepted by nobody.
	 */
	err = without & WITHOUT_SYSCALLS ? -ENOENT : attach_accepts(s);
	if (err == -ENOENT) {
		/* No CONFIG_FTRACE_SYSCALLS. What is left is true, but owners stay the listeners.
		 */
		log_warn(
			"this kernel has no syscall tracepoints: no accept events; connections taken are shown "
			"with the process that listens");
		err = 0;
	} else if (err == -EACCES || err == -EPERM) {
		/* Its folders are root's; where it is not mounted, we have to. */
		log_warn(
			"not permitted to read tracefs: no accept events; connections taken are shown with the "
			"process that listens (CAP_DAC_READ_SEARCH%s is missing)",
			err == -EPERM ? " or, to mount it, CAP_SYS_ADMIN" : "");
		err = 0;
	}
	for (size_t i = 0; !err && i < sizeof(raw) / sizeof(raw[0]); i++) {
		*raw[i].link = bpf_program__attach(raw[i].prog);
		if (!*raw[i].link)
			err = -errno;
	}
	for (int i = 0; i < skel->skeleton->prog_cnt; i++)
		s->links += *skel->skeleton->progs[i].link != NULL;
	return err;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct trace_source *s = ctx;
	const struct fl_header *hdr;

	if (decode_record(data, len, &hdr))
		s->undecodable++;
	else
		s->each(s->ctx, hdr);
	/* A negative value ends this round; the record counts as read all the same. */
	return ++s->batch >= TRACE_SOURCE_BATCH ? -ECANCELED : 0;
}

static int load(struct trace_source *s, const struct trace_source_options *o)
{
	int err;

	s->btf = btf__load_vmlinux_btf();
	if (!s->btf)
		return -errno;
	find_reset_reasons(s);
	s->skel = trace_bpf__open();
	if (!s->skel)
		return -errno;
	err = configure(s, o);
	if (!err)
		err = trace_bpf__load(s->skel);
	if (!err)
		err = fill_maps(s, o);
	if (err)
		return err;
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.events), on_record, s, NULL);
	if (!s->ring)
		return -errno;
	return attach(s, o->without);
}

int trace_source_open(struct trace_source **out, const struct trace_source_options *options)
{
	struct trace_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = load(s, options);
	if (err) {
		err = probe_explain(err);
		trace_source_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void trace_source_close(struct trace_source *s)
{
	if (!s)
		return;
	ring_buffer__free(s->ring);
	trace_bpf__destroy(s->skel);
	btf__free(s->btf);
	free(s);
}

/* --- reading --- */

int trace_source_fd(const struct trace_source *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

int trace_source_read(struct trace_source *s, void (*each)(void *ctx, const struct fl_header *hdr),
		      void *ctx)
{
	int err;

	s->each = each;
	s->ctx = ctx;
	s->batch = 0;
	err = ring_buffer__consume(s->ring);
	return err < 0 && err != -ECANCELED ? err : s->batch;
}

int trace_source_watch(struct trace_source *s, uint64_t cookie, uint8_t why)
{
	return bpf_map__update_elem(s->skel->maps.watched, &cookie, sizeof(cookie), &why,
				    sizeof(why), BPF_ANY);
}

void trace_source_settled(struct trace_source *s, bool listens)
{
	if (listens)
		s->skel->bss->far_listens = true;
	__atomic_store_n(&s->skel->data->far_unsettled, false, __ATOMIC_RELEASE);
}

int trace_source_verdict(struct trace_source *s, const struct fl_verdict_key *key,
			 enum fl_verdict verdict)
{
	uint8_t v = (uint8_t)verdict;

	if (verdict == FL_VERDICT_NONE)
		return bpf_map_delete_elem(bpf_map__fd(s->skel->maps.container_verdicts), key);
	return bpf_map__update_elem(s->skel->maps.container_verdicts, key, sizeof(*key), &v,
				    sizeof(v), BPF_ANY);
}

unsigned int trace_source_cpus(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (unsigned int)n : 1;
}

int trace_source_counters(const struct trace_source *s, struct fl_counters *sum)
{
	unsigned int cpus = trace_source_cpus();
	_cleanup_free_ struct fl_counters *each = calloc(cpus, sizeof(*each));
	uint32_t zero = 0;

	_Static_assert(sizeof(struct fl_counters) % 8 == 0, "per-CPU values are padded to 8 bytes");
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.counters), &zero, each))
		return -errno;
	memset(sum, 0, sizeof(*sum));
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		const uint64_t *from = (const uint64_t *)&each[cpu];
		uint64_t *to = (uint64_t *)sum;

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
	return 0;
}

/*
 * A program that was interrupted at its work, by softirq or by another task, is not run in there
 * once more: 05b24ff9b2cf ("bpf: Prevent bpf program recursion for raw tracepoint probes", 6.1),
 * trace_call_bpf() always. Such a miss is counted: 9ed9e9ba2337 (5.12), for classic tracepoints
 * dd8657894c11 (6.7). Of changes of state a second program takes most (again.bpf.h).
 */
uint64_t trace_source_skipped(const struct trace_source *s)
{
	const struct bpf_object_skeleton *skel = s->skel->skeleton;
	struct fl_counters c = {0};
	uint64_t sum = 0;

	for (int i = 0; i < skel->prog_cnt; i++) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		/* Where the second program is not entered, the first has been. */
		if (*skel->progs[i].link &&
		    *skel->progs[i].prog != s->skel->progs.on_set_state_again &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(*skel->progs[i].prog), &info, &len))
			sum += info.recursion_misses;
	}
	trace_source_counters(s, &c); /* read later: as many at least as belong to that sum */
	return sum > c.again ? sum - c.again : 0;
}

uint64_t trace_source_undecodable(const struct trace_source *s)
{
	return s->undecodable;
}

unsigned int trace_source_links(const struct trace_source *s)
{
	return s->links;
}
