// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What users write: FILTER, the queries of `who`, what `map` is asked for, durations, sizes and
 * addresses. A byte says which, then one argument a line. What is taken says the same when it is
 * written out and read again.
 */
#include "fuzz.h"
#include "names.h"
#include "no_lookups.h"
#include "shown.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "base/opt.h"
#include "cmd/capture.h"
#include "cmd/filter_opts.h"
#include "echo/addr.h"
#include "model/net_map_find.h"
#include "model/who_query.h"
#include "out/map_view.h"

#define ARGS_MAX 64

struct args {
	char *v[ARGS_MAX + 2]; /* the command's name in front, NULL behind */
	char *own[ARGS_MAX];   /* to be freed: getopt moves the others around */
	int n;
};

static void add_arg(struct args *a, char *s)
{
	if (a->n == ARGS_MAX) {
		free(s);
		return;
	}
	a->own[a->n++] = s;
	a->v[a->n] = s;
}

static struct args take_args(struct input *in)
{
	static char command[] = "flowner";
	struct args a = {.v = {command}};

	while (in->left)
		add_arg(&a, take_text(in));
	return a;
}

static void free_args(struct args *a)
{
	for (int i = 0; i < a->n; i++)
		free(a->own[i]);
}

/* --- FILTER --- */

static unsigned int bits_of(const struct addr_prefix *p)
{
	unsigned int bits = 0;

	for (int i = 0; i < 16; i++)
		bits += (unsigned int)__builtin_popcount(p->mask.b[i]);
	return addr_is_v4(&p->addr) ? bits - 96 : bits;
}

static char *prefix_text(const char *before, const struct addr_prefix *p)
{
	char addr[ADDR_TEXT_MAX], *s;

	addr[addr_format(&p->addr, addr)] = '\0';
	CHECK(asprintf(&s, "%s%s/%u", before, addr, bits_of(p)) > 0);
	return s;
}

#define ADD(args, ...)                                 \
	do {                                           \
		char *s_;                              \
		CHECK(asprintf(&s_, __VA_ARGS__) > 0); \
		add_arg(args, s_);                     \
	} while (0)

static struct args filter_args(const struct filter *f)
{
	static char command[] = "flowner";
	struct args a = {.v = {command}};

	for (unsigned int i = 0; i < f->nnetns; i++)
		ADD(&a, "--netns=%" PRIu32, f->netns[i]);
	for (unsigned int i = 0; i < f->npids; i++)
		ADD(&a, "--pid=%" PRIu32, f->pids[i]);
	for (unsigned int i = 0; i < f->ncomms; i++)
		ADD(&a, "--comm=%s", f->comms[i]);
	for (unsigned int i = 0; i < f->nports; i++)
		ADD(&a, "--port=%u", f->ports[i]);
	for (unsigned int i = 0; i < f->nhosts; i++)
		add_arg(&a, prefix_text("--host=", &f->hosts[i]));
	for (unsigned int i = 0; i < f->ncontainers; i++)
		ADD(&a, "--container=%s", f->containers[i]);
	if (f->only_v4)
		ADD(&a, "-4");
	if (f->only_v6)
		ADD(&a, "-6");
	return a;
}

static bool same_filter(const struct filter *a, const struct filter *b)
{
	bool same = a->nnetns == b->nnetns && a->npids == b->npids && a->ncomms == b->ncomms &&
		    a->nports == b->nports && a->nhosts == b->nhosts &&
		    a->ncontainers == b->ncontainers && a->only_v4 == b->only_v4 &&
		    a->only_v6 == b->only_v6 && !memcmp(a->pids, b->pids, sizeof(a->pids)) &&
		    !memcmp(a->comms, b->comms, sizeof(a->comms)) &&
		    !memcmp(a->ports, b->ports, sizeof(a->ports)) &&
		    !memcmp(a->hosts, b->hosts, sizeof(a->hosts));

	for (unsigned int i = 0; same && i < a->nnetns; i++)
		same = a->netns[i] == b->netns[i];
	for (unsigned int i = 0; same && i < a->ncontainers; i++)
		same = !strcmp(a->containers[i], b->containers[i]);
	return same;
}

/* As an expression of `capture`: libpcap takes it, but where two kinds leave nothing. */
static void check_composed(const struct filter *f)
{
	const struct expression_options o = {0};
	char why[EXPRESSION_ERROR] = "";
	struct expression *e = NULL;
	struct buf text = {0};

	CHECK(!capture_compose(f, NULL, 0, &text));
	if (expression_compile(&e, text.data, &o, why)) {
		if (strcmp(why, "expression rejects all packets"))
			fprintf(stderr, "%s: %s\n", text.data, why);
		CHECK(!strcmp(why, "expression rejects all packets"));
		CHECK((f->only_v4 != f->only_v6) && f->nhosts);
	}
	expression_free(e);
	buf_free(&text);
}

