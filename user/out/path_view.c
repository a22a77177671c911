// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/path_view.h"

#include "out/cells.h"
#include "out/party_json.h"

size_t path_view_text(const struct path *p, struct buf *b)
{
	size_t width = 0;

	if (!p->n)
		return cell_unknown(b);
	for (unsigned int i = 0; i < p->n; i++) {
		const struct path_hop *h = &p->hop[i];

		if (i) {
			/* Of one column each, whatever their bytes. */
			if (h->gap)
				buf_lit(b, " … ");
			else
				buf_lit(b, " → ");
			width += 3;
		}
		if (h->named && h->link->netns) {
			width += cell_netns(b, h->link->netns) + 1;
			buf_putc(b, ':');
		}
		width += text_plain(b, h->link->name);
	}
	if (p->cut) {
		buf_lit(b, " …");
		width += 2;
	}
	return width;
}

void path_view_json(struct json *j, const char *key, const struct path *p)
{
	if (!p->n)
		return;
	json_array(j, key);
	for (unsigned int i = 0; i < p->n; i++) {
		const struct link *l = p->hop[i].link;

		json_open(j, NULL);
		party_json_netns(j, "netns", l->netns);
		json_str(j, "link", l->name);
		json_u64(j, "ifindex", l->ifindex);
		if (p->hop[i].gap)
			json_bool(j, "gap", true);
		json_close(j);
	}
	json_array_end(j);
}
