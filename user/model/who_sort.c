// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/who_sort.h"

#include <errno.h>
#include <string.h>

#include "base/top.h"

static const char *const names[] = {
	[WHO_SORT_SERVER] = "server", [WHO_SORT_CLIENT] = "client",
	[WHO_SORT_STATE] = "state",   [WHO_SORT_TX] = "tx",
	[WHO_SORT_RX] = "rx",         [WHO_SORT_BYTES] = "bytes",
	[WHO_SORT_RTT] = "rtt",       [WHO_SORT_IDLE] = "idle",
	[WHO_SORT_QUEUE] = "queue",   [WHO_SORT_RETRANSMITS] = "retransmits",
};

int who_sort_parse(const char *name, enum who_sort_key *out)
{
	for (unsigned int i = 0; i < WHO_SORT_KEYS; i++) {
		if (!strcmp(names[i], name)) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

void who_sort_names(struct buf *b)
{
	for (unsigned int i = 0; i < WHO_SORT_KEYS; i++)
		buf_printf(b, "%s%s", i ? ", " : "", names[i]);
}

bool who_numbers(const struct who_row *r, struct who_numbers *out)
{
	const struct who_socket *ends[WHO_ENDS_MAX];
	unsigned int n = who_ends(r, ends);
	/* Towards the client the proxy's front tells as much as the server would. */
	const struct who_socket *c = r->client ? r->client : r->end;
	const struct who_socket *s = r->front ? r->front : r->server;
	bool known = true;

	*out = (struct who_numbers){.idle_ms = WHO_IDLE_UNKNOWN};
	for (unsigned int i = 0; i < n; i++) {
		if (ends[i]->idle_ms < out->idle_ms)
			out->idle_ms = ends[i]->idle_ms;
		if (ends[i]->srtt_us > out->srtt_us)
			out->srtt_us = ends[i]->srtt_us;
		out->retransmits += ends[i]->retransmits;
	}
	if (c && c->counted) {
		out->tx_bytes = c->tx_bytes;
		out->rx_bytes = c->rx_bytes;
	} else if (s && s->counted) {
		out->tx_bytes = s->rx_bytes;
		out->rx_bytes = s->tx_bytes;
	} else {
		known = false;
	}
	return known;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_end(const struct addr_port *a, const struct addr_port *b)
{
	int c = compare_u64(a->port, b->port);

	return c ? c : memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
}

/* Namespaces with a name first. */
static int compare_netns(const struct who_socket *a, const struct who_socket *b)
{
	const struct netns *x = a ? a->self.netns : NULL, *y = b ? b->self.netns : NULL;
	const char *na = x ? x->name : NULL, *nb = y ? y->name : NULL;
	int c = 0;

	if (!na != !nb)
		return na ? -1 : 1;
	if (na)
		c = strcmp(na, nb);
	return c ? c : compare_u64(x ? x->inode : UINT64_MAX, y ? y->inode : UINT64_MAX);
}

static const struct who_socket *server_of(const struct who_row *r)
{
	return r->server ? r->server : r->kind == WHO_CONNECTION ? NULL : r->end;
}

static const struct who_socket *client_of(const struct who_row *r)
{
	return r->client ? r->client : r->kind == WHO_CONNECTION ? r->end : NULL;
}

/* A listener's own address is a server's. */
static void addresses(const struct who_row *r, struct who_tuple *t)
{
	who_tuple(r, t);
	if (r->kind != WHO_CONNECTION) {
		t->server = r->end->self.local;
		t->client = r->end->self.remote;
	}
}

static int compare_server(const struct who_row *a, const struct who_row *b)
{
	struct who_tuple x, y;
	int c = compare_netns(server_of(a), server_of(b));

	addresses(a, &x);
	addresses(b, &y);
	return c ? c : compare_end(&x.server, &y.server);
}

static int compare_client(const struct who_row *a, const struct who_row *b)
{
	struct who_tuple x, y;
	int c = compare_netns(client_of(a), client_of(b));

	addresses(a, &x);
	addresses(b, &y);
	return c ? c : compare_end(&x.client, &y.client);
}

static uint64_t first_cookie(const struct who_row *r)
{
	const struct who_socket *ends[WHO_ENDS_MAX];

	return who_ends(r, ends) ? ends[0]->cookie : 0;
}

static int compare_state(const struct who_row *a, const struct who_row *b)
{
	const struct who_socket *x[WHO_ENDS_MAX], *y[WHO_ENDS_MAX];

	who_ends(a, x);
	who_ends(b, y);
	return compare_u64(x[0]->state, y[0]->state);
}

static uint64_t number(const struct who_row *r, enum who_sort_key key)
{
	struct who_numbers n;

	who_numbers(r, &n);
	switch (key) {
	case WHO_SORT_TX:
		return n.tx_bytes;
	case WHO_SORT_RX:
		return n.rx_bytes;
	case WHO_SORT_BYTES:
		return n.tx_bytes + n.rx_bytes;
	case WHO_SORT_RTT:
		return n.srtt_us;
	case WHO_SORT_IDLE:
		return WHO_IDLE_UNKNOWN - n.idle_ms;
	case WHO_SORT_RETRANSMITS:
		return n.retransmits;
	case WHO_SORT_QUEUE:
		return r->end ? r->end->queued : 0;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *ctx)
{
	enum who_sort_key key = *(enum who_sort_key *)ctx;
	int c = 0;

	if (key == WHO_SORT_STATE)
		c = compare_state(a, b);
	else if (key == WHO_SORT_CLIENT)
		c = compare_client(a, b);
	else if (key != WHO_SORT_SERVER)
		c = compare_u64(number(b, key), number(a, key));
	if (!c)
		c = compare_server(a, b);
	if (!c)
		c = compare_client(a, b);
	return c ? c : compare_u64(first_cookie(a), first_cookie(b));
}

void who_sort(struct who_row **rows, size_t n, enum who_sort_key key)
{
	top_sort((void **)rows, n, n, compare, &key);
}
