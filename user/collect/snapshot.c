// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/snapshot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "collect/decode.h"
#include "snapshot.skel.h"

static void cleanup_skel(struct snapshot_bpf **skel)
{
	snapshot_bpf__destroy(*skel);
}

static long read_all(int fd, void (*each)(void *ctx, const struct fl_snapshot *s), void *ctx)
{
	/* Entries are whole multiples, but a read may end inside one. */
	static const size_t size = sizeof(struct fl_snapshot);
	struct fl_snapshot buf[64];
	size_t have = 0;
	long count = 0;

	for (;;) {
		ssize_t n = read(fd, (char *)buf + have, sizeof(buf) - have);
		size_t i = 0;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EBADMSG : count;
		have += (size_t)n;
		for (; have - i * size >= size; i++) {
			const struct fl_snapshot *s;

			if (decode_snapshot(&buf[i], size, &s))
				return -EBADMSG;
			each(ctx, s);
			count++;
		}
		have -= i * size;
		memmove(buf, &buf[i], have);
	}
}

long snapshot_sockets(enum snapshot_kind kind, void (*each)(void *ctx, const struct fl_snapshot *s),
		      void *ctx)
{
	_cleanup_(cleanup_skel) struct snapshot_bpf *skel = snapshot_bpf__open();
	_cleanup_close_ int fd = -1;
	struct bpf_link *link;
	int err;

	if (!skel)
		return -errno;
	skel->rodata->tcp_only = kind == SNAPSHOT_TCP;
	err = snapshot_bpf__load(skel);
	if (err)
		return err;
	link = bpf_program__attach_iter(skel->progs.each_socket, NULL);
	if (!link)
		return -errno;
	skel->links.each_socket = link;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return -errno;
	return read_all(fd, each, ctx);
}
