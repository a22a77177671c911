// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The capture file's writer, its reader and the lines, for tests that ask tshark and tcpdump about
 * them:
 *
 *	packets sample FILE            a file with everything that the writer can write
 *	packets corpus LINKTYPE FILE   those packets of packet_corpus.h that tcpdump describes as we
 *do packets list FILE              time, interface, description, caplen, len, direction, comment
 *	packets names FILE             address, name
 *	packets summary|lines|hex|ascii FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/packet_file.h"
#include "out/packet_line.h"
#include "out/pcapng.h"
#include "out/text.h"
#include "unit/packet_corpus.h"

/* 2026-11-21T03:10:11.123456789Z */
#define BEGAN UINT64_C(1795230611123456789)

static int write_file(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "w");
	int err = f ? buf_flush(b, fileno(f)) : -1;

	if (f)
		fclose(f);
	if (err)
		fprintf(stderr, "packets: cannot write %s\n", path);
	return err ? 1 : 0;
}

static void sample_interfaces(struct buf *b)
{
	pcapng_put_interface(
		b, &(struct pcapng_interface){
			   .link_type = PACKET_LINK_ETHERNET,
			   .snaplen = 128,
			   .name = "echo-server:eth0",
			   .description = "netns echo-server, container web, peer veth1a2b",
			   .filter = "tcp port 80 or udp",
			   .os = "Linux",
		   });
	pcapng_put_interface(b, &(struct pcapng_interface){
					.link_type = PACKET_LINK_RAW,
					.name = "vpn:tün0",
					.description = "bad \xff byte",
				});
}

static void sample_names(struct buf *b)
{
	struct pcapng_name names[3] = {
		{.names = (const char *const[]){"client.lab", "client"}, .n = 2},
		{.names = (const char *const[]){"web.lab"}, .n = 1},
		{.names = (const char *const[]){"web6.lab"}, .n = 1},
	};

	addr_parse("10.9.0.1", &names[0].addr);
	addr_parse("10.9.0.2", &names[1].addr);
	addr_parse("fd09::2", &names[2].addr);
	pcapng_put_names(b, names, 3);
}

static void sample_statistics(struct buf *b, uint32_t interface, uint64_t end, uint64_t packets)
{
	pcapng_put_statistics(b, &(struct pcapng_statistics){
					 .interface = interface,
					 .time = end,
					 .start = BEGAN,
					 .end = end,
					 .received = packets + 7,
					 .if_dropped = 0,
					 .accepted = packets + 2,
					 .os_dropped = 2,
					 .delivered = packets,
				 });
}

static int sample(const char *path)
{
	static const char *const comments[] = {NULL, "web (nginx) → client", "a\nb\x1b[2J\xff"};
	_cleanup_buf_ struct buf b = {0};
	struct pcapng_host host;
	uint64_t n[2] = {0}, i = 0;

	pcapng_host(&host);
	pcapng_put_section(&b, &host, "made by a test");
	sample_interfaces(&b);
	sample_names(&b);
	for (; i < PACKET_CORPUS; i++) {
		uint8_t bytes[PACKET_CORPUS_MAX];
		size_t len = packet_example_bytes(&packet_corpus[i], bytes);
		bool raw = packet_corpus[i].link_type == PACKET_LINK_RAW;
		struct pcapng_packet p = {
			.interface = raw,
			.time = BEGAN + i * UINT64_C(1000000007),
			.data = bytes,
			.caplen = (uint32_t)(!raw && len > 128 ? 128 : len),
			.len = (uint32_t)len,
			.direction = (enum packet_direction)(i % 3),
			.comment = comments[i / 3 % 3],
			.drops = i % 5 ? PCAPNG_UNKNOWN : i / 5,
			.id = i % 7 ? PCAPNG_UNKNOWN : i,
		};

		if (!raw && packet_corpus[i].link_type != PACKET_LINK_ETHERNET)
			continue;
		n[raw]++;
		pcapng_put_packet(&b, &p);
	}
	sample_statistics(&b, 0, BEGAN + i * UINT64_C(1000000007), n[0]);
	sample_statistics(&b, 1, BEGAN + i * UINT64_C(1000000007), n[1]);
	return write_file(path, &b);
}

