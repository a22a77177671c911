// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "model/conn_id.h"

/* The reference vectors of SipHash-2-4: key 00 01 … 0f, messages 00 01 … of 0 to 63 bytes. */
static const uint64_t vectors[64] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
	0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
	0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
	0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
	0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
	0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
	0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
	0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
	0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
	0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
	0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
	0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
	0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

TEST(siphash_vectors)
{
	uint8_t key[16], message[64];

	for (unsigned int i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	for (unsigned int i = 0; i < 64; i++)
		message[i] = (uint8_t)i;
	/* As the paper and its authors' code print them. */
	assert_true(siphash24(key, message, 0) == 0x726fdb47dd0e0e31);
	assert_true(siphash24(key, message, 15) == 0xa129ca6149be45e5);
	for (size_t len = 0; len < COUNT(vectors); len++)
		assert_true(siphash24(key, message, len) == vectors[len]);
}

TEST(siphash_alignment)
{
	uint8_t key[17], message[72], key0[16];
	uint64_t want;

	memset(key, 7, sizeof(key));
	memset(key0, 7, sizeof(key0));
	memset(message, 9, sizeof(message));
	want = siphash24(key0, message, 32);
	for (size_t off = 0; off < 8; off++)
		assert_true(siphash24(key + 1, message + off, 32) == want);
}

/* What the kernel side sends for a client whose first number is c and a server whose first is s. */
static uint64_t of_client(uint32_t c, uint32_t s)
{
	return conn_id(ROLE_CLIENT, c, s + 1);
}

static uint64_t of_server(uint32_t c, uint32_t s)
{
	return conn_id(ROLE_SERVER, s + 1, c + 1);
}

TEST(one_id)
{
	static const uint32_t isns[] = {0,          1,          2,          0x7fffffff,
					0x80000000, 0xfffffffe, 0xffffffff, 0x12345678};

	for (size_t i = 0; i < COUNT(isns); i++) {
		for (size_t j = 0; j < COUNT(isns); j++) {
			uint64_t id = of_client(isns[i], isns[j]);

			assert_true(id != 0);
			assert_true(id == of_server(isns[i], isns[j]));
		}
	}
}

TEST(different_ids)
{
	assert_true(of_client(1, 2) != of_client(2, 1));
	assert_true(of_client(1, 2) != of_client(1, 3));
	assert_true(of_client(1, 2) != of_client(2, 2));
	assert_true(of_client(5, 9) != of_server(9, 5));
}

TEST(known_id)
{
	/* The same on every host and in every release: a stored id stays findable. */
	assert_true(of_client(0x01020304, 0xa0b0c0d0) == 0xc2354efb7b928b13);
}

static const struct {
	struct conn_sent sent;
	enum role role;
	uint64_t payload;
} by_counts[] = {
	/* acked, in flight, sent once, FIN sent, of a listener: the SYN is in the client's `acked`,
	   as is a FIN. */
	{{1, 0, 0, false, false}, ROLE_CLIENT, 0},
	{{0, 0, 0, false, true}, ROLE_SERVER, 0},
	{{101, 0, 100, false, false}, ROLE_CLIENT, 100},
	{{100, 0, 100, false, true}, ROLE_SERVER, 100},
	{{51, 50, 100, false, false}, ROLE_CLIENT, 100},
	{{50, 50, 100, false, true}, ROLE_SERVER, 100},
	{{101, 1, 100, true, false}, ROLE_CLIENT, 100}, /* FIN in flight */
	{{102, 0, 100, true, false}, ROLE_CLIENT, 100}, /* FIN acknowledged */
	{{100, 1, 100, true, true}, ROLE_SERVER, 100},
	{{101, 0, 100, true, true}, ROLE_SERVER, 100},
	{{UINT64_C(1) << 40, 0, (UINT64_C(1) << 40) - 1, false, false},
	 ROLE_CLIENT,
	 (UINT64_C(1) << 40) - 1},
	/* listen(fd, 0) */
	{{100, 0, 100, false, false}, ROLE_SERVER, 100},
	/* It listened once, then disconnected and connected. */
	{{101, 0, 100, false, true}, ROLE_CLIENT, 100},
	/* A segment of 40 was refused by this host, and sent again as a new one; of a million. */
	{{101, 0, 140, false, false}, ROLE_CLIENT, 100},
	{{100, 0, 140, false, true}, ROLE_SERVER, 100},
	{{61, 40, 140, false, false}, ROLE_CLIENT, 100},
	{{100, 1, 140, true, true}, ROLE_SERVER, 100},
	{{102, 0, 140, true, false}, ROLE_CLIENT, 100},
	{{1, 0, 1000000, false, false}, ROLE_CLIENT, 0},
	{{0, 0, 1000000, false, true}, ROLE_SERVER, 0},
	/* What cannot be. */
	{{2, 0, 0, false, false}, ROLE_UNKNOWN, 0},
	{{100, 0, 7, false, true}, ROLE_UNKNOWN, 7},
	{{0, 0, 0, true, true}, ROLE_SERVER, 0},
};

TEST(roles)
{
	for (size_t i = 0; i < COUNT(by_counts); i++)
		assert_int_equal(conn_role(&by_counts[i].sent), by_counts[i].role);
}

TEST(payload)
{
	/* One byte refused: who saw the beginning knows it, by counts it is taken for a server's.
	 */
	struct conn_sent one = {100, 0, 100, false, false};

	for (size_t i = 0; i < COUNT(by_counts); i++)
		assert_int_equal(conn_payload(&by_counts[i].sent, by_counts[i].role),
				 by_counts[i].payload);
	assert_int_equal(conn_payload(&one, ROLE_CLIENT), 99);
	assert_int_equal(conn_payload(&one, ROLE_SERVER), 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("SipHash-2-4 gives the reference vectors", siphash_vectors),
		IT("SipHash-2-4 takes its input at any address", siphash_alignment),
		IT("client and server compute one id, never 0, also where numbers wrap", one_id),
		IT("connections that differ in one number or in direction differ in id",
		   different_ids),
		IT("the id of a given pair never changes", known_id),
		IT("who opened a connection is told by one acknowledged SYN, or by a listener's backlog",
		   roles),
		IT("bytes that this host refused and sent again count once", payload),
	};

	return RUN(tests);
}
