/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading files that others write: runtimes, and whoever can write where these do. Nothing leads
 * out of the folder that is looked in, nothing but regular files is read, nothing is waited for.
 */
#ifndef FLOWNER_COLLECT_CONTAINER_FILE_H
#define FLOWNER_COLLECT_CONTAINER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_types.h>

/* How they are opened, always: once flowner runs, the kernel takes nothing but this
 * (collect/seccomp.h).
 */
extern const struct open_how container_file_how;

/* What changes when a file does. */
struct file_stamp {
	uint64_t dev, ino, size;
	int64_t mtime_ns;
};

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

/* All of a file, with a NUL behind it, owned by the caller. -EFBIG: more than `max`. */
int container_file_read(const char *root, const char *path, size_t max, char **text, size_t *len,
			struct file_stamp *stamp);
int container_file_stamp(const char *root, const char *path, struct file_stamp *stamp);

/* JSON files: which of them are broken, as they are now, and the larger ones parsed. */
struct container_files;

int container_files_new(struct container_files **out); /* 0 or -ENOMEM */
void container_files_free(struct container_files *f);  /* NULL is fine */

/*
 * A reference to the contents, for json_object_put(). With `keep` these stay parsed until the file
 * changes. -ENOENT; -EBADMSG where the file is not what it should be, said once, and again only
 * after it has changed; or another -errno.
 */
int container_files_json(struct container_files *f, const char *root, const char *path, size_t max,
			 bool keep, struct json_object **out, struct file_stamp *stamp);

#endif