static int corpus(uint16_t link_type, const char *path)
{
	_cleanup_buf_ struct buf b = {0};
	struct pcapng_host host;

	pcapng_host(&host);
	pcapng_put_section(&b, &host, NULL);
	pcapng_put_interface(&b, &(struct pcapng_interface){.link_type = link_type});
	for (size_t i = 0; i < PACKET_CORPUS; i++) {
		uint8_t bytes[PACKET_CORPUS_MAX];
		uint32_t len = (uint32_t)packet_example_bytes(&packet_corpus[i], bytes);

		if (packet_corpus[i].link_type != link_type || !packet_corpus[i].same)
			continue;
		pcapng_put_packet(&b, &(struct pcapng_packet){.time = BEGAN + i,
							      .data = bytes,
							      .caplen = len,
							      .len = len,
							      .drops = PCAPNG_UNKNOWN,
							      .id = PCAPNG_UNKNOWN});
	}
	return write_file(path, &b);
}

static void put_listed(struct buf *b, const struct packet_record *r)
{
	buf_printf(b, "%" PRIu64 ".%09" PRIu64 "\t", r->time / 1000000000, r->time % 1000000000);
	text_plain(b, r->interface->name);
	buf_putc(b, '\t');
	text_plain(b, r->interface->description);
	buf_printf(b, "\t%u\t%u\t%d\t", r->caplen, r->len, (int)r->direction);
	text_plain(b, r->comment);
	buf_putc(b, '\n');
}

struct shown {
	const char *how;
	struct packet_line_widths widths;
	struct wall_clock clock;
};

static void put_packet(struct buf *b, struct shown *s, const struct packet_record *r)
{
	struct packet_line_who who = {.netns = "lab",
				      .container = "web",
				      .interface = r->interface->name,
				      .direction = r->direction};
	struct packet p;

	packet_parse(&p, r->interface->link_type, r->data, r->caplen, r->len);
	if (!strcmp(s->how, "list")) {
		put_listed(b, r);
	} else if (!strcmp(s->how, "lines")) {
		packet_line(b, &s->widths, &s->clock, r->time, &who, &p);
	} else if (!strcmp(s->how, "summary")) {
		packet_summary(b, &p);
		buf_putc(b, '\n');
	} else if (!strcmp(s->how, "hex")) {
		packet_hex(b, p.net.p, p.net.cap);
	} else if (!strcmp(s->how, "ascii")) {
		packet_ascii(b, p.net.p, p.net.cap);
	}
}

static void put_names(struct buf *b, const struct packet_file *f)
{
	size_t n;
	const struct packet_name *names = packet_file_names(f, &n);

	for (size_t i = 0; i < n; i++) {
		char text[ADDR_TEXT_MAX];

		addr_format(&names[i].addr, text);
		buf_printf(b, "%s\t", text);
		text_plain(b, names[i].name);
		buf_putc(b, '\n');
	}
}

static int show(const char *how, const char *path)
{
	_cleanup_packet_file_ struct packet_file *f = NULL;
	_cleanup_buf_ struct buf b = {0};
	struct shown s = {.how = how};
	struct packet_record r;
	int err = packet_file_open(&f, path);

	while (!err && (err = packet_file_next(f, &r)) > 0) {
		put_packet(&b, &s, &r);
		err = 0;
	}
	if (f && !strcmp(how, "names"))
		put_names(&b, f);
	if (f && *packet_file_remark(f))
		fprintf(stderr, "packets: %s\n", packet_file_remark(f));
	return buf_flush(&b, STDOUT_FILENO) || err ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "sample"))
		return sample(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "corpus"))
		return corpus((uint16_t)strtoul(argv[2], NULL, 10), argv[3]);
	if (argc == 3)
		return show(argv[1], argv[2]);
	return 2;
}
