// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/event_view.h"

#include "out/party_json.h"

/* A listener has no remote end. */
static bool has_remote(const struct party *p)
{
	return p->remote.port || !addr_is_any(&p->remote.addr);
}

static void put_ends(struct json *j, const struct party *p)
{
	party_json_end(j, "local", &p->local);
	if (has_remote(p))
		party_json_end(j, "remote", &p->remote);
	party_json_owner(j, "owner", &p->owner);
}

static void put_latency(struct json *j, const struct event *e)
{
	if (e->latency_ns)
		json_u64(j, "latency_us", e->latency_ns / 1000);
}

static void put_close(struct json *j, const struct event_close *c)
{
	if (c->duration_ns)
		json_u64(j, "duration_us", c->duration_ns / 1000);
	json_u64(j, "tx_bytes", c->tx_bytes);
	json_u64(j, "rx_bytes", c->rx_bytes);
	json_u64(j, "tx_segments", c->tx_segments);
	json_u64(j, "rx_segments", c->rx_segments);
	json_u64(j, "retransmits", c->retransmits);
	if (c->srtt_us)
		json_u64(j, "srtt_us", c->srtt_us);
	if (c->min_rtt_us)
		json_u64(j, "min_rtt_us", c->min_rtt_us);
	json_word(j, "reason", event_close_reason_name(c->reason));
}

static void put_details(const struct event_view *v, struct json *j, const struct event *e)
{
	const char *name;

	switch (e->type) {
	case EVENT_LISTEN:
		json_u64(j, "backlog", e->u.backlog);
		break;
	case EVENT_CONNECT:
	case EVENT_ACCEPT:
		put_latency(j, e);
		break;
	case EVENT_CONNECT_FAILED:
		name = event_errno_name(e->u.error);
		if (name)
			json_str(j, "error", name);
		else if (e->u.error)
			json_u64(j, "errno", (uint64_t)e->u.error);
		put_latency(j, e);
		break;
	case EVENT_STATE:
		json_open(j, "state");
		json_word(j, "from", event_state_name(e->u.state.from));
		json_word(j, "to", event_state_name(e->u.state.to));
		json_close(j);
		break;
	case EVENT_RETRANSMIT:
		json_word(j, "state", event_state_name(e->u.retransmit.state));
		json_u64(j, "retransmits", e->u.retransmit.retransmits);
		break;
	case EVENT_RESET:
		json_str(j, "by", e->u.reset.by_local ? "local" : "remote");
		name = v->reset_reason && e->u.reset.reason >= 0
			       ? v->reset_reason(v->ctx, e->u.reset.reason)
			       : NULL;
		if (name)
			json_str(j, "reason", name);
		break;
	case EVENT_CLOSE:
		put_close(j, &e->u.close);
		break;
	case EVENT_LOST:
	case EVENT_TYPES:
		break;
	}
}

void event_json(const struct event_view *v, const struct event *e, struct buf *b)
{
	struct json j = {.b = b};

	json_open(&j, NULL);
	json_word(&j, "type", event_type_name(e->type));
	party_json_time(&j, "time", v->clock, e->time);
	if (e->type == EVENT_LOST) {
		json_u64(&j, "count", e->u.lost);
		json_str(&j, "what", "records");
		json_close(&j);
		json_end_line(&j);
		return;
	}
	if (e->conn)
		json_hex64(&j, "conn", e->conn);
	if (e->cookie)
		json_u64(&j, "cookie", e->cookie);
	if (e->role == ROLE_CLIENT || e->role == ROLE_SERVER)
		json_word(&j, "role", e->role == ROLE_CLIENT ? "client" : "server");
	party_json_netns(&j, "netns", e->self.netns);
	json_word(&j, "family", party_is_v4(&e->self) ? "ipv4" : "ipv6");
	put_ends(&j, &e->self);
	if (e->has_peer) {
		json_open(&j, "peer");
		party_json_netns(&j, "netns", e->peer.netns);
		put_ends(&j, &e->peer);
		json_close(&j);
	}
	put_details(v, &j, e);
	json_close(&j);
	json_end_line(&j);
}
