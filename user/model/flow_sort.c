// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/flow_sort.h"

#include <errno.h>
#include <string.h>

#include "base/top.h"

static const char *const names[] = {
	[FLOW_SORT_RATE] = "rate",   [FLOW_SORT_PACKET_RATE] = "packet-rate",
	[FLOW_SORT_BYTES] = "bytes", [FLOW_SORT_PACKETS] = "packets",
	[FLOW_SORT_FIRST] = "first", [FLOW_SORT_LAST] = "last",
	[FLOW_SORT_LINK] = "link",
};

int flow_sort_parse(const char *name, enum flow_sort_key *out)
{
	for (unsigned int i = 0; i < FLOW_SORT_KEYS; i++) {
		if (!strcmp(names[i], name)) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *flow_sort_name(enum flow_sort_key key)
{
	return names[key];
}

void flow_sort_names(struct buf *b)
{
	for (unsigned int i = 0; i < FLOW_SORT_KEYS; i++)
		buf_printf(b, "%s%s", i ? ", " : "", names[i]);
}

uint64_t flow_new_bytes(const struct flow *f)
{
	return f->bytes > f->bytes_before ? f->bytes - f->bytes_before : 0;
}

uint64_t flow_new_packets(const struct flow *f)
{
	return f->packets > f->packets_before ? f->packets - f->packets_before : 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int link_compare(const struct link *a, const struct link *b)
{
	int c;

	if (a == b)
		return 0;
	c = strcmp(a->name, b->name);
	if (!c && a->netns && b->netns)
		c = compare_u64(a->netns->cookie, b->netns->cookie);
	return c ? c : compare_u64(a->ifindex, b->ifindex);
}

static int compare_end(const struct addr_port *a, const struct addr_port *b)
{
	int c = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

	return c ? c : compare_u64(a->port, b->port);
}

/* What is small, in one number. */
static uint64_t small(const struct flow *f)
{
	return (uint64_t)f->egress << 58 | (uint64_t)f->kind << 48 | (uint64_t)f->proto << 40 |
	       (uint64_t)f->fragments << 39 | (uint64_t)f->tagged << 38 |
	       (uint64_t)f->tagged2 << 37 | (uint64_t)(f->vlan & 0xfff) << 12 | (f->vlan2 & 0xfff);
}

static uint64_t small2(const struct flow *f)
{
	return (uint64_t)f->ethertype << 32 | (uint32_t)f->icmp.type << 24 |
	       (uint32_t)f->icmp.code << 16 | f->icmp.id;
}

int flow_compare(const struct flow *a, const struct flow *b)
{
	int c = link_compare(a->link, b->link);

	if (!c)
		c = compare_u64(small(a), small(b));
	if (!c)
		c = compare_end(&a->src, &b->src);
	if (!c)
		c = compare_end(&a->dst, &b->dst);
	if (!c)
		c = compare_u64(small2(a), small2(b));
	return c ? c : compare_u64(a->first, b->first);
}

static uint64_t number(const struct flow *f, enum flow_sort_key key)
{
	switch (key) {
	case FLOW_SORT_RATE:
		return flow_new_bytes(f);
	case FLOW_SORT_PACKET_RATE:
		return flow_new_packets(f);
	case FLOW_SORT_BYTES:
		return f->bytes;
	case FLOW_SORT_PACKETS:
		return f->packets;
	case FLOW_SORT_FIRST:
		return f->first;
	case FLOW_SORT_LAST:
		return f->last;
	case FLOW_SORT_LINK:
	case FLOW_SORT_KEYS:
		break;
	}
	return 0;
}

static int compare(const void *a, const void *b, void *ctx)
{
	enum flow_sort_key key = *(enum flow_sort_key *)ctx;
	int c = compare_u64(number(b, key), number(a, key));

	return c ? c : flow_compare(a, b);
}

size_t flow_sort(struct flow **rows, size_t n, enum flow_sort_key key, size_t top)
{
	return top_sort((void **)rows, n, top, compare, &key);
}
