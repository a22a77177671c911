// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets in the order of time, and the tag that the kernel keeps beside a frame back in it. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "model/packet_queue.h"

#define MANY 20000

static struct packet_queue *new_queue(void)
{
	struct packet_queue *q;

	assert_int_equal(packet_queue_new(&q), 0);
	assert_int_equal(packet_queue_count(q), 0);
	return q;
}

static void put(struct packet_queue *q, uint64_t time, uint32_t link)
{
	const uint8_t data[] = {(uint8_t)link};
	struct fl_packet p = {.time = time, .link = link, .len = 1000, .caplen = sizeof(data)};

	assert_int_equal(packet_queue_put(q, &p, data), 0);
}

static void expect(struct packet_queue *q, uint64_t until, uint32_t link)
{
	const struct queued_packet *p = packet_queue_next(q, until);

	assert_non_null(p);
	assert_int_equal(p->meta.link, link);
	assert_int_equal(p->meta.len, 1000);
	assert_int_equal(p->meta.caplen, 1);
	assert_int_equal(p->data[0], link);
}

TEST(by_time)
{
	struct packet_queue *q = new_queue();

	put(q, 30, 3);
	put(q, 10, 1);
	put(q, 20, 2);
	put(q, 40, 4);
	for (uint32_t i = 1; i <= 4; i++) {
		expect(q, UINT64_MAX, i);
		assert_int_equal(packet_queue_count(q), 4 - i);
	}
	assert_null(packet_queue_next(q, UINT64_MAX));
	assert_null(packet_queue_next(q, UINT64_MAX));
	packet_queue_free(q);
}

TEST(ties)
{
	struct packet_queue *q = new_queue();

	put(q, 9, 200);
	for (uint32_t i = 0; i < 100; i++)
		put(q, 7, i);
	put(q, 5, 201);
	expect(q, UINT64_MAX, 201);
	for (uint32_t i = 0; i < 100; i++)
		expect(q, UINT64_MAX, i);
	expect(q, UINT64_MAX, 200);
	packet_queue_free(q);
}

TEST(until)
{
	struct packet_queue *q = new_queue();

	assert_null(packet_queue_next(q, UINT64_MAX));
	put(q, 100, 1);
	put(q, 200, 2);
	assert_null(packet_queue_next(q, 0));
	assert_null(packet_queue_next(q, 100));
	expect(q, 101, 1);
	assert_null(packet_queue_next(q, 200));
	/* An older one than what has gone out is next, all the same. */
	put(q, 50, 3);
	expect(q, 101, 3);
	assert_int_equal(packet_queue_count(q), 1);
	packet_queue_free(q); /* with one in it */
	packet_queue_free(NULL);
}

/* Each byte of the frame is its number. */
static const struct queued_packet *tagged(struct packet_queue *q, uint32_t caplen, uint16_t proto)
{
	uint8_t data[256];
	struct fl_packet p = {
		.caplen = caplen,
		.len = 1500,
		.has_vlan = 1,
		.vlan_tci = 0xa123,
		.vlan_proto = htons(proto),
	};
	const struct queued_packet *out;

	for (uint32_t i = 0; i < caplen; i++)
		data[i] = (uint8_t)i;
	assert_int_equal(packet_queue_put(q, &p, data), 0);
	out = packet_queue_next(q, UINT64_MAX);
	assert_non_null(out);
	assert_int_equal(out->meta.len, 1504);
	return out;
}

TEST(tag)
{
	static const uint8_t in_place[] = {0x88, 0xa8, 0xa1, 0x23};
	struct packet_queue *q = new_queue();

	for (uint32_t caplen = 12; caplen < 256; caplen++) {
		const struct queued_packet *p = tagged(q, caplen, 0x88a8);

		assert_int_equal(p->meta.caplen, caplen + 4);
		for (uint32_t i = 0; i < 12; i++)
			assert_int_equal(p->data[i], i);
		assert_memory_equal(p->data + 12, in_place, 4);
		for (uint32_t i = 12; i < caplen; i++)
			assert_int_equal(p->data[i + 4], i);
	}
	assert_int_equal(tagged(q, 60, 0x8100)->data[12], 0x81);
	packet_queue_free(q);
}

