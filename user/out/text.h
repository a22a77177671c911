/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Strings from outside (process, container, interface names), made safe to show.
 */
#ifndef FLOWNER_OUT_TEXT_H
#define FLOWNER_OUT_TEXT_H

#include "base/buf.h"

/*
 * For a terminal: control characters (C0, DEL, C1), bidirectional and invisible ones and bytes that
 * are not UTF-8 become \xNN, so that a name cannot move the cursor, start a line of its own or look
 * like another; a backslash that would read as such a number is one itself. Returns the columns it
 * takes (a code point counts as one).
 */
size_t text_plain(struct buf *b, const char *s);

/*
 * For a file that others read: the same, but the control characters in `keep` ("\n\t", "") are
 * kept, and at most `max` bytes come of it, no character or escape in halves.
 */
void text_bounded(struct buf *b, const char *s, const char *keep, size_t max);

/*
 * Inside a JSON string: RFC 8259 escapes; a byte that is not UTF-8 becomes the text \xNN, and so
 * does a backslash that stands before what would read as one.
 */
void text_json(struct buf *b, const char *s);

#endif
