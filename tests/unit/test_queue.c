// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdlib.h>

#include "model/queue.h"

#define MS 1000000ULL

static struct event *put(struct queue *q, uint64_t time, uint64_t cookie)
{
	struct event *e = queue_new(q);

	assert_non_null(e);
	e->time = time;
	e->cookie = cookie;
	queue_insert(q, e);
	return e;
}

/* The cookie of the next event that may go at `now`; 0: none. */
static uint64_t pop(struct queue *q, uint64_t now)
{
	struct event *e = queue_pop(q, now);
	uint64_t cookie;

	if (!e)
		return 0;
	cookie = e->cookie;
	queue_recycle(q, e);
	return cookie;
}

TEST(empty)
{
	struct queue q = {0};

	assert_null(queue_pop(&q, 0));
	assert_null(queue_pop(&q, UINT64_MAX));
	queue_free(&q);
}

TEST(in_order)
{
	struct queue q = {0};

	put(&q, 30, 3);
	put(&q, 10, 1);
	put(&q, 40, 4);
	put(&q, 20, 2);
	assert_int_equal(q.len, 4);
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(pop(&q, UINT64_MAX), i);
	assert_int_equal(q.len, 0);
	assert_null(q.head);
	assert_null(q.tail);
	queue_free(&q);
}

TEST(stable)
{
	struct queue q = {0};

	put(&q, 10, 1);
	put(&q, 10, 2);
	put(&q, 20, 4);
	put(&q, 10, 3);
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(pop(&q, UINT64_MAX), i);
	queue_free(&q);
}

TEST(random_order)
{
	unsigned int seed = 7;
	struct queue q = {0};
	struct event *e;
	uint64_t last = 0;

	for (int i = 0; i < 2000; i++)
		put(&q, (uint64_t)rand_r(&seed) % 500, 1);
	for (int i = 0; i < 2000; i++) {
		e = queue_pop(&q, UINT64_MAX);
		assert_non_null(e);
		assert_true(e->time >= last);
		assert_null(e->next);
		last = e->time;
		queue_recycle(&q, e);
	}
	assert_null(queue_pop(&q, UINT64_MAX));
	queue_free(&q);
}

TEST(stays_a_moment)
{
	struct queue q = {0};

	put(&q, 100 * MS, 2);
	assert_int_equal(pop(&q, 100 * MS), 0);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_REORDER_NS - 1), 0);
	put(&q, 99 * MS, 1); /* an older one, of another CPU */
	assert_int_equal(pop(&q, 100 * MS + QUEUE_REORDER_NS - 1), 1);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_REORDER_NS), 2);
	queue_free(&q);
}

TEST(waits_for_peer)
{
	struct endpoint *ep = (struct endpoint *)&(char){0};
	struct queue q = {0};
	struct event *e = put(&q, 100 * MS, 1);

	e->waiting_for = ep;
	assert_int_equal(pop(&q, 100 * MS + QUEUE_REORDER_NS), 0);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_PEER_NS - 1), 0);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_PEER_NS), 1);

	e = put(&q, 200 * MS, 2);
	e->waiting_for = ep;
	assert_int_equal(pop(&q, 200 * MS + QUEUE_REORDER_NS), 0);
	e->waiting_for = NULL; /* the peer has come */
	assert_int_equal(pop(&q, 200 * MS + QUEUE_REORDER_NS), 2);
	queue_free(&q);
}

TEST(waits_together)
{
	struct endpoint *ep = (struct endpoint *)&(char){0};
	struct queue q = {0};

	put(&q, 100 * MS, 1)->waiting_for = ep;
	put(&q, 101 * MS, 2);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_PEER_NS - 1), 0);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_PEER_NS), 1);
	assert_int_equal(pop(&q, 100 * MS + QUEUE_PEER_NS), 2);
	queue_free(&q);
}

TEST(flush)
{
	struct endpoint *ep = (struct endpoint *)&(char){0};
	struct queue q = {0};

	put(&q, 100 * MS, 1)->waiting_for = ep;
	put(&q, UINT64_MAX - 5, 2);
	assert_int_equal(pop(&q, UINT64_MAX), 1);
	assert_int_equal(pop(&q, UINT64_MAX), 2);
	assert_int_equal(pop(&q, UINT64_MAX), 0);
	queue_free(&q);
}

TEST(recycles)
{
	struct queue q = {0};
	struct event *e = put(&q, 1, 1), *again;

	assert_int_equal(pop(&q, UINT64_MAX), 1);
	again = queue_new(&q);
	assert_ptr_equal(again, e);
	assert_true(again->time == 0 && again->cookie == 0 && !again->next);
	queue_recycle(&q, again);
	queue_free(&q);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("an empty queue gives nothing", empty),
		IT("events leave in order of time", in_order),
		IT("events of the same time leave as they came", stable),
		IT("two thousand random times leave in order", random_order),
		IT("an event stays so that an older one can still go before it", stays_a_moment),
		IT("an event that waits for its peer stays longer, until it is told",
		   waits_for_peer),
		IT("nothing overtakes an event that waits", waits_together),
		IT("the last flush takes everything", flush),
		IT("an event is used again, empty", recycles),
	};

	return RUN(tests);
}
