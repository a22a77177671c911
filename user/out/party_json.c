// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "out/party_json.h"

void party_json_netns(struct json *j, const char *key, const struct netns *n)
{
	if (!n)
		return;
	json_open(j, key);
	json_u64(j, "inode", n->inode);
	json_u64(j, "cookie", n->cookie);
	if (n->name)
		json_str(j, "name", n->name);
	party_json_container(j, "container", n->container);
	json_close(j);
}

void party_json_end(struct json *j, const char *key, const struct addr_port *ap)
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

void party_json_container_facts(struct json *j, const struct container *c)
{
	json_str(j, "runtime", c->runtime);
	json_str(j, "id", c->id);
	if (c->name)
		json_str(j, "name", c->name);
	if (c->image)
		json_str(j, "image", c->image);
	if (c->pod)
		json_str(j, "pod", c->pod);
}

void party_json_container(struct json *j, const char *key, const struct container *c)
{
	if (!c || !c->runtime)
		return;
	json_open(j, key);
	party_json_container_facts(j, c);
	json_close(j);
}

void party_json_owner(struct json *j, const char *key, const struct owner *o)
{
	const struct cgroup *cg = o->cgroup;

	if (o->source == OWNER_UNKNOWN && !cg)
		return;
	json_open(j, key);
	if (o->source != OWNER_UNKNOWN) {
		json_u64(j, "pid", o->pid);
		json_u64(j, "tid", o->tid);
		json_u64(j, "ppid", o->ppid);
		json_u64(j, "uid", o->uid);
		json_str(j, "comm", o->comm);
	}
	if (cg)
		json_str(j, "cgroup", cg->path);
	if (cg && cg->unit && !cg->container)
		json_str(j, "unit", cg->unit);
	if (o->source != OWNER_UNKNOWN)
		json_word(j, "source", owner_source_name(o->source));
	if (cg)
		party_json_container(j, "container", cg->container);
	json_close(j);
}

void party_json_time(struct json *j, const char *key, struct wall_clock *clock, uint64_t boot_ns)
{
	json_key(j, key);
	buf_putc(j->b, '"');
	wall_clock_rfc3339(clock, boot_ns, j->b);
	buf_putc(j->b, '"');
}