static void check_filter(const struct filter *f)
{
	struct filter again = {0};
	struct args a = filter_args(f);
	const struct opt_set sets[] = {{NULL, filter_opts, &again}, {0}};
	struct fl_filter kernel;
	int rest;

	if (a.n < ARGS_MAX) {
		CHECK(!opt_parse("flowner", sets, a.n + 1, a.v, false, &rest));
		CHECK(rest == a.n + 1 && same_filter(f, &again));
	}
	filter_to_kernel(f, &kernel);
	CHECK(kernel.npids <= FL_PIDS_MAX && kernel.nports <= FL_PORTS_MAX &&
	      kernel.nhosts <= FL_HOSTS_MAX && kernel.ncomms <= FL_COMMS_MAX);
	for (unsigned int i = 0; i < f->ncomms; i++)
		CHECK(*f->comms[i] && filter_process(f, f->npids ? f->pids[0] : 1, f->comms[i]));
	for (unsigned int i = 0; i < f->nhosts; i++)
		CHECK(addr_prefix_has(&f->hosts[i], &f->hosts[i].addr));
	check_composed(f);
	filter_free(&again);
	free_args(&a);
}

/* No path is opened: it might be a device's. */
static bool is_path_of_netns(const char *arg)
{
	return !strncmp(arg, "--n", 3) || !strchr(arg, '-') ? strchr(arg, '/') != NULL : false;
}

static void on_filter(struct input *in)
{
	struct filter f = {0};
	struct args a = take_args(in);
	const struct opt_set sets[] = {{NULL, filter_opts, &f}, {0}};
	bool after_netns = false;
	int rest, err = 0;

	for (int i = 0; i < a.n; i++) {
		if (is_path_of_netns(a.own[i]) || (after_netns && strchr(a.own[i], '/')))
			err = -EINVAL;
		after_netns = !strncmp(a.own[i], "--n", 3);
	}
	if (!err)
		err = opt_parse("flowner", sets, a.n + 1, a.v, false, &rest);
	CHECK(err == 0 || err == -EINVAL || err == OPT_HELP);
	if (!err)
		check_filter(&f);
	filter_free(&f);
	free_args(&a);
}

/* --- who --- */

static char *side_text(const struct who_side *s)
{
	char addr[ADDR_TEXT_MAX], *text = NULL;
	const struct addr_port ap = {s->prefix.addr, s->port};

	switch (s->kind) {
	case WHO_ANY:
		return strdup("*");
	case WHO_PID:
		CHECK(asprintf(&text, "pid:%" PRIu32, s->pid) > 0);
		return text;
	case WHO_NAME:
		return strndup(s->name, s->name_len);
	default:
		break;
	}
	if (!s->has_addr) {
		CHECK(s->port && asprintf(&text, ":%u", s->port) > 0);
		return text;
	}
	text = prefix_text("", &s->prefix);
	if (s->port && addr_is_v4(&s->prefix.addr)) {
		char *with;

		CHECK(asprintf(&with, "%s:%u", text, s->port) > 0);
		free(text);
		return with;
	}
	if (s->port) {
		/* There is no way to write a network of IPv6 with a port. */
		CHECK(bits_of(&s->prefix) == 128);
		free(text);
		addr_port_format(&ap, addr);
		return strdup(addr);
	}
	return text;
}

static bool same_side(const struct who_side *a, const struct who_side *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == WHO_PID)
		return a->pid == b->pid;
	if (a->kind == WHO_NAME)
		return a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len);
	return a->has_addr == b->has_addr && a->port == b->port &&
	       (!a->has_addr || !memcmp(&a->prefix, &b->prefix, sizeof(a->prefix)));
}

static void check_term(const struct who_term *t)
{
	char *a = side_text(&t->a), *b = t->directed ? side_text(&t->b) : NULL, *text;
	struct who_query again = {0};

	CHECK(a && (!t->directed || b));
	CHECK(asprintf(&text, "%s%s%s", a, b ? "->" : "", b ? b : "") > 0);
	CHECK(!who_query_add(&again, text) && again.n == 1);
	CHECK(again.term[0].directed == t->directed && same_side(&again.term[0].a, &t->a));
	CHECK(!t->directed || same_side(&again.term[0].b, &t->b));
	CHECK(again.term[0].conn == t->conn && again.term[0].conn_bits == t->conn_bits);
	CHECK(!t->conn_bits || (t->a.kind == WHO_NAME && !t->directed && t->conn_bits <= 64));
	free(text);
	free(a);
	free(b);
}

