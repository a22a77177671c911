/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel side of `capture`: tc programs that send packets of their true length through a ring
 * buffer, behind an expression that runs in the kernel.
 */
#ifndef FLOWNER_COLLECT_CAPTURE_SOURCE_H
#define FLOWNER_COLLECT_CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture_abi.h"
#include "collect/expression.h"

struct capture_source;

/* So many links in one capture at once. */
#define CAPTURE_LINKS_MAX 4096

struct capture_source_options {
	/* What is wanted: on links with an Ethernet header, and on others; borrowed during the
	 * call. NULL: everything. */
	const struct expression *ethernet, *l3;
	uint32_t snaplen; /* bytes of each packet, at most CAPTURE_SNAPLEN_MAX */
	size_t ring_size; /* bytes; rounded up to a power of two of pages */
};

#define CAPTURE_SNAPLEN_MAX 262144u

/* 0 or -errno, logged, with what to do. Owned by the caller. */
int capture_source_open(struct capture_source **out, const struct capture_source_options *o);
void capture_source_close(struct capture_source *s);

struct capture_link {
	uint32_t number; /* its packets will bear it */
	bool ethernet, loopback;
};

/*
 * Programs for one more link. The descriptors stay the source's until capture_source_release(). 0
 * or -errno; -ENOSPC: the number is CAPTURE_LINKS_MAX or more.
 */
int capture_source_programs(struct capture_source *s, const struct capture_link *l, int *in_fd,
			    int *out_fd);
/* They are attached, or not wanted: what is attached lives on without these descriptors. */
void capture_source_release(struct capture_source *s, uint32_t link);

/* Readable when packets wait. */
int capture_source_fd(const struct capture_source *s);

/*
 * Hand out what waits, in the order of the ring, which is not quite that of time; at most some
 * thousands, or as much as has room in the ring. *more: there is more. `data`: p->caplen bytes,
 * valid during the call. Returns how many, or -errno.
 */
int capture_source_read(struct capture_source *s,
			void (*each)(void *ctx, const struct fl_packet *p, const uint8_t *data),
			void *ctx, bool *more);

/* Of one link, over all CPUs. 0 or -errno. */
int capture_source_counters(const struct capture_source *s, uint32_t link,
			    struct fl_capture_counters *sum);
/* They begin at nothing, for another link of that number. 0 or -errno. */
int capture_source_reset(struct capture_source *s, uint32_t link);

#endif
