/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who and where, as JSON: the objects that events and flows share. What is unknown is not written,
 * neither is its key.
 */
#ifndef FLOWNER_OUT_PARTY_JSON_H
#define FLOWNER_OUT_PARTY_JSON_H

#include "base/clock.h"
#include "model/addr.h"
#include "model/owner.h"
#include "out/json.h"

/* {"inode","cookie","name","container"} */
void party_json_netns(struct json *j, const char *key, const struct netns *n);
/* {"addr","port"} */
void party_json_end(struct json *j, const char *key, const struct addr_port *ap);
/* {"pid",…,"container"} */
void party_json_owner(struct json *j, const char *key, const struct owner *o);
/* {"runtime","id","name","image","pod"}; NULL, or without a runtime: nothing */
void party_json_container(struct json *j, const char *key, const struct container *c);
/* The same without its braces. */
void party_json_container_facts(struct json *j, const struct container *c);
/* RFC 3339 with nanoseconds */
void party_json_time(struct json *j, const char *key, struct wall_clock *clock, uint64_t boot_ns);

#endif
