// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/conn_id.h"

#include <endian.h>
#include <string.h>

/*
 * One fixed key, since the id has to be the same on every host without anybody distributing keys.
 * It makes the id useless as an oracle only in so far as inverting it means trying 2^64 pairs.
 */
static const uint8_t conn_key[16] = "flowner conn id";

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint64_t siphash24(const uint8_t key[16], const void *data, size_t len)
{
	uint64_t k0 = load64(key), k1 = load64(key + 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			 k1 ^ 0x7465646279746573};
	const uint8_t *p = data;
	uint64_t m, last = (uint64_t)len << 56;
	size_t rest = len % 8;

	for (const uint8_t *end = p + (len - rest); p != end; p += 8) {
		m = load64(p);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t i = 0; i < rest; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t conn_id(enum role role, uint32_t own, uint32_t other)
{
	uint8_t pair[8];
	uint32_t client, server;
	uint64_t id;

	if (role == ROLE_CLIENT) {
		client = own;
		server = other - 1;
	} else {
		client = other - 1;
		server = own - 1;
	}
	client = htobe32(client);
	server = htobe32(server);
	memcpy(pair, &client, 4);
	memcpy(pair + 4, &server, 4);
	id = siphash24(conn_key, pair, sizeof(pair));
	return id ? id : 1;
}

/* Of all that was sent, the part that is the SYN: 1 or 0; less, below 0 too, where segments were
 * refused. Not signed, since counters may be anything. */
static uint64_t syn_bytes(const struct conn_sent *c)
{
	return c->acked + c->in_flight - c->once - c->fin;
}

enum role conn_role(const struct conn_sent *c)
{
	int64_t syn = (int64_t)syn_bytes(c);

	if (syn > 1)
		return ROLE_UNKNOWN;
	if (syn == 1)
		return ROLE_CLIENT;
	/* 0: a client that was refused one byte is less likely than a backlog of 0. */
	return syn == 0 || c->of_listener ? ROLE_SERVER : ROLE_CLIENT;
}

uint64_t conn_payload(const struct conn_sent *c, enum role role)
{
	uint64_t over = (role == ROLE_CLIENT) - syn_bytes(c);

	return over <= c->once ? c->once - over : c->once;
}
