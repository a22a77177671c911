// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The order of flows, compared with a sort that looks at everything. */
#include "flows.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "model/flow_sort.h"

static const struct netns red = {.inode = 1, .cookie = 1, .name = "red"};
static const struct netns blue = {.inode = 2, .cookie = 2, .name = "blue"};

static uint32_t state_of_dice = 1;

static uint32_t dice(uint32_t sides)
{
	state_of_dice = state_of_dice * 1664525 + 1013904223;
	return (state_of_dice >> 8) % sides;
}

static void shuffle(struct flow **rows, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dice((uint32_t)i);
		struct flow *f = rows[i - 1];

		rows[i - 1] = rows[k];
		rows[k] = f;
	}
}

/* Many alike, so that ties decide. */
static void fill(struct flow *f, size_t n, struct link *links, size_t n_links)
{
	for (size_t i = 0; i < n; i++) {
		f[i] = tcp(&links[dice((uint32_t)n_links)], dice(2), at("10.0.0.1", (uint16_t)i),
			   at("10.0.0.2", (uint16_t)(i >> 16)), dice(5));
		f[i].bytes = dice(5) * 1000;
		f[i].bytes_before = dice(2) * 1000;
		f[i].packets_before = dice(3);
		f[i].first = SECOND + dice(4);
		f[i].last = 2 * SECOND + dice(4);
	}
}

TEST(keys)
{
	enum flow_sort_key key;
	struct buf b = {0};

	for (unsigned int i = 0; i < FLOW_SORT_KEYS; i++) {
		assert_int_equal(flow_sort_parse(flow_sort_name(i), &key), 0);
		assert_int_equal(key, i);
	}
	assert_int_equal(flow_sort_parse("rat", &key), -EINVAL);
	assert_int_equal(flow_sort_parse("", &key), -EINVAL);
	flow_sort_names(&b);
	same_text(&b, "rate, packet-rate, bytes, packets, first, last, link");
	buf_free(&b);
}

TEST(by_key)
{
	struct link l = device(&red, "b", "veth", 1), other = device(&red, "a", "veth", 2);
	struct flow big = tcp(&l, true, at("10.0.0.1", 1), at("10.0.0.2", 2), 10);
	struct flow fast = tcp(&l, true, at("10.0.0.1", 3), at("10.0.0.2", 2), 5);
	struct flow many = tcp(&other, true, at("10.0.0.1", 4), at("10.0.0.2", 2), 20);
	struct flow *rows[] = {&big, &fast, &many};

	big.bytes = big.bytes_before = 9000;
	big.packets_before = 10;
	big.first = 5;
	big.last = 20;
	fast.bytes = 5000;
	fast.packets_before = 4;
	fast.first = 7;
	fast.last = 18;
	many.bytes = many.bytes_before = 20;
	many.packets_before = 10;
	many.first = 6;
	many.last = 30;
	flow_sort(rows, 3, FLOW_SORT_RATE, SIZE_MAX);
	assert_ptr_equal(rows[0], &fast);
	flow_sort(rows, 3, FLOW_SORT_PACKET_RATE, SIZE_MAX);
	assert_ptr_equal(rows[0], &many);
	assert_ptr_equal(rows[1], &fast);
	flow_sort(rows, 3, FLOW_SORT_BYTES, SIZE_MAX);
	assert_ptr_equal(rows[0], &big);
	flow_sort(rows, 3, FLOW_SORT_PACKETS, SIZE_MAX);
	assert_ptr_equal(rows[0], &many);
	flow_sort(rows, 3, FLOW_SORT_FIRST, SIZE_MAX);
	assert_ptr_equal(rows[0], &fast);
	flow_sort(rows, 3, FLOW_SORT_LAST, SIZE_MAX);
	assert_ptr_equal(rows[0], &many);
	flow_sort(rows, 3, FLOW_SORT_LINK, SIZE_MAX);
	assert_ptr_equal(rows[0], &many);
	assert_ptr_equal(rows[1], &big);
	/* Counters that went back are not a huge rate. */
	big.bytes_before = 10000;
	assert_int_equal(flow_new_bytes(&big), 0);
}

TEST(steady)
{
	enum { N = 400 };
	struct link links[] = {device(&red, "x", "veth", 1), device(&blue, "x", "veth", 1),
			       device(&red, "x", "veth", 2), device(&red, "a", "veth", 3)};
	static struct flow f[N];
	struct flow *rows[N], *all[N];

	fill(f, N, links, 4);
	for (size_t i = 0; i < N; i++)
		all[i] = rows[i] = &f[i];
	for (unsigned int key = 0; key < FLOW_SORT_KEYS; key++) {
		assert_int_equal(flow_sort(all, N, key, SIZE_MAX), N);
		for (size_t top = 0; top <= N + 1; top += top < 20 ? 1 : 37) {
			size_t want = top < N ? top : N;

			shuffle(rows, N);
			assert_int_equal(flow_sort(rows, N, key, top), want);
			assert_memory_equal(rows, all, want * sizeof(*rows));
		}
	}
	assert_int_equal(flow_sort(rows, 0, FLOW_SORT_RATE, 5), 0);
	assert_int_equal(flow_sort(NULL, 0, FLOW_SORT_RATE, SIZE_MAX), 0);
}

TEST(large)
{
	enum { N = 100000 };
	struct link l = device(&red, "x", "veth", 1);
	_cleanup_free_ struct flow *f = calloc(N, sizeof(*f));
	_cleanup_free_ struct flow **rows = calloc(N, sizeof(*rows));
	struct timespec a, b;

	assert_non_null(f);
	assert_non_null(rows);
	fill(f, N, &l, 1);
	for (size_t i = 0; i < N; i++)
		rows[i] = &f[i];
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(flow_sort(rows, N, FLOW_SORT_RATE, 50), 50);
	clock_gettime(CLOCK_MONOTONIC, &b);
	print_message("the first 50 of %d flows: %.1f ms\n", N,
		      (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
	for (size_t i = 0; i < N; i++)
		assert_true(i < 50 || flow_new_bytes(rows[i]) <= flow_new_bytes(rows[49]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("keys have names", keys),
		IT("each key puts its largest first", by_key),
		IT("the same flows come in the same order, whatever they came in and how many are "
		   "wanted",
		   steady),
		IT("the first few of a hundred thousand", large),
	};

	return RUN(tests);
}
