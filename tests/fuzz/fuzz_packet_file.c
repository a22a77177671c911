// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file for `capture -r`: read, shown, written as pcapng, and read again. What is read from the
 * second file is what was read from the first; written once more it is the same file.
 */
#include "fuzz.h"
#include "shown.h"

#include <errno.h>

#include "collect/packet_file.h"
#include "out/packet_line.h"
#include "out/pcapng.h"

/* Enough of both to find what is wrong with them, and not to be slow. */
#define PACKETS_MAX 512
#define SHOWN_MAX   4096

struct copy {
	struct buf file; /* what has been written */
	struct packet_interface last;
	uint32_t interfaces;
	unsigned int packets;
};

static void check_record(const struct packet_record *r)
{
	CHECK(r->interface && r->data && r->comment);
	CHECK(r->interface->name && r->interface->description && r->interface->filter);
	CHECK(r->caplen <= PACKET_FILE_BLOCK_MAX);
	CHECK(strlen(r->interface->name) <= PACKET_FILE_TEXT_MAX);
	/* All of it is there. */
	for (uint32_t i = 0; i < r->caplen; i++)
		(void)*(const volatile uint8_t *)&r->data[i];
}

static void show(struct buf *b, const struct packet_record *r)
{
	const struct packet_line_who who = {.netns = r->interface->description,
					    .interface = r->interface->name,
					    .direction = r->direction};
	struct packet_line_widths widths = {0};
	uint32_t cap = r->caplen < SHOWN_MAX ? r->caplen : SHOWN_MAX;
	struct wall_clock clock = {0};
	struct packet p;

	packet_parse(&p, r->interface->link_type, r->data, r->caplen, r->len);
	CHECK(p.net.cap <= p.net.len && p.payload.cap <= p.payload.len);
	packet_line(b, &widths, &clock, r->time, &who, &p);
	shown_line(b);
	b->len = 0;
	packet_hex(b, r->data, cap);
	/* Tabs are hex's own. */
	for (size_t i = 0; i < b->len; i++)
		b->data[i] = b->data[i] == '\t' ? ' ' : b->data[i];
	shown_lines(b);
	b->len = 0;
}

static void put_interface(struct copy *c, const struct packet_interface *i)
{
	const struct packet_interface *l = &c->last;
	const struct pcapng_interface out = {.link_type = i->link_type,
					     .snaplen = i->snaplen,
					     .name = i->name,
					     .description = i->description,
					     .filter = i->filter};

	if (c->interfaces && l->link_type == i->link_type && l->snaplen == i->snaplen &&
	    !strcmp(l->name, i->name) && !strcmp(l->description, i->description) &&
	    !strcmp(l->filter, i->filter))
		return;
	CHECK(!pcapng_put_interface(&c->file, &out));
	free(c->last.name);
	free(c->last.description);
	free(c->last.filter);
	c->last = *i;
	c->last.name = strdup(i->name);
	c->last.description = strdup(i->description);
	c->last.filter = strdup(i->filter);
	CHECK(c->last.name && c->last.description && c->last.filter);
	c->interfaces++;
}

static void put(struct copy *c, const struct packet_record *r)
{
	struct pcapng_packet p = {
		.time = r->time,
		.data = r->data,
		.caplen = r->caplen,
		.len = r->len,
		.direction = r->direction,
		.comment = r->comment,
		.drops = r->has_drops ? r->drops : PCAPNG_UNKNOWN,
		.id = r->has_id ? r->id : PCAPNG_UNKNOWN,
	};
	size_t before = c->file.len;
	int err, want = p.caplen > PCAPNG_PACKET_MAX ? -EMSGSIZE : p.caplen > p.len ? -EINVAL : 0;

	put_interface(c, r->interface);
	p.interface = c->interfaces - 1;
	before = c->file.len;
	err = pcapng_put_packet(&c->file, &p);
	CHECK(err == want && (!err || c->file.len == before));
	c->packets += !err;
}

static void put_names(struct copy *c, const struct packet_file *f)
{
	size_t n;
	const struct packet_name *names = packet_file_names(f, &n);

	for (size_t i = 0; i < n && i < PACKETS_MAX; i++) {
		const char *name = names[i].name;
		const struct pcapng_name out = {names[i].addr, &name, 1};

		CHECK(name && *name);
		CHECK(!pcapng_put_names(&c->file, &out, 1));
	}
}

/* All of a file into *c. `ours`: it is one that we have written. */
static void read_all(struct copy *c, const void *data, size_t size, bool ours)
{
	static const struct pcapng_host host = {"hardware", "os"};
	_cleanup_packet_file_ struct packet_file *f = NULL;
	struct packet_record r;
	struct buf line = {0};
	int err = packet_file_open_memory(&f, data, size);

	CHECK(f && (!ours || !err));
	CHECK(err <= 0 && (!err || *packet_file_remark(f)));
	CHECK(!pcapng_put_section(&c->file, &host, packet_file_writer(f)));
	for (int i = 0; !err && i < PACKETS_MAX; i++) {
		err = packet_file_next(f, &r);
		if (err <= 0)
			break;
		err = 0;
		check_record(&r);
		show(&line, &r);
		put(c, &r);
	}
	CHECK(!ours || (!err && !*packet_file_remark(f)));
	/* It has nothing of the file's own text. */
	shown_text(packet_file_remark(f), strlen(packet_file_remark(f)), "", true);
	/* The end stays the end. */
	if (err < 0)
		CHECK(packet_file_next(f, &r) == err);
	put_names(c, f);
	buf_free(&line);
}

static void release(struct copy *c)
{
	buf_free(&c->file);
	free(c->last.name);
	free(c->last.description);
	free(c->last.filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct copy first = {0}, second = {0}, third = {0};

	read_all(&first, data, size, false);
	read_all(&second, first.file.data, first.file.len, true);
	read_all(&third, second.file.data, second.file.len, true);
	CHECK(first.packets == second.packets);
	/* The first says who wrote the file that it was read from; these both, that it was us. */
	CHECK(second.file.len == third.file.len &&
	      !memcmp(second.file.data, third.file.data, third.file.len));
	release(&first);
	release(&second);
	release(&third);
	return 0;
}
