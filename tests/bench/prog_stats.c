// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How often the BPF programs that a process holds have run, and how long in all; one line for each
 * name: "name nanoseconds runs". The kernel counts while somebody has BPF_ENABLE_STATS on.
 *
 *	prog_stats PID
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"

#define IDS_MAX   1024
#define NAMES_MAX 64

struct sum {
	char name[BPF_OBJ_NAME_LEN];
	uint64_t ns, runs;
};

/* The id of the program behind a file descriptor; 0: there is none. */
static uint32_t prog_id(const char *pid, const char *fd)
{
	char path[300], line[256];
	uint32_t id = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!id && fgets(line, sizeof(line), f))
		if (sscanf(line, "prog_id: %" SCNu32, &id) != 1)
			id = 0;
	fclose(f);
	return id;
}

/* Of a program and the links that hold it one. */
static size_t find_ids(const char *pid, uint32_t ids[IDS_MAX])
{
	char path[64];
	struct dirent *e;
	size_t n = 0, i;
	uint32_t id;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	d = opendir(path);
	if (!d)
		return 0;
	while (n < IDS_MAX && (e = readdir(d))) {
		id = prog_id(pid, e->d_name);
		for (i = 0; i < n && ids[i] != id; i++)
			;
		if (id && i == n)
			ids[n++] = id;
	}
	closedir(d);
	return n;
}

static void add(struct sum sums[NAMES_MAX], uint32_t id)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	/* One that is gone by now does not count any more. */
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (sums[i].name[0] && strcmp(sums[i].name, info.name) != 0)
			continue;
		memcpy(sums[i].name, info.name, sizeof(sums[i].name));
		sums[i].ns += info.run_time_ns;
		sums[i].runs += info.run_cnt;
		return;
	}
}

int main(int argc, char **argv)
{
	struct sum sums[NAMES_MAX] = {0};
	uint32_t ids[IDS_MAX];
	size_t n;

	if (argc != 2) {
		fprintf(stderr, "usage: prog_stats PID\n");
		return 2;
	}
	n = find_ids(argv[1], ids);
	for (size_t i = 0; i < n; i++)
		add(sums, ids[i]);
	for (size_t i = 0; i < NAMES_MAX && sums[i].name[0]; i++)
		printf("%s %" PRIu64 " %" PRIu64 "\n", sums[i].name, sums[i].ns, sums[i].runs);
	return n ? 0 : 1;
}
