// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "collect/decode.h"

#define STATE_MAX 12 /* TCP_NEW_SYN_RECV */

static const size_t lengths[FL_TYPE_MAX] = {
	[FL_LISTEN] = 152,     [FL_SYN_SENT] = 152,   [FL_ESTABLISHED] = 104,
	[FL_STATE] = 104,      [FL_CLOSE] = 160,      [FL_ACCEPT] = 152,
	[FL_RETRANSMIT] = 112, [FL_RESET_SENT] = 112, [FL_RESET_RECEIVED] = 112,
	[FL_FAR_CLIENT] = 152,
};

/* A right record in a buffer of `room` bytes, which is not a byte longer: ASan sees any look behind
 * it. */
static struct fl_state *make(uint16_t type, size_t room)
{
	struct fl_state whole = {
		.hdr = {.type = type, .len = (uint16_t)lengths[type]},
		.sock = {.family = AF_INET, .old_state = 2, .state = 1},
	};
	char *p = malloc(room ? room : 1);

	assert_non_null(p);
	memset(p, 0, room);
	memcpy(p, &whole, room < sizeof(whole) ? room : sizeof(whole));
	return (struct fl_state *)p;
}

static int decode_and_free(struct fl_state *r, size_t len)
{
	const struct fl_header *out = NULL;
	int err = decode_record(r, len, &out);

	if (err)
		assert_null(out);
	else
		assert_ptr_equal(out, r);
	free(r);
	return err;
}

TEST(right_lengths)
{
	for (uint16_t type = FL_LISTEN; type < FL_TYPE_MAX; type++)
		assert_int_equal(decode_and_free(make(type, lengths[type]), lengths[type]), 0);
}

TEST(longer)
{
	/* The ring rounds up to 8 bytes. */
	for (uint16_t type = FL_LISTEN; type < FL_TYPE_MAX; type++)
		assert_int_equal(decode_and_free(make(type, lengths[type] + 8), lengths[type] + 8),
				 0);
}

TEST(shorter)
{
	for (uint16_t type = FL_LISTEN; type < FL_TYPE_MAX; type++)
		for (size_t len = 0; len < lengths[type]; len++)
			assert_int_equal(decode_and_free(make(type, len), len), -EBADMSG);
}

TEST(wrong_length_in_header)
{
	for (uint16_t type = FL_LISTEN; type < FL_TYPE_MAX; type++) {
		for (unsigned int len = 0; len < 512; len++) {
			struct fl_state *r = make(type, 512);

			r->hdr.len = (uint16_t)len;
			assert_int_equal(decode_and_free(r, 512),
					 len == lengths[type] ? 0 : -EBADMSG);
		}
	}
}

TEST(types)
{
	for (unsigned int type = 0; type < 65536; type++) {
		struct fl_state *r = make(FL_STATE, 256);

		r->hdr.type = (uint16_t)type;
		if (type < FL_TYPE_MAX)
			r->hdr.len = (uint16_t)lengths[type];
		assert_int_equal(decode_and_free(r, 256),
				 type >= FL_LISTEN && type < FL_TYPE_MAX ? 0 : -EBADMSG);
	}
}

TEST(families)
{
	for (unsigned int family = 0; family < 65536; family++) {
		struct fl_state *r = make(FL_STATE, sizeof(*r));

		r->sock.family = (uint16_t)family;
		assert_int_equal(decode_and_free(r, sizeof(*r)),
				 family == AF_INET || family == AF_INET6 ? 0 : -EBADMSG);
	}
}

TEST(states)
{
	for (unsigned int s = 0; s < 256; s++) {
		struct fl_state *r = make(FL_STATE, sizeof(*r));
		int want = s <= STATE_MAX ? 0 : -EBADMSG;

		r->sock.state = (uint8_t)s;
		assert_int_equal(decode_and_free(r, sizeof(*r)), want);
		r = make(FL_STATE, sizeof(*r));
		r->sock.old_state = (uint8_t)s;
		assert_int_equal(decode_and_free(r, sizeof(*r)), want);
	}
}

static int decode_snapshot_of(uint16_t family, uint8_t old_state, uint8_t s, size_t len)
{
	struct fl_snapshot whole = {.sock = {.family = family, .old_state = old_state, .state = s}};
	const struct fl_snapshot *out = NULL;
	char *p = malloc(len ? len : 1);
	int err;

	assert_non_null(p);
	memset(p, 0, len ? len : 1);
	memcpy(p, &whole, len < sizeof(whole) ? len : sizeof(whole));
	err = decode_snapshot(p, len, &out);
	if (err)
		assert_null(out);
	else
		assert_ptr_equal(out, p);
	free(p);
	return err;
}

TEST(snapshots)
{
	const size_t whole = sizeof(struct fl_snapshot);

	assert_int_equal(decode_snapshot_of(AF_INET, 1, 1, whole), 0);
	assert_int_equal(decode_snapshot_of(AF_INET6, 10, 10, whole), 0);
	assert_int_equal(decode_snapshot_of(AF_INET6, 10, 10, whole + 1), 0);
	for (size_t len = 0; len < whole; len++)
		assert_int_equal(decode_snapshot_of(AF_INET, 1, 1, len), -EBADMSG);
	assert_int_equal(decode_snapshot_of(AF_UNIX, 1, 1, whole), -EBADMSG);
	assert_int_equal(decode_snapshot_of(0, 1, 1, whole), -EBADMSG);
	assert_int_equal(decode_snapshot_of(AF_INET, STATE_MAX + 1, 1, whole), -EBADMSG);
	assert_int_equal(decode_snapshot_of(AF_INET, 1, STATE_MAX + 1, whole), -EBADMSG);
	assert_int_equal(decode_snapshot_of(AF_INET, 1, 255, whole), -EBADMSG);
	for (unsigned int held = 0; held < 256; held++) {
		struct fl_snapshot s = {.sock.family = AF_INET, .held = (uint8_t)held};
		const struct fl_snapshot *out;

		assert_int_equal(decode_snapshot(&s, whole, &out),
				 held < FL_HELD_MAX ? 0 : -EBADMSG);
	}
}

