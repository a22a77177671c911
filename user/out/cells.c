// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/cells.h"

#include "out/text.h"

size_t cell_lit(struct buf *b, const char *s)
{
	buf_puts(b, s);
	return strlen(s);
}

size_t cell_unknown(struct buf *b)
{
	return cell_lit(b, "-");
}

size_t cell_u64(struct buf *b, uint64_t v)
{
	size_t start = b->len;

	buf_u64(b, v);
	return b->len - start;
}

size_t cell_human(struct buf *b, uint64_t v)
{
	static const char units[] = "kMGTPE";
	size_t start = b->len;
	double d = (double)v;
	int u = -1;

	if (v < 1000)
		return cell_u64(b, v);
	/* 999.5 would be rounded to a fourth digit. */
	while (d >= 999.5 && u < 5) {
		d /= 1000;
		u++;
	}
	buf_printf(b, d < 9.95 ? "%.1f%c" : "%.0f%c", d, units[u]);
	return b->len - start;
}

/* Eight of the sixteen digits: enough to pair the ends by eye. */
size_t cell_conn(struct buf *b, uint64_t conn)
{
	if (!conn)
		return cell_unknown(b);
	buf_hex(b, conn >> 32, 8);
	return 8;
}

size_t cell_netns(struct buf *b, const struct netns *n)
{
	if (!n)
		return cell_unknown(b);
	/*
	 * A pod's is not its sandbox's only; and an engine's own name of a namespace, if it has
	 * one, is a number in disguise.
	 */
	if (n->container && (n->container->pod || n->container->name))
		return text_plain(b, n->container->pod ?: n->container->name);
	return n->name ? text_plain(b, n->name) : cell_u64(b, n->inode);
}

size_t cell_process(struct buf *b, const struct owner *o)
{
	size_t width;

	if (o->source == OWNER_UNKNOWN)
		return cell_unknown(b);
	width = text_plain(b, o->comm);
	buf_putc(b, '[');
	width += cell_u64(b, o->pid);
	buf_putc(b, ']');
	return width + 2;
}

size_t cell_container(struct buf *b, const struct container *c)
{
	size_t width;

	if (!c || !c->runtime)
		return cell_unknown(b);
	if (c->name)
		return text_plain(b, c->name);
	width = cell_lit(b, c->runtime);
	buf_putc(b, ':');
	/* Other ids are names, which may be as long, and of anything. */
	if (strspn(c->id, "0123456789abcdef") == 64 && !c->id[64]) {
		buf_put(b, c->id, 12);
		return width + 13;
	}
	return width + 1 + text_plain(b, c->id);
}

size_t cell_container_of(struct buf *b, const struct owner *o)
{
	return cell_container(b, o->cgroup ? o->cgroup->container : NULL);
}

size_t cell_end(struct buf *b, const struct addr_port *ap)
{
	char text[ADDR_TEXT_MAX];
	size_t n = addr_port_format(ap, text);

	buf_put(b, text, n);
	return n;
}

void cell_pad(struct buf *b, size_t width, size_t wanted)
{
	while (width++ < wanted)
		buf_putc(b, ' ');
	buf_lit(b, "  ");
}
