// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/who_query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"

#define SIDE_TEXT_MAX 256

/* --- what an operand says --- */

static int parse_port(const char *s, uint16_t *port)
{
	uint64_t v;

	if (opt_parse_uint(s, 1, 65535, &v))
		return -EINVAL;
	*port = (uint16_t)v;
	return 0;
}

static int parse_addr(const char *s, struct who_side *out)
{
	if (addr_prefix_parse(s, &out->prefix))
		return -EINVAL;
	out->has_addr = true;
	return 0;
}

/* "[::1]:80", "[::1]" */
static int parse_bracketed(char *s, struct who_side *out)
{
	char *end = strchr(s, ']');

	if (!end || !memchr(s, ':', (size_t)(end - s)))
		return -EINVAL;
	if (end[1] == ':' && parse_port(end + 2, &out->port))
		return -EINVAL;
	if (end[1] && end[1] != ':')
		return -EINVAL;
	end[1] = '\0';
	return parse_addr(s, out);
}

/* An address, an address and a port, or a port. -ENOENT: nothing of the kind. */
static int parse_numeric(char *s, struct who_side *out)
{
	char *colon = strchr(s, ':');
	size_t v4 = strspn(s, "0123456789./");

	if (s[0] == '[')
		return parse_bracketed(s, out);
	if (s[0] == ':' && s[1] != ':')
		return parse_port(s + 1, &out->port);
	/* Several colons: IPv6, whatever there is between them. */
	if (colon && strchr(colon + 1, ':') && !s[strspn(s, "0123456789abcdefABCDEF:./")])
		return parse_addr(s, out);
	if (s[v4] == ':' && memchr(s, '.', v4)) {
		*colon = '\0';
		return parse_port(colon + 1, &out->port) ? -EINVAL : parse_addr(s, out);
	}
	if (!s[v4] && strpbrk(s, "./"))
		return parse_addr(s, out);
	return -ENOENT;
}

static bool is_runtime(const char *s, size_t len)
{
	static const char *const names[] = {"docker", "podman", "containerd", "cri-o",
					    "lxc",    "nspawn", "kubernetes"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && !memcmp(names[i], s, len))
			return true;
	return false;
}

/* No name has a colon or white space in it, but for the runtime in front of a container's. */
static int parse_name(const char *s, size_t len, struct who_side *out)
{
	const char *colon = memchr(s, ':', len);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return -EINVAL;
	if (colon && (!is_runtime(s, (size_t)(colon - s)) || colon + 1 == s + len ||
		      memchr(colon + 1, ':', len - (size_t)(colon - s) - 1)))
		return -EINVAL;
	out->kind = WHO_NAME;
	out->name = s;
	out->name_len = len;
	return 0;
}

static int parse_side(const char *s, size_t len, struct who_side *out)
{
	char text[SIDE_TEXT_MAX];
	uint64_t pid;
	int err;

	*out = (struct who_side){0};
	if (len == 0 || (len == 1 && *s == '*'))
		return 0;
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	if (!strncmp(text, "pid:", 4)) {
		if (opt_parse_uint(text + 4, 1, 1 << 22, &pid)) /* PID_MAX_LIMIT */
			return -EINVAL;
		out->kind = WHO_PID;
		out->pid = (uint32_t)pid;
		return 0;
	}
	out->kind = WHO_ADDR;
	err = parse_numeric(text, out);
	return err == -ENOENT ? parse_name(s, len, out) : err;
}

/* What could be the beginning of a conn id, as a trace shows it. */
static void parse_conn(const char *s, struct who_term *t)
{
	size_t len = strlen(s);

	if (len < 8 || len > 16 || s[strspn(s, "0123456789abcdef")])
		return;
	t->conn_bits = (unsigned int)len * 4;
	t->conn = strtoull(s, NULL, 16) << (64 - t->conn_bits);
}

int who_query_add(struct who_query *q, const char *operand)
{
	const char *arrow = strstr(operand, "->");
	struct who_term t = {.directed = arrow};
	int err;

	if (q->n == WHO_QUERY_MAX)
		return -E2BIG;
	if (arrow) {
		err = parse_side(operand, (size_t)(arrow - operand), &t.a);
		if (!err)
			err = strstr(arrow + 2, "->")
				      ? -EINVAL
				      : parse_side(arrow + 2, strlen(arrow + 2), &t.b);
		if (!err && t.a.kind == WHO_ANY && t.b.kind == WHO_ANY)
			err = -EINVAL;
	} else {
		err = parse_side(operand, strlen(operand), &t.a);
		if (!err && t.a.kind == WHO_ANY)
			err = -EINVAL;
		if (!err && t.a.kind == WHO_NAME)
			parse_conn(operand, &t);
	}
	if (err)
		return err;
	q->term[q->n++] = t;
	return 0;
}

/* --- whom a name names --- */

static bool is_container(const struct container *c, const char *name)
{
	size_t runtime;

	if (!c || !c->runtime)
		return false;
	if (container_is(c, name))
		return true;
	runtime = strlen(c->runtime);
	return !strncmp(name, c->runtime, runtime) && name[runtime] == ':' &&
	       container_is(c, name + runtime + 1);
}

