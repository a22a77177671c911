// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/utf8.h"

size_t utf8_at(const char *str, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)str;
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (len == 0)
		return 0;
	if (len == 1) {
		*cp = s[0];
		return 1;
	}
	*cp = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) /* also stops at the terminating NUL */
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (*cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

bool utf8_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

bool utf8_is_misleading(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		/* Default_Ignorable_Code_Point (DerivedCoreProperties.txt, Unicode 15), in which
		 * the bidirectional controls are, and between them: */
		{0xad, 0xad},       {0x34f, 0x34f},
		{0x61c, 0x61c},     {0x115f, 0x1160},
		{0x17b4, 0x17b5},   {0x180b, 0x180f},
		{0x200b, 0x200f},   {0x2028, 0x202e}, /* line and paragraph separator */
		{0x2060, 0x206f},   {0x3164, 0x3164},
		{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
		{0xffa0, 0xffa0},   {0xfff0, 0xfffb}, /* interlinear annotation */
		{0xfffe, 0xffff}, /* no characters, which XML (an SVG of `dot`) cannot have */
		{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
		{0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && cp >= ranges[i].first; i++)
		if (cp <= ranges[i].last)
			return true;
	return false;
}

size_t utf8_plain_at(const char *s, size_t *broken)
{
	uint32_t cp = 0;
	size_t len = utf8_at(s, &cp);

	if (len && !utf8_is_control(cp) && !utf8_is_misleading(cp))
		return len;
	*broken = len ? len : 1;
	return 0;
}
