// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "collect/container_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/log.h"

/* The runtimes' own files have some ten levels. */
#define DEPTH_MAX 32

struct known {
	char *path; /* root and path */
	struct file_stamp stamp;
	struct json_object *json; /* NULL: broken */
	UT_hash_handle hh;
};

struct container_files {
	struct known *known;
};

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

const struct open_how container_file_how = {
	.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
};

/* 0 and *fd, a regular file's; or -errno. */
static int open_beneath(const char *root, const char *path, int *fd, struct file_stamp *stamp)
{
	_cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int file = -1;
	struct stat st;

	if (dir < 0)
		return -errno;
	file = (int)syscall(SYS_openat2, dir, path, &container_file_how,
			    sizeof(container_file_how));
	if (file < 0 || fstat(file, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*stamp = (struct file_stamp){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec,
	};
	*fd = take_fd(&file);
	return 0;
}

int container_file_stamp(const char *root, const char *path, struct file_stamp *stamp)
{
	_cleanup_close_ int fd = -1;

	return open_beneath(root, path, &fd, stamp);
}

int container_file_read(const char *root, const char *path, size_t max, char **text, size_t *len,
			struct file_stamp *stamp)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *s = NULL;
	size_t size, at = 0;
	ssize_t n = 1;
	int err = open_beneath(root, path, &fd, stamp);

	if (err)
		return err;
	if (stamp->size > max)
		return -EFBIG;
	size = stamp->size;
	s = malloc(size + 1);
	if (!s)
		return -ENOMEM;
	while (at < size && (n = read(fd, s + at, size - at)) > 0)
		at += (size_t)n;
	if (n < 0)
		return -errno;
	s[at] = '\0';
	*len = at;
	*text = s;
	s = NULL;
	return 0;
}

/* --- JSON --- */

static void forget(struct container_files *f, struct known *k)
{
	HASH_DEL(f->known, k);
	json_object_put(k->json);
	free(k->path);
	free(k);
}

static int remember(struct container_files *f, const char *path, const struct file_stamp *stamp,
		    struct json_object *json)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k || !(k->path = strdup(path))) {
		free(k);
		return -ENOMEM;
	}
	k->stamp = *stamp;
	k->json = json_object_get(json);
	HASH_ADD_KEYPTR(hh, f->known, k->path, strlen(k->path), k);
	return 0;
}

int container_files_new(struct container_files **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void container_files_free(struct container_files *f)
{
	struct known *k, *tmp;

	if (!f)
		return;
	HASH_ITER (hh, f->known, k, tmp)
		forget(f, k);
	free(f);
}

static struct json_object *parse(const char *text, size_t len, const char **why)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *json;
	enum json_tokener_error err;

	*why = "out of memory";
	if (!tok)
		return NULL;
	json = json_tokener_parse_ex(tok, text, (int)len);
	err = json_tokener_get_error(tok);
	*why = err == json_tokener_continue ? "ends too soon" : json_tokener_error_desc(err);
	json_tokener_free(tok);
	if (!json && err == json_tokener_success)
		*why = "null";
	return json;
}

/* Is it a file that is not what it should be, rather than one that is not there? */
static bool is_wrong(int err)
{
	return err == -EFBIG || err == -EINVAL || err == -EXDEV || err == -ELOOP || err == -ENXIO;
}

static int read_json(struct container_files *f, const char *root, const char *path, size_t max,
		     const char *full, bool keep, struct json_object **out,
		     struct file_stamp *stamp)
{
	_cleanup_free_ char *text = NULL;
	const char *why;
	size_t len = 0;
	int err = container_file_read(root, path, max, &text, &len, stamp);

	*out = NULL;
	if (err && !is_wrong(err))
		return err;
	if (err)
		why = err == -EFBIG    ? "too large"
		      : err == -EINVAL ? "no regular file"
				       : "leads elsewhere, or is no regular file";
	else
		*out = parse(text, len, &why);
	if (!*out)
		log_warn("%s: %s; its containers are shown by their ids", full, why);
	if (!*out || keep)
		err = remember(f, full, stamp, *out);
	if (!*out)
		return -EBADMSG;
	return 0;
}

int container_files_json(struct container_files *f, const char *root, const char *path, size_t max,
			 bool keep, struct json_object **out, struct file_stamp *stamp)
{
	char full[PATH_MAX];
	struct known *k;
	int err;

	if (snprintf(full, sizeof(full), "%s/%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	HASH_FIND_STR(f->known, full, k);
	if (k) {
		*stamp = (struct file_stamp){0};
		err = container_file_stamp(root, path, stamp);
		if (err && !is_wrong(err))
			return err;
		if (file_stamp_same(stamp, &k->stamp)) {
			*out = json_object_get(k->json);
			return k->json ? 0 : -EBADMSG;
		}
		forget(f, k);
	}
	*stamp = (struct file_stamp){0};
	return read_json(f, root, path, max, full, keep, out, stamp);
}
