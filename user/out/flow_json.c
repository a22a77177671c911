// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/flow_view.h"

#include <stdio.h>

#include "out/flow_parts.h"
#include "out/party_json.h"
#include "out/path_view.h"

static void put_peer(struct json *j, const struct link *l)
{
	if (l->peer_netns) {
		json_open(j, "peer");
		party_json_netns(j, "netns", l->peer_netns);
		json_str(j, "name", l->peer_name);
		json_u64(j, "ifindex", l->peer_ifindex);
		json_close(j);
	} else if (l->peer_ifindex) {
		json_open(j, "peer");
		json_u64(j, "ifindex", l->peer_ifindex);
		json_close(j);
	}
}

void flow_parts_link_json(struct json *j, const struct link *l)
{
	json_open(j, "link");
	json_str(j, "name", l->name);
	json_u64(j, "ifindex", l->ifindex);
	if (l->kind[0])
		json_str(j, "kind", l->kind);
	put_peer(j, l);
	if (l->master)
		json_str(j, "master", l->master->name);
	json_close(j);
}

void flow_parts_proto_json(struct json *j, const struct flow *f)
{
	const char *name = flow_proto_name(f);
	char number[4];

	if (f->kind == FL_FLOW_IPV4 || f->kind == FL_FLOW_IPV6)
		json_word(j, "family", f->kind == FL_FLOW_IPV4 ? "ipv4" : "ipv6");
	if (!name)
		snprintf(number, sizeof(number), "%u", f->proto);
	json_word(j, "proto", name ? name : number);
}

static void put_icmp(struct json *j, const struct flow *f)
{
	if (!flow_parts_is_icmp(f) || f->fragments)
		return;
	json_open(j, "icmp");
	json_u64(j, "type", f->icmp.type);
	json_u64(j, "code", f->icmp.code);
	if (flow_parts_is_echo(f))
		json_u64(j, "id", f->icmp.id);
	json_close(j);
}

/* What is in a frame without addresses of ours. */
static void put_special(struct json *j, const struct flow *f)
{
	char hex[7];

	if (f->kind == FL_FLOW_ARP)
		json_u64(j, "operation", f->proto);
	if ((f->kind == FL_FLOW_OTHER || f->kind == FL_FLOW_MALFORMED) && f->ethertype) {
		snprintf(hex, sizeof(hex), "0x%04x", f->ethertype);
		json_str(j, "ethertype", hex);
	}
	if (f->kind == FL_FLOW_MALFORMED)
		json_str(j, "flaw", flow_flaw_name(f->proto));
}

static void put_vlan(struct json *j, const struct flow *f)
{
	if (f->tagged2) {
		json_array(j, "vlan");
		json_u64(j, NULL, f->vlan);
		json_u64(j, NULL, f->vlan2);
		json_array_end(j);
	} else if (f->tagged) {
		json_u64(j, "vlan", f->vlan);
	}
}

static void put_tcp(struct json *j, const struct flow *f)
{
	const char *state = flow_state_name(f->state);

	if (f->tcp_flags) {
		char flags[FLOW_PARTS_FLAGS_MAX];

		flow_parts_flags(f->tcp_flags, flags);
		json_word(j, "tcp_flags", flags);
	}
	if (state)
		json_word(j, "state", state);
}

void flow_json(const struct flow_view *v, const struct flow *f, struct buf *b)
{
	struct json j = {.b = b};
	struct path path;

	json_open(&j, NULL);
	json_word(&j, "type", "flow");
	party_json_time(&j, "time", v->clock, v->now);
	party_json_netns(&j, "netns", f->link->netns);
	flow_parts_link_json(&j, f->link);
	json_word(&j, "direction", f->egress ? "egress" : "ingress");
	flow_parts_proto_json(&j, f);
	if (flow_parts_has_ends(f)) {
		party_json_end(&j, "src", &f->src);
		party_json_end(&j, "dst", &f->dst);
	}
	put_icmp(&j, f);
	put_special(&j, f);
	if (f->fragments)
		json_bool(&j, "fragments", true);
	put_vlan(&j, f);
	json_u64(&j, "packets", f->packets);
	json_u64(&j, "segments", f->segments);
	json_u64(&j, "bytes", f->bytes);
	put_tcp(&j, f);
	if (f->first)
		party_json_time(&j, "first", v->clock, f->first);
	if (f->last)
		party_json_time(&j, "last", v->clock, f->last);
	if (f->by_tuple)
		json_word(&j, "stitched", "tuple");
	if (f->partial)
		json_bool(&j, "partial", true);
	if (f->conn)
		json_hex64(&j, "conn", f->conn);
	party_json_netns(&j, "src_netns", f->sender.netns);
	party_json_owner(&j, "owner", &f->sender.owner);
	party_json_netns(&j, "dst_netns", f->receiver.netns);
	party_json_owner(&j, "peer_owner", &f->receiver.owner);
	if (f->conn && v->paths && flow_paths_find(v->paths, f->conn, &path))
		path_view_json(&j, "path", &path);
	if (f->ended)
		json_bool(&j, "final", true);
	json_close(&j);
	json_end_line(&j);
}
