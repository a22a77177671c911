// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/state.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define STATE_VERSION 1
#define STATE_DEPTH   8

int lab_state_new(struct lab_state **out, const struct lab_topology *t)
{
	struct lab_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->ns = calloc(t->n_nodes, sizeof(*s->ns));
	if (!s->ns) {
		free(s);
		return -ENOMEM;
	}
	memcpy(s->name, t->name, sizeof(s->name));
	s->kind = t->kind;
	s->hosts = t->hosts;
	s->n_ns = t->n_nodes;
	for (unsigned int i = 0; i < t->n_nodes; i++)
		lab_netns_name(t, i, s->ns[i].name);
	*out = s;
	return 0;
}

void lab_state_free(struct lab_state *s)
{
	if (!s)
		return;
	free(s->ns);
	free(s);
}

void lab_state_cleanup(struct lab_state **s)
{
	lab_state_free(*s);
}

static void cleanup_json(json_object **o)
{
	json_object_put(*o);
}

static void cleanup_tokener(json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

/* Takes `value` over, whatever happens. */
static int add(json_object *o, const char *key, json_object *value)
{
	if (!value || json_object_object_add(o, key, value)) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static int format_ns(const struct lab_state_ns *ns, json_object *list)
{
	json_object *o = json_object_new_object();

	if (!o || add(o, "name", json_object_new_string(ns->name)) ||
	    add(o, "inode", json_object_new_uint64(ns->id.inode)) ||
	    add(o, "cookie", json_object_new_uint64(ns->id.cookie)) ||
	    json_object_array_add(list, o)) {
		json_object_put(o);
		return -ENOMEM;
	}
	return 0;
}

int lab_state_format(const struct lab_state *s, struct buf *out)
{
	_cleanup_(cleanup_json) json_object *o = json_object_new_object();
	json_object *list = json_object_new_array();
	const char *text;

	for (size_t i = 0; list && i < s->n_ns; i++) {
		if (format_ns(&s->ns[i], list)) {
			json_object_put(list);
			list = NULL;
		}
	}
	if (!o || !list) {
		json_object_put(list);
		return -ENOMEM;
	}
	/* `list` first: from here on it belongs to o. */
	if (add(o, "namespaces", list) || add(o, "version", json_object_new_int(STATE_VERSION)) ||
	    add(o, "name", json_object_new_string(s->name)) ||
	    add(o, "kind", json_object_new_string(lab_kind_names[s->kind])) ||
	    add(o, "hosts", json_object_new_int((int)s->hosts)) ||
	    add(o, "complete", json_object_new_boolean(s->complete)))
		return -ENOMEM;
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (!text)
		return -ENOMEM;
	buf_puts(out, text);
	buf_putc(out, '\n');
	return out->err;
}

/* A string without NULs inside, or NULL. */
static const char *get_string(json_object *o, const char *key)
{
	json_object *v;
	const char *s;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return NULL;
	s = json_object_get_string(v);
	return strlen(s) == (size_t)json_object_get_string_len(v) ? s : NULL;
}

static bool get_uint(json_object *o, const char *key, uint64_t max, uint64_t *out)
{
	json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_int))
		return false;
	/* A negative number is 0 as unsigned, one beyond 64 bits the greatest there is. */
	*out = json_object_get_uint64(v);
	return json_object_get_int64(v) >= 0 && *out <= max && *out < UINT64_MAX;
}

/*
 * NAME-something and nothing else: this decides what `down` unmounts. Not checked against the
 * topology, which another version of flowner may build with other namespaces.
 */
static bool netns_name_valid(const char *ns, const char *lab)
{
	size_t len = strlen(lab);
	const char *host = ns + len + 1;

	if (strlen(ns) >= LAB_NETNS_MAX || strncmp(ns, lab, len) || ns[len] != '-' || !*host)
		return false;
	return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(host);
}

static const char *parse_namespaces(json_object *list, struct lab_state *s)
{
	size_t n = json_object_array_length(list);

	if (n > LAB_NODES_MAX)
		return "too many namespaces";
	s->ns = calloc(n ? n : 1, sizeof(*s->ns));
	if (!s->ns)
		return "out of memory";
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		const char *name;

		if (!json_object_is_type(o, json_type_object))
			return "a namespace is not an object";
		name = get_string(o, "name");
		if (!name || !netns_name_valid(name, s->name))
			return "a namespace has a name that is not the lab's";
		snprintf(s->ns[i].name, sizeof(s->ns[i].name), "%s", name);
		if (!get_uint(o, "inode", UINT32_MAX, &s->ns[i].id.inode) ||
		    !get_uint(o, "cookie", INT64_MAX, &s->ns[i].id.cookie))
			return "a namespace has no proper inode and cookie";
	}
	s->n_ns = n;
	return NULL;
}

static const char *parse_object(json_object *o, const char *name, struct lab_state *s)
{
	const char *str;
	json_object *v;
	uint64_t n;

	if (!json_object_is_type(o, json_type_object))
		return "not a JSON object";
	if (!get_uint(o, "version", UINT32_MAX, &n))
		return "no version";
	if (n != STATE_VERSION)
		return "written by another version of flowner";
	str = get_string(o, "name");
	if (!str || strcmp(str, name) || !lab_name_valid(name))
		return "not of this lab";
	snprintf(s->name, sizeof(s->name), "%s", name);
	str = get_string(o, "kind");
	if (!str || lab_kind_parse(str, &s->kind))
		return "no known kind";
	if (!get_uint(o, "hosts", LAB_HOSTS_MAX, &n) || n < LAB_HOSTS_MIN ||
	    (s->kind == LAB_PAIR && n != 2))
		return "an impossible number of hosts";
	s->hosts = (unsigned int)n;
	if (!json_object_object_get_ex(o, "complete", &v) ||
	    !json_object_is_type(v, json_type_boolean))
		return "does not say whether it is complete";
	s->complete = json_object_get_boolean(v);
	if (!json_object_object_get_ex(o, "namespaces", &v) ||
	    !json_object_is_type(v, json_type_array))
		return "no list of namespaces";
	return parse_namespaces(v, s);
}

int lab_state_parse(const char *text, size_t len, const char *name, struct lab_state **out,
		    const char **why)
{
	_cleanup_(cleanup_tokener) json_tokener *tok = json_tokener_new_ex(STATE_DEPTH);
	_cleanup_(cleanup_json) json_object *o = NULL;
	_cleanup_lab_state_ struct lab_state *s = calloc(1, sizeof(*s));

	*why = "out of memory";
	if (!tok || !s)
		return -ENOMEM;
	*why = "not JSON";
	if (len > INT32_MAX)
		return -EBADMSG;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, text, (int)len);
	if (!o || json_tokener_get_error(tok) != json_tokener_success)
		return -EBADMSG;
	/* One value, then white space. */
	for (size_t i = json_tokener_get_parse_end(tok); i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			return -EBADMSG;
	*why = parse_object(o, name, s);
	if (*why)
		return -EBADMSG;
	*out = s;
	s = NULL;
	return 0;
}
