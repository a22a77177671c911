// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packets as the tc programs send them: through the decoder and the queue, shown, written to a file
 * and read from there. Records of a length and as many bytes; of the first byte of all one bit says
 * that lengths are put right, so that more than a few records are taken.
 */
#include "fuzz.h"
#include "shown.h"

#include "base/cleanup.h"
#include "collect/decode.h"
#include "collect/packet_file.h"
#include "model/packet_queue.h"
#include "out/packet_line.h"
#include "out/pcapng.h"

#define RECORDS_MAX 64

static const uint16_t link_types[] = {
	PACKET_LINK_ETHERNET, PACKET_LINK_RAW,  PACKET_LINK_NULL, PACKET_LINK_SLL,
	PACKET_LINK_SLL2,     PACKET_LINK_IPV4, PACKET_LINK_IPV6, 7777};

struct state {
	struct packet_queue *queue;
	struct buf file, line;
	struct packet_line_widths widths;
	struct wall_clock clock;
	bool right;
};

static void feed(struct state *s, struct input *in)
{
	size_t len = take16(in) % 2048;
	const struct fl_packet *p;
	_cleanup_free_ uint8_t *bytes = NULL;

	if (s->right && len < sizeof(*p))
		len += sizeof(*p);
	bytes = take_block(in, len);
	if (s->right) {
		struct fl_packet *made = (struct fl_packet *)bytes;

		made->caplen = (uint32_t)(len - sizeof(*made));
		made->len = made->caplen + (made->len & 0xff);
	}
	if (decode_packet(bytes, len, &p)) {
		CHECK(!s->right);
		return;
	}
	CHECK(p->caplen <= p->len && sizeof(*p) + p->caplen <= len);
	CHECK(!packet_queue_put(s->queue, p, (const uint8_t *)(p + 1)));
}

static void show(struct state *s, const struct queued_packet *q, uint16_t link_type)
{
	const struct packet_line_who who = {
		.netns = "n\x1b", .container = "c\n", .interface = "e\xff", .direction = PACKET_IN};
	struct packet p;

	packet_parse(&p, link_type, q->data, q->meta.caplen, q->meta.len);
	CHECK(p.net.cap <= p.net.len && p.payload.cap <= p.payload.len);
	CHECK(p.net.p >= q->data && p.net.p + p.net.cap <= q->data + q->meta.caplen);
	CHECK(!p.payload.cap ||
	      (p.payload.p >= p.net.p && p.payload.p + p.payload.cap <= q->data + q->meta.caplen));
	packet_line(&s->line, &s->widths, &s->clock, q->meta.time, &who, &p);
	shown_line(&s->line);
	s->line.len = 0;
	packet_ascii(&s->line, p.net.p, p.net.cap);
	shown_text(s->line.data, s->line.len, "\t\n", true);
	s->line.len = 0;
}

static void put(struct state *s, const struct queued_packet *q)
{
	const struct pcapng_packet out = {
		.time = q->meta.time,
		.data = q->data,
		.caplen = q->meta.caplen,
		.len = q->meta.len,
		.direction = q->meta.egress ? PACKET_OUT : PACKET_IN,
		.drops = q->meta.lost,
		.id = q->meta.cookie,
	};

	CHECK(!pcapng_put_packet(&s->file, &out));
}

/* All of them, in the order of time, as they were. */
static void read_again(const struct state *s, const struct queued_packet *const *all, size_t n)
{
	_cleanup_packet_file_ struct packet_file *f = NULL;
	struct packet_record r;

	CHECK(!packet_file_open_memory(&f, s->file.data, s->file.len));
	for (size_t i = 0; i < n; i++) {
		const struct fl_packet *m = &all[i]->meta;

		CHECK(packet_file_next(f, &r) == 1);
		CHECK(r.has_time && r.time == m->time && r.caplen == m->caplen && r.len == m->len);
		CHECK(!memcmp(r.data, all[i]->data, m->caplen));
		CHECK(r.direction == (m->egress ? PACKET_OUT : PACKET_IN));
		CHECK(r.has_drops == (m->lost != PCAPNG_UNKNOWN) &&
		      (!r.has_drops || r.drops == m->lost));
		CHECK(r.has_id == (m->cookie != PCAPNG_UNKNOWN) &&
		      (!r.has_id || r.id == m->cookie));
	}
	CHECK(packet_file_next(f, &r) == 0 && !*packet_file_remark(f));
}

static struct queued_packet *copy_of(const struct queued_packet *q)
{
	struct queued_packet *c = malloc(sizeof(*c) + q->meta.caplen);

	CHECK(c);
	memcpy(c, q, sizeof(*c) + q->meta.caplen);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pcapng_host host = {"hardware", "os"};
	const struct pcapng_interface link = {.link_type = PACKET_LINK_ETHERNET, .name = "eth0"};
	struct queued_packet *all[RECORDS_MAX];
	const struct queued_packet *q;
	struct input in = {data, size};
	struct state s = {0};
	uint8_t options = take8(&in);
	uint64_t last = 0;
	size_t n = 0, queued;

	s.right = options & 1;
	CHECK(!packet_queue_new(&s.queue));
	CHECK(!pcapng_put_section(&s.file, &host, NULL));
	CHECK(!pcapng_put_interface(&s.file, &link));
	for (int i = 0; i < RECORDS_MAX && in.left; i++)
		feed(&s, &in);
	queued = packet_queue_count(s.queue);
	while ((q = packet_queue_next(s.queue, UINT64_MAX))) {
		CHECK(q->meta.time >= last && n < queued);
		last = q->meta.time;
		show(&s, q, link_types[options >> 1 & 7]);
		put(&s, q);
		all[n++] = copy_of(q);
	}
	/* One of the last moment there is stays behind, as until then one may come. */
	CHECK(n + packet_queue_count(s.queue) == queued);
	read_again(&s, (const struct queued_packet *const *)all, n);
	while (n)
		free(all[--n]);
	packet_queue_free(s.queue);
	buf_free(&s.file);
	buf_free(&s.line);
	return 0;
}
