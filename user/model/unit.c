// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/unit.h"

#include <string.h>

static bool is_unit(const char *s, size_t len)
{
	static const char *const kinds[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	if (len > UNIT_NAME_MAX)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);

		if (len > n && !memcmp(s + len - n, kinds[i], n))
			return true;
	}
	return false;
}

bool cgroup_unit(const char *path, char out[static UNIT_NAME_MAX + 1])
{
	out[0] = '\0';
	for (const char *s = path; *s;) {
		size_t len = strcspn(s, "/");

		if (is_unit(s, len)) {
			memcpy(out, s, len);
			out[len] = '\0';
		}
		s += len;
		s += *s == '/';
	}
	return out[0] != '\0';
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

void unit_unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' && digit(s[2]) >= 0 && digit(s[3]) >= 0 &&
		    digit(s[2]) + digit(s[3])) {
			*to++ = (char)(digit(s[2]) * 16 + digit(s[3]));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}