/* What decode_record() promises, said once more. */
static bool acceptable(const void *data, size_t len)
{
	const struct fl_state *r = data;

	return len >= sizeof(r->hdr) && r->hdr.type >= FL_LISTEN && r->hdr.type < FL_TYPE_MAX &&
	       r->hdr.len == lengths[r->hdr.type] && len >= r->hdr.len &&
	       (r->sock.family == AF_INET || r->sock.family == AF_INET6) &&
	       r->sock.state <= STATE_MAX && r->sock.old_state <= STATE_MAX;
}

static uint64_t xorshift(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

TEST(random_buffers)
{
	uint64_t seed = 88172645463325252ULL;
	unsigned int accepted = 0;

	for (int round = 0; round < 1000000; round++) {
		size_t len = xorshift(&seed) % 200;
		uint64_t steer = xorshift(&seed);
		const struct fl_header *hdr = NULL;
		const struct fl_snapshot *snap = NULL;
		char *p = malloc(len ? len : 1);
		struct fl_state *r = (struct fl_state *)p;

		assert_non_null(p);
		for (size_t i = 0; i < len; i += 8) {
			uint64_t v = xorshift(&seed);

			memcpy(p + i, &v, len - i < 8 ? len - i : 8);
		}
		/* Noise alone never comes past the type: half right, each field now and then. */
		if (len >= sizeof(r->hdr)) {
			if (steer & 7)
				r->hdr.type = (uint16_t)(r->hdr.type % (FL_TYPE_MAX + 1));
			if (steer & 0x70 && r->hdr.type < FL_TYPE_MAX)
				r->hdr.len = (uint16_t)lengths[r->hdr.type];
		}
		if (len >= sizeof(*r)) {
			if (steer & 0x700)
				r->sock.family = steer & 0x1000 ? AF_INET : AF_INET6;
			if (steer & 0xe000)
				r->sock.state %= STATE_MAX + 2;
			if (steer & 0x70000)
				r->sock.old_state %= STATE_MAX + 2;
		}
		if (decode_record(p, len, &hdr) == 0) {
			accepted++;
			assert_true(acceptable(p, len));
			assert_ptr_equal(hdr, p);
		} else {
			assert_false(acceptable(p, len));
		}
		if (decode_snapshot(p, len, &snap) == 0)
			assert_true(len >= sizeof(*snap));
		free(p);
	}
	/* Both sides were tried. */
	assert_true(accepted > 10000 && accepted < 900000);
}

TEST(packets)
{
	const struct fl_packet *out = NULL;
	struct {
		struct fl_packet p;
		uint8_t data[60];
	} r = {.p = {.caplen = 60, .len = 1500}};

	assert_int_equal(decode_packet(&r, sizeof(r.p) + 60, &out), 0);
	assert_ptr_equal(out, &r.p);
	assert_int_equal(decode_packet(&r, sizeof(r.p) + 59, &out), -EBADMSG);
	assert_int_equal(decode_packet(&r, sizeof(r.p) - 1, &out), -EBADMSG);
	r.p.len = 59;
	assert_int_equal(decode_packet(&r, sizeof(r.p) + 60, &out), -EBADMSG);
	/* A tag that is put back makes it longer. */
	r.p.len = UINT32_MAX - 3;
	assert_int_equal(decode_packet(&r, sizeof(r.p) + 60, &out), -EBADMSG);
	r.p.len = 60;
	assert_int_equal(decode_packet(&r, sizeof(r.p) + 60, &out), 0);
}

TEST(flows)
{
	const struct fl_flow_record *out = NULL;
	struct fl_flow_record r = {.hdr = {.type = FL_FLOW, .len = sizeof(r)},
				   .count = {.packets = 1}};

	for (uint64_t kind = 0; kind < 8; kind++) {
		r.key.bits = FL_BITS_PUT(kind, FL_BITS_KIND);
		assert_int_equal(decode_flow(&r, sizeof(r), &out),
				 kind < FL_FLOW_KINDS ? 0 : -EBADMSG);
		assert_int_equal(decode_flow_key(&r.key), kind < FL_FLOW_KINDS);
	}
	r.key.bits = 0;
	assert_int_equal(decode_flow(&r, sizeof(r) - 1, &out), -EBADMSG);
	r.hdr.len--;
	assert_int_equal(decode_flow(&r, sizeof(r), &out), -EBADMSG);
	r.hdr.len++;
	r.count.packets = 0;
	assert_int_equal(decode_flow(&r, sizeof(r), &out), -EBADMSG);
	r.count.packets = 1;
	r.hdr.type = FL_LISTEN;
	assert_int_equal(decode_flow(&r, sizeof(r), &out), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IT("each type is taken at its length", right_lengths),
		IT("bytes behind a record do not matter", longer),
		IT("a record cut short is refused at every length", shorter),
		IT("a header that says another length is refused", wrong_length_in_header),
		IT("only known types are taken", types),
		IT("only IPv4 and IPv6 are taken", families),
		IT("states that the kernel does not have are refused", states),
		IT("a snapshot's length, family, states and holder are checked", snapshots),
		IT("a packet's length and what is there of it are checked", packets),
		IT("a flow's length, type and kind are checked", flows),
		IT("a million random buffers are never taken wrongly nor read past their end",
		   random_buffers),
	};

	return RUN(tests);
}
