/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files for output, where others may be able to write too: what they have put in the place of the
 * file is not written to.
 */
#ifndef FLOWNER_BASE_OUTFILE_H
#define FLOWNER_BASE_OUTFILE_H

#include <stdbool.h>

/*
 * Make the file `name`, for nobody but its owner (0600, whatever the umask), and open it for
 * writing. With `or_special` a named pipe or a device that is there will do instead. Never follows
 * a symbolic link to it, never touches a file that is there.
 *
 * The descriptor, or: -ELOOP: it is a symbolic link; -EEXIST: it is there; -EPERM: a named pipe
 * that somebody has put into a folder like /tmp; or what open(2) says.
 */
int outfile_make(const char *name, bool or_special);

#endif
