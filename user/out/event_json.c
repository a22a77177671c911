// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/event_view.h"

#include "out/json.h"

static void put_netns(struct json *j, const struct netns *n)
{
	if (!n)
		return;
	json_open(j, "netns");
	json_u64(j, "inode", n->inode);
	json_u64(j, "cookie", n->cookie);
	if (n->name)
		json_str(j, "name", n->name);
	json_close(j);
}

static void put_end(struct json *j, const char *key, const struct addr_port *ap)
{
	char text[ADDR_TEXT_MAX];

	json_open(j, key);
	json_key(j, "addr");
	buf_putc(j->b, '"');
	buf_put(j->b, text, addr_format(&ap->addr, text));
	buf_putc(j->b, '"');
	if (ap->port)
		json_u64(j, "port", ap->port);
	json_close(j);
}

static void put_owner(struct json *j, const struct owner *o)
{
	const struct cgroup *cg = o->cgroup;

	if (o->source == OWNER_UNKNOWN && !cg)
		return;
	json_open(j, "owner");
	if (o->source != OWNER_UNKNOWN) {
		json_u64(j, "pid", o->pid);
		json_u64(j, "tid", o->tid);
		json_u64(j, "ppid", o->ppid);
		json_u64(j, "uid", o->uid);
		json_str(j, "comm", o->comm);
	}
	if (cg)
		json_str(j, "cgroup", cg->path);
	if (o->source != OWNER_UNKNOWN)
		json_str(j, "source", owner_source_name(o->source));
	if (cg && cg->container.runtime) {
		json_open(j, "container");
		json_str(j, "runtime", cg->container.runtime);
		json_str(j, "id", cg->container.id);
		json_close(j);
	}
	json_close(j);
}

/* A listener has no remote end. */
static bool has_remote(const struct party *p)
{
	return p->remote.port || !addr_is_any(&p->remote.addr);
}

static void put_ends(struct json *j, const struct party *p)
{
	put_end(j, "local", &p->local);
	if (has_remote(p))
		put_end(j, "remote", &p->remote);
	put_owner(j, &p->owner);
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
	json_str(j, "reason", event_close_reason_name(c->reason));
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
		json_str(j, "from", event_state_name(e->u.state.from));
		json_str(j, "to", event_state_name(e->u.state.to));
		json_close(j);
		break;
	case EVENT_RETRANSMIT:
		json_str(j, "state", event_state_name(e->u.retransmit.state));
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
	json_str(&j, "type", event_type_name(e->type));
	json_key(&j, "time");
	buf_putc(b, '"');
	wall_clock_rfc3339(v->clock, e->time, b);
	buf_putc(b, '"');
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
		json_str(&j, "role", e->role == ROLE_CLIENT ? "client" : "server");
	put_netns(&j, e->self.netns);
	json_str(&j, "family", party_is_v4(&e->self) ? "ipv4" : "ipv6");
	put_ends(&j, &e->self);
	if (e->has_peer) {
		json_open(&j, "peer");
		put_netns(&j, e->peer.netns);
		put_ends(&j, &e->peer);
		json_close(&j);
	}
	put_details(v, &j, e);
	json_close(&j);
	json_end_line(&j);
}
