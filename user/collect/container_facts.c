// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/cleanup.h"

#define LABELS_MAX      64
#define LABEL_KEY_MAX   256
#define LABEL_VALUE_MAX 4096

void container_facts_free(struct container_facts *f)
{
	free(f->name);
	free(f->image);
	free(f->pod);
	free(f->root);
	free(f->path);
	for (size_t i = 0; i < f->nlabels; i++) {
		free((char *)f->labels[i].key);
		free((char *)f->labels[i].value);
	}
	free(f->labels);
	*f = (struct container_facts){0};
}

int container_facts_from(struct container_facts *f, const char *root, const char *path)
{
	free(f->root);
	free(f->path);
	f->root = strdup(root);
	f->path = strdup(path);
	return f->root && f->path ? 0 : -ENOMEM;
}

/* What goes on behind a "\u0000" would be cut off there, and be another text. */
static bool is_text(const struct json_object *v)
{
	return json_object_is_type(v, json_type_string) &&
	       strlen(json_object_get_string((struct json_object *)v)) ==
		       (size_t)json_object_get_string_len(v);
}

char *container_facts_text(const struct json_object *o, const char *key, size_t max)
{
	struct json_object *v;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v) ||
	    !is_text(v) || !*json_object_get_string(v))
		return NULL;
	return strndup(json_object_get_string(v), max);
}

void container_facts_labels(struct container_facts *f, const struct json_object *o,
			    const char *except)
{
	struct json_object_iterator i, end;

	if (!json_object_is_type(o, json_type_object) || f->labels)
		return;
	f->labels = calloc(LABELS_MAX, sizeof(*f->labels));
	if (!f->labels)
		return;
	i = json_object_iter_begin((struct json_object *)o);
	end = json_object_iter_end(o);
	for (; !json_object_iter_equal(&i, &end) && f->nlabels < LABELS_MAX;
	     json_object_iter_next(&i)) {
		struct json_object *v = json_object_iter_peek_value(&i);
		const char *key = json_object_iter_peek_name(&i);
		struct container_label l;

		if (!is_text(v) || (except && !strncmp(key, except, strlen(except))))
			continue;
		l.key = strndup(key, LABEL_KEY_MAX);
		l.value = strndup(json_object_get_string(v), LABEL_VALUE_MAX);
		if (l.key && l.value) {
			f->labels[f->nlabels++] = l;
		} else {
			free((char *)l.key);
			free((char *)l.value);
		}
	}
}

char *container_facts_pod(const struct json_object *o, const char *ns_key, const char *name_key)
{
	_cleanup_free_ char *ns = container_facts_text(o, ns_key, CONTAINER_NAME_MAX);
	_cleanup_free_ char *name = container_facts_text(o, name_key, CONTAINER_NAME_MAX);
	char *pod = NULL;

	if (!name)
		return NULL;
	if (asprintf(&pod, "%s%s%s", ns ? ns : "", ns ? "/" : "", name) < 0)
		return NULL;
	return pod;
}
