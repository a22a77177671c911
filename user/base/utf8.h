/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which bytes of a string from outside may be shown as they are.
 */
#ifndef FLOWNER_BASE_UTF8_H
#define FLOWNER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length of the well-formed UTF-8 sequence at s, which ends with a NUL; 0 if there is none (RFC
 * 3629: no overlong forms, no surrogates, nothing above U+10FFFF). *cp is its code point.
 */
size_t utf8_at(const char *s, uint32_t *cp);

/* C0, DEL, C1: a terminal may do something with them. */
bool utf8_is_control(uint32_t cp);

/*
 * Those that turn the direction of text around or break the line, and those that are invisible:
 * what stands beside them would be misread, or two names look the same.
 */
bool utf8_is_misleading(uint32_t cp);

/*
 * Length of the character at s, not its end, if it can be shown as it is; 0: *broken bytes are to
 * be shown as numbers. These are all bytes of a character, or one that is no UTF-8.
 */
size_t utf8_plain_at(const char *s, size_t *broken);

#endif