TEST(cut_in_macs)
{
	struct packet_queue *q = new_queue();

	for (uint32_t caplen = 0; caplen < 12; caplen++) {
		const struct queued_packet *p = tagged(q, caplen, 0x8100);

		assert_int_equal(p->meta.caplen, caplen);
		for (uint32_t i = 0; i < caplen; i++)
			assert_int_equal(p->data[i], i);
	}
	packet_queue_free(q);
}

/* --- beside qsort(3) --- */

struct item {
	uint64_t time;
	uint32_t number;
};

static uint32_t state_of_dice = 1;

static uint32_t dice(uint32_t sides)
{
	state_of_dice = state_of_dice * 1664525 + 1013904223;
	return (state_of_dice >> 8) % sides;
}

static int by_time_and_number(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

TEST(many)
{
	struct item *items = calloc(MANY, sizeof(*items));
	struct packet_queue *q = new_queue();

	assert_non_null(items);
	for (uint32_t i = 0; i < MANY; i++) {
		items[i] = (struct item){1000 + dice(MANY / 4), i};
		put(q, items[i].time, i);
	}
	qsort(items, MANY, sizeof(*items), by_time_and_number);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct queued_packet *p = packet_queue_next(q, UINT64_MAX);

		assert_non_null(p);
		assert_true(p->meta.time == items[i].time);
		assert_int_equal(p->meta.link, items[i].number);
		assert_int_equal(p->data[0], (uint8_t)items[i].number);
	}
	assert_int_equal(packet_queue_count(q), 0);
	packet_queue_free(q);
	free(items);
}

/* As a capture uses it: what is some ticks late is put and taken in turn. */
TEST(running)
{
	struct packet_queue *q = new_queue();
	uint64_t last = 0, taken = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		const struct queued_packet *p;

		put(q, 1000 + i - dice(100), i);
		while ((p = packet_queue_next(q, 1000 + i - 100))) {
			assert_true(p->meta.time >= last);
			assert_true(p->meta.time < 1000 + i - 100);
			last = p->meta.time;
			taken++;
		}
		assert_true(packet_queue_count(q) <= 200);
	}
	assert_int_equal(taken + packet_queue_count(q), MANY);
	packet_queue_free(q);
}

/* What is too much does not wait, the oldest first; the rest does. */
TEST(bounded)
{
	enum { SIZE = 1 << 20, N = 2 * PACKET_QUEUE_BYTES / SIZE };
	struct packet_queue *q = new_queue();
	uint8_t *data = calloc(1, SIZE);
	unsigned int n = 0;

	assert_non_null(data);
	for (uint32_t i = 0; i < N; i++) {
		struct fl_packet p = {.time = 1000 - i, .link = i, .len = SIZE, .caplen = SIZE};
		const struct queued_packet *out;

		assert_int_equal(packet_queue_put(q, &p, data), 0);
		while ((out = packet_queue_next(q, 0))) {
			assert_int_equal(out->meta.link, i); /* the newest to come is the oldest */
			n++;
		}
	}
	assert_in_range(n, N / 2, N / 2 + 1);
	assert_in_range(packet_queue_count(q), N / 2 - 1, N / 2);
	assert_null(packet_queue_next(q, 1000 - N));
	free(data);
	packet_queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IT("the oldest comes first", by_time),
		IT("of the same time the one that came first is first", ties),
		IT("what is from `until` or later stays", until),
		IT("a tag is put back behind the addresses", tag),
		IT("a frame that is cut in its addresses is left as it is", cut_in_macs),
		IT("many packets come out as qsort has them", many),
		IT("late ones are put right while packets come and go", running),
		IT("more than PACKET_QUEUE_BYTES does not wait", bounded),
	};

	return RUN(tests);
}
