/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the formats share: the stream, its byte order, the block that is held.
 */
#ifndef FLOWNER_COLLECT_PACKET_FILE_INTERNAL_H
#define FLOWNER_COLLECT_PACKET_FILE_INTERNAL_H

#include <stdio.h>

#include "collect/packet_file.h"

struct packet_file {
	FILE *in;
	int (*next)(struct packet_file *f, struct packet_record *r);
	bool swapped;     /* the other byte order than this machine's */
	bool ended;       /* 0 was returned, or an error */
	int err;          /* the error */
	uint64_t packets; /* so far */
	char remark[200];
	char *writer;
	char *comment; /* of the packet */

	uint8_t *block; /* the body of the block that was read last */
	size_t block_cap, block_len;

	struct packet_interface **interfaces; /* of the section */
	size_t n_interfaces, cap_interfaces;
	struct packet_name *names;
	size_t n_names, cap_names;
	size_t text; /* bytes held in names and interfaces */

	/* pcap: */
	bool nanoseconds;
};

/* Sets the remark; returns err. */
int packet_file_fail(struct packet_file *f, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 1; 0 if the file ends there or before; or -errno, with a remark. *got: how many there were. */
int packet_file_read(struct packet_file *f, void *out, size_t n, size_t *got);
/* Read len bytes as the block. As packet_file_read(). */
int packet_file_load(struct packet_file *f, size_t len);
/* The file ends inside of something: 0, with a remark. */
int packet_file_cut(struct packet_file *f);

/* A copy, cut at PACKET_FILE_TEXT_MAX and at a NUL; NULL: no memory. */
char *packet_file_text(const uint8_t *p, size_t len);

/* A new one at the end of the table. 0, -ENOMEM, -E2BIG with a remark; its strings are the table's
 * from now. */
int packet_file_add_interface(struct packet_file *f, const struct packet_interface *i);
void packet_file_drop_interfaces(struct packet_file *f);
void packet_interface_free(struct packet_interface *i);

static inline uint16_t packet_file_u16(const struct packet_file *f, const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t packet_file_u32(const struct packet_file *f, const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t packet_file_u64(const struct packet_file *f, const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap64(v) : v;
}

/* Each: the first 4 bytes have been read and are its own. 0 or -errno with a remark. */
int packet_file_start_pcapng(struct packet_file *f);
int packet_file_start_pcap(struct packet_file *f, uint32_t magic);
bool packet_file_is_pcap(uint32_t magic);

#endif
