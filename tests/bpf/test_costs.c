// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What packets, events, connections and flows cost, by measures that do not depend on the hour: how
 * many instructions the verifier goes through and how many there are, and how many bytes a record
 * and what is remembered have. tests/bpf/costs has them as they were; what has grown by more than a
 * tenth fails, until that file is made anew in the same commit:
 *
 *	COSTS=write build/tests/bpf/test_costs
 *
 * Instructions are those of one kernel and one clang, which the file names: elsewhere only sizes
 * are compared.
 */
#include "../unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "capture_abi.h"
#include "flow_abi.h"
#include "flowner_abi.h"
#include "model/endpoint.h"
#include "model/event.h"
#include "model/flow.h"
#include "capture.skel.h"
#include "flows.skel.h"
#include "snapshot.skel.h"
#include "tests_empty.skel.h"
#include "trace.skel.h"

#define FILE_NAME "tests/bpf/costs"
#define COSTS_MAX 200

struct cost {
	char name[64];
	unsigned int value;
};

struct costs {
	char where[64]; /* "linux 6.18 clang 14" */
	struct cost list[COSTS_MAX];
	size_t n;
};

static struct costs was, is;

static void add(struct costs *c, const char *name, unsigned int value)
{
	assert_true(c->n < COSTS_MAX);
	snprintf(c->list[c->n].name, sizeof(c->list[0].name), "%s", name);
	c->list[c->n++].value = value;
}

static const struct cost *find(const struct costs *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->list[i].name, name))
			return &c->list[i];
	return NULL;
}

/* --- now --- */

static void name_place(void)
{
	struct tests_empty_bpf *empty = tests_empty_bpf__open();
	unsigned int major, minor;
	struct utsname u;

	assert_non_null(empty);
	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2);
	snprintf(is.where, sizeof(is.where), "linux %u.%u clang %d", major, minor,
		 empty->rodata->clang_major);
	tests_empty_bpf__destroy(empty);
}

static void add_programs(const char *object, const struct bpf_object *o)
{
	struct bpf_program *p;
	char name[64];

	bpf_object__for_each_program(p, o)
	{
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
			continue; /* this kernel has nothing to attach it to */
		snprintf(name, sizeof(name), "%s.%s-verified", object, bpf_program__name(p));
		add(&is, name, info.verified_insns);
		snprintf(name, sizeof(name), "%s.%s-instructions", object, bpf_program__name(p));
		add(&is, name, info.xlated_prog_len / 8);
	}
}

#define LOAD(object)                                                       \
	do {                                                               \
		struct object##_bpf *skel = object##_bpf__open_and_load(); \
		assert_non_null(skel);                                     \
		add_programs(#object, skel->obj);                          \
		object##_bpf__destroy(skel);                               \
	} while (0)

#define SIZE(type) add(&is, "bytes-of-" #type, sizeof(struct type))

static void add_sizes(void)
{
	SIZE(fl_owned);
	SIZE(fl_state);
	SIZE(fl_close);
	SIZE(fl_trouble);
	SIZE(fl_snapshot);
	SIZE(fl_packet);
	SIZE(fl_flow_key);
	SIZE(fl_flow_count);
	SIZE(fl_flow_record);
	SIZE(endpoint);
	SIZE(event);
	SIZE(flow);
}

/* --- then --- */

static int read_file(void)
{
	_cleanup_fclose_ FILE *f = fopen(FILE_NAME, "re");
	char line[128], name[64];
	unsigned int value;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!strncmp(line, "linux ", 6))
			snprintf(was.where, sizeof(was.where), "%.*s", (int)strcspn(line, "\n"),
				 line);
		else if (sscanf(line, "%63s %u", name, &value) == 2)
			add(&was, name, value);
	}
	return 0;
}

static int write_file(void)
{
	FILE *f = fopen(FILE_NAME, "we");

	if (!f)
		return -errno;
	fprintf(f, "# What tests/bpf/test_costs.c compares with; COSTS=write makes it anew.\n%s\n",
		is.where);
	for (size_t i = 0; i < is.n; i++)
		fprintf(f, "%-60s %u\n", is.list[i].name, is.list[i].value);
	return fclose(f) ? -errno : 0;
}

/* --- compared --- */

static bool is_size(const struct cost *c)
{
	return !strncmp(c->name, "bytes-of-", 9);
}

static unsigned int compare(bool sizes)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < is.n; i++) {
		const struct cost *c = &is.list[i], *old = find(&was, c->name);

		if (is_size(c) != sizes)
			continue;
		if (!old) {
			print_message("# %s: %u, which " FILE_NAME " does not have\n", c->name,
				      c->value);
			failed++;
		} else if (c->value > old->value + old->value / 10) {
			print_message("# %s: %u, was %u\n", c->name, c->value, old->value);
			failed++;
		} else if (c->value < old->value - old->value / 10) {
			print_message("# better: %s: %u, was %u\n", c->name, c->value, old->value);
		}
	}
	return failed;
}

TEST(instructions)
{
	if (strcmp(was.where, is.where) != 0) {
		print_message("# here is %s, in the file %s\n", is.where, was.where);
		skip();
	}
	assert_int_equal(compare(false), 0);
}

TEST(sizes)
{
	assert_int_equal(compare(true), 0);
}

static void add_all_programs(void)
{
	LOAD(trace);
	LOAD(flows);
	LOAD(capture);
	LOAD(snapshot);
}

static int measure(void **state)
{
	const char *todo = getenv("COSTS");
	bool anew = todo && !strcmp(todo, "write");

	(void)state;
	name_place();
	add_sizes();
	if (!anew)
		assert_int_equal(read_file(), 0);
	/* Elsewhere some cannot be loaded. */
	if (anew || !strcmp(was.where, is.where))
		add_all_programs();
	if (anew) {
		assert_int_equal(write_file(), 0);
		assert_int_equal(read_file(), 0);
	}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("no program has grown by more than a tenth", instructions),
		IT("no record, and nothing that is remembered", sizes),
	};

	return cmocka_run_group_tests(tests, measure, NULL);
}
