/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads captured packets from a file: pcapng with its interfaces, comments, directions and names
 * (libpcap keeps those to itself, and refuses files with several link types), and pcap, in either
 * byte order. Nothing in the file is trusted; what is held of it stays under PACKET_FILE_BLOCK_MAX
 * twice.
 */
#ifndef FLOWNER_COLLECT_PACKET_FILE_H
#define FLOWNER_COLLECT_PACKET_FILE_H

#include "model/addr.h"
#include "model/packet.h"

#define PACKET_FILE_BLOCK_MAX      (16u * 1024 * 1024)
#define PACKET_FILE_INTERFACES_MAX 65536
#define PACKET_FILE_TEXT_MAX       4096 /* longer strings are cut there */

struct packet_file;

/* Strings are "" where the file has none, and may hold anything but NUL. */
struct packet_interface {
	uint32_t number; /* in its section */
	uint16_t link_type;
	uint32_t snaplen;
	char *name, *description, *filter;

	/* how its packets' times are counted: 10^-n or 2^-n seconds, and seconds to be added */
	bool binary;
	uint8_t exponent;
	int64_t offset;
};

/* Everything in it belongs to the file and stays until the next call of packet_file_next(). */
struct packet_record {
	const struct packet_interface *interface;
	bool has_time;
	uint64_t time; /* of the wall clock, ns */
	uint32_t caplen, len;
	enum packet_direction direction;
	const char *comment; /* several are joined by newlines; "" */
	bool has_drops, has_id;
	uint64_t drops, id;
	const uint8_t *data; /* never NULL */
};

struct packet_name {
	struct addr addr;
	char *name;
};

/*
 * 0 or -errno: what open(2) says, -EINVAL: neither pcap nor pcapng, -ENODATA: empty. In every case
 * but -ENOMEM *out is made, for packet_file_remark(), and has to be closed. path "-": stdin.
 */
int packet_file_open(struct packet_file **out, const char *path);
/*
 * In two steps: what packet_file_fd() returns, a descriptor or -errno, is for packet_file_open_fd()
 * to take, which is the first to look at what is in the file.
 */
int packet_file_fd(const char *path);
int packet_file_open_fd(struct packet_file **out, int fd);
/* The same of bytes in memory, which stay the caller's. */
int packet_file_open_memory(struct packet_file **out, const void *data, size_t len);
void packet_file_close(struct packet_file *f); /* NULL is fine */

#define _cleanup_packet_file_ __attribute__((cleanup(packet_file_closep)))
void packet_file_closep(struct packet_file **f);

/* 1: *r is a packet. 0: the end. -EBADMSG: the file is damaged; or another -errno. */
int packet_file_next(struct packet_file *f, struct packet_record *r);

/*
 * One line: why opening or reading ended as it did, or of a file that ends too early, which is
 * no error, how it does. "" if there is nothing to say. It holds nothing of the file's own text.
 */
const char *packet_file_remark(const struct packet_file *f);

/* Who wrote it and where, of the last section; "" where the file does not say. */
const char *packet_file_writer(const struct packet_file *f);

/* Names of addresses met so far, in the order of the file; an address may be there several times.
 */
const struct packet_name *packet_file_names(const struct packet_file *f, size_t *n);

#endif