static void match_rows(struct who_query *q)
{
	uint32_t pids[] = {10, 20};
	struct who_socket client = {.conn = 0x9f0c2c6f1f3d5a77, .pids = pids, .npids = 2};
	struct who_socket server = client;
	struct who_row both = {.conn = client.conn, .client = &client, .server = &server};
	struct who_row alone = {.kind = WHO_LISTEN, .end = &server};
	struct who_row *rows[] = {&both, &alone};

	client.self = (struct party){.netns = &names_netns[0],
				     .owner = {.source = OWNER_CONNECT, .pid = 10, .comm = "curl"}};
	server.self = (struct party){.netns = &names_netns[1],
				     .owner = {.source = OWNER_ACCEPT,
					       .pid = 20,
					       .comm = "a-name-of-15-by",
					       .cgroup = &names_cgroups[0]}};
	client.self.local.port = server.self.remote.port = 40000;
	client.self.remote.port = server.self.local.port = 443;
	who_query_resolve(q, rows, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK(who_query_matches(q, rows[i]) || q->n);
}

static void on_who(struct input *in)
{
	struct args a = take_args(in);
	struct who_query q = {0};

	for (int i = 0; i < a.n; i++) {
		unsigned int before = q.n;
		int err = who_query_add(&q, a.own[i]);

		CHECK(err == 0 || err == -EINVAL || err == -E2BIG);
		CHECK(q.n == before + !err);
		if (!err)
			check_term(&q.term[q.n - 1]);
	}
	match_rows(&q);
	free_args(&a);
}

/* --- map --- */

static void on_map(struct input *in)
{
	struct args a = take_args(in);
	struct map_link l = {.ifindex = 2, .name = "eth0", .has_mac = true, .mac = {{2, 0, 1}}};
	struct map_addr addr = {.prefix_len = 8};
	struct net_map *m;
	struct buf b = {0};

	CHECK(!net_map_new(&m));
	CHECK(!addr_parse("10.0.0.1", &addr.addr));
	for (size_t i = 0; i < COUNT(names_netns); i++) {
		struct map_netns *n = net_map_add_netns(m, &names_netns[i]);

		CHECK(n && !net_map_add_link(n, &l) && !net_map_add_addr(n, 2, &addr));
	}
	CHECK(!net_map_finish(m));
	for (int i = 0; i < a.n; i++) {
		const struct map_link **found = NULL;
		struct addr parsed;
		struct mac mac;
		char text[ADDR_TEXT_MAX];
		size_t n = 0;

		CHECK(!net_map_find(m, a.own[i], 0, &found, &n));
		CHECK(n <= COUNT(names_netns));
		map_lines(found, n, &b);
		shown_lines(&b);
		b.len = 0;
		free(found);
		if (!addr_parse(a.own[i], &parsed)) {
			struct addr again;

			addr_format(&parsed, text);
			CHECK(!addr_parse(text, &again) && addr_equal(&again, &parsed));
		}
		if (!mac_parse(a.own[i], &mac)) {
			mac_format(&mac, text);
			CHECK(!strcasecmp(text, a.own[i]));
		}
	}
	buf_free(&b);
	net_map_free(m);
	free_args(&a);
}

/* --- numbers --- */

static void check_seconds(const char *s)
{
	uint64_t ns, again;
	char text[64];

	if (opt_parse_seconds(s, &ns))
		return;
	CHECK(ns && ns <= 1000000000ULL * 1000000000ULL);
	snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	CHECK(!opt_parse_seconds(text, &again));
	/* As good as a double has it. */
	CHECK((again > ns ? again - ns : ns - again) <= ns >> 50);
}

static void on_numbers(struct input *in)
{
	struct args a = take_args(in);
	char text[64];

	for (int i = 0; i < a.n; i++) {
		uint64_t v, again, bytes = 0, ns = 0;

		check_seconds(a.own[i]);
		if (!opt_parse_size(a.own[i], &v)) {
			snprintf(text, sizeof(text), "%" PRIu64, v);
			CHECK(!opt_parse_size(text, &again) && again == v);
		}
		if (!opt_parse_uint(a.own[i], 3, 70000, &v)) {
			CHECK(v >= 3 && v <= 70000);
			snprintf(text, sizeof(text), "%" PRIu64, v);
			CHECK(!opt_parse_uint(text, 3, 70000, &again) && again == v);
		}
		if (!capture_parse_rotate(a.own[i], &bytes, &ns))
			CHECK(!bytes != !ns);
		else
			CHECK(!bytes && !ns);
	}
	free_args(&a);
}

/* --- addresses of the echo endpoints --- */

static void on_echo(struct input *in)
{
	struct args a = take_args(in);

	for (int i = 0; i < a.n; i++) {
		char host[256], again[256], text[ECHO_ADDR_TEXT];
		struct echo_addr addr, same;
		uint16_t port = 0, port2 = 0;
		const char *why = NULL;
		int family,
			err = echo_addr_split(a.own[i], host, sizeof(host), &port, &family, &why);

		CHECK(err == 0 || (err == -EINVAL && why && *why));
		if (err || echo_addr_literal(host, port, &addr))
			continue;
		CHECK(echo_addr_port(&addr) == port);
		echo_addr_text(&addr, text);
		CHECK(!echo_addr_split(text, again, sizeof(again), &port2, &family, &why));
		CHECK(port2 == port && !echo_addr_literal(again, port2, &same));
		CHECK(same.len == addr.len && !memcmp(&same.v6, &addr.v6, addr.len));
	}
	free_args(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct input * in) = {on_filter, on_who, on_map, on_numbers,
							   on_echo};
	struct input in = {data, size};

	kinds[take8(&in) % COUNT(kinds)](&in);
	return 0;
}
