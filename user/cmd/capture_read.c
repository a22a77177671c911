// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/capture.h"
#include "collect/packet_file.h"
#include "collect/privileges.h"
#include "out/packet_line.h"
#include "out/text.h"

#define FLUSH_BYTES (64 << 10)

struct reading {
	const struct capture_config *cfg;
	struct packet_file *file;
	struct expression *ethernet, *l3;
	struct packet_line_widths widths;
	struct wall_clock clock; /* the times are the wall's already */
	struct buf out;
	uint64_t read, shown;
};

/* In files of ours an interface's name is "namespace:device". */
static void split_name(char *name, struct packet_line_who *who)
{
	char *colon = strrchr(name, ':');

	who->interface = name;
	if (!colon || !colon[1])
		return;
	*colon = '\0';
	who->netns = name;
	who->interface = colon + 1;
}

static bool matches(const struct reading *r, const struct packet_record *p)
{
	const struct expression *e =
		p->interface->link_type == PACKET_LINK_ETHERNET ? r->ethernet : r->l3;

	if (!*r->cfg->expression)
		return true;
	if (p->interface->link_type != PACKET_LINK_ETHERNET &&
	    p->interface->link_type != PACKET_LINK_RAW)
		return false;
	return expression_matches(e, p->data, p->caplen, p->len);
}

static void show(struct reading *r, const struct packet_record *p)
{
	struct packet_line_who who = {.direction = p->direction};
	char name[256];
	struct packet parsed;

	snprintf(name, sizeof(name), "%s", p->interface->name);
	split_name(name, &who);
	packet_parse(&parsed, p->interface->link_type, p->data, p->caplen, p->len);
	packet_line(&r->out, &r->widths, &r->clock, p->time, &who, &parsed);
	if (*p->comment) {
		buf_puts(&r->out, "    ");
		text_plain(&r->out, p->comment);
		buf_putc(&r->out, '\n');
	}
	if (r->cfg->hex)
		packet_hex(&r->out, parsed.net.p, parsed.net.cap);
	if (r->cfg->ascii)
		packet_ascii(&r->out, parsed.net.p, parsed.net.cap);
}

static int read_all(struct reading *r)
{
	struct packet_record p;
	int n = 0, err = 0;

	while (!err && (n = packet_file_next(r->file, &p)) > 0) {
		r->read++;
		if (!matches(r, &p))
			continue;
		show(r, &p);
		if (++r->shown == r->cfg->count)
			break;
		if (r->out.len >= FLUSH_BYTES)
			err = buf_flush(&r->out, STDOUT_FILENO);
	}
	if (!err)
		err = buf_flush(&r->out, STDOUT_FILENO);
	if (err && err != -EPIPE)
		log_error("writing the output: %s", buf_flush_error(err));
	/* What was wrong with the file it has remarked. */
	return err ? err : n < 0 ? n : 0;
}

int capture_read(const struct capture_config *cfg)
{
	struct reading r = {.cfg = cfg};
	int fd = packet_file_fd(cfg->read), err;

	err = capture_compile(cfg, false, &r.ethernet);
	if (!err)
		err = capture_compile(cfg, true, &r.l3);
	/* Not a byte of it has been looked at: it may be anybody's. */
	privileges_drop(0);
	if (!err)
		err = packet_file_open_fd(&r.file, fd);
	else if (fd >= 0)
		close(fd);
	if (!err)
		err = read_all(&r);
	if (!r.file) {
		log_error("%s: %s", cfg->read, strerror(-err));
	} else if (*packet_file_remark(r.file)) {
		if (err && err != -EPIPE)
			log_error("%s: %s", cfg->read, packet_file_remark(r.file));
		else
			log_warn("%s: %s", cfg->read, packet_file_remark(r.file));
	}
	if (!err)
		log_info("%" PRIu64 " packets read, %" PRIu64 " shown", r.read, r.shown);
	packet_file_close(r.file);
	expression_free(r.ethernet);
	expression_free(r.l3);
	buf_free(&r.out);
	return err && err != -EPIPE ? EXIT_FAILED : EXIT_DONE;
}
