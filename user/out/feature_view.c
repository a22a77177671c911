// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/feature_view.h"

#include "out/json.h"

static const char *answer_name(enum feature_answer a)
{
	return a == FEATURE_YES ? "yes" : a == FEATURE_NO ? "no" : "unknown";
}

/*
 * FEATURE                            HERE     NEEDED  SINCE            FOR
 * BPF ring buffer                    yes      yes     5.8              records reach user space in
 * order
 */
#define LINE "%-34s %-8s %-7s %-24s %s\n"

void feature_table_header(struct buf *b)
{
	buf_printf(b, LINE, "FEATURE", "HERE", "NEEDED", "SINCE", "FOR");
}

void feature_table_line(const struct feature *f, struct buf *b)
{
	buf_printf(b, LINE, f->name, answer_name(f->answer), f->required ? "yes" : "no", f->since,
		   f->why);
}

void feature_json(const struct feature *f, struct buf *b)
{
	struct json j = {.b = b};

	json_open(&j, NULL);
	json_str(&j, "type", "feature");
	json_str(&j, "name", f->name);
	json_str(&j, "answer", answer_name(f->answer));
	json_bool(&j, "required", f->required);
	json_str(&j, "since", f->since);
	json_str(&j, "why", f->why);
	json_close(&j);
	json_end_line(&j);
}
