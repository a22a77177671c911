// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/who_view.h"

#include "out/party_json.h"
#include "out/path_view.h"

static const char *held_name(enum fl_held held)
{
	static const char *const names[FL_HELD_MAX] = {
		[FL_HELD_QUEUE] = "queue",
		[FL_HELD_NOBODY] = "nobody",
		[FL_HELD_KERNEL] = "kernel",
	};

	return names[held];
}

static void put_holders(struct json *j, const struct who_socket *s)
{
	if (held_name(s->held))
		json_str(j, "held", held_name(s->held));
	party_json_owner(j, "owner", &s->self.owner);
	if (s->npids < 2)
		return;
	json_u64(j, "shared", s->npids - 1);
	json_array(j, "pids");
	for (unsigned int i = 0; i < s->npids; i++)
		json_u64(j, NULL, s->pids[i]);
	json_array_end(j);
}

static void put_counts(struct json *j, const struct who_socket *s)
{
	if (s->counted) {
		json_u64(j, "tx_bytes", s->tx_bytes);
		json_u64(j, "rx_bytes", s->rx_bytes);
		if (s->srtt_us)
			json_u64(j, "srtt_us", s->srtt_us);
		if (s->min_rtt_us)
			json_u64(j, "min_rtt_us", s->min_rtt_us);
		json_u64(j, "retransmits", s->retransmits);
	}
	if (s->idle_ms != WHO_IDLE_UNKNOWN)
		json_u64(j, "idle_ms", s->idle_ms);
}

static void put_end_members(struct json *j, const struct who_socket *s)
{
	party_json_netns(j, "netns", s->self.netns);
	json_u64(j, "cookie", s->cookie);
	json_str(j, "state", event_state_name(s->state));
	party_json_end(j, "local", &s->self.local);
	party_json_end(j, "remote", &s->self.remote);
	put_holders(j, s);
	put_counts(j, s);
}

static void put_end(struct json *j, const char *key, const struct who_socket *s)
{
	if (!s)
		return;
	json_open(j, key);
	put_end_members(j, s);
	json_close(j);
}

static void put_half(struct json *j, const char *key, const struct who_socket *s, uint64_t conn,
		     bool by_tuple)
{
	json_open(j, key);
	if (conn)
		json_hex64(j, "conn", conn);
	if (by_tuple)
		json_str(j, "stitched", "tuple");
	put_end_members(j, s);
	json_close(j);
}

/* The process in the middle, and its two sockets. */
static void put_via(struct json *j, const struct who_row *r)
{
	json_open(j, "via");
	party_json_owner(j, "owner", &r->front->self.owner);
	put_half(j, "front", r->front, r->conn, r->by_tuple);
	put_half(j, "back", r->back, r->back_conn, r->by_tuple_behind);
	json_close(j);
}

static void put_connection(struct json *j, const struct who_view *v, const struct who_row *r)
{
	struct path path;

	if (r->conn)
		json_hex64(j, "conn", r->conn);
	put_end(j, "client", r->client);
	put_end(j, "server", r->server);
	put_end(j, "end", r->end);
	if (r->front)
		put_via(j, r);
	if (r->nat)
		json_bool(j, "nat", true);
	if (r->by_tuple && !r->front)
		json_str(j, "stitched", "tuple");
	if (who_view_path(v, r, &path))
		path_view_json(j, "path", &path);
}

static void put_listen(struct json *j, const struct who_socket *s)
{
	party_json_netns(j, "netns", s->self.netns);
	json_u64(j, "cookie", s->cookie);
	party_json_end(j, "local", &s->self.local);
	put_holders(j, s);
	json_open(j, "backlog");
	json_u64(j, "used", s->queued);
	json_u64(j, "max", s->backlog);
	json_close(j);
}

static void put_udp(struct json *j, const struct who_socket *s)
{
	party_json_netns(j, "netns", s->self.netns);
	json_u64(j, "cookie", s->cookie);
	party_json_end(j, "local", &s->self.local);
	if (s->self.remote.port)
		party_json_end(j, "remote", &s->self.remote);
	put_holders(j, s);
}

void who_json(const struct who_view *v, const struct who_row *r, struct buf *b)
{
	static const char *const types[] = {
		[WHO_CONNECTION] = "connection", [WHO_LISTEN] = "listen", [WHO_UDP] = "udp"};
	struct json j = {.b = b};

	json_open(&j, NULL);
	json_str(&j, "type", types[r->kind]);
	if (r->kind == WHO_CONNECTION)
		put_connection(&j, v, r);
	else if (r->kind == WHO_LISTEN)
		put_listen(&j, r->end);
	else
		put_udp(&j, r->end);
	json_close(&j);
	json_end_line(&j);
}
