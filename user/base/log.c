// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/log.h"

#include <stdio.h>

#include "base/utf8.h"

static enum log_level current_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_get_level(void)
{
	return current_level;
}

/* Names of devices, files and namespaces are in it: they are not to do anything to a terminal. */
static void make_plain(const char *s, char *out)
{
	while (*s) {
		size_t broken = 0, len = utf8_plain_at(s, &broken);

		for (size_t i = 0; i < len; i++)
			*out++ = s[i];
		for (size_t i = 0; i < broken; i++) {
			*out++ = '\\';
			*out++ = 'x';
			*out++ = "0123456789abcdef"[(unsigned char)s[i] >> 4];
			*out++ = "0123456789abcdef"[s[i] & 15];
		}
		s += len + broken;
	}
	*out = '\0';
}

void log_vwrite(enum log_level level, const char *fmt, va_list ap)
{
	char line[1024], shown[4 * sizeof(line)] /* \\xNN */;
	int n;

	if (level > current_level)
		return;
	n = vsnprintf(line, sizeof(line), fmt, ap);
	if (n < 0)
		return;
	make_plain(line, shown);
	/* One write a line, so that lines of two processes on one terminal do not mix. */
	fprintf(stderr, "flowner: %s\n", shown);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(level, fmt, ap);
	va_end(ap);
}
