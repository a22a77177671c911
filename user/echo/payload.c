// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "echo/payload.h"

#include <string.h>

void payload_init(struct payload *p)
{
	uint64_t x = 0x9e3779b97f4a7c15;	/* xorshift64 (Marsaglia, 2003) */

	for (size_t i = 0; i < sizeof(p->bytes); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p->bytes[i] = (uint8_t)(x >> 32);
	}
}

size_t payload_at(const struct payload *p, uint64_t number, uint64_t offset, const void **data)
{
	size_t at = (number * 7919 + offset) % PAYLOAD_PERIOD;

	*data = p->bytes + at;
	return PAYLOAD_PERIOD - at;
}

bool payload_is(const struct payload *p, uint64_t number, uint64_t offset, const void *data, size_t len)
{
	const char *have = data;

	while (len) {
		const void *want;
		size_t n = payload_at(p, number, offset, &want);

		if (n > len)
			n = len;
		if (memcmp(have, want, n))
			return false;
		have += n;
		offset += n;
		len -= n;
	}
	return true;
}