/* A name is borrowed from an operand, and may end before that does. */
static const char *name_of(const struct who_side *side, char *text)
{
	memcpy(text, side->name, side->name_len);
	text[side->name_len] = '\0';
	return text;
}

static bool is_netns(const struct netns *ns, const char *name)
{
	char inode[12];

	if (!ns)
		return false;
	snprintf(inode, sizeof(inode), "%u", ns->inode);
	return (ns->name && !strcmp(ns->name, name)) || !strcmp(inode, name) ||
	       is_container(ns->container, name);
}

static bool is_named(const struct who_socket *s, const char *name)
{
	const struct cgroup *cg = s->self.owner.cgroup;

	return is_netns(s->self.netns, name) || (cg && is_container(cg->container, name));
}

static bool has_comm(const struct who_socket *s, const char *name)
{
	const struct owner *o = &s->self.owner;

	/* The kernel cuts them to 15 bytes. */
	return o->source != OWNER_UNKNOWN &&
	       (!strcmp(o->comm, name) || (strlen(o->comm) == OWNER_COMM_LEN - 1 &&
					   !strncmp(o->comm, name, OWNER_COMM_LEN - 1)));
}

static bool has_pid(const struct who_socket *s, uint32_t pid)
{
	for (unsigned int i = 0; i < s->npids; i++)
		if (s->pids[i] == pid)
			return true;
	return s->self.owner.source != OWNER_UNKNOWN && s->self.owner.pid == pid;
}

static bool has_conn(const struct who_term *t, const struct who_row *r)
{
	uint64_t mask = t->conn_bits ? UINT64_MAX << (64 - t->conn_bits) : 0;

	return t->conn_bits && ((r->conn && (r->conn & mask) == t->conn) ||
				(r->back_conn && (r->back_conn & mask) == t->conn));
}

/* --- does it match? --- */

static bool is_end(const struct who_side *side, const struct addr_port *ap)
{
	if (side->port && side->port != ap->port)
		return false;
	return !side->has_addr || addr_prefix_has(&side->prefix, &ap->addr);
}

static bool is_process(const struct who_side *side, const struct who_socket *s)
{
	char name[SIDE_TEXT_MAX];

	if (!s)
		return false;
	if (side->kind == WHO_PID)
		return has_pid(s, side->pid);
	name_of(side, name);
	return side->by_comm ? has_comm(s, name) : is_named(s, name);
}

/* One side of a connection: `own` is there, `other`, the far end, tells its address too. */
static bool side_is(const struct who_side *side, const struct who_socket *own,
		    const struct who_socket *other)
{
	if (side->kind == WHO_ANY)
		return true;
	if (side->kind != WHO_ADDR)
		return is_process(side, own);
	return (own && is_end(side, &own->self.local)) ||
	       (other && is_end(side, &other->self.remote));
}

static bool pair_is(const struct who_term *t, const struct who_socket *client,
		    const struct who_socket *server)
{
	if (!client && !server)
		return false;
	if (t->directed)
		return side_is(&t->a, client, server) && side_is(&t->b, server, client);
	return side_is(&t->a, client, server) || side_is(&t->a, server, client);
}

static bool term_matches(const struct who_term *t, const struct who_row *r)
{
	if (has_conn(t, r))
		return true;
	/* Of one end it is not known which of the two it is. */
	if (r->end)
		return pair_is(t, NULL, r->end) ||
		       (r->kind != WHO_LISTEN && pair_is(t, r->end, NULL));
	if (!r->front)
		return pair_is(t, r->client, r->server);
	/* From end to end too, whose addresses the proxy knows. */
	return pair_is(t, r->client, r->front) || pair_is(t, r->back, r->server) ||
	       (t->directed && side_is(&t->a, r->client, r->front) &&
		side_is(&t->b, r->server, r->back));
}

bool who_query_matches(const struct who_query *q, const struct who_row *r)
{
	for (unsigned int i = 0; i < q->n; i++)
		if (term_matches(&q->term[i], r))
			return true;
	return q->n == 0;
}

static void resolve(struct who_side *side, const struct who_term *t, struct who_row *const *rows,
		    size_t n)
{
	const struct who_socket *ends[WHO_ENDS_MAX];
	char name[SIDE_TEXT_MAX];

	if (side->kind != WHO_NAME)
		return;
	name_of(side, name);
	for (size_t i = 0; i < n; i++) {
		unsigned int k = who_ends(rows[i], ends);

		if (has_conn(t, rows[i]))
			return;
		while (k--)
			if (is_named(ends[k], name))
				return;
	}
	side->by_comm = true;
}

void who_query_resolve(struct who_query *q, struct who_row *const *rows, size_t n)
{
	for (unsigned int i = 0; i < q->n; i++) {
		resolve(&q->term[i].a, &q->term[i], rows, n);
		resolve(&q->term[i].b, &q->term[i], rows, n);
	}
}
