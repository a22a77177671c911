/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * QUERY, the operands of `who`: which connections are meant. Several are OR.
 *
 *	:9000  10.0.0.2  10.0.0.0/8  10.0.0.2:9000  ::1  [::1]:80	of either end, as either
 *sees it pid:123			any process that holds it NAME			a container
 *(name, pod, id or its beginning, runtime:id), a network namespace (name or inode), a conn id (8 to
 *16 hex digits); where there is none of these, a process's name A->B			a connection
 *from A to B, each one of the above but a conn id; one of them may be empty
 */
#ifndef FLOWNER_MODEL_WHO_QUERY_H
#define FLOWNER_MODEL_WHO_QUERY_H

#include "model/addr.h"
#include "model/who.h"

#define WHO_QUERY_MAX 64

struct who_side {
	enum who_side_kind { WHO_ANY, WHO_ADDR, WHO_PID, WHO_NAME } kind;
	bool has_addr;
	struct addr_prefix prefix; /* with has_addr */
	uint16_t port;             /* 0: any */
	uint32_t pid;
	const char *name; /* borrowed from the operand, up to name_len */
	size_t name_len;
	bool by_comm; /* nothing else has that name: who_query_resolve() */
};

struct who_term {
	bool directed;          /* A->B */
	struct who_side a, b;   /* not directed: a alone */
	uint64_t conn;          /* of a name that is hex digits, moved to the left… */
	unsigned int conn_bits; /* …and how many bits they are; 0: it is no conn id */
};

struct who_query {
	struct who_term term[WHO_QUERY_MAX];
	unsigned int n;
};

/*
 * Add one operand, which is kept, not copied. 0; -EINVAL: it is none; -E2BIG: there are too many.
 */
int who_query_add(struct who_query *q, const char *operand);

/* Decide of each name what it is the name of, by what there is. Before who_query_matches(). */
void who_query_resolve(struct who_query *q, struct who_row *const *rows, size_t n);

/* Is the row meant? Without operands every row is. */
bool who_query_matches(const struct who_query *q, const struct who_row *r);

#endif
