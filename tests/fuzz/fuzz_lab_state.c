// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What `lab up` has left on disk: the lab's name, a newline, and the file. What is taken says the
 * same when it is written and read again, and names nothing that is not the lab's.
 */
#include "fuzz.h"

#include <errno.h>

#include "lab/state.h"

static void check(const struct lab_state *s, const char *name)
{
	size_t len = strlen(name);

	CHECK(lab_name_valid(name) && !strcmp(s->name, name));
	CHECK(s->hosts >= LAB_HOSTS_MIN && s->hosts <= LAB_HOSTS_MAX);
	CHECK(s->n_ns <= LAB_NODES_MAX);
	for (size_t i = 0; i < s->n_ns; i++) {
		/* `down` unmounts and removes a file of that name. */
		CHECK(!strncmp(s->ns[i].name, name, len) && s->ns[i].name[len] == '-');
		CHECK(!strchr(s->ns[i].name, '/') && s->ns[i].name[0] != '.');
		CHECK(strlen(s->ns[i].name) < LAB_NETNS_MAX);
		CHECK(s->ns[i].id.inode <= UINT32_MAX);
	}
}

static bool same(const struct lab_state *a, const struct lab_state *b)
{
	if (strcmp(a->name, b->name) || a->kind != b->kind || a->hosts != b->hosts ||
	    a->complete != b->complete || a->n_ns != b->n_ns)
		return false;
	for (size_t i = 0; i < a->n_ns; i++)
		if (strcmp(a->ns[i].name, b->ns[i].name) ||
		    a->ns[i].id.inode != b->ns[i].id.inode ||
		    a->ns[i].id.cookie != b->ns[i].id.cookie)
			return false;
	return true;
}

static void once_more(const struct lab_state *s)
{
	_cleanup_lab_state_ struct lab_state *again = NULL;
	_cleanup_buf_ struct buf b = {0};
	const char *why;

	CHECK(!lab_state_format(s, &b));
	CHECK(!lab_state_parse(b.data, b.len, s->name, &again, &why));
	CHECK(same(s, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_lab_state_ struct lab_state *s = NULL;
	struct input in = {data, size};
	char *name = take_text(&in);
	size_t len = in.left;
	uint8_t *text = take_block(&in, len);
	const char *why = NULL;
	int err = lab_state_parse((const char *)text, len, name, &s, &why);

	CHECK(err == 0 || err == -EBADMSG);
	CHECK(err == 0 || (why && *why && !s));
	if (!err) {
		check(s, name);
		once_more(s);
	}
	free(text);
	free(name);
	return 0;
}
