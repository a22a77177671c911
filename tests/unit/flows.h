/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Namespaces, pairs and flows to show and to sum, made by hand.
 */
#ifndef FLOWNER_TESTS_FLOWS_H
#define FLOWNER_TESTS_FLOWS_H

#include "unit.h"

#include <json-c/json.h>
#include <stdio.h>

#include "model/flow.h"
#include "model/path.h"
#include "base/buf.h"

#define SECOND 1000000000ULL

static inline struct link device(const struct netns *ns, const char *name, const char *kind,
				 uint32_t ifindex)
{
	struct link l = {.netns = ns, .ifindex = ifindex, .ethernet = true, .up = true, .refs = 1};

	snprintf(l.name, sizeof(l.name), "%s", name);
	snprintf(l.kind, sizeof(l.kind), "%s", kind);
	return l;
}

/* `a` is the watched end. */
static inline void join(struct link *a, struct link *b)
{
	link_pair(a, b);
	a->attached = SECOND;
}

static inline struct addr_port at(const char *addr, uint16_t port)
{
	struct addr_port ap = {.port = port};

	assert_int_equal(addr_parse(addr, &ap.addr), 0);
	return ap;
}

static inline struct flow tcp(struct link *l, bool egress, struct addr_port src,
			      struct addr_port dst, uint64_t packets)
{
	return (struct flow){
		.link = l,
		.egress = egress,
		.kind = FL_FLOW_IPV4,
		.proto = 6,
		.src = src,
		.dst = dst,
		.packets = packets,
		.segments = packets,
		.bytes = packets * 100,
		.first = 2 * SECOND,
		.last = 3 * SECOND,
		.tcp_flags = 0x1a,
		.state = FLOW_STATE_OPEN,
	};
}

static inline struct owner process(const char *comm, uint32_t pid, const struct cgroup *cg)
{
	struct owner o = {.source = OWNER_CONNECT, .pid = pid, .tid = pid, .ppid = 1, .cgroup = cg};

	snprintf(o.comm, sizeof(o.comm), "%s", comm);
	return o;
}

/* One line of JSON, parsed strictly. */
static inline struct json_object *parse_line(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	assert_true(len > 0);
	assert_int_equal(line[len - 1], '\n');
	assert_null(memchr(line, '\n', len - 1));
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, line, (int)len - 1);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		fail_msg("incomplete: %.*s", (int)len, line);
	if (!o)
		fail_msg("%s: %.*s", json_tokener_error_desc(json_tokener_get_error(tok)), (int)len,
			 line);
	json_tokener_free(tok);
	return o;
}

/* Has to equal `want`, whatever the order of keys: none missing, none more. */
static inline void same_json(const char *line, size_t len, const char *want)
{
	struct json_object *have = parse_line(line, len), *o = json_tokener_parse(want);

	assert_non_null(o);
	if (!json_object_equal(have, o)) {
		/* cmocka cuts messages. */
		fprintf(stderr, "%s\nis not\n%s\n", json_object_to_json_string(have), want);
		fail();
	}
	json_object_put(have);
	json_object_put(o);
}

static inline bool holds(const struct buf *b, const char *s)
{
	return memmem(b->data, b->len, s, strlen(s)) != NULL;
}

/* Empties b. */
static inline void same_text(struct buf *b, const char *want)
{
	buf_putc(b, '\0');
	assert_int_equal(b->err, 0);
	assert_string_equal(b->data, want);
	b->len = 0;
}

#endif
