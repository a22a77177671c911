// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "collect/container_facts.h"
#include "collect/container_file.h"

#define CONF_MAX (256 << 10)
#define ARGS_MAX (64 << 10)

static char *read_conf(const char *host, const char *path)
{
	struct file_stamp stamp;
	char *text = NULL;
	size_t len;

	if (path[0] != '/' ||
	    container_file_read(*host ? host : "/", path + 1, CONF_MAX, &text, &len, &stamp))
		return NULL;
	return text;
}

char *container_conf_json(const char *host, const char *path, const char *key)
{
	_cleanup_free_ char *text = read_conf(host, path);
	struct json_object *json = text ? json_tokener_parse(text) : NULL;
	char *value = container_facts_text(json, key, PATH_MAX);

	json_object_put(json);
	return value;
}

/* key = "value" # why, or 'value' */
static char *value_of(char *line, const char *key)
{
	size_t len = strlen(key);
	char quote, *end;

	if (strncmp(line, key, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return NULL;
	line += strspn(line, " \t");
	quote = *line++;
	if (quote != '"' && quote != '\'')
		return NULL;
	end = strchr(line, quote);
	return end ? strndup(line, (size_t)(end - line)) : NULL;
}

char *container_conf_toml(const char *host, const char *path, const char *section, const char *key)
{
	_cleanup_free_ char *text = read_conf(host, path);
	bool inside = !*section;
	size_t len = strlen(section);
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value;

		line += strspn(line, " \t\r");
		if (*line == '[')
			inside = len && !strncmp(line + 1, section, len) && line[1 + len] == ']';
		else if (inside && (value = value_of(line, key)))
			return value;
	}
	return NULL;
}

/* --- processes --- */

const char *proc_args_get(const struct proc_args *a, const char *longer, const char *shorter)
{
	const char *end = a->text + a->len;
	size_t len = longer ? strlen(longer) : 0;

	for (const char *s = a->text; s < end; s += strlen(s) + 1) {
		const char *next = s + strlen(s) + 1;

		if ((longer && !strcmp(s, longer)) || (shorter && !strcmp(s, shorter)))
			return next < end ? next : NULL;
		if (longer && !strncmp(s, longer, len) && s[len] == '=')
			return s + len + 1;
	}
	return NULL;
}

/* Up to `max` bytes and a NUL. */
static ssize_t read_proc(const char *host, const char *pid, const char *name, char *out, size_t max)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;
	size_t at = 0;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/proc/%s/%s", host, pid, name) >= (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (at < max && (n = read(fd, out + at, max - at)) > 0)
		at += (size_t)n;
	out[at] = '\0';
	return (ssize_t)at;
}

/* Its root directory is ours, and who runs it may be believed. */
static bool is_ours(const char *host, const char *pid)
{
	char path[PATH_MAX];
	struct stat own, its, proc;

	if (snprintf(path, sizeof(path), "%s/proc/%s", host, pid) >= (int)sizeof(path) ||
	    stat(path, &proc))
		return false;
	if (proc.st_uid != 0)
		return false;
	if (snprintf(path, sizeof(path), "%s/proc/%s/root/.", host, pid) >= (int)sizeof(path) ||
	    stat(path, &its) || stat("/", &own))
		return false;
	return own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

static bool is_daemon(const char *comm)
{
	return !strcmp(comm, "dockerd") || !strcmp(comm, "containerd") || !strcmp(comm, "conmon");
}

void proc_args_each(const char *host,
		    int (*fn)(void *ctx, const char *comm, const struct proc_args *a), void *ctx)
{
	_cleanup_closedir_ DIR *proc = NULL;
	_cleanup_free_ char *text = malloc(ARGS_MAX + 1);
	char path[PATH_MAX];
	struct dirent *d;

	if (!text || snprintf(path, sizeof(path), "%s/proc", host) >= (int)sizeof(path))
		return;
	proc = opendir(path);
	while (proc && (d = readdir(proc))) {
		struct proc_args a = {.text = text};
		char comm[32];
		ssize_t n;

		if (!isdigit((unsigned char)d->d_name[0]) ||
		    read_proc(host, d->d_name, "comm", comm, sizeof(comm) - 1) <= 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		if (!is_daemon(comm) || !is_ours(host, d->d_name))
			continue;
		n = read_proc(host, d->d_name, "cmdline", text, ARGS_MAX);
		a.len = n > 0 ? (size_t)n : 0;
		if (a.len && fn(ctx, comm, &a))
			return;
	}
}
