// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/packet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/packet_file_internal.h"
#include "model/pcapng_format.h"

int packet_file_fail(struct packet_file *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->remark, sizeof(f->remark), fmt, ap);
	va_end(ap);
	return err;
}

int packet_file_read(struct packet_file *f, void *out, size_t n, size_t *got)
{
	*got = fread(out, 1, n, f->in);
	if (*got == n)
		return 1;
	if (ferror(f->in)) {
		int err = errno ? -errno : -EIO;

		return packet_file_fail(f, err, "cannot read on after %" PRIu64 " packets: %s",
					f->packets, strerror(-err));
	}
	return 0;
}

int packet_file_cut(struct packet_file *f)
{
	return packet_file_fail(f, 0,
				"the file ends too early, inside of what follows packet %" PRIu64,
				f->packets);
}

/*
 * The length is the file's word: memory grows only with what is really there, so that a short
 * file cannot ask for much.
 */
int packet_file_load(struct packet_file *f, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t part = len - done < 65536 ? len - done : 65536, got;
		int r;

		if (f->block_cap < done + part) {
			size_t cap = (done + part) * 2;
			uint8_t *block = realloc(f->block, cap);

			if (!block)
				return packet_file_fail(f, -ENOMEM, "out of memory");
			f->block = block;
			f->block_cap = cap;
		}
		r = packet_file_read(f, f->block + done, part, &got);
		if (r <= 0)
			return r;
		done += part;
	}
	f->block_len = len;
	return 1;
}

char *packet_file_text(const uint8_t *p, size_t len)
{
	return strndup((const char *)p, len < PACKET_FILE_TEXT_MAX ? len : PACKET_FILE_TEXT_MAX);
}

/* --- interfaces --- */

static size_t text_of(const struct packet_interface *i)
{
	return sizeof(*i) + strlen(i->name) + strlen(i->description) + strlen(i->filter);
}

void packet_interface_free(struct packet_interface *i)
{
	free(i->name);
	free(i->description);
	free(i->filter);
}

static int grow_interfaces(struct packet_file *f)
{
	size_t cap = f->cap_interfaces ? 2 * f->cap_interfaces : 8;
	struct packet_interface **grown;

	if (f->n_interfaces < f->cap_interfaces)
		return 0;
	grown = realloc(f->interfaces, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->interfaces = grown;
	f->cap_interfaces = cap;
	return 0;
}

int packet_file_add_interface(struct packet_file *f, const struct packet_interface *i)
{
	struct packet_interface *copy;

	if (f->n_interfaces == PACKET_FILE_INTERFACES_MAX ||
	    f->text + text_of(i) > PACKET_FILE_BLOCK_MAX)
		return packet_file_fail(f, -E2BIG, "more interfaces than make sense: %zu",
					f->n_interfaces);
	copy = malloc(sizeof(*copy));
	if (!copy || grow_interfaces(f)) {
		free(copy);
		return packet_file_fail(f, -ENOMEM, "out of memory");
	}
	*copy = *i;
	copy->number = (uint32_t)f->n_interfaces;
	f->interfaces[f->n_interfaces++] = copy;
	f->text += text_of(i);
	return 0;
}

void packet_file_drop_interfaces(struct packet_file *f)
{
	for (size_t i = 0; i < f->n_interfaces; i++) {
		f->text -= text_of(f->interfaces[i]);
		packet_interface_free(f->interfaces[i]);
		free(f->interfaces[i]);
	}
	f->n_interfaces = 0;
}

/* --- opening --- */

static int start(struct packet_file *f)
{
	uint8_t first[4];
	uint32_t magic;
	size_t got;
	int r = packet_file_read(f, first, sizeof(first), &got);

	if (r < 0)
		return r;
	if (got == 0)
		return packet_file_fail(f, -ENODATA, "the file is empty");
	if (r == 0)
		return packet_file_fail(f, -EINVAL, "neither pcap nor pcapng");
	memcpy(&magic, first, sizeof(magic));
	if (magic == PCAPNG_SECTION)
		return packet_file_start_pcapng(f);
	if (packet_file_is_pcap(magic))
		return packet_file_start_pcap(f, magic);
	if (first[0] == 0x1f && first[1] == 0x8b)
		return packet_file_fail(f, -EINVAL, "compressed by gzip: try zcat FILE | … -");
	if (!memcmp(first, "\x28\xb5\x2f\xfd", 4))
		return packet_file_fail(f, -EINVAL, "compressed by zstd: try zstdcat FILE | … -");
	return packet_file_fail(f, -EINVAL, "neither pcap nor pcapng");
}

static int open_stream(struct packet_file **out, FILE *in, int err)
{
	struct packet_file *f = calloc(1, sizeof(*f));

	if (!f) {
		if (in)
			fclose(in);
		*out = NULL;
		return -ENOMEM;
	}
	*out = f;
	f->in = in;
	f->err = in ? start(f) : packet_file_fail(f, err, "cannot open it: %s", strerror(-err));
	return f->err;
}

int packet_file_fd(const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int packet_file_open_fd(struct packet_file **out, int fd)
{
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	/* EINVAL: stdin is not for reading, or was closed when we were started. */
	int err = in ? 0 : fd < 0 ? fd : errno == EINVAL ? -EBADF : -errno;

	if (!in && fd >= 0)
		close(fd);
	return open_stream(out, in, err);
}

int packet_file_open(struct packet_file **out, const char *path)
{
	return packet_file_open_fd(out, packet_file_fd(path));
}

int packet_file_open_memory(struct packet_file **out, const void *data, size_t len)
{
	FILE *in = fmemopen((void *)(uintptr_t)data, len, "r");

	return open_stream(out, in, in ? 0 : -errno);
}

void packet_file_close(struct packet_file *f)
{
	if (!f)
		return;
	if (f->in)
		fclose(f->in);
	packet_file_drop_interfaces(f);
	for (size_t i = 0; i < f->n_names; i++)
		free(f->names[i].name);
	free(f->interfaces);
	free(f->names);
	free(f->writer);
	free(f->comment);
	free(f->block);
	free(f);
}

void packet_file_closep(struct packet_file **f)
{
	packet_file_close(*f);
}

/* --- reading --- */

int packet_file_next(struct packet_file *f, struct packet_record *r)
{
	int got;

	*r = (struct packet_record){0};
	if (f->err || f->ended)
		return f->err;
	free(f->comment);
	f->comment = NULL;
	got = f->next(f, r);
	if (got > 0) {
		f->packets++;
		r->comment = f->comment ? f->comment : "";
		return 1;
	}
	f->ended = true;
	f->err = got;
	return got;
}

const char *packet_file_remark(const struct packet_file *f)
{
	return f->remark;
}

const char *packet_file_writer(const struct packet_file *f)
{
	return f->writer ? f->writer : "";
}

const struct packet_name *packet_file_names(const struct packet_file *f, size_t *n)
{
	*n = f->n_names;
	return f->names;
}
